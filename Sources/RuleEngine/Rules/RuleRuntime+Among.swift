import RuleLanguage

/// `silent … among`: the keys of a table are the groups, there from the start and in the table's order.
extension RuleRuntime {
    private var gap: Int64 {
        if case .silent(let length, _) = plan.window?.kind { length } else { 0 }
    }

    /// Makes a group for each key of the table, watched from `clock` on. All count as created at the start: their place
    /// in the table is their order.
    func watchTable(from clock: Int64) {
        guard let amongTable else { return }
        for (place, row) in amongTable.rows.enumerated() {
            guard groups.count < limits.groupsMax else {
                counters.groupsEvicted &+= 1
                continue
            }
            unsafe Array(row.key.utf8).withUnsafeBytes { buffer in
                let text = Value.text(unsafe ByteSlice(buffer))
                var key: [UInt8] = []
                ValueCodec.append(key: text, to: &key, machine.arena)
                unsafe key.withUnsafeBytes { bytes in
                    let slice = unsafe ByteSlice(bytes)
                    _ = groups.insert(key, hash: KeyTable<Group>.hash(slice)) { slot in
                        let group = TimedGroup(slot: slot, creation: 0, sequence: ruleState.sequenceFloor)
                        group.place = Int32(place)
                        equip(group, hasKey: true)
                        group.window = .pane(Pane(program.columns, start: clock, end: clock))
                        group.watch(from: clock, gap: gap, late: late)
                        return group
                    }
                }
            }
        }
        for slot in groups.slots { groups[slot].map(markDirty) }
    }

    /// The group of an event's key; nil where the table has no such key.
    func watchedGroup(_ key: ByteSlice) -> Group? {
        groups.find(key, hash: KeyTable<Group>.hash(key)).flatMap { groups[$0] }
    }

    func isListed(_ key: ByteSlice) -> Bool { watchedGroup(key) != nil }

    /// Puts a group that was kept in the place of the new one of its key; of a key that left the table it goes.
    func putBack(_ group: Group, _ key: ByteSlice, _ hash: UInt64) {
        guard let slot = groups.find(key, hash: hash), let fresh = groups[slot] else {
            ruleState.sequenceFloor = max(ruleState.sequenceFloor, group.sequence)
            dirty.rule = true
            dirty.gone.append(StateKey.group(key.array))
            return
        }
        if let group = group as? TimedGroup, let fresh = fresh as? TimedGroup { group.place = fresh.place }
        group.creation = fresh.creation
        groups[slot] = group.moved(to: slot)
        if group.alarm?.isActive == true { counters.activeAlarms += 1 }
    }

    /// Watching has not begun: groups that never spoke wait for `watchUnwatched`.
    func unwatch() {
        guard amongTable != nil else { return }
        for slot in groups.slots { groups[slot]?.firstPane?.end = .max }
    }

    func watchUnwatched(from clock: Int64) {
        forEachSilent { group in
            if group.firstPane?.end == .max { group.watch(from: clock, gap: gap, late: late) }
        }
    }

    /// Watching begins at `clock` for all that never spoke.
    func watchAgain(from clock: Int64) { forEachSilent { $0.watch(from: clock, gap: gap, late: late) } }

    private func forEachSilent(_ body: (TimedGroup) -> Void) {
        guard amongTable != nil else { return }
        for slot in groups.slots {
            guard let group = groups[slot] as? TimedGroup, !group.hasTime, group.hasPanes else { continue }
            body(group)
            markDirty(group)
        }
    }
}
