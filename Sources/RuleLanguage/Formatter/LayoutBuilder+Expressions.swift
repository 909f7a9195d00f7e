extension LayoutBuilder {
    private enum Level: Int {
        case or, and, compare, coalesce, sum, product, operand
    }

    /// One operator of a chain, and the operand after it.
    private struct Link {
        var level: Level
        var sign: Layout
        var operand: Layout
    }

    mutating func expression() -> Layout { at(word: "if") ? conditional() : chain() }

    private mutating func conditional() -> Layout {
        let line = Layout.line(Layout.Line(flat: " "))
        let head = [take(), .space, expression()]
        let branches = [line, take(), .space, expression(), line, take(), .space, expression()]
        return .group(.sequence(head + [.nest(.sequence(branches))]))
    }

    // MARK: Operators

    private mutating func chain() -> Layout {
        let first = operand()
        var links: [Link] = []
        // `and` of `between … and …` is no logical one.
        var isBetween = false
        while let level = operatorLevel {
            let isBound = isBetween && at(word: "and")
            if isBound { isBetween = false }
            if at(word: "between") { isBetween = true }
            let sign = at(word: "not") ? takeSpaced(2) : take()
            links.append(Link(level: isBound ? .compare : level, sign: sign, operand: operand()))
        }
        return chain(first, links[...], .or)
    }

    private var operatorLevel: Level? {
        switch kind {
        case .word("or"): .or
        case .word("and"): .and
        case .word("in"), .word("between"): .compare
        case .word("not"): if case .word("in") = kind(after: 1) { .compare } else { nil }
        case .symbol(.coalesce): .coalesce
        case .symbol(.plus), .symbol(.minus): .sum
        case .symbol(.times), .symbol(.slash), .symbol(.percent): .product
        case .symbol(let symbol): ComparisonOperator(rawValue: symbol.rawValue) == nil ? nil : .compare
        default: nil
        }
    }

    /// Broken, if it must be, before the operators that bind least.
    private func chain(_ first: Layout, _ links: ArraySlice<Link>, _ level: Level) -> Layout {
        guard !links.isEmpty, let tighter = Level(rawValue: level.rawValue + 1) else { return first }
        let cuts = links.indices.filter { links[$0].level == level }
        guard let start = cuts.first else { return chain(first, links, tighter) }
        let head = chain(first, links[..<start], tighter)
        var rest: [Layout] = []
        for (number, cut) in cuts.enumerated() {
            let end = number + 1 < cuts.count ? cuts[number + 1] : links.endIndex
            let part = chain(links[cut].operand, links[(cut + 1)..<end], tighter)
            rest += [level == .compare ? .space : .line(Layout.Line(flat: " ")), links[cut].sign, .space, part]
        }
        return .group(.sequence([head, .nest(.sequence(rest))]))
    }

    private mutating func operand() -> Layout {
        var parts: [Layout] = []
        while at(word: "not") || at(.minus) {
            parts.append(take())
            if case .token(let last) = parts[parts.count - 1], case .word = tokens.items[last].kind {
                parts.append(.space)
            }
        }
        parts.append(primary())
        while true {
            if case .dot = kind {
                parts += [take(), take()]
            } else if at(.leftBracket) {
                parts += [take(), expression(), take(.rightBracket)]
            } else {
                return parts.count == 1 ? parts[0] : .sequence(parts)
            }
        }
    }

    // MARK: Operands

    private mutating func primary() -> Layout {
        switch kind {
        case .dot(let attached): return attached ? .sequence([take(), take()]) : take()
        case .symbol(.leftParenthesis): return brackets([take()], closing: .rightParenthesis) { $0.expression() }
        case .symbol(.leftBracket): return brackets([take()], closing: .rightBracket) { $0.expression() }
        case .symbol(.leftBrace): return braces { $0.member() }
        case .word:
            let name = take()
            guard at(.leftParenthesis) else { return name }
            return brackets([name, take()], closing: .rightParenthesis) { $0.argument() }
        default: return take()
        }
    }

    private mutating func argument() -> Layout {
        guard case .symbol(.colon) = kind(after: 1) else { return expression() }
        return .sequence([take(), take(), .space, expression()])
    }

    /// `name`, `name: value` or `"name": value`.
    mutating func member() -> Layout {
        let name = take()
        return at(.colon) ? .sequence([name, take(), .space, expression()]) : name
    }

    /// `head` ends with the opening bracket.
    private mutating func brackets(
        _ head: [Layout], closing: Symbol, _ part: (inout LayoutBuilder) -> Layout
    ) -> Layout {
        list(head, flat: "", closing: closing, part)
    }

    /// `{ a, b }`, the cursor at the brace.
    mutating func braces(_ part: (inout LayoutBuilder) -> Layout) -> Layout {
        list([take(.leftBrace)], flat: " ", closing: .rightBrace, part)
    }

    private mutating func list(
        _ head: [Layout], flat: String, closing: Symbol, _ part: (inout LayoutBuilder) -> Layout
    ) -> Layout {
        var inner: [Layout] = []
        while !at(closing), !isAtEnd, !isLost {
            let isFirst = inner.isEmpty
            if !isFirst { inner.append(take(.comma)) }
            let line = Layout.Line(flat: isFirst ? flat : " ", blank: isFirst ? .first : .kept)
            inner += [.line(line), part(&self)]
        }
        let end = Layout.Line(flat: inner.isEmpty ? "" : flat, blank: .kept, isClosing: true)
        return .group(.sequence(head + [.nest(.sequence(inner)), .line(end), take(closing)]))
    }
}
