/// The tokens of a sound file to a layout, by the grammar. What does not fit the grammar sets `isLost`.
struct LayoutBuilder {
    let tokens: CommentedTokens
    private(set) var index = 0
    private(set) var isLost = false

    init(_ tokens: CommentedTokens) { self.tokens = tokens }

    // MARK: The cursor

    var kind: TokenKind { tokens.items[index].kind }
    var isAtEnd: Bool { index == tokens.items.count - 1 }

    func kind(after distance: Int) -> TokenKind { tokens.items[min(index + distance, tokens.items.count - 1)].kind }

    func at(_ symbol: Symbol) -> Bool {
        if case .symbol(symbol) = kind { true } else { false }
    }

    func at(word: String) -> Bool {
        if case .word(word) = kind { true } else { false }
    }

    var word: String? {
        if case .word(let word) = kind { word } else { nil }
    }

    var isText: Bool {
        if case .text = kind { true } else { false }
    }

    var isInteger: Bool {
        if case .integer = kind { true } else { false }
    }

    /// The token at the cursor; goes on behind it.
    mutating func take() -> Layout {
        guard !isAtEnd else {
            isLost = true
            return .sequence([])
        }
        index += 1
        return .token(index - 1)
    }

    mutating func take(_ symbol: Symbol) -> Layout {
        if !at(symbol) { isLost = true }
        return take()
    }

    /// `count` tokens with spaces between.
    mutating func takeSpaced(_ count: Int) -> Layout {
        var parts = [take()]
        for _ in 1..<count { parts += [.space, take()] }
        return .sequence(parts)
    }

    // MARK: Files

    mutating func file() -> Layout {
        var parts: [Layout] = []
        var isAfterBlock = false
        while !isAtEnd, !isLost {
            let isBlock = at(word: "rule") || at(word: "test")
            parts.append(.line(Layout.Line(flat: nil, blank: isBlock || isAfterBlock ? .forced : .kept)))
            switch word {
            case "rule": parts.append(block { $0.clause() })
            case "test": parts.append(block { $0.testStep() })
            case "let": parts.append(binding())
            case "table": parts.append(takeSpaced(6))
            case "model": parts.append(model())
            default: isLost = true
            }
            isAfterBlock = isBlock
        }
        parts += [.line(Layout.Line(flat: nil, blank: .kept)), .token(tokens.items.count - 1)]
        return .sequence(parts)
    }

    /// What stands before `{`, and between the braces a line for each part.
    private mutating func block(_ part: (inout LayoutBuilder) -> Layout) -> Layout {
        var head = [take()]
        while !at(.leftBrace), !isAtEnd { head += [.space, take()] }
        head += [.space, take(.leftBrace)]
        var inner: [Layout] = []
        while !at(.rightBrace), !isAtEnd, !isLost {
            inner.append(.line(Layout.Line(flat: nil, blank: inner.isEmpty ? .first : .kept)))
            inner.append(part(&self))
        }
        let closing = Layout.line(Layout.Line(flat: nil, blank: .kept, isClosing: true))
        return .sequence(head + [.nest(.sequence(inner)), closing, take(.rightBrace)])
    }

    private mutating func model() -> Layout {
        var parts = [takeSpaced(4)]
        if at(word: "labels") {
            parts += [.space, take(), .space, take()]
            while at(.comma) { parts += [take(), .space, take()] }
        }
        if at(word: "logits") { parts += [.space, take()] }
        return .sequence(parts)
    }

    /// `let NAME = expr`.
    mutating func binding() -> Layout { .sequence([takeSpaced(3), .space, expression()]) }

    // MARK: Tests

    private mutating func testStep() -> Layout {
        switch word {
        case "wait": return takeSpaced(2)
        case "send", "expect": break
        default: isLost = true
        }
        var parts = [take()]
        if at(word: "nothing") { return .sequence(parts + [.space, take()]) }
        if isInteger { parts += [.space, takeSpaced(2)] }
        parts += [.space, take()]
        body(&parts)
        while at(word: "every") || at(word: "at") { parts += [.space, takeSpaced(2)] }
        return .sequence(parts)
    }

    /// `{ … }`, `payload expr` or nothing.
    mutating func body(_ parts: inout [Layout]) {
        if at(.leftBrace) {
            parts += [.space, braces { $0.member() }]
        } else if at(word: "payload") {
            parts += [.space, take(), .space, expression()]
        }
    }
}
