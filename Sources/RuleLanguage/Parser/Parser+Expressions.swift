// Expressions, by precedence: or, and, not, comparisons (which do not chain), ??, sums, products, unary minus, postfix.

extension Parser {
    private enum Precedence: Int, Comparable {
        case or = 1, and, not, compare, coalesce, sum, product
        static func < (left: Precedence, right: Precedence) -> Bool { left.rawValue < right.rawValue }
    }

    private enum BinaryOperator {
        case or, and, coalesce, membership, notMembership, between
        case compare(ComparisonOperator)
        case arithmetic(ArithmeticOperator)
    }

    /// Reads one expression; always gives one, `.invalid` after a mistake.
    mutating func expression() -> ExpressionSyntax {
        nested { parser in
            parser.at(word: "if") ? parser.conditional() : parser.operators(.or)
        }
    }

    /// One level deeper, or a diagnostic and nothing read.
    private mutating func nested(_ read: (inout Parser) -> ExpressionSyntax) -> ExpressionSyntax {
        guard depth < RuleLimits.nestingMax else {
            report(
                .nestedTooDeep, span, "this is nested deeper than \(RuleLimits.nestingMax)",
                help: "give parts a name with `let`")
            return invalid()
        }
        depth += 1
        defer { depth -= 1 }
        return read(&self)
    }

    func invalid() -> ExpressionSyntax { ExpressionSyntax(kind: .invalid, span: span) }

    /// A node over `parts`, unless the tree gets too high.
    func node(
        _ kind: ExpressionSyntax.Kind, _ span: SourceSpan, over parts: [ExpressionSyntax]
    ) -> ExpressionSyntax {
        let depth = (parts.lazy.map(\.depth).max() ?? 0) + 1
        guard depth <= RuleLimits.expressionDepthMax else {
            log.report(
                .nestedTooDeep, SourceSpan(file: span.file, start: span.start, end: span.start + 1),
                "this expression has more than \(RuleLimits.expressionDepthMax) levels or operands in a row",
                help: "give parts a name with `let`")
            return ExpressionSyntax(kind: .invalid, span: span)
        }
        return ExpressionSyntax(kind: kind, span: span, depth: depth)
    }

    private mutating func conditional() -> ExpressionSyntax {
        let start = span
        advance()
        let condition = expression()
        expect(word: "then", "after the condition of `if`")
        let then = expression()
        if !isRecovering, !at(word: "else") {
            expected("`else`", help: "an `if` always has an `else`; write `else missing` if there is no other value")
        } else {
            _ = take(word: "else")
        }
        let otherwise = isRecovering ? invalid() : expression()
        return node(
            .conditional(condition: condition, then: then, otherwise: otherwise), start.to(previousSpan),
            over: [condition, then, otherwise])
    }

    private mutating func operators(_ least: Precedence) -> ExpressionSyntax {
        var left: ExpressionSyntax
        if at(word: "not"), least <= .not {
            left = negation()
        } else {
            left = unary()
        }
        while !isRecovering, let (symbol, precedence) = binaryOperator, precedence >= least {
            if at(.assign) { log.report(.foreignOperator, span, "`=` does not compare", help: "write `==`") }
            advance()
            if case .notMembership = symbol { advance() }
            left = combined(left, symbol, precedence)
            if precedence == .compare, let next = binaryOperator, next.precedence == .compare, !isRecovering {
                report(
                    .chainedComparison, span, "comparisons do not chain",
                    help: "write `a < b and b < c`, or `b between a and c`")
            }
        }
        return left
    }

    /// `not`, several in a row without recursion.
    private mutating func negation() -> ExpressionSyntax {
        var starts: [SourceSpan] = []
        while at(word: "not") {
            starts.append(span)
            advance()
        }
        var result = operators(.compare)
        for start in starts.reversed() { result = node(.not(result), start.to(result.span), over: [result]) }
        return result
    }

    private var binaryOperator: (symbol: BinaryOperator, precedence: Precedence)? {
        switch kind {
        case .word("or"): return (.or, .or)
        case .word("and"): return (.and, .and)
        case .word("in"): return (.membership, .compare)
        case .word("between"): return (.between, .compare)
        case .word("not"):
            if case .word("in") = kind(after: 1) { return (.notMembership, .compare) }
            return nil
        case .symbol(.coalesce): return (.coalesce, .coalesce)
        case .symbol(.assign): return (.compare(.equal), .compare)
        case .symbol(let symbol):
            if let comparison = ComparisonOperator(rawValue: symbol.rawValue) {
                return (.compare(comparison), .compare)
            }
            guard let arithmetic = ArithmeticOperator(rawValue: symbol.rawValue) else { return nil }
            let isSum = symbol == .plus || symbol == .minus
            return (.arithmetic(arithmetic), isSum ? .sum : .product)
        default: return nil
        }
    }

    /// Reads what stands right of the operator.
    private mutating func combined(
        _ left: ExpressionSyntax, _ symbol: BinaryOperator, _ precedence: Precedence
    ) -> ExpressionSyntax {
        let right = if let above = Precedence(rawValue: precedence.rawValue + 1) { operators(above) } else { unary() }
        let span = left.span.to(right.span)
        switch symbol {
        case .or: return node(.or(left, right), span, over: [left, right])
        case .and: return node(.and(left, right), span, over: [left, right])
        case .coalesce: return node(.coalesce(left, right), span, over: [left, right])
        case .compare(let comparison): return node(.compare(comparison, left, right), span, over: [left, right])
        case .arithmetic(let arithmetic): return node(.arithmetic(arithmetic, left, right), span, over: [left, right])
        case .membership: return node(.membership(left, list: right, negated: false), span, over: [left, right])
        case .notMembership: return node(.membership(left, list: right, negated: true), span, over: [left, right])
        case .between:
            expect(word: "and", "between the bounds of `between`")
            let high = isRecovering ? invalid() : operators(.coalesce)
            return node(.between(left, low: right, high: high), left.span.to(high.span), over: [left, right, high])
        }
    }

    /// Unary minus, several in a row without recursion.
    private mutating func unary() -> ExpressionSyntax {
        var starts: [SourceSpan] = []
        while at(.minus) {
            starts.append(span)
            advance()
        }
        if at(.plus) { report(.unexpectedToken, span, "`+` stands between two values", help: "leave it out") }
        if at(word: "not") || at(word: "if"), let word {
            report(
                .unexpectedToken, span, "`\(word)` can't stand here without brackets",
                help: word == "not" ? "write `(not …)`" : "write `(if … then … else …)`")
        }
        var result = postfix(primary())
        for start in starts.reversed() { result = node(.negate(result), start.to(result.span), over: [result]) }
        return result
    }

    private mutating func postfix(_ base: ExpressionSyntax) -> ExpressionSyntax {
        var result = base
        while !isRecovering {
            switch kind {
            case .dot(let attached):
                let dot = span
                advance()
                guard attached, let name = memberName() else {
                    report(.unexpectedToken, dot, "a field name follows this dot without space")
                    return result
                }
                result = node(.member(result, name), result.span.to(name.span), over: [result])
            case .symbol(.leftBracket):
                advance()
                let index = expression()
                expect(.rightBracket, after: "after the index")
                result = node(.subscripted(result, index: index), result.span.to(previousSpan), over: [result, index])
            default:
                return result
            }
        }
        return result
    }

    /// The name or text after a dot; any word may stand there.
    private mutating func memberName() -> NameSyntax? {
        if let text = word {
            defer { advance() }
            return NameSyntax(text: text, span: span)
        }
        return plainText("a field name").map { NameSyntax(text: $0.text, span: $0.span) }
    }

    private mutating func primary() -> ExpressionSyntax {
        let start = span
        guard !isRecovering else { return invalid() }
        switch kind {
        case .integer(let value): return leaf(.integer(value))
        case .double(let value): return leaf(.double(value))
        case .duration(let value): return leaf(.duration(value))
        case .text(let pieces):
            advance()
            return text(pieces, start)
        case .dot(let attached):
            advance()
            guard attached else { return ExpressionSyntax(kind: .payload, span: start) }
            guard let name = memberName() else { return invalid() }
            return ExpressionSyntax(kind: .field(name), span: start.to(name.span))
        case .symbol(.leftParenthesis):
            advance()
            var inner = expression()
            expect(.rightParenthesis, after: "to close the bracket")
            inner.span = start.to(previousSpan)
            return inner
        case .symbol(.leftBracket): return list()
        case .symbol(.leftBrace): return nested { $0.objectExpression() }
        case .word(let word): return named(word)
        case .size: expected("a value", help: "sizes such as `64KB` are for limits; write the number of bytes")
        default: expected("a value")
        }
        return invalid()
    }

    private mutating func leaf(_ kind: ExpressionSyntax.Kind) -> ExpressionSyntax {
        defer { advance() }
        return ExpressionSyntax(kind: kind, span: span)
    }

    private mutating func named(_ word: String) -> ExpressionSyntax {
        let name = NameSyntax(text: word, span: span)
        switch word {
        case "true": return leaf(.boolean(true))
        case "false": return leaf(.boolean(false))
        case "missing": return leaf(.missing)
        default: break
        }
        guard !Words.reserved.contains(word) else {
            expected(
                "a value",
                help: Words.clauses.contains(word)
                    ? nil : "`\(word)` is a word of the language; a payload field is written `.\(word)`")
            return invalid()
        }
        advance()
        guard take(.leftParenthesis) else { return ExpressionSyntax(kind: .name(word), span: name.span) }
        var arguments: [ArgumentSyntax] = []
        while !isRecovering, !at(.rightParenthesis), !isAtEnd {
            arguments.append(argument())
            if !at(.rightParenthesis), !take(.comma) { expected("`,` or `)` in the arguments of `\(word)`") }
        }
        if !isRecovering { expect(.rightParenthesis, after: "after the arguments of `\(word)`") }
        return node(.call(name, arguments), name.span.to(previousSpan), over: arguments.map(\.value))
    }

    private mutating func argument() -> ArgumentSyntax {
        if let text = word, case .symbol(.colon) = kind(after: 1) {
            let label = NameSyntax(text: text, span: span)
            advance()
            advance()
            return ArgumentSyntax(label: label, value: expression())
        }
        return ArgumentSyntax(label: nil, value: expression())
    }

    private mutating func list() -> ExpressionSyntax {
        let start = span
        advance()
        var elements: [ExpressionSyntax] = []
        while !isRecovering, !at(.rightBracket), !isAtEnd {
            elements.append(expression())
            if !at(.rightBracket), !take(.comma) { expected("`,` or `]` in the list") }
        }
        if !isRecovering { expect(.rightBracket, after: "to close the list") }
        return node(.list(elements), start.to(previousSpan), over: elements)
    }

    private mutating func objectExpression() -> ExpressionSyntax {
        let start = span
        let members = object()
        return node(.object(members), start.to(previousSpan), over: members.compactMap(\.value))
    }

    /// Members between braces; the cursor is at `{`.
    mutating func object() -> [MemberSyntax] {
        expect(.leftBrace, after: "to begin an object")
        var members: [MemberSyntax] = []
        while !isRecovering, !at(.rightBrace), !isAtEnd {
            if let member = member() { members.append(member) }
            if !at(.rightBrace), !take(.comma) { expected("`,` or `}` in the object") }
        }
        if !isRecovering { expect(.rightBrace, after: "to close the object") }
        return members
    }

    private mutating func member() -> MemberSyntax? {
        if let text = word {
            let name = NameSyntax(text: text, span: span)
            if case .symbol(.colon) = kind(after: 1) {
                advance()
                advance()
                return MemberSyntax(name: name, value: expression())
            }
            guard !Words.reserved.contains(text) else {
                expected("a member such as `name: value`")
                return nil
            }
            advance()
            return MemberSyntax(name: name, value: nil)
        }
        if case .text = kind {
            guard let key = plainText("the name of a member") else { return nil }
            expect(.colon, after: "after the name of a member")
            guard !isRecovering else { return nil }
            return MemberSyntax(name: NameSyntax(text: key.text, span: key.span), value: expression())
        }
        let help: String? = if case .dot = kind { "give it a name: `value: .value`" } else { nil }
        expected("a member such as `name: value`", help: help)
        return nil
    }

    // MARK: Texts

    /// Reads the expressions in a text; the token has been passed.
    mutating func text(_ pieces: [TextPiece], _ span: SourceSpan) -> ExpressionSyntax {
        let parts = textParts(pieces)
        let values = parts.compactMap { part -> ExpressionSyntax? in
            if case .value(let value) = part { value } else { nil }
        }
        return node(.text(parts), span, over: values)
    }

    mutating func textParts(_ pieces: [TextPiece]) -> [TextPartSyntax] {
        pieces.map { piece in
            switch piece {
            case .literal(let literal): return .literal(literal)
            case .hole(let hole): return .value(expression(in: hole))
            }
        }
    }

    private mutating func expression(in hole: SourceSpan) -> ExpressionSyntax {
        guard depth < RuleLimits.nestingMax else {
            report(
                .nestedTooDeep, hole, "this is nested deeper than \(RuleLimits.nestingMax)",
                help: "give parts a name with `let`")
            return invalid()
        }
        var inner = Parser(source, hole: hole, depth: depth + 1, log: log)
        let result = inner.expression()
        if !inner.isAtEnd, !inner.isRecovering { inner.expected("`}` after the expression") }
        return result
    }
}
