/// The statistics of one kind for the two stacks of a column.
struct RunStack<Run: EmptyRun> {
    var back = Run()
    private var suffixes: FixedBuffer<Run>?

    var empty: Run { Run() }

    mutating func allocate(_ capacity: Int) { suffixes = FixedBuffer(repeating: empty, count: capacity) }
    mutating func free() {
        suffixes?.deallocate()
        suffixes = nil
    }
    mutating func clear() { back = empty }

    @inline(__always) func suffix(_ slot: Int) -> Run { suffixes?[slot] ?? empty }
    @inline(__always) func set(_ slot: Int, _ run: Run) { suffixes?[slot] = run }
}

/// Statistics of which there are some of no values.
protocol EmptyRun: BitwiseCopyable {
    init()
}

extension Moments: EmptyRun {}
extension Regression: EmptyRun {}
extension Extremes: EmptyRun {}
extension Smoothing: EmptyRun {}

/// Least and greatest of a run of values of one type that stand by themselves. Of equal ones either may stay.
struct Extremes: BitwiseCopyable {
    var least = Value.missing
    var greatest = Value.missing

    @inline(__always)
    mutating func include(_ value: Value) {
        if value.isMissing { return }
        if least.isMissing || (ValueOrder.compare(value, least) ?? 0) < 0 { least = value }
        if greatest.isMissing || (ValueOrder.compare(value, greatest) ?? 0) > 0 { greatest = value }
    }

    func merged(_ other: Extremes) -> Extremes {
        var result = self
        result.include(other.least)
        result.include(other.greatest)
        return result
    }
}

/// How many values of each type that has an order.
struct OrderedCounts: BitwiseCopyable {
    private(set) var numbers = 0
    private var texts = 0
    private var times = 0
    private var durations = 0

    /// `kind` is a `Value.orderedClass`.
    @inline(__always)
    mutating func add(_ kind: Value.Kind, _ change: Int) {
        switch kind {
        case .double: numbers += change
        case .text: texts += change
        case .time: times += change
        default: durations += change
        }
    }

    @inline(__always)
    var typeCount: Int {
        (numbers > 0 ? 1 : 0) + (texts > 0 ? 1 : 0) + (times > 0 ? 1 : 0) + (durations > 0 ? 1 : 0)
    }
}
