import RuleLanguage

extension RuleRuntime {
    // MARK: Taking state out

    func takeDirty(into states: inout [RuleGroupState]) {
        let changed = dirty
        dirty = DirtyKeys()
        for key in changed.gone where !isHeld(key) { states.append(RuleGroupState(rule: name, key: key, state: nil)) }
        for slot in changed.groups.slots {
            guard let group = groups[Int(slot)] else { continue }
            let key = StateKey.group(groups.key(Int(slot)).array)
            states.append(RuleGroupState(rule: name, key: key, state: encode(group)))
        }
        if changed.sole {
            states.append(RuleGroupState(rule: name, key: StateKey.sole, state: encode(sole)))
        }
        for slot in changed.limits { take(limitPeriods, slot, StateKey.limit, &states) }
        for (table, slot) in changed.dedupes {
            take(dedupePeriods[table], slot, { StateKey.dedupe(table, $0) }, &states)
        }
        if waiting.isDirty {
            waiting.isDirty = false
            states.append(
                RuleGroupState(rule: name, key: StateKey.waiting, state: waiting.count == 0 ? nil : encodeWaiting()))
        }
        if changed.rule { states.append(RuleGroupState(rule: name, key: StateKey.rule, state: encodeRule())) }
    }

    private func take(
        _ table: KeyTable<Period>, _ slot: Int, _ key: ([UInt8]) -> [UInt8], _ states: inout [RuleGroupState]
    ) {
        guard var period = table[slot], period.isDirty else { return }
        period.isDirty = false
        table[slot] = period
        states.append(RuleGroupState(rule: name, key: key(table.key(slot).array), state: encode(period)))
    }

    /// Whether a key that went has come again.
    private func isHeld(_ stateKey: [UInt8]) -> Bool {
        guard let code = stateKey.first, let kind = StateKey.Kind(rawValue: code) else { return false }
        func held<Payload: Ageing>(_ table: KeyTable<Payload>, _ skip: Int) -> Bool {
            unsafe Array(stateKey.dropFirst(skip)).withUnsafeBytes { buffer in
                let key = unsafe ByteSlice(buffer)
                return table.find(key, hash: KeyTable<Payload>.hash(key)) != nil
            }
        }
        switch kind {
        case .group: return held(groups, 1)
        case .limit: return held(limitPeriods, 1)
        case .dedupe:
            guard stateKey.count > 1, Int(stateKey[1]) < dedupePeriods.count else { return false }
            return held(dedupePeriods[Int(stateKey[1])], 2)
        case .rule, .sole, .engine, .latest, .waiting: return true
        }
    }

    private func encode(_ period: Period) -> [UInt8] {
        var bytes: [UInt8] = [StateFrame.version]
        bytes.append(word: signature)
        bytes.append(optional: period.start)
        bytes.append(integer: Int64(period.count))
        bytes.append(word: period.lastUsed)
        StateFrame.seal(&bytes)
        return bytes
    }

    private func encodeRule() -> [UInt8] {
        var bytes: [UInt8] = [StateFrame.version]
        bytes.append(optional: ruleState.lastErrorMinute)
        bytes.append(word: ruleState.errorSequence)
        bytes.append(word: ruleState.sequenceFloor)
        StateFrame.seal(&bytes)
        return bytes
    }

    /// Keys under which anything of the rule may be kept.
    var allStateKeys: [[UInt8]] {
        var keys = [StateKey.rule, StateKey.sole, StateKey.waiting]
        keys += groups.slots.map { StateKey.group(groups.key($0).array) }
        keys += limitPeriods.slots.map { StateKey.limit(limitPeriods.key($0).array) }
        for (index, table) in dedupePeriods.enumerated() {
            keys += table.slots.map { StateKey.dedupe(index, table.key($0).array) }
        }
        return keys + dirty.gone
    }

    var greatestSequence: UInt64 {
        var result = max(ruleState.sequenceFloor, sole.sequence, ruleState.errorSequence)
        for slot in groups.slots { result = max(result, groups[slot]?.sequence ?? 0) }
        return result
    }

    /// Numbers up to `floor` may have been used under this rule's name: none of them comes again.
    func raiseFloor(to floor: UInt64) {
        ruleState.sequenceFloor = max(ruleState.sequenceFloor, floor)
        ruleState.errorSequence = max(ruleState.errorSequence, floor)
        sole.sequence = max(sole.sequence, floor)
    }

    // MARK: Putting state back

    func restore(_ states: [RuleGroupState]) -> (skipped: Int, damaged: Int) {
        var found: [Restored] = []
        var skipped = 0
        var damaged = 0
        for state in states {
            guard let bytes = state.state, let code = state.key.first, let kind = StateKey.Kind(rawValue: code) else {
                damaged += 1
                continue
            }
            unsafe bytes.withUnsafeBytes { buffer in
                switch read(kind, state.key, unsafe ByteSlice(buffer)) {
                case .fits(let restored): if let restored { found.append(restored) }
                case .foreign: skipped += 1
                case .damaged: damaged += 1
                }
            }
        }
        // In the order of their last use, as the tables keep them.
        found.sort { $0.lastUsed < $1.lastUsed }
        for restored in found { insert(restored) }
        for state in states where state.key == StateKey.waiting {
            guard let bytes = state.state else { continue }
            switch decodeWaiting(bytes) {
            case .fits: break
            case .foreign: skipped += 1
            case .damaged: damaged += 1
            }
        }
        return (skipped, damaged)
    }

    private enum Reading {
        case fits(Restored?)
        case foreign, damaged
    }

    private struct Restored {
        var key: [UInt8]
        var lastUsed: UInt64
        var group: Group?
        var period: Period?
        /// -1: of `limit`.
        var dedupe = -1
    }

    private func read(_ kind: StateKey.Kind, _ key: [UInt8], _ bytes: ByteSlice) -> Reading {
        switch kind {
        case .group, .sole:
            let groupKey = Array(key.dropFirst())
            let group = kind == .sole ? sole : makeGroup(slot: 0, creation: 0, sequence: 0)
            equip(group, hasKey: kind == .group && !groupKey.isEmpty)
            switch unsafe groupKey.withUnsafeBytes({ decode(bytes, into: group, unsafe ByteSlice($0)) }) {
            case .fits:
                if kind == .sole {
                    // The rule may have begun to keep groups since.
                    if usesGroups { ruleState.sequenceFloor = max(ruleState.sequenceFloor, sole.sequence) }
                    return .fits(nil)
                }
                return .fits(Restored(key: groupKey, lastUsed: group.lastUsed, group: group))
            case .foreign(let sequence):
                raiseFloor(to: sequence)
                return .foreign
            case .damaged: return .damaged
            }
        case .rule:
            guard var reader = StateFrame.open(bytes), let minute = reader.optionalInteger(),
                let errors = reader.word(), errors < 1 << 62, let floor = reader.word(), floor < 1 << 62
            else { return .damaged }
            ruleState.lastErrorMinute = minute
            ruleState.errorSequence = max(ruleState.errorSequence, errors)
            ruleState.sequenceFloor = max(ruleState.sequenceFloor, floor)
            return .fits(nil)
        case .limit, .dedupe: return readPeriod(kind, key, bytes)
        case .waiting: return .fits(nil)
        case .engine, .latest: return .damaged
        }
    }

    private func readPeriod(_ kind: StateKey.Kind, _ key: [UInt8], _ bytes: ByteSlice) -> Reading {
        guard var reader = StateFrame.open(bytes), let stored = reader.word(), let start = reader.optionalInteger(),
            let count = reader.integer(), (0..<1 << 32).contains(count), let lastUsed = reader.word()
        else { return .damaged }
        guard stored == signature else { return .foreign }
        let period = Period(start: start, count: Int(count), lastUsed: lastUsed)
        if kind == .limit {
            return program.limitBy == nil
                ? .foreign : .fits(Restored(key: Array(key.dropFirst()), lastUsed: lastUsed, period: period))
        }
        guard key.count > 1, Int(key[1]) < dedupePeriods.count else { return .foreign }
        return .fits(
            Restored(key: Array(key.dropFirst(2)), lastUsed: lastUsed, period: period, dedupe: Int(key[1])))
    }

    private func insert(_ restored: Restored) {
        unsafe restored.key.withUnsafeBytes { buffer in
            let key = unsafe ByteSlice(buffer)
            let hash = KeyTable<Group>.hash(key)
            if let group = restored.group, amongTable != nil {
                putBack(group, key, hash)
            } else if let group = restored.group {
                guard usesGroups else {
                    leaveOut(group, key)
                    return
                }
                if groups.find(key, hash: hash) != nil { return }
                makeRoomForGroup()
                _ = groups.insert(key, hash: hash) { slot in group.moved(to: slot) }
                if group.alarm?.isActive == true { counters.activeAlarms += 1 }
            } else if let period = restored.period {
                let table = restored.dedupe < 0 ? limitPeriods : dedupePeriods[restored.dedupe]
                if table.find(key, hash: hash) != nil { return }
                makeRoom(in: table, dedupe: restored.dedupe < 0 ? nil : restored.dedupe)
                _ = table.insert(key, hash: hash) { _ in period }
            }
        }
    }

    /// The rule now goes without groups: the numbers of one that it had do not come again.
    private func leaveOut(_ group: Group, _ key: ByteSlice) {
        raiseFloor(to: group.sequence)
        markDirty(sole)
        dirty.rule = true
        dirty.gone.append(StateKey.group(key.array))
    }

    /// The limit may be lower than when the state was kept: those idle longest go.
    private func makeRoomForGroup() {
        guard groups.count >= limits.groupsMax, let oldest = groups.oldest(), let group = groups[oldest] else { return }
        if group.alarm?.isActive == true { counters.activeAlarms -= 1 }
        counters.groupsEvicted &+= 1
        forget(group)
    }

    /// Takes the state of the same rule before its `when`, `limit` or `publish` changed.
    func takeOver(_ before: RuleRuntime) {
        before.ruleState.sequenceFloor = max(before.ruleState.sequenceFloor, ruleState.sequenceFloor)
        var states: [RuleGroupState] = []
        before.dirtyAll()
        before.takeDirty(into: &states)
        _ = restore(states.filter { $0.state != nil })
        let gone = states.filter { $0.state == nil }.map(\.key)
        let known = counters.activeAlarms
        counters = RuleCounters(rule: name, stepCount: plan.steps.count)
        counters.activeAlarms = known
        dirtyAll()
        dirty.gone = (before.allStateKeys + gone).filter { !isHeld($0) }
    }

    private func dirtyAll() {
        for slot in groups.slots { groups[slot].map(markDirty) }
        markDirty(sole)
        dirty.rule = true
        for slot in limitPeriods.slots {
            limitPeriods[slot]?.isDirty = true
            dirty.limits.append(slot)
        }
        for (index, table) in dedupePeriods.enumerated() {
            for slot in table.slots {
                table[slot]?.isDirty = true
                dirty.dedupes.append((index, slot))
            }
        }
    }

    /// The node was down from `clock` to `now`.
    func breakRuns(clock: Int64, now: Int64) {
        var gap: Int64?
        if case .silent(let length, _) = plan.window?.kind { gap = length }
        for slot in groups.slots {
            guard let group = groups[slot] else { continue }
            if group.alarm?.isActive == false, group.alarm?.runStart != nil {
                group.alarm = Alarm()
                markDirty(group)
            }
            if let gap, let group = group as? TimedGroup, group.isWatched, !group.hasTime, group.hasPanes {
                group.watch(from: now, gap: gap, late: late)
                markDirty(group)
            } else if let gap, let pane = group.firstPane, let mark = group.watermark(at: now, late: late) {
                pane.end = max(pane.end, mark &+ gap)
                markDirty(group)
            }
        }
    }
}
