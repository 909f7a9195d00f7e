/// What the checker knows of a function of values.
struct FunctionSignature: Sendable {
    /// Kinds of each argument; the last repeats when `isVariadic`.
    var parameters: [ValueKinds]
    /// Fewer arguments than `parameters` that are allowed.
    var required: Int
    var isVariadic = false
    var result: ValueKinds
    /// The result has the kind of the arguments.
    var keepsKind = false
    /// Written in help texts: `round(x, digits)`.
    var usage: String
}

extension Function {
    var signature: FunctionSignature {
        switch self {
        case .abs: keeping([[.number, .duration]], "abs(x)")
        case .ceil, .floor, .sqrt, .exp, .ln, .log10, .sin, .cos, .tan, .sign:
            of([.number], gives: .number, "\(rawValue)(x)")
        case .pow: of([.number, .number], gives: .number, "pow(x, y)")
        case .round: of([.number, .number], required: 1, gives: .number, "round(x, digits)")
        case .least, .greatest: keeping([.ordered], isVariadic: true, "\(rawValue)(a, b, …)")
        case .clamp: keeping([.ordered, .ordered, .ordered], "clamp(x, low, high)")
        case .exists: of([.any], gives: .boolean, "exists(x)")
        case .length: of([[.text, .list]], gives: .number, "length(text)")
        case .lower, .upper, .trim: of([.text], gives: .text, "\(rawValue)(text)")
        case .contains, .startsWith, .endsWith: of([.text, .text], gives: .boolean, "\(rawValue)(text, part)")
        case .substring: of([.text, .number, .number], gives: .text, "substring(text, from, count)")
        case .split: of([.text, .text], gives: .list, "split(text, separator)")
        case .number: of([.any], gives: .number, "number(x)")
        case .text: of([.any], gives: .text, "text(x)")
        case .boolean: of([.any], gives: .boolean, "boolean(x)")
        case .hour, .weekday: of([.time, .text], required: 1, gives: .number, "\(rawValue)(time)")
        case .error: of([.list, .list], gives: .number, "error(list, list)")
        }
    }

    private func of(
        _ parameters: [ValueKinds], required: Int? = nil, gives result: ValueKinds, _ usage: String
    ) -> FunctionSignature {
        FunctionSignature(parameters: parameters, required: required ?? parameters.count, result: result, usage: usage)
    }

    private func keeping(_ parameters: [ValueKinds], isVariadic: Bool = false, _ usage: String) -> FunctionSignature {
        FunctionSignature(
            parameters: parameters, required: parameters.count, isVariadic: isVariadic, result: .ordered,
            keepsKind: true,
            usage: usage)
    }
}

extension AggregatePlan.Function {
    /// How many arguments without a name it takes; `count` takes none or one.
    var argumentCounts: ClosedRange<Int> {
        switch self {
        case .count: 0...1
        case .percentile, .ewma: 2...2
        default: 1...1
        }
    }

    var usage: String {
        switch self {
        case .count: "count() or count(x)"
        case .countIf, .all, .any: "\(rawValue)(condition)"
        case .percentile: "percentile(x, p)"
        case .ewma: "ewma(x, a)"
        default: "\(rawValue)(x)"
        }
    }

    /// What the argument must be for the aggregate to have a value.
    var argumentKinds: ValueKinds {
        switch self {
        case .count, .distinct, .first, .last, .collect: .any
        case .countIf, .all, .any: .boolean
        case .min, .max: .ordered
        default: .number
        }
    }

    func resultKinds(of argument: ValueKinds) -> ValueKinds {
        switch self {
        case .first, .last: argument
        case .min, .max: argument.intersection(.ordered)
        case .collect: .list
        case .all, .any: .boolean
        default: .number
        }
    }

    /// Whether a window that lasts until a device speaks again can keep it in a few bytes.
    var isAllowedOverSilent: Bool {
        switch self {
        case .count, .first, .last, .min, .max, .sum, .mean, .variance, .stddev, .range: true
        default: false
        }
    }
}

enum FunctionNames {
    static let values = Dictionary(uniqueKeysWithValues: Function.allCases.map { ($0.rawValue, $0) })
    static let aggregates = Dictionary(uniqueKeysWithValues: AggregatePlan.Function.allCases.map { ($0.rawValue, $0) })
    static let histories: [String: HistoryPlan.Function] = [
        "previous": .previous, "delta": .delta, "changed": .changed,
    ]
    static let facts: [String: MessageFact] = [
        "topic": .topic, "qos": .qos, "retained": .retained, "client": .client, "time": .time, "arrived": .arrived,
        "now": .now,
        "window_start": .windowStart, "window_end": .windowEnd,
    ]
    /// Functions with rules of their own.
    static let special: Set<String> = ["matches", "property", "latest"]

    static let all = Set(values.keys).union(aggregates.keys).union(histories.keys).union(facts.keys).union(special)

    /// What people from elsewhere write.
    static let elsewhere: [String: String] = [
        "avg": "mean", "average": "mean", "std": "stddev", "stdev": "stddev", "stddev_pop": "stddev",
        "stddev_samp": "stddev_sample",
        "var": "variance", "len": "length", "size": "length", "ceiling": "ceil", "log": "ln", "power": "pow",
        "minimum": "min",
        "maximum": "max", "total": "sum", "quantile": "percentile", "lag": "previous", "prev": "previous",
        "had_changed": "changed",
        "upper_case": "upper", "lower_case": "lower", "substr": "substring", "regex": "matches", "regexp": "matches",
        "like": "matches", "startswith": "starts_with", "endswith": "ends_with", "is_null": "exists",
        "isnull": "exists",
        "coalesce": "??", "timestamp": "time", "tonumber": "number", "to_number": "number", "tostring": "text",
        "string": "text",
        "int": "number", "float": "number", "z": "zscore", "z_score": "zscore", "collect_list": "collect",
        "deriv": "slope",
    ]
}
