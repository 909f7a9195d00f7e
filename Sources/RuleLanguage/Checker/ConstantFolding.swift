// Operators on literals, with the values that the engine would give: integers stay integers and go to double on
// overflow, `/` gives a double, whatever is not finite is missing, comparisons of integers with doubles are exact.

extension Expression {
    /// Whether it is one value, known now.
    var isLiteral: Bool {
        switch self {
        case .missing, .boolean, .integer, .double, .text, .duration: true
        default: false
        }
    }

    var isMissing: Bool { if case .missing = self { true } else { false } }
    var literalBoolean: Bool? { if case .boolean(let value) = self { value } else { nil } }
    var literalText: String? { if case .text(let value) = self { value } else { nil } }

    /// A literal number as a double.
    var literalNumber: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// Number of nodes, counted no further than `limit`.
    func nodeCount(limit: Int) -> Int {
        var count = 0
        var open = [self]
        while count < limit, let next = open.popLast() {
            count += 1
            open.append(contentsOf: next.operands)
        }
        return count
    }

    /// Levels of the tree, counted no further than `limit`.
    func height(limit: Int) -> Int {
        var level = [self]
        var height = 0
        while !level.isEmpty, height < limit {
            height += 1
            level = level.flatMap(\.operands)
        }
        return height
    }

    /// The expressions directly inside.
    package var operands: [Expression] {
        switch self {
        case .missing, .boolean, .integer, .double, .text, .duration, .path, .payload, .capture, .letValue, .aggregate,
            .history, .modelResult,
            .messageFact, .property:
            []
        case .negate(let x), .not(let x), .member(let x, _), .matches(let x, _), .tableRow(_, let x): [x]
        case .arithmetic(_, let x, let y), .compare(_, let x, let y), .and(let x, let y), .or(let x, let y),
            .coalesce(let x, let y), .membership(let x, let y, _), .subscripted(let x, let y):
            [x, y]
        case .conditional(let x, let y, let z), .between(let x, let y, let z): [x, y, z]
        case .object(let members): members.map(\.value)
        case .list(let elements): elements
        case .interpolated(let parts), .latest(let parts):
            parts.compactMap { part in if case .value(let value) = part { value } else { nil } }
        case .call(_, let arguments): arguments
        }
    }
}

enum ConstantFolding {
    static func negate(_ value: Expression) -> Expression? {
        switch value {
        case .missing: .missing
        case .integer(let number): number == .min ? .double(-Double(number)) : .integer(-number)
        case .double(let number): .double(-number)
        case .duration(let length): length == .min ? .missing : .duration(-length)
        default: nil
        }
    }

    /// nil when one side is no literal, or the values do not go together.
    static func arithmetic(_ symbol: ArithmeticOperator, _ left: Expression, _ right: Expression) -> Expression? {
        switch (left, right) {
        case (.missing, _) where right.isLiteral, (_, .missing) where left.isLiteral:
            return .missing
        case (.integer(let x), .integer(let y)):
            return integers(symbol, x, y)
        case (.duration(let x), .duration(let y)):
            switch symbol {
            case .add: return length(x.addingReportingOverflow(y))
            case .subtract: return length(x.subtractingReportingOverflow(y))
            case .divide: return finite(Double(x) / Double(y))
            case .multiply, .remainder: return nil
            }
        default:
            guard let x = left.literalNumber, let y = right.literalNumber else { return nil }
            return doubles(symbol, x, y)
        }
    }

    private static func integers(_ symbol: ArithmeticOperator, _ x: Int64, _ y: Int64) -> Expression {
        let result: (partialValue: Int64, overflow: Bool)
        switch symbol {
        case .add: result = x.addingReportingOverflow(y)
        case .subtract: result = x.subtractingReportingOverflow(y)
        case .multiply: result = x.multipliedReportingOverflow(by: y)
        case .divide: return finite(Double(x) / Double(y))
        case .remainder:
            guard y != 0 else { return .missing }
            return .integer(y == -1 ? 0 : x % y)
        }
        return result.overflow ? doubles(symbol, Double(x), Double(y)) : .integer(result.partialValue)
    }

    private static func doubles(_ symbol: ArithmeticOperator, _ x: Double, _ y: Double) -> Expression {
        switch symbol {
        case .add: finite(x + y)
        case .subtract: finite(x - y)
        case .multiply: finite(x * y)
        case .divide: finite(x / y)
        case .remainder: finite(x.truncatingRemainder(dividingBy: y))
        }
    }

    private static func finite(_ value: Double) -> Expression { value.isFinite ? .double(value) : .missing }

    private static func length(_ result: (partialValue: Int64, overflow: Bool)) -> Expression {
        result.overflow ? .missing : .duration(result.partialValue)
    }

    // MARK: Comparison

    enum Order { case less, equal, greater }

    /// nil when the two have no order.
    static func order(_ left: Expression, _ right: Expression) -> Order? {
        switch (left, right) {
        case (.integer(let x), .integer(let y)): return order(x, y)
        case (.duration(let x), .duration(let y)): return order(x, y)
        case (.double(let x), .double(let y)): return order(x, y)
        case (.integer(let x), .double(let y)): return order(x, y)
        case (.double(let x), .integer(let y)):
            switch order(y, x) {
            case .less: return .greater
            case .equal: return .equal
            case .greater: return .less
            }
        case (.text(let x), .text(let y)): return order(x, y)
        default: return nil
        }
    }

    private static func order<Value: Comparable>(_ x: Value, _ y: Value) -> Order {
        x < y ? .less : x == y ? .equal : .greater
    }

    /// Exact, also where a double can't hold the integer.
    private static func order(_ x: Int64, _ y: Double) -> Order {
        if y >= 0x1p63 { return .less }
        if y < -0x1p63 { return .greater }
        let whole = y.rounded(.towardZero)
        let integer = Int64(whole)
        if x != integer { return x < integer ? .less : .greater }
        return y > whole ? .less : y < whole ? .greater : .equal
    }

    /// By Unicode scalars; their UTF-8 has the same order.
    static func order(_ x: String, _ y: String) -> Order {
        if x.utf8.elementsEqual(y.utf8) { return .equal }
        return x.utf8.lexicographicallyPrecedes(y.utf8) ? .less : .greater
    }

    static func compare(_ symbol: ComparisonOperator, _ left: Expression, _ right: Expression) -> Expression? {
        guard left.isLiteral, right.isLiteral else { return nil }
        guard !left.isMissing, !right.isMissing else { return .missing }
        if case .boolean(let x) = left, case .boolean(let y) = right {
            return symbol == .equal ? .boolean(x == y) : symbol == .notEqual ? .boolean(x != y) : .missing
        }
        guard let order = order(left, right) else {
            return symbol == .equal ? .boolean(false) : symbol == .notEqual ? .boolean(true) : .missing
        }
        return .boolean(symbol.accepts(order))
    }

    // MARK: Logic

    static func not(_ value: Expression) -> Expression? {
        switch value {
        case .boolean(let value): .boolean(!value)
        case .missing: .missing
        default: nil
        }
    }

    static func and(_ left: Expression, _ right: Expression) -> Expression? {
        if left.literalBoolean == false || right.literalBoolean == false { return .boolean(false) }
        if left.literalBoolean == true, right.literalBoolean == true { return .boolean(true) }
        return left.isMissing && right.isMissing ? .missing : nil
    }

    static func or(_ left: Expression, _ right: Expression) -> Expression? {
        if left.literalBoolean == true || right.literalBoolean == true { return .boolean(true) }
        if left.literalBoolean == false, right.literalBoolean == false { return .boolean(false) }
        return left.isMissing && right.isMissing ? .missing : nil
    }
}

extension ComparisonOperator {
    func accepts(_ order: ConstantFolding.Order) -> Bool {
        switch self {
        case .equal: order == .equal
        case .notEqual: order != .equal
        case .less: order == .less
        case .lessOrEqual: order != .greater
        case .greater: order == .greater
        case .greaterOrEqual: order != .less
        }
    }
}
