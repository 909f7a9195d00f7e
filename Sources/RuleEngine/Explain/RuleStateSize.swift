package import RuleLanguage

/// What a rule keeps in memory for each of its groups, computed from its plan.
package struct RuleStateSize {
    /// Bytes that a text in a key is assumed to have.
    static let textBytes = 16

    private let rule: RuleRuntime
    private var program: RuleProgram { rule.program }
    private var plan: RulePlan { rule.plan }

    init(_ rule: RuleRuntime) { self.rule = rule }

    package init(_ plan: RulePlan, options: RuleEngine.Options) throws(RuleEngineError) {
        self.init(try RuleRuntime(plan, index: 0, limits: options, arena: Arena(), tables: RuleTables()))
    }

    /// Whether the rule keeps anything for each group.
    package var hasGroups: Bool { rule.usesGroups || program.limitBy != nil || !program.dedupes.isEmpty }

    /// Whether the memory of a group grows with the events in its window.
    package var growsWithEvents: Bool {
        switch plan.window?.kind {
        case nil, .lastCount, .everyCount: false
        case .lastDuration: true
        case .every, .session, .silent: program.columns.contains { RunningColumn($0).keepsList }
        }
    }

    /// Bytes of one group when its rule has `groups` of them, and `events` lie in each window that is bounded by time.
    package func bytesPerGroup(groups: Int, events: Int) -> Int {
        var bytes = 0
        if rule.usesGroups {
            bytes += place(Entry<Group>.self, groups) + group + window(events: max(events, 1))
            if rule.hasAlarm { bytes += alarm }
            // On a grid one timer stands for all groups.
            if usesTimers, !rule.isOnGrid { bytes += shared(TimerQueue.Timer.self, groups) }
        }
        if let by = program.limitBy {
            bytes += place(Entry<Period>.self, groups) + key(by.count) + shared(Int.self, groups)
        }
        for dedupe in program.dedupes {
            bytes += place(Entry<Period>.self, groups) + key(dedupe.keys.count) + shared((Int, Int).self, groups)
        }
        return bytes
    }

    // MARK: The group itself

    /// As `KeyTable` keeps it.
    private struct Entry<Payload> {
        var start: UInt
        var count: UInt32
        var hash: UInt32
        var payload: Payload?
    }

    /// The share of one group in a grown array of all.
    private func shared<Element>(_ type: Element.Type, _ groups: Int) -> Int {
        Footprint.grownArray(type, count: groups) / max(groups, 1)
    }

    private func place<Element>(_ type: Element.Type, _ groups: Int) -> Int {
        var indexCount = 16
        while indexCount < groups * 2 { indexCount *= 2 }
        return shared(type, groups) + indexCount * MemoryLayout<Int32>.stride / max(groups, 1)
    }

    private var keyParts: Int { plan.window?.by.count ?? plan.captures.count }

    /// Kind, length and bytes of each part.
    private func key(_ parts: Int) -> Int {
        parts == 0 ? 0 : Footprint.buffer(UInt8.self, count: parts * (5 + RuleStateSize.textBytes))
    }

    private var storedText: Int { Footprint.array(UInt8.self, count: 5 + RuleStateSize.textBytes) }

    private var group: Int {
        var bytes = Footprint.object(rule.hasOwnTimes ? TimedGroup.self : Group.self) + key(keyParts)
        if hasExtras { bytes += Footprint.object(GroupExtras.self) }
        return bytes + Footprint.array(StoredValue?.self, count: plan.histories.count)
            + Footprint.grownArray(Baseline.self, count: program.baselines.count)
            + program.baselines.count * Footprint.object(Baseline.self)
    }

    private var hasExtras: Bool {
        if case .every(_, _?, _) = plan.window?.kind { return true }
        return rule.hasAlarm || rule.hasHistories || !program.baselines.isEmpty
            || (plan.limit != nil && program.limitBy == nil)
    }

    private var hasEvent: Bool {
        switch plan.window?.kind {
        case nil, .lastCount, .lastDuration, .everyCount: true
        case .every, .session, .silent: false
        }
    }

    private var usesTimers: Bool { !hasEvent || plan.when?.forNanoseconds != nil }

    // MARK: Windows

    private func window(events: Int) -> Int {
        switch plan.window?.kind {
        case nil: 0
        case .lastCount(let count) where rule.keepsNumbersOnly: numbers(count)
        case .lastCount(let count): sliding(events: count, countsEvents: false)
        case .lastDuration: sliding(events: events, countsEvents: rule.countsEvents)
        case .everyCount(let count): panes(1, events: count)
        case .every(let hop, let length?, _):
            panes(open(length / hop), events: max(1, events / open(length / hop)))
        case .every(_, nil, _) where rule.keepsMoments: Footprint.object(MomentsPane.self)
        case .every(let length, nil, _): panes(1 + open(rule.late / length), events: events)
        case .session, .silent: panes(1, events: events)
        }
    }

    /// Windows that are open at one time, or steps of windows that overlap.
    private func open(_ count: Int64) -> Int { Int(min(count, Int64(rule.limits.openWindowsMax))) }

    private func numbers(_ count: Int) -> Int {
        let capacity = NumberColumn.capacity(of: count, countMax: count)
        let words = capacity + NumberColumn.checkpointWords(capacity)
        return program.columns.count
            * (Footprint.object(NumberColumn.self) + Footprint.buffer(Double.self, count: words))
    }

    private func sliding(events: Int, countsEvents: Bool) -> Int {
        var capacity = SlidingColumn.capacityMin
        while capacity < events - 1 { capacity *= 2 }
        let columns = program.columns.map { column($0, capacity) } + (countsEvents ? [eventColumn(capacity)] : [])
        return unsafe Footprint.object(SlidingWindow.self)
            + Footprint.array(SlidingColumn.self, count: program.columns.count)
            + Footprint.buffer(Unmanaged<SlidingColumn>.self, count: program.columns.count)
            + columns.reduce(0, +)
    }

    private func eventColumn(_ capacity: Int) -> Int {
        Footprint.object(SlidingColumn.self) + Footprint.buffer(SlidingColumn.Entry.self, count: capacity)
    }

    private func column(_ column: ColumnPlan, _ capacity: Int) -> Int {
        var bytes = eventColumn(capacity)
        if !column.needs.isSubset(of: [.moments, .count]) { bytes += Footprint.object(SlidingColumn.Parts.self) }
        if column.needs.contains(.moments) { bytes += Footprint.buffer(Moments.self, count: capacity) }
        if column.needs.contains(.regression) { bytes += Footprint.buffer(Regression.self, count: capacity) }
        if column.needs.contains(.extremes) { bytes += Footprint.buffer(Extremes.self, count: capacity) }
        bytes += Footprint.array(RunStack<Smoothing>.self, count: column.factors.count)
        return bytes + column.factors.count * Footprint.buffer(Smoothing.self, count: capacity)
    }

    private func panes(_ count: Int, events: Int) -> Int {
        let columns = program.columns.map { running($0, events) }
        return count * (Footprint.object(Pane.self) + columns.reduce(0, +))
            + (count > 1 ? Footprint.grownArray(Pane.self, count: count) : 0)
    }

    private func running(_ plan: ColumnPlan, _ events: Int) -> Int {
        let column = RunningColumn(plan)
        var bytes = Footprint.object(RunningColumn.self)
        if column.parts == nil { return bytes }
        bytes += Footprint.object(RunningColumn.Parts.self)
        if plan.needs.contains(.extremes) { bytes += Footprint.array(RunningColumn.TypeExtremes.self, count: 1) }
        if column.keepsNumbersOnly { return bytes + Footprint.grownArray(Double.self, count: events) }
        if !column.keepsList { return bytes }
        return bytes + Footprint.grownArray((arrival: Int64, value: StoredValue).self, count: events)
    }

    // MARK: Alarms

    /// While a run or an alarm goes on, with the evaluation that its timer or `on clear` will speak of.
    private var alarm: Int {
        let hasClear = plan.publishes.contains(where: \.onClear)
        guard plan.when?.forNanoseconds != nil || hasClear else { return Footprint.object(Alarm.self) }
        let topic = plan.sources.map { $0.levels.count * (RuleStateSize.textBytes / 2) }.max() ?? 0
        return Footprint.object(Alarm.self)
            + Footprint.array(StoredValue.self, count: program.layout.aggregates)
            + plan.captures.count * storedText
            + Footprint.array(StoredValue.self, count: program.calls.count)
            + Footprint.array(UInt8.self, count: topic)
    }
}
