import RuleLanguage

/// `+ - * / %` and unary minus. Integers stay integers and go to double on overflow; what is NaN or infinite is
/// missing.
enum Arithmetic {
    /// The result, or nil when the types do not fit (a runtime error). The operands are not missing.
    @inline(__always)
    static func apply(_ sign: ArithmeticOperator, _ left: Value, _ right: Value) -> Value? {
        if left.kind == .double, right.kind == .double { return doubles(sign, left.double, right.double) }
        return mixed(sign, left, right)
    }

    @inline(__always)
    private static func doubles(_ sign: ArithmeticOperator, _ left: Double, _ right: Double) -> Value {
        switch sign {
        case .add: .finite(left + right)
        case .subtract: .finite(left - right)
        case .multiply: .finite(left * right)
        case .divide: .finite(left / right)
        case .remainder: .finite(left.truncatingRemainder(dividingBy: right))
        }
    }

    private static func mixed(_ sign: ArithmeticOperator, _ left: Value, _ right: Value) -> Value? {
        if left.kind == .integer, right.kind == .integer { return integers(sign, left.integer, right.integer) }
        if left.isNumber, right.isNumber { return doubles(sign, left.asDouble, right.asDouble) }
        return temporal(sign, left, right)
    }

    private static func integers(_ sign: ArithmeticOperator, _ left: Int64, _ right: Int64) -> Value {
        let result: (partialValue: Int64, overflow: Bool)
        switch sign {
        case .add: result = left.addingReportingOverflow(right)
        case .subtract: result = left.subtractingReportingOverflow(right)
        case .multiply: result = left.multipliedReportingOverflow(by: right)
        case .divide: return right == 0 ? .missing : .double(Double(left) / Double(right))
        case .remainder:
            return right == 0 ? .missing : .integer(left.remainderReportingOverflow(dividingBy: right).partialValue)
        }
        return result.overflow ? doubles(sign, Double(left), Double(right)) : .integer(result.partialValue)
    }

    private static func temporal(_ sign: ArithmeticOperator, _ left: Value, _ right: Value) -> Value? {
        switch (left.kind, sign, right.kind) {
        case (.time, .subtract, .time): sum(left.integer, right.integer, minus: true, .duration)
        case (.time, .add, .duration), (.duration, .add, .time): sum(left.integer, right.integer, minus: false, .time)
        case (.time, .subtract, .duration): sum(left.integer, right.integer, minus: true, .time)
        case (.duration, .add, .duration): sum(left.integer, right.integer, minus: false, .duration)
        case (.duration, .subtract, .duration): sum(left.integer, right.integer, minus: true, .duration)
        case (.duration, .divide, .duration): .finite(Double(left.integer) / Double(right.integer))
        case (.duration, .multiply, _) where right.isNumber: scaled(left.integer, right, divide: false)
        case (_, .multiply, .duration) where left.isNumber: scaled(right.integer, left, divide: false)
        case (.duration, .divide, _) where right.isNumber: scaled(left.integer, right, divide: true)
        default: nil
        }
    }

    private static func sum(_ left: Int64, _ right: Int64, minus: Bool, _ kind: Value.Kind) -> Value {
        let (value, overflow) = minus ? left.subtractingReportingOverflow(right) : left.addingReportingOverflow(right)
        return overflow ? .missing : Value(kind: kind, bits: UInt64(bitPattern: value))
    }

    private static func scaled(_ nanoseconds: Int64, _ factor: Value, divide: Bool) -> Value {
        if factor.kind == .integer, !divide {
            let (value, overflow) = nanoseconds.multipliedReportingOverflow(by: factor.integer)
            return overflow ? .missing : .duration(value)
        }
        let number = factor.asDouble
        let result = divide ? Double(nanoseconds) / number : Double(nanoseconds) * number
        guard let value = Int64(exactly: result.rounded()) else { return .missing }
        return .duration(value)
    }

    /// Unary minus; nil when the type does not fit.
    static func negate(_ value: Value) -> Value? {
        switch value.kind {
        case .integer: value.integer == .min ? .double(0x1p63) : .integer(-value.integer)
        case .double: .double(-value.double)
        case .bigInteger: .double(-value.asDouble)
        case .duration: value.integer == .min ? .missing : .duration(-value.integer)
        case .missing, .boolean, .text, .time, .bytes, .list, .object, .jsonList, .jsonObject: nil
        }
    }
}
