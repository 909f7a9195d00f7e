/// What the lexer finds between white space and comments.
struct Token: Sendable {
    var kind: TokenKind
    var span: SourceSpan
}

enum TokenKind: Sendable {
    /// A name or a word of the grammar; which of the two depends on where it stands.
    case word(String)
    /// Up to 2^63, which only unary minus can make a 64-bit integer of.
    case integer(UInt64)
    case double(Double)
    /// Nanoseconds.
    case duration(Int64)
    /// Bytes.
    case size(Int64)
    case text([TextPiece])
    case symbol(Symbol)
    /// A dot, and whether a name or text follows it without space.
    case dot(attached: Bool)
    /// Something that has been reported already.
    case invalid
    case end
}

/// A part of a text: characters as they are meant, or the expression between braces, still unread.
enum TextPiece: Sendable {
    case literal(String)
    case hole(SourceSpan)
}

enum Symbol: String, Sendable {
    case leftBrace = "{", rightBrace = "}", leftParenthesis = "(", rightParenthesis = ")", leftBracket = "[",
        rightBracket = "]"
    case comma = ",", colon = ":", plus = "+", minus = "-", times = "*", slash = "/", percent = "%"
    case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
    case coalesce = "??"
    /// Of `let`; in an expression a slip for `==`.
    case assign = "="
}

enum Words {
    /// Not usable as names of rules, models, tables, lets and captures.
    static let reserved: Set<String> = [
        "and", "as", "at", "between", "by", "dedupe", "else", "false", "for", "from", "if", "in", "let", "limit",
        "missing", "model", "not", "on", "or", "per", "publish", "rule", "table", "test", "then", "true", "until",
        "when", "where", "window", "within",
    ]

    /// Words that begin a declaration and stand nowhere else.
    static let declarations: Set<String> = ["rule", "model", "table", "test"]

    /// Words that begin a clause of a rule.
    static let clauses: Set<String> = [
        "from", "at", "where", "let", "dedupe", "window", "when", "limit", "publish", "on",
    ]
}

extension TokenKind {
    /// How a message names it.
    var shown: String {
        switch self {
        case .word(let word): "`\(word)`"
        case .integer(let value): "`\(value)`"
        case .double: "a number"
        case .duration: "a duration"
        case .size: "a size"
        case .text: "a text"
        case .symbol(let symbol): "`\(symbol.rawValue)`"
        case .dot: "`.`"
        case .invalid: "this"
        case .end: "the end of the file"
        }
    }
}
