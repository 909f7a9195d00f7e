package import RuleLanguage

extension RuleEngine {
    /// Groups that changed since the last call, and the state of rules and of the engine itself.
    package func takeDirtyGroups() -> [RuleGroupState] {
        let mark = arena.mark
        defer { arena.release(mark) }
        var states = goneStates
        goneStates = []
        for rule in rules { rule.takeDirty(into: &states) }
        latest.takeDirty(into: &states)
        if isEngineDirty {
            isEngineDirty = false
            states.append(RuleGroupState(rule: "", key: StateKey.engine, state: encodeEngine()))
        }
        return states
    }

    private func encodeEngine() -> [UInt8] {
        var bytes: [UInt8] = [StateFrame.version]
        bytes.append(integer: clock)
        bytes.append(word: messageCount)
        bytes.append(word: retiredFloor)
        bytes.append(word: waitingNumber)
        StateFrame.seal(&bytes)
        return bytes
    }

    /// Takes state back, before any input. States of unknown rules, of a rule whose signature no longer fits, and
    /// damaged
    /// ones are left out and counted (`restoreSkipped`, `restoreDamaged`). The clock is set to that of the state, so
    /// that
    /// what is replayed or comes next finds the engine as it was.
    package func restore(_ groups: [RuleGroupState]) {
        let mark = arena.mark
        defer { arena.release(mark) }
        var messages: [(topic: [UInt8], state: [UInt8])] = []
        for state in groups where state.rule.isEmpty {
            guard let bytes = state.state else { continue }
            if state.key.first == StateKey.Kind.latest.rawValue {
                messages.append((Array(state.key.dropFirst()), bytes))
            } else {
                restoreEngine(bytes)
            }
        }
        restoreDamaged += latest.restore(messages)
        latest.keep(where: isWanted)
        let byName = Dictionary(grouping: groups.filter { !$0.rule.isEmpty && $0.state != nil }, by: \.rule)
        for rule in rules {
            rule.raiseFloor(to: retiredFloor)
            // What has no state is watched from `resume` on.
            rule.unwatch()
            guard let states = byName[rule.name] else { continue }
            let report = rule.restore(states)
            restoreSkipped += report.skipped
            restoreDamaged += report.damaged
        }
        let known = Set(rules.map(\.name))
        for (name, states) in byName where !known.contains(name) { restoreSkipped += states.count }
        rescheduleAll()
    }

    private func restoreEngine(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { buffer in
            guard var reader = unsafe StateFrame.open(ByteSlice(buffer)), let clock = reader.integer(),
                let messages = reader.word(), let floor = reader.word(), floor < 1 << 62
            else {
                restoreDamaged += 1
                return
            }
            waitingNumber = max(waitingNumber, reader.word() ?? 0)
            self.clock = clock
            messageCount = messages
            retiredFloor = floor
        }
    }

    func rescheduleAll() {
        timers = TimerQueue()
        for rule in rules {
            rule.grid = GridTimers()
            for slot in rule.groups.slots {
                guard let group = rule.groups[slot] else { continue }
                (group as? TimedGroup)?.scheduled = nil
                schedule(rule, group)
            }
        }
    }

    /// After a restore (and a replay of what was logged since): the node was down until now. Runs toward `for` begin
    /// anew,
    /// `silent` does not count the downtime, and windows that ended meanwhile close, each at its own end.
    package func resume(atNanoseconds now: Int64, into outputs: inout [RuleOutput]) {
        for rule in rules where now > clock { rule.breakRuns(clock: clock, now: now) }
        for rule in rules { rule.watchUnwatched(from: now) }
        rescheduleAll()
        askAgain(&outputs)
        advance(toNanoseconds: now, into: &outputs)
    }

    /// Puts another plan in the place of the running one, between two messages. On an error nothing changes. Rules
    /// with an
    /// equal state signature keep their state; active alarms of rules that go are cleared first.
    package func reload(
        _ plan: RuleSetPlan, into outputs: inout [RuleOutput]
    ) throws(RuleEngineError) -> ReloadReport {
        var report = ReloadReport()
        var made: [RuleRuntime] = []
        let tables = RuleTables()
        for (index, rule) in plan.rules.enumerated() {
            made.append(try RuleRuntime(rule, index: index, limits: options, arena: arena, tables: tables))
        }
        for rule in rules { rule.failWaiting(.unavailable, downTo: 0, self, &outputs) }
        let mark = arena.mark
        defer { arena.release(mark) }
        for rule in made { rule.watchTable(from: clock) }
        let old = Dictionary(rules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(plan.rules.map(\.name))
        for rule in rules where !names.contains(rule.name) {
            report.removed.append(rule.name)
            retire(rule, &outputs)
        }
        for (index, rule) in made.enumerated() {
            guard let before = old[rule.name] else {
                report.added.append(rule.name)
                rule.raiseFloor(to: retiredFloor)
                continue
            }
            guard before.plan.stateSignature == rule.plan.stateSignature else {
                report.lost.append(rule.name)
                retire(before, &outputs)
                rule.raiseFloor(to: retiredFloor)
                continue
            }
            report.kept.append(rule.name)
            if "\(before.plan)" == "\(rule.plan)" {
                before.index = index
                made[index] = before
            } else {
                if !rule.hasAlarm { clearAll(before, &outputs) }
                if rule.amongTable != nil { dropUnlisted(before, rule, &outputs) }
                rule.takeOver(before)
            }
        }
        rules = made
        numberModels()
        for rule in rules { rule.machine.latest = latest }
        latest.settle()
        latest.keep(where: isWanted)
        generation += 1
        ownBindings = KeyTable()
        rescheduleAll()
        return report
    }

    private func clearAll(_ rule: RuleRuntime, _ outputs: inout [RuleOutput]) {
        for slot in rule.groups.slots {
            guard let group = rule.groups[slot] else { continue }
            rule.machine.context = EvaluationContext()
            rule.machine.context.now = clock
            rule.clearIfActive(group, Emission(engine: self, depth: 0), &outputs)
        }
    }

    /// Groups whose key left the table of `silent … among` go.
    private func dropUnlisted(_ before: RuleRuntime, _ after: RuleRuntime, _ outputs: inout [RuleOutput]) {
        for slot in before.groups.slots {
            guard let group = before.groups[slot], !after.isListed(before.groups.key(slot)) else { continue }
            before.machine.context = EvaluationContext()
            before.machine.context.now = clock
            before.clearIfActive(group, Emission(engine: self, depth: 0), &outputs)
            before.forget(group)
        }
    }

    /// A rule goes, or begins anew: its alarms clear, its state is gone, its numbers are never used again.
    private func retire(_ rule: RuleRuntime, _ outputs: inout [RuleOutput]) {
        clearAll(rule, &outputs)
        retiredFloor = max(retiredFloor, rule.greatestSequence)
        isEngineDirty = true
        for key in rule.allStateKeys { goneStates.append(RuleGroupState(rule: rule.name, key: key, state: nil)) }
    }
}
