/// A checked expression: names are slots, functions are known, literals are values.
package indirect enum Expression: Sendable {
    case missing
    case boolean(Bool)
    case integer(Int64)
    case double(Double)
    case text(String)
    /// Nanoseconds.
    case duration(Int64)
    /// A path slot of the rule (`RulePlan.paths`).
    case path(Int)
    /// `.`: the whole payload.
    case payload
    case capture(Int)
    case letValue(Int)
    case aggregate(Int)
    case history(Int)
    case negate(Expression)
    case not(Expression)
    case arithmetic(ArithmeticOperator, Expression, Expression)
    case compare(ComparisonOperator, Expression, Expression)
    case and(Expression, Expression)
    case or(Expression, Expression)
    case conditional(condition: Expression, then: Expression, otherwise: Expression)
    /// `x in list`, negated: `x not in list`.
    case membership(Expression, list: Expression, negated: Bool)
    case between(Expression, low: Expression, high: Expression)
    case coalesce(Expression, Expression)
    /// `.name` of an expression that is not the payload (a let, a table row, a model's result).
    case member(Expression, String)
    case subscripted(Expression, index: Expression)
    case object([ObjectMember])
    case list([Expression])
    case interpolated([TextPart])
    case call(Function, [Expression])
    /// `matches(text, "pattern")`: the pattern is known when the rule is checked.
    case matches(Expression, pattern: String)
    case messageFact(MessageFact)
    /// `property("name")`.
    case property(String)
    /// `latest("topic/{captures}")`.
    case latest([TextPart])
    /// `table[key]`: row as an object, or missing.
    case tableRow(table: String, key: Expression)
    /// The result of a call of a model (`RulePlan.modelCalls`): an object, or missing.
    case modelResult(Int)
}

package enum ArithmeticOperator: String, Sendable {
    case add = "+", subtract = "-", multiply = "*", divide = "/", remainder = "%"
}

package enum ComparisonOperator: String, Sendable {
    case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
}

/// Facts about the message or the evaluation at hand.
package enum MessageFact: String, Sendable {
    case topic, qos, retained, client, time, arrived, now
    case windowStart = "window_start", windowEnd = "window_end"
}

/// Functions of values alone. The raw value is the name authors write.
package enum Function: String, Sendable, CaseIterable {
    case abs, ceil, floor, sqrt, exp, ln, log10, pow, sin, cos, tan, sign, round, least, greatest, clamp
    case exists, length, lower, upper, trim, contains
    case startsWith = "starts_with", endsWith = "ends_with"
    case substring, split, number, text, boolean, hour, weekday, error
}
