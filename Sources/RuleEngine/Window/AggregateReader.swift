import RuleLanguage

/// Computes the aggregates of one evaluation over the window that it is pointed at; each once.
final class AggregateReader {
    private let calls: [AggregateCall]
    private let memo: FixedBuffer<Value>
    private let memoStamp: FixedBuffer<UInt64>
    @exclusivity(unchecked) @safe private var stamp: UInt64 = 0
    @exclusivity(unchecked) @safe private var sliding: SlidingWindow?
    @exclusivity(unchecked) @safe private var numbers: NumberColumn?
    @exclusivity(unchecked) @safe private var pane: Pane?

    init(_ calls: [AggregateCall]) {
        self.calls = calls
        memo = FixedBuffer(repeating: .missing, count: calls.count)
        memoStamp = FixedBuffer(repeating: 0, count: calls.count)
    }

    deinit {
        memo.deallocate()
        memoStamp.deallocate()
    }

    func begin(_ window: SlidingWindow) {
        stamp += 1
        sliding = window
        pane = nil
        numbers = nil
    }

    /// The first column of a window.
    func begin(_ numbers: NumberColumn) {
        stamp += 1
        self.numbers = numbers
        sliding = nil
        pane = nil
    }

    func begin(_ pane: Pane) {
        stamp += 1
        self.pane = pane
        sliding = nil
        numbers = nil
    }

    /// Sets the results of an evaluation that is over, for a timer that speaks of it.
    func begin(results: [Value]) {
        stamp += 1
        sliding = nil
        pane = nil
        numbers = nil
        for (index, value) in results.enumerated() {
            memo[index] = value
            memoStamp[index] = stamp
        }
    }

    /// Sets a result that is known before it is asked for.
    func set(_ index: Int, _ value: Value) {
        memo[index] = value
        memoStamp[index] = stamp
    }

    func value(_ index: Int, _ arena: Arena) -> Value {
        if memoStamp[index] == stamp { return memo[index] }
        let result = compute(calls[index], arena)
        memo[index] = result
        memoStamp[index] = stamp
        return result
    }

    private func compute(_ call: AggregateCall, _ arena: Arena) -> Value {
        if let numbers {
            if call.column < 0 { return .integer(Int64(numbers.eventCount)) }
            return numbers.column(call.column).map { AggregateReader.compute(call, $0, arena) } ?? .missing
        }
        if let sliding {
            if call.column < 0 { return .integer(Int64(sliding.eventCount)) }
            return AggregateReader.compute(call, sliding.columns[call.column], arena)
        }
        guard let pane else { return .missing }
        if call.column < 0 { return .integer(Int64(pane.eventCount)) }
        return pane.column(call.column).map { AggregateReader.compute(call, $0, arena) } ?? .missing
    }

    @inline(__always)
    private static func compute(_ call: AggregateCall, _ column: some AggregateColumn, _ arena: Arena) -> Value {
        switch call.function {
        case .zscore: return zscore(call, column)
        case .mean, .variance, .stddev, .varianceSample, .stddevSample: return spread(call.function, column)
        case .count: return .integer(Int64(column.presentCount))
        case .countIf: return .integer(Int64(column.trueCount))
        case .all: return column.trueCount + column.falseCount == 0 ? .missing : .boolean(column.falseCount == 0)
        case .any: return column.trueCount + column.falseCount == 0 ? .missing : .boolean(column.trueCount > 0)
        case .sum: return column.sumResult
        case .min: return column.least(arena)
        case .max: return column.greatest(arena)
        case .range:
            let found = column.numberExtremes(arena)
            return found.least.isMissing
                ? .missing : Arithmetic.apply(.subtract, found.greatest, found.least) ?? .missing
        case .first: return column.first(arena)
        case .last: return column.last(arena)
        case .median: return .finite(AggregateMath.percentile(column.numbers(arena), 50))
        case .percentile: return .finite(AggregateMath.percentile(column.numbers(arena), call.parameter))
        case .distinct: return distinct(column, arena)
        case .collect:
            let values = column.values(arena)
            if values.isEmpty { return .missing }
            let list = arena.values(values.count)
            for (index, value) in values.enumerated() { list[index] = value }
            return .list(list)
        case .slope: return .finite(column.slope)
        case .rate: return .finite(column.rate)
        case .ewma: return .finite(column.smoothed(call.factor, arena))
        }
    }

    private static func spread(_ function: AggregatePlan.Function, _ column: some AggregateColumn) -> Value {
        guard let newest = column.newestNumber else { return .missing }
        let all = column.momentsOfOthers.adding(newest)
        switch function {
        case .mean: return .finite(all.mean)
        case .variance: return .finite(all.variance)
        case .stddev: return .finite(all.stddev)
        case .varianceSample: return .finite(all.sampleVariance)
        default: return .finite(all.sampleVariance.squareRoot())
        }
    }

    private static func zscore(_ call: AggregateCall, _ column: some AggregateColumn) -> Value {
        guard let newest = column.newestNumber else { return .missing }
        let others = column.momentsOfOthers
        if call.againstOthers {
            if others.isEmpty { return .missing }
            return .finite(score(newest, others, call.floor, ofEqual: .nan))
        }
        return .finite(score(newest, others.adding(newest), call.floor, ofEqual: 0))
    }

    /// NaN where the score is missing; `ofEqual` is the score of a value that differs from others that are all equal.
    static func score(_ value: Double, _ moments: Moments, _ floor: Double?, ofEqual: Double) -> Double {
        let deviation = moments.deviation(of: value)
        let stddev = max(moments.stddev, floor ?? 0)
        // Squares that no double holds say nothing about the value.
        guard stddev.isFinite else { return .nan }
        if stddev > 0 { return deviation / stddev }
        return deviation == 0 ? 0 : ofEqual
    }

    private static func distinct(_ column: some AggregateColumn, _ arena: Arena) -> Value {
        let values = column.values(arena)
        var seen = Set<[UInt8]>()
        for value in values {
            var key: [UInt8] = []
            ValueCodec.append(key: value, to: &key, arena)
            seen.insert(key)
        }
        return values.isEmpty ? .missing : .integer(Int64(seen.count))
    }
}
