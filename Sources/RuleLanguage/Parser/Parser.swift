// Tokens to syntax, by recursive descent. Every loop advances; depth is bounded (`RuleLimits.nestingMax`); after a
// mistake the parser goes on at the next clause or declaration, so that one run reports several.

struct Parser {
    let source: SourceText
    let log: DiagnosticLog
    let tokens: [Token]
    var index = 0
    /// Open brackets of all kinds inside an expression, and texts around it.
    var depth: Int
    /// Set by a mistake until a clause or declaration begins: one mistake gives one message.
    var isRecovering = false
    /// Open `{` at the cursor.
    private(set) var openBraces = 0

    init(_ source: SourceText, log: DiagnosticLog) {
        self.source = source
        self.log = log
        var lexer = Lexer(source, log: log)
        tokens = lexer.tokens()
        depth = 0
    }

    /// For the expression between the braces of a text.
    init(_ source: SourceText, hole: SourceSpan, depth: Int, log: DiagnosticLog) {
        self.source = source
        self.log = log
        var lexer = Lexer(source, hole: hole, depth: depth, log: log)
        tokens = lexer.tokens()
        self.depth = depth
    }

    // MARK: The cursor

    var kind: TokenKind { tokens[index].kind }
    var span: SourceSpan { tokens[index].span }
    var isAtEnd: Bool { index == tokens.count - 1 }
    /// The end of what was read last.
    var previousSpan: SourceSpan { index > 0 ? tokens[index - 1].span : span }

    /// The kind of the token `distance` after the cursor; `.end` beyond the last.
    func kind(after distance: Int) -> TokenKind { tokens[min(index + distance, tokens.count - 1)].kind }

    mutating func advance() {
        guard !isAtEnd else { return }
        if case .symbol(let symbol) = kind {
            if symbol == .leftBrace { openBraces += 1 }
            if symbol == .rightBrace { openBraces = max(0, openBraces - 1) }
        }
        index += 1
    }

    /// After a mistake inside deeper braces, the count is that of the block in which reading goes on.
    mutating func forgetBraces(above count: Int) { openBraces = min(openBraces, count) }

    func at(_ symbol: Symbol) -> Bool {
        if case .symbol(symbol) = kind { true } else { false }
    }

    func at(word: String) -> Bool {
        if case .word(word) = kind { true } else { false }
    }

    var word: String? {
        if case .word(let word) = kind { word } else { nil }
    }

    mutating func take(_ symbol: Symbol) -> Bool {
        guard at(symbol) else { return false }
        advance()
        return true
    }

    mutating func take(word: String) -> Bool {
        guard at(word: word) else { return false }
        advance()
        return true
    }

    // MARK: Mistakes

    /// Reports what was expected at the cursor, unless the mistake before is not over yet.
    mutating func expected(_ what: String, help: String? = nil) {
        defer { isRecovering = true }
        guard !isRecovering else { return }
        if case .invalid = kind { return }
        log.report(.unexpectedToken, span, "expected \(what), found \(kind.shown)", help: help)
    }

    mutating func report(_ code: DiagnosticCode, _ span: SourceSpan, _ message: String, help: String? = nil) {
        defer { isRecovering = true }
        guard !isRecovering else { return }
        log.report(code, span, message, help: help)
    }

    @discardableResult
    mutating func expect(_ symbol: Symbol, after what: String) -> Bool {
        if take(symbol) { return true }
        expected("`\(symbol.rawValue)` \(what)")
        return false
    }

    @discardableResult
    mutating func expect(word: String, _ what: String) -> Bool {
        if take(word: word) { return true }
        expected("`\(word)` \(what)")
        return false
    }

    // MARK: Small parts

    /// A name that is being defined; reserved words are refused.
    mutating func definedName(_ what: String) -> NameSyntax? {
        guard let text = word else {
            expected(what)
            return nil
        }
        let name = NameSyntax(text: text, span: span)
        guard !Words.reserved.contains(text) else {
            if Words.clauses.contains(text) || Words.declarations.contains(text) {
                expected(what)
                return nil
            }
            report(
                .reservedWord, span, "`\(text)` is a word of the language and can't be \(what)",
                help: "choose another name, such as `\(text)_`")
            advance()
            return nil
        }
        advance()
        return name
    }

    /// A text without `{…}`.
    mutating func plainText(_ what: String) -> PlainTextSyntax? {
        guard case .text(let pieces) = kind else {
            if case .invalid = kind {
                isRecovering = true
                advance()
            } else {
                expected(what, help: word.map { "texts stand in quotes: `\"\($0)\"`" })
            }
            return nil
        }
        let span = span
        advance()
        var text = ""
        for piece in pieces {
            switch piece {
            case .literal(let literal):
                text += literal
            case .hole(let hole):
                log.report(
                    .plainTextNeeded, hole, "\(what) is a plain text",
                    help: "write `\\{` for a brace that is meant as such")
                return PlainTextSyntax(text: text, span: span)
            }
        }
        return PlainTextSyntax(text: text, span: span)
    }

    /// A duration greater than zero.
    mutating func duration(_ what: String) -> DurationSyntax? {
        let span = span
        switch kind {
        case .duration(let nanoseconds):
            advance()
            if nanoseconds == 0 {
                log.report(
                    .zeroNotAllowed, span, "\(what) must be longer than zero",
                    help: "leave it out, or write a duration such as `10s`")
                return DurationSyntax(nanoseconds: 1, span: span)
            }
            return DurationSyntax(nanoseconds: nanoseconds, span: span)
        case .integer(let value):
            expected("a duration (\(what))", help: "give it a unit: `\(value)s`, `\(value)m` or `\(value)h`")
        case .double:
            expected("a duration (\(what))", help: "give it a unit: `\(source.text(span))s`")
        case .symbol(.minus):
            expected("a duration (\(what))", help: "durations of clauses are not negative")
        default:
            expected("a duration (\(what)) such as `10s`")
        }
        return nil
    }

    /// A whole number greater than zero, at most `limit`.
    mutating func count(_ what: String, limit: Int) -> Int? {
        let span = span
        guard case .integer(let value) = kind else {
            expected("a whole number (\(what))")
            return nil
        }
        advance()
        guard value > 0 else {
            log.report(.zeroNotAllowed, span, "\(what) must be greater than zero")
            return 1
        }
        guard value <= UInt64(limit) else {
            log.report(.valueOutOfRange, span, "\(what) is at most \(limit)", help: "write a smaller number")
            return limit
        }
        return Int(value)
    }
}
