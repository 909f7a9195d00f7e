/// What the groups of a rule wait for whose windows stand on one grid by the clock: all of them for the same instant. So
/// one timer, the mark, stands for all. When it comes, they are brought into the order of their creation, and from then
/// on there is a timer for the first that is left.
struct GridTimers {
    /// The end of the mark that is in the queue; `.max`: there is none.
    fileprivate(set) var end = Int64.max
    /// Groups that wait for the mark; their windows end at it or later.
    fileprivate var waiting = SlotSet()
    /// Groups whose windows are ending, and how many of them had their turn.
    fileprivate var ending: [Int32] = []
    fileprivate var turns = 0

    /// The slot of a mark's timer.
    static let mark: Int32 = -1

    /// Whether a mark at `end` or before stands for the group.
    @inline(__always)
    func covers(_ slot: Int, through end: Int64) -> Bool { self.end <= end && waiting.contains(slot) }

    mutating func remove(_ slot: Int) { waiting.remove(slot) }
}

extension RuleEngine {
    func scheduleOnGrid(_ rule: RuleRuntime, _ group: Group, _ end: Int64) {
        rule.grid.waiting.insert(group.slot)
        if end >= rule.grid.end { return }
        rule.grid.end = end
        timers.insert(
            TimerQueue.Timer(
                instant: max(end, clock), end: end, creation: 0, ticket: 0, rule: Int32(rule.index),
                slot: GridTimers.mark, place: 0, phase: 0))
    }

    /// The group whose turn it is; nil where the timer was a mark, or of a group that is gone.
    func nextOnGrid(_ rule: RuleRuntime, _ timer: TimerQueue.Timer) -> Group? {
        if timer.slot == GridTimers.mark {
            reachMark(rule, timer)
            return nil
        }
        guard rule.grid.turns < rule.grid.ending.count, rule.grid.ending[rule.grid.turns] == timer.slot else {
            return nil
        }
        rule.grid.turns += 1
        beginTurn(rule, timer)
        guard let group = rule.groups[Int(timer.slot)], group.creation == timer.creation else { return nil }
        return group
    }

    private func reachMark(_ rule: RuleRuntime, _ timer: TimerQueue.Timer) {
        guard timer.end == rule.grid.end else { return }
        rule.grid.end = .max
        // Those whose turn did not come are never left behind.
        for slot in rule.grid.ending[rule.grid.turns...] { rule.grid.waiting.insert(Int(slot)) }
        let slots = rule.grid.waiting.slots
        rule.grid.waiting.removeAll()
        var ending: [Int32] = []
        for slot in slots {
            guard let group = rule.groups[Int(slot)], let due = rule.nextDue(group) else { continue }
            if due.end <= timer.end { ending.append(slot) } else { scheduleOnGrid(rule, group, due.end) }
        }
        rule.grid.ending = inOrderOfCreation(ending, rule)
        rule.grid.turns = 0
        beginTurn(rule, timer)
    }

    /// Mostly they are in order, because slots are taken one after the other.
    private func inOrderOfCreation(_ slots: [Int32], _ rule: RuleRuntime) -> [Int32] {
        var before: UInt64 = 0
        var isOrdered = true
        for slot in slots {
            let creation = rule.groups[Int(slot)]?.creation ?? 0
            if creation < before { isOrdered = false }
            before = creation
        }
        if isOrdered { return slots }
        let groups = slots.map { (creation: rule.groups[Int($0)]?.creation ?? 0, slot: $0) }
        return groups.sorted { ($0.creation, $0.slot) < ($1.creation, $1.slot) }.map(\.slot)
    }

    /// Puts the next of the ending groups into the queue.
    private func beginTurn(_ rule: RuleRuntime, _ timer: TimerQueue.Timer) {
        while rule.grid.turns < rule.grid.ending.count {
            let slot = rule.grid.ending[rule.grid.turns]
            if let group = rule.groups[Int(slot)] {
                timers.insert(
                    TimerQueue.Timer(
                        instant: timer.instant, end: timer.end, creation: group.creation, ticket: 0,
                        rule: timer.rule, slot: slot, place: 0, phase: 0))
                return
            }
            rule.grid.turns += 1
        }
        rule.grid.ending = []
        rule.grid.turns = 0
    }
}
