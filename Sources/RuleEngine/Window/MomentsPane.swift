import RuleLanguage

/// A window `every D` of which nothing but moments of one argument is asked, in less than half of what a `Pane` with its
/// column takes. When it closes, a `Pane` is made of it.
final class MomentsPane {
    let end: Int64
    private var eventCount = 0
    private var numberCount = 0
    /// Of the numbers without the newest, as in a column.
    private var sum = DoubleDouble(0)
    private var squares = 0.0
    private var newest = 0.0

    init(end: Int64) { self.end = end }

    /// What a pane holds; nil where that is more.
    init?(_ pane: Pane) {
        guard let column = pane.first, column.next == nil, column.parts == nil else { return nil }
        guard column.numberCount == 0 || column.others.count == Double(column.numberCount - 1) else { return nil }
        end = pane.end
        eventCount = pane.eventCount
        numberCount = column.numberCount
        sum = column.others.sum
        squares = column.others.squares
        newest = column.lastNumber?.value ?? 0
    }

    private var others: Moments {
        numberCount == 0 ? Moments() : Moments(count: Double(numberCount - 1), sum: sum, squares: squares)
    }

    /// Takes the value of an event. Returns the runtime errors that its type made.
    @inline(__always)
    func add(_ value: Value) -> UInt64 {
        eventCount += 1
        guard value.isNumber else { return value.isMissing ? 0 : 1 }
        if numberCount > 0 {
            let moments = others.adding(newest)
            sum = moments.sum
            squares = moments.squares
        }
        numberCount += 1
        newest = value.asDouble
        return 0
    }

    /// The same as a pane of one column.
    func pane(_ columns: [ColumnPlan], start: Int64) -> Pane {
        let pane = Pane(columns, start: start, end: end)
        pane.eventCount = eventCount
        pane.firstTime = start
        pane.lastTime = start
        pane.first?.presentCount = numberCount
        pane.first?.numberCount = numberCount
        pane.first?.others = others
        if numberCount > 0 {
            pane.first?.lastNumber = RunningColumn.NumberMark(value: newest, time: start, arrival: 0)
        }
        return pane
    }
}

extension RuleRuntime {
    /// Whether windows of the rule are kept as moments. By the clock there is one at a time.
    static func keepsMoments(_ plan: RulePlan, _ program: RuleProgram) -> Bool {
        guard case .every(_, nil, _) = plan.window?.kind, plan.eventTime == nil, program.models == nil else {
            return false
        }
        return program.baselines.isEmpty && program.columns.count == 1 && program.columns[0].needs == .moments
    }

    private func pane(_ moments: MomentsPane) -> Pane {
        moments.pane(program.columns, start: step(moments.end.minus(1)).start)
    }

    /// The windows of a group that are open.
    func panes(of group: Group) -> [Pane] {
        if case .moments(let moments) = group.window { return [pane(moments)] }
        return group.panes
    }

    /// Takes out the window that ends first.
    func takeFirstPane(_ group: Group) -> Pane? {
        unpack(group)
        return group.takeFirstPane()
    }

    func unpack(_ group: Group) {
        if case .moments(let moments) = group.window { group.window = .pane(pane(moments)) }
    }

    func pack(_ group: Group) {
        guard keepsMoments, case .pane(let pane) = group.window, let moments = MomentsPane(pane) else { return }
        group.window = .moments(moments)
    }
}
