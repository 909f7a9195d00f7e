import RuleLanguage

/// What the aggregates over one argument need to have kept.
struct ColumnNeeds: OptionSet {
    let rawValue: UInt16
    static let count = ColumnNeeds(rawValue: 1)
    /// Numbers of true and false.
    static let truth = ColumnNeeds(rawValue: 2)
    static let moments = ColumnNeeds(rawValue: 4)
    static let sum = ColumnNeeds(rawValue: 8)
    static let extremes = ColumnNeeds(rawValue: 16)
    static let ends = ColumnNeeds(rawValue: 32)
    /// Every value, of any type.
    static let values = ColumnNeeds(rawValue: 64)
    /// Every value, of which only numbers count.
    static let numbers = ColumnNeeds(rawValue: 128)
    static let regression = ColumnNeeds(rawValue: 256)
    static let rate = ColumnNeeds(rawValue: 512)
    static let smoothing = ColumnNeeds(rawValue: 1024)

    /// Aggregates for which anything but a number is a runtime error.
    static let numeric: ColumnNeeds = [.moments, .sum, .numbers, .regression, .rate, .smoothing]
    /// Those that must keep every value also where nothing leaves the window.
    static let lists: ColumnNeeds = [.values, .numbers]
}

/// The values of one argument of aggregates, kept once for all aggregates that share it.
struct ColumnPlan {
    var argument: Program
    var needs: ColumnNeeds
    /// The `a` of each `ewma`.
    var factors: [Double]
    /// Tells columns apart over a reload.
    var identity: UInt64
}

/// One aggregate call.
struct AggregateCall {
    var function: AggregatePlan.Function
    /// -1: `count()`.
    var column: Int
    var parameter: Double
    /// Index in the column's factors, of `ewma`.
    var factor: Int
    var againstOthers: Bool
    var floor: Double?
}

extension AggregatePlan {
    var needs: ColumnNeeds {
        switch function {
        case .count: .count
        case .countIf, .all, .any: .truth
        case .sum: [.sum, .moments]
        case .mean, .variance, .stddev, .varianceSample, .stddevSample, .zscore: .moments
        case .min, .max, .range: .extremes
        case .median, .percentile: .numbers
        case .first, .last: .ends
        case .distinct, .collect: .values
        case .slope: .regression
        case .rate: .rate
        case .ewma: .smoothing
        }
    }
}

/// A hash that is the same in every run: identity of columns, signatures of state.
enum StableHash {
    static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return value
    }
}
