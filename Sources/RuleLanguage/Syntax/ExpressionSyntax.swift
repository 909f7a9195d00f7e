/// A name as it is written, and where.
struct NameSyntax: Sendable {
    var text: String
    var span: SourceSpan
}

/// An expression as it is written. Brackets leave no trace but in the span.
struct ExpressionSyntax: Sendable {
    var kind: Kind
    var span: SourceSpan
    /// Height of the tree: 1 for a leaf. The parser keeps it within `RuleLimits.expressionDepthMax`.
    var depth = 1

    indirect enum Kind: Sendable {
        case missing
        case boolean(Bool)
        case integer(UInt64)
        case double(Double)
        case duration(Int64)
        case text([TextPartSyntax])
        case name(String)
        case call(NameSyntax, [ArgumentSyntax])
        /// `.`
        case payload
        /// `.name`
        case field(NameSyntax)
        case member(ExpressionSyntax, NameSyntax)
        case subscripted(ExpressionSyntax, index: ExpressionSyntax)
        case object([MemberSyntax])
        case list([ExpressionSyntax])
        case negate(ExpressionSyntax)
        case not(ExpressionSyntax)
        case arithmetic(ArithmeticOperator, ExpressionSyntax, ExpressionSyntax)
        case compare(ComparisonOperator, ExpressionSyntax, ExpressionSyntax)
        case and(ExpressionSyntax, ExpressionSyntax)
        case or(ExpressionSyntax, ExpressionSyntax)
        case coalesce(ExpressionSyntax, ExpressionSyntax)
        case membership(ExpressionSyntax, list: ExpressionSyntax, negated: Bool)
        case between(ExpressionSyntax, low: ExpressionSyntax, high: ExpressionSyntax)
        case conditional(condition: ExpressionSyntax, then: ExpressionSyntax, otherwise: ExpressionSyntax)
        /// Something that has been reported already.
        case invalid
    }
}

enum TextPartSyntax: Sendable {
    case literal(String)
    case value(ExpressionSyntax)
}

struct ArgumentSyntax: Sendable {
    var label: NameSyntax?
    var value: ExpressionSyntax
}

struct MemberSyntax: Sendable {
    var name: NameSyntax
    /// nil: the name stands for `name: name`.
    var value: ExpressionSyntax?
}
