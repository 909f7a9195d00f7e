import RuleLanguage

/// Windows that stand on a grid of time: `every D`, `every D over L`, with or without a zone.
extension RuleRuntime {
    /// The step in which `time` lies.
    @inline(__always)
    func step(_ time: Int64) -> AlignedStep {
        time >= alignedStep.start && time < alignedStep.end ? alignedStep : findStep(time)
    }

    private func findStep(_ time: Int64) -> AlignedStep {
        guard let alignment else { return alignedStep }
        let index = alignment.index(of: time)
        alignedStep = AlignedStep(index: index, start: alignment.bound(index), end: alignment.bound(index + 1))
        return alignedStep
    }

    func takeAligned(_ group: Group, _ time: Int64) {
        let step = step(time)
        // By the clock nothing is late.
        if hasOwnTimes, step.end <= group.closedThrough {
            counters.lateEvents &+= 1
            return
        }
        if keepsMoments, addMoments(group, step) { return }
        addAligned(group, time, step)
    }

    /// Whether the event could be added to the moments of its step.
    @inline(__always)
    private func addMoments(_ group: Group, _ step: AlignedStep) -> Bool {
        switch group.window {
        case .moments(let moments) where moments.end == step.end:
            machine.runtimeErrors &+= moments.add(machine.run(columnArguments[0]))
            return true
        case .none:
            let moments = MomentsPane(end: step.end)
            group.window = .moments(moments)
            machine.runtimeErrors &+= moments.add(machine.run(columnArguments[0]))
            return true
        default:
            unpack(group)
            return false
        }
    }

    /// Adds the event to the pane of a step, made if it is new.
    private func addAligned(_ group: Group, _ time: Int64, _ step: AlignedStep) {
        if case .pane(let pane) = group.window, pane.end == step.end {
            add(to: pane, time)
            return
        }
        let panes = group.panes
        var place = panes.count
        while place > 0, panes[place - 1].end > step.end { place -= 1 }
        if place > 0, panes[place - 1].end == step.end {
            add(to: panes[place - 1], time)
            return
        }
        if panes.count >= limits.openWindowsMax {
            counters.windowOverflows &+= 1
            return
        }
        let pane = Pane(program.columns, start: step.start, end: step.end)
        if panes.isEmpty { group.window = .pane(pane) } else { group.panes.insert(pane, at: place) }
        add(to: pane, time)
    }

    // MARK: Windows that overlap

    /// Steps in the length of `every D over L`; nil for other windows.
    private var hopSteps: Int64? {
        if case .every(let hop, let length?, _) = plan.window?.kind { return max(length / max(hop, 1), 1) }
        return nil
    }

    var isHopping: Bool { hopSteps != nil }

    /// What W has passed is over, also where nothing was in it.
    func endHops(_ group: Group) {
        guard hopSteps != nil, group.closedThrough > .min else { return }
        let step = step(group.closedThrough)
        if step.start <= group.closedThrough { group.hopsDone = max(group.hopsDone, step.start) }
    }

    /// The end of the next window that holds anything. The panes of such a rule are the steps of D from which its
    /// windows are put together.
    func nextHop(_ group: Group) -> Int64? {
        guard hopSteps != nil, let alignment, let first = group.firstPane else { return nil }
        if group.hopsDone == .min { return first.end }
        return max(first.end, alignment.bound(alignment.index(of: group.hopsDone) + 1))
    }

    /// The window that ends at `end`, of its steps; those that no later window needs go.
    func hop(_ group: Group, _ end: Int64) -> Pane? {
        guard let steps = hopSteps, let alignment else { return group.takeFirstPane() }
        let index = alignment.index(of: end)
        let start = alignment.bound(index - steps)
        let result = Pane(program.columns, start: start, end: end)
        for pane in group.panes where pane.start >= start && pane.end <= end { result.merge(pane, machine.arena) }
        result.start = start
        result.end = end
        group.hopsDone = end
        let next = alignment.bound(index + 1 - steps)
        group.panes.removeAll { $0.start < next }
        return result
    }

    func takeHopping(_ group: Group, _ time: Int64) {
        guard let steps = hopSteps, let alignment else { return }
        let step = step(time)
        if alignment.bound(step.index + steps) <= group.hopsDone {
            counters.lateEvents &+= 1
            return
        }
        addAligned(group, time, step)
    }
}
