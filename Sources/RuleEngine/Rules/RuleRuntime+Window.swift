import RuleLanguage

extension RuleRuntime {
    /// An event that passed the steps enters its group: the watermark moves and closes what it passes, then the window
    /// takes the event in and, where its kind says so, evaluates.
    func enter(
        _ group: Group, _ time: Int64, _ clock: Int64, _ emission: Emission, _ outputs: inout [RuleOutput]
    ) {
        // A group that steps made, for what they remember, begins with the first event that they let through.
        if !group.hasTime, amongTable == nil { group.creation = emission.engine.nextPlace() }
        let newestBefore = group.hasTime ? group.newestTime : Int64.min
        if amongTable != nil, !group.hasTime { (group as? TimedGroup)?.beginSpeaking() }
        if hasOwnTimes { group.note(time: time, clock: clock, late: late) } else { group.noteArrival(time) }
        if hasDueWork(group) { settle(group, emission, &outputs) } else { endHops(group) }
        switch plan.window?.kind {
        case nil: evaluate(group, hasEvent: true, emission, &outputs)
        case .lastCount:
            takeSliding(group, time)
            evaluate(group, hasEvent: true, emission, &outputs)
        case .lastDuration(let length):
            let (limit, overflow) = newestBefore.subtractingReportingOverflow(length)
            if !overflow, time <= limit {
                counters.lateEvents &+= 1
                return
            }
            takeSliding(group, time)
            let (start, underflow) = group.newestTime.subtractingReportingOverflow(length)
            machine.context.windowStart = underflow ? .missing : .time(start)
            machine.context.windowEnd = .time(group.newestTime)
            evaluate(group, hasEvent: true, emission, &outputs)
        case .everyCount(let count): takeCounted(group, time, count, emission, &outputs)
        case .every(_, _?, _): takeHopping(group, time)
        case .every(_, nil, _): takeAligned(group, time)
        case .session(let gap): takeSession(group, time, gap)
        case .silent(let gap, _): takeSilent(group, time, gap)
        }
    }

    private func hasDueWork(_ group: Group) -> Bool {
        if let alarm = group.alarm, alarm.runStart != nil, !alarm.isRipe { return true }
        return group.hasPanes
    }

    private func takeNumbers(_ first: NumberColumn) {
        var next: NumberColumn? = first
        var index = 0
        while let column = next {
            machine.runtimeErrors &+= column.take(machine.run(columnArguments[index]))
            next = column.next
            index += 1
        }
        reader.begin(first)
    }

    private func takeSliding(_ group: Group, _ time: Int64) {
        if let numbers = group.numbers {
            takeNumbers(numbers)
            return
        }
        guard let window = group.sliding else { return }
        window.advance(newest: group.newestTime)
        var index = 0
        while index < columnArguments.count {
            machine.runtimeErrors &+= window.insert(index, machine.run(columnArguments[index]), time: time)
            index += 1
        }
        window.countEvent(time: time)
        counters.windowOverflows &+= window.trim(limits.windowValuesMax)
        reader.begin(window)
        if program.baselines.isEmpty { return }
        for baseline in group.baselines {
            let score = baseline.score(
                window, time: time, newest: group.newestTime, valuesMax: limits.windowValuesMax,
                dropped: &counters.windowOverflows)
            reader.set(baseline.plan.slot, score)
        }
    }

    /// Adds the event at hand to a window that is filled and then closed.
    func add(to pane: Pane, _ time: Int64) {
        if pane.eventCount >= limits.windowValuesMax, pane.keepsList {
            counters.windowOverflows &+= 1
            return
        }
        pane.note(time: time)
        var next = pane.first
        var index = 0
        while let column = next {
            let value = machine.run(columnArguments[index])
            if !value.isMissing {
                machine.runtimeErrors &+= column.insert(
                    value, time: time, arrival: Int64(bitPattern: eventNumber), machine.arena)
            }
            next = column.next
            index += 1
        }
    }

    private func takeCounted(
        _ group: Group, _ time: Int64, _ count: Int, _ emission: Emission, _ outputs: inout [RuleOutput]
    ) {
        let pane = group.firstPane ?? Pane(program.columns, start: time, end: .max)
        if !group.hasPanes { group.window = .pane(pane) }
        add(to: pane, time)
        if pane.eventCount < count { return }
        group.window = .none
        reader.begin(pane)
        evaluate(group, hasEvent: true, emission, &outputs)
    }

    private func takeSession(_ group: Group, _ time: Int64, _ gap: Int64) {
        let end = time.plus(gap)
        if case .pane(let pane) = group.window, time <= pane.end, pane.firstTime.minus(gap) <= time {
            add(to: pane, time)
            pane.end = pane.lastTime.plus(gap)
            return
        }
        // Sessions that the event lies at most D from: they become one.
        var panes = group.panes
        let near = panes.indices.filter { time <= panes[$0].end && panes[$0].firstTime.minus(gap) <= time }
        guard let first = near.first else {
            if end < group.closedThrough {
                counters.lateEvents &+= 1
                return
            }
            if panes.count >= limits.openWindowsMax {
                counters.windowOverflows &+= 1
                return
            }
            let pane = Pane(program.columns, start: time, end: end)
            add(to: pane, time)
            panes.append(pane)
            group.panes = panes.sorted { $0.end < $1.end }
            return
        }
        let pane = panes[first]
        for index in near.dropFirst() { pane.merge(panes[index], machine.arena) }
        for index in near.dropFirst().reversed() { panes.remove(at: index) }
        add(to: pane, time)
        pane.end = pane.lastTime.plus(gap)
        group.panes = panes.sorted { $0.end < $1.end }
    }

    private func takeSilent(_ group: Group, _ time: Int64, _ gap: Int64) {
        let end = time.plus(gap)
        if let pane = group.firstPane {
            add(to: pane, time)
            pane.end = pane.lastTime.plus(gap)
            return
        }
        // What was reported stays reported: only an event that the watermark of now has left behind is late.
        if let mark = group.watermark(at: machine.context.now, late: late), end < mark {
            counters.lateEvents &+= 1
            return
        }
        let pane = Pane(program.columns, start: time, end: end)
        add(to: pane, time)
        group.window = .pane(pane)
    }

    // MARK: Time passing

    /// What a group waits for next.
    struct Due {
        var end: Int64
        /// Whether the watermark must have gone beyond `end`.
        var mustPass: Bool
        var isAlarm: Bool
    }

    private var isSilent: Bool {
        if case .silent = plan.window?.kind { true } else { false }
    }

    var closesAfterEnd: Bool {
        switch plan.window?.kind {
        case .session, .silent: true
        default: false
        }
    }

    /// `skipsRun`: leaves the end of a run toward `for` out.
    func nextDue(_ group: Group, skipsRun: Bool = false) -> Due? {
        var due: Due?
        if let hop = nextHop(group) {
            due = Due(end: hop, mustPass: false, isAlarm: false)
        } else if let end = group.firstEnd, end != .max {
            due = Due(end: end, mustPass: closesAfterEnd, isAlarm: false)
        }
        if !skipsRun, let alarm = group.alarm, let start = alarm.runStart, !alarm.isRipe,
            let length = plan.when?.forNanoseconds
        {
            let (end, overflow) = start.addingReportingOverflow(length)
            // At one instant a `for` timer comes before `session` and `silent`, whose end must have passed.
            let isFirst = due.map { end < $0.end || (end == $0.end && $0.mustPass) } ?? true
            if !overflow, isFirst { due = Due(end: end, mustPass: false, isAlarm: true) }
        }
        return due
    }

    /// Does all that the group's watermark has passed, in order.
    func settle(_ group: Group, _ emission: Emission, _ outputs: inout [RuleOutput]) {
        defer { endHops(group) }
        guard group.alarm != nil || group.hasPanes else { return }
        // A closing window runs other programs than the event at hand: its registers are put back.
        var kept: Held?
        let mark = group.watermark(at: machine.context.now, late: late) ?? group.closedThrough
        // An evaluation that waits for a model may break the run: its end is looked at when that one goes on.
        while let due = nextDue(group, skipsRun: callsModels && group.waiting > 0) {
            // An interval that was passed once stays closed; a run and a silence last until the watermark of now ends
            // them.
            let reached = due.isAlarm || isSilent ? mark : group.closedThrough
            guard due.mustPass ? due.end < reached : due.end <= reached else { break }
            if kept == nil { kept = hold() }
            run(due, group, emission, &outputs)
        }
        if let kept { restore(kept) }
    }

    /// Does one thing that is due.
    func run(_ due: Due, _ group: Group, _ emission: Emission, _ outputs: inout [RuleOutput]) {
        markDirty(group)
        if due.isAlarm {
            reachDeadline(group, due.end, emission, &outputs)
            return
        }
        guard let pane = isHopping ? hop(group, due.end) : takeFirstPane(group) else { return }
        prepareWithoutEvent(group)
        machine.context.time = pane.end
        switch plan.window?.kind {
        case .session:
            machine.context.windowStart = .time(pane.firstTime)
            machine.context.windowEnd = .time(pane.end)
        case .silent: machine.context.windowEnd = .time(pane.end)
        default:
            machine.context.windowStart = .time(pane.start)
            machine.context.windowEnd = .time(pane.end)
        }
        reader.begin(pane)
        for baseline in group.baselines { reader.set(baseline.plan.slot, baseline.score(closing: pane)) }
        evaluate(group, hasEvent: false, emission, &outputs)
    }

    /// Registers and context for an evaluation without an event: only the names of the key have values.
    private func prepareWithoutEvent(_ group: Group) {
        for register in 0..<program.layout.aggregates { machine.registers[register] = .missing }
        var context = EvaluationContext()
        context.now = machine.context.now
        context.number = machine.context.number
        machine.context = context
        let values = group.keyValues(key(of: group), machine.arena)
        for (part, value) in zip(program.by, values) where part.start == part.end {
            let register = Int(part.result)
            if register < program.layout.paths { machine.registers[register] = value }
        }
    }

    struct Held {
        var registers: [Value]
        var context: EvaluationContext
    }

    private func hold() -> Held {
        Held(
            registers: (0..<program.layout.aggregates).map { machine.registers[$0] }, context: machine.context)
    }

    private func restore(_ held: Held) {
        for (index, value) in held.registers.enumerated() { machine.registers[index] = value }
        machine.context = held.context
    }
}
