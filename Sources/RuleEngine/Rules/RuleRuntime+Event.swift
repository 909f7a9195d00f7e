import RuleLanguage

/// Where outputs of an evaluation go: to the caller and on to further rules.
struct Emission {
    let engine: RuleEngine
    /// Messages around this one that rules are working on.
    var depth: Int
}

extension RuleRuntime {
    /// Takes an event whose message is in the machine's context and registers.
    func take(_ entry: RuleBinding.Entry, _ emission: Emission, _ outputs: inout [RuleOutput]) {
        counters.eventsIn &+= 1
        eventNumber = emission.engine.messageCount
        beginOccasion()
        let clock = machine.context.now
        guard let time = eventTime(clock, emission, &outputs) else { return }
        machine.context.time = time
        if historiesByCaptures { historyHolder = findHistories(emission, &outputs) }
        var group: Group?
        if hasStepHistories {
            group = historyHolder
            if group == nil {
                // What the steps remember lies in the group, so its key comes first.
                prepareKey()
                group = findGroup(entry, emission, &outputs)
                guard let group else { return }
                // That it was used counts, also where the steps stop the event.
                markDirty(group)
            }
        }
        if callsModels {
            forgetEarlier()
            guard runSteps(from: 0, site: 0, group, emission) else { return }
        } else {
            guard runSteps(time, group) else { return }
        }
        enterWindow(entry, emission, &outputs)
    }

    /// An event that passed the steps goes on to its group, and to an evaluation. `entry` is nil where it waited.
    func enterWindow(_ entry: RuleBinding.Entry?, _ emission: Emission, _ outputs: inout [RuleOutput]) {
        guard usesGroups else {
            evaluate(sole, hasEvent: true, emission, &outputs)
            return
        }
        guard let group = findGroup(entry, emission, &outputs) else { return }
        markDirty(group)
        enter(group, machine.context.time, machine.context.now, emission, &outputs)
        emission.engine.schedule(self, group)
    }

    /// Runs the lets that a key may name, before the histories that lie in its group; the steps run them again.
    private func prepareKey() {
        let errors = machine.runtimeErrors
        for slot in program.histories.indices { machine.registers[program.layout.histories + slot] = .missing }
        for step in program.steps where step.kind == .bind {
            machine.registers[step.target] = machine.run(step.program)
        }
        machine.runtimeErrors = errors
    }

    /// The event's time; nil when it is none (a decode error).
    private func eventTime(_ clock: Int64, _ emission: Emission, _ outputs: inout [RuleOutput]) -> Int64? {
        guard let at = plan.eventTime, let program = program.eventTime else { return clock }
        let value = machine.run(program)
        guard let time = CivilTime.instant(value, unit: at.unit) else {
            decodeError("the event time is missing or malformed", 0, emission, &outputs)
            return nil
        }
        let (ahead, overflow) = time.subtractingReportingOverflow(clock)
        guard !overflow || time < clock, overflow || ahead <= at.aheadNanoseconds else {
            decodeError("the event time is too far ahead of the clock", 0, emission, &outputs)
            return nil
        }
        return time
    }

    /// Whether the event passes all steps.
    @inline(__always)
    private func runSteps(_ time: Int64, _ group: Group?) -> Bool {
        var index = 0
        while index < steps.count {
            let step = steps[index]
            if let group { compute(program.stepHistories[index], group) }
            switch step.kind {
            case .filter: guard machine.isTrue(step.program) else { return false }
            case .bind: machine.registers[step.target] = machine.run(step.program)
            case .dedupe: guard passes(step.target, time) else { return false }
            }
            counters.afterStep[index] &+= 1
            index += 1
        }
        return true
    }

    /// What an event before left in the registers is gone, and must not be kept with what waits.
    private func forgetEarlier() {
        let layout = program.layout
        for register in layout.lets..<layout.paths { machine.registers[register] = .missing }
        for register in layout.histories..<layout.aggregates { machine.registers[register] = .missing }
    }

    /// The same for a rule that calls models, from a step and a site on. False also where the event waits for one.
    func runSteps(from start: Int, site: Int, _ group: Group?, _ emission: Emission) -> Bool {
        guard let models = program.models else { return false }
        for index in start..<steps.count {
            if let group { compute(models.plainStepHistories[index], group) }
            guard reach(models.steps[index], from: site, group, reached: .min, emission) else { return false }
            if let group { compute(program.stepHistories[index], group) }
            let step = steps[index]
            switch step.kind {
            case .filter: guard machine.isTrue(step.program) else { return false }
            case .bind: machine.registers[step.target] = machine.run(step.program)
            case .dedupe: guard passes(step.target, machine.context.time) else { return false }
            }
            counters.afterStep[index] &+= 1
        }
        return true
    }

    // MARK: Groups

    /// The group of the event at hand, made if it is new; nil when its key has a missing part.
    func findGroup(_ entry: RuleBinding.Entry?, _ emission: Emission, _ outputs: inout [RuleOutput]) -> Group? {
        if let cached = entry?.cachedGroup, cached.isAlive {
            cached.lastUsed = eventNumber
            return cached
        }
        let isByCaptures = plan.window == nil || program.byCaptures
        guard makeKey() else {
            counters.noGroup &+= 1
            return nil
        }
        let group: Group
        if amongTable == nil {
            group = unsafe keyBytes.withUnsafeBytes { unsafe find(ByteSlice($0), emission, &outputs) }
        } else {
            guard let watched = unsafe keyBytes.withUnsafeBytes({ unsafe watchedGroup(ByteSlice($0)) }) else {
                counters.noGroup &+= 1
                return nil
            }
            group = watched
        }
        group.lastUsed = eventNumber
        if isByCaptures { entry?.cachedGroup = group }
        return group
    }

    /// The group of the event at hand, if there is one.
    func group(of entry: RuleBinding.Entry) -> Group? {
        guard usesGroups else { return sole }
        guard makeKey() else { return nil }
        return unsafe keyBytes.withUnsafeBytes { buffer in
            let key = unsafe ByteSlice(buffer)
            return groups.find(key, hash: KeyTable<Group>.hash(key)).flatMap { groups[$0] }
        }
    }

    /// Puts the key of the event at hand into `keyBytes`. Without a window the captures are the key.
    private func makeKey() -> Bool {
        keyBytes.removeAll(keepingCapacity: true)
        if plan.window == nil {
            appendCaptures()
            return true
        }
        for part in program.by {
            var value = machine.run(part)
            if value.isMissing { return false }
            if amongTable != nil { value = machine.text(of: value) }
            ValueCodec.append(key: value, to: &keyBytes, machine.arena)
        }
        return true
    }

    func find(_ key: ByteSlice, _ emission: Emission, _ outputs: inout [RuleOutput]) -> Group {
        let hash = KeyTable<Group>.hash(key)
        if let slot = groups.find(key, hash: hash), let group = groups[slot] { return group }
        if groups.count >= limits.groupsMax, let oldest = groups.oldest(), let group = groups[oldest] {
            clearIfActive(group, emission, &outputs)
            counters.groupsEvicted &+= 1
            forget(group)
        }
        var made: Group?
        _ = groups.insert(key, hash: hash) { slot in
            let group = makeGroup(
                slot: slot, creation: emission.engine.messageCount, sequence: ruleState.sequenceFloor)
            made = group
            return group
        }
        guard let group = made else { preconditionFailure("a table that did not take a group") }
        if needsKeyValues { group.keep(keyValues: program.by.map { StoredValue(machine.run($0)) }, key) }
        equip(group, hasKey: !key.isEmpty)
        return group
    }

    func makeGroup(slot: Int, creation: UInt64, sequence: UInt64) -> Group {
        hasOwnTimes
            ? TimedGroup(slot: slot, creation: creation, sequence: sequence)
            : Group(slot: slot, creation: creation, sequence: sequence)
    }

    func key(of group: Group) -> [UInt8] {
        if group === sole { return [] }
        return group.isAlive ? groups.key(group.slot).array : group.extras?.keyOfGone ?? []
    }

    /// Gives a group the window that its rule keeps.
    func equip(_ group: Group, hasKey: Bool) {
        if hasHistories { group.histories = Array(repeating: nil, count: plan.histories.count) }
        if holdsHistoriesOnly(hasKey: hasKey) { return }
        switch plan.window?.kind {
        case .lastCount(let count) where keepsNumbersOnly:
            group.window = .numbers(NumberColumn(countMax: count, count: program.columns.count))
        case .lastCount(let count):
            group.window = .sliding(
                SlidingWindow(program.columns, countMax: count, length: 0, countsEvents: false))
        case .lastDuration(let length):
            group.window = .sliding(
                SlidingWindow(program.columns, countMax: 0, length: length, countsEvents: countsEvents))
        default: break
        }
        if amongTable != nil { (group as? TimedGroup)?.beginWatched() }
        group.baselines = program.baselines.map { Baseline($0) }
        if hasAlarm { group.alarm = Alarm() }
    }

    /// Whether a window `last N` keeps nothing but numbers.
    var keepsNumbersOnly: Bool {
        guard case .lastCount(let count) = plan.window?.kind, program.baselines.isEmpty else { return false }
        return NumberColumn.serve(program.columns, countMax: count)
    }

    var countsEvents: Bool { program.calls.contains { $0.column < 0 } }

    /// Whether evaluations without an event must know the values of the key.
    var needsKeyValues: Bool {
        switch plan.window?.kind {
        case .every, .session, .silent: true
        case .lastCount, .lastDuration, .everyCount, nil: false
        }
    }

    /// Drops a group with all that it holds.
    func forget(_ group: Group) {
        // What still waits for a model publishes under the group's numbers.
        let ahead = UInt64(group.waiting) &* UInt64(plan.publishes.count)
        ruleState.sequenceFloor = max(ruleState.sequenceFloor, group.sequence &+ ahead)
        dirty.rule = true
        let key = key(of: group)
        dirty.gone.append(StateKey.group(key))
        // What waits for a model still goes on.
        if callsModels { group.keep(keyOfGone: key) }
        group.isAlive = false
        dirty.groups.remove(group.slot)
        grid.remove(group.slot)
        groups.remove(group.slot)
    }

    @inline(__always)
    func markDirty(_ group: Group) {
        if group === sole {
            dirty.sole = true
        } else if group.isAlive, !dirty.groups.contains(group.slot) {
            dirty.groups.insert(group.slot)
        }
    }

    // MARK: Histories and dedupe

    /// An event, or a timer that speaks of one, begins: each history is computed once in it.
    func beginOccasion() {
        occasionCount &+= 1
        occasion = occasionCount
    }

    /// Computes histories of a place that the event reaches, once per occasion.
    func compute(_ slots: [Int], _ group: Group) {
        let group = historyHolder ?? group
        for slot in slots where historyStamps[slot] != occasion {
            historyStamps[slot] = occasion
            let history = program.histories[slot]
            let value = machine.run(history.argument)
            let before = group.histories[slot]
            let previous = before?.load(machine.arena) ?? .missing
            machine.registers[program.layout.histories + slot] = result(
                history.function, value, previous, before == nil)
            group.remember(slot, StoredValue(value))
            markDirty(group)
        }
    }

    private func result(
        _ function: HistoryPlan.Function, _ value: Value, _ previous: Value, _ isFirst: Bool
    ) -> Value {
        switch function {
        case .previous: return previous
        case .delta:
            if value.isMissing || previous.isMissing { return .missing }
            if let difference = Arithmetic.apply(.subtract, value, previous) { return difference }
            machine.runtimeErrors &+= 1
            return .missing
        case .changed:
            if isFirst { return .boolean(true) }
            if value.isMissing || previous.isMissing { return .boolean(value.isMissing != previous.isMissing) }
            return .boolean(!ValueOrder.equal(value, previous, machine.arena))
        }
    }

    /// Whether the event is the first of its values in the period.
    private func passes(_ index: Int, _ time: Int64) -> Bool {
        keyBytes.removeAll(keepingCapacity: true)
        for key in program.dedupes[index].keys {
            ValueCodec.append(key: machine.run(key), to: &keyBytes, machine.arena)
        }
        let table = dedupePeriods[index]
        let slot = unsafe keyBytes.withUnsafeBytes { unsafe periodSlot(table, ByteSlice($0), dedupe: index) }
        guard var period = table[slot] else { return true }
        let isFirst = !period.covers(time, program.dedupes[index].within)
        if isFirst { period.start = time }
        period.lastUsed = eventNumber
        if !period.isDirty {
            period.isDirty = true
            dirty.dedupes.append((index, slot))
        }
        table[slot] = period
        return isFirst
    }

    /// The period for a key, made if it is new; beyond the limit of groups the one idle longest goes.
    func periodSlot(_ table: KeyTable<Period>, _ key: ByteSlice, dedupe: Int?) -> Int {
        let hash = KeyTable<Period>.hash(key)
        if let slot = table.find(key, hash: hash) { return slot }
        makeRoom(in: table, dedupe: dedupe)
        return table.insert(key, hash: hash) { _ in Period() }
    }

    func makeRoom(in table: KeyTable<Period>, dedupe: Int?) {
        guard table.count >= limits.groupsMax, let oldest = table.oldest() else { return }
        let gone = table.key(oldest).array
        dirty.gone.append(dedupe.map { StateKey.dedupe($0, gone) } ?? StateKey.limit(gone))
        table.remove(oldest)
        counters.groupsEvicted &+= 1
    }

    // MARK: Decode errors

    /// Counts a payload that is no event; the first of each minute of the clock is told.
    func decodeError(_ reason: String, _ offset: Int, _ emission: Emission, _ outputs: inout [RuleOutput]) {
        counters.decodeErrors &+= 1
        trace?.decodeFault = "\(reason) at byte \(offset)"
        let minute = CivilTime.floorDivide(machine.context.now, 60 * CivilTime.nanosecondsPerSecond)
        if ruleState.lastErrorMinute == minute { return }
        ruleState.lastErrorMinute = minute
        ruleState.errorSequence += 1
        dirty.rule = true
        var payload = Array("{\"topic\":".utf8)
        JSONWriter.append(quoted: machine.context.topic, to: &payload)
        payload += Array(",\"reason\":".utf8)
        var text = Array(reason.utf8)
        unsafe text.withUnsafeMutableBytes {
            unsafe JSONWriter.append(quoted: ByteSlice(UnsafeRawBufferPointer($0)), to: &payload)
        }
        payload += Array(",\"offset\":".utf8)
        NumberText.append(Int64(offset), to: &payload)
        payload.append(UInt8(ascii: "}"))
        outputs.append(
            RuleOutput(
                ruleIndex: index, rule: name,
                id: "\(limits.node)/\(limits.epoch)/\(name)/$errors/\(ruleState.errorSequence)", group: [],
                topic: Array("$sluice/rules/\(name)/errors".utf8), payload: payload, qos: 1, retain: false,
                expiresNanoseconds: nil, priority: .normal, evaluationNanoseconds: machine.context.now,
                isEngineTopic: true))
    }
}
