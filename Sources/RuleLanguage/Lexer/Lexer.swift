// Text to tokens. Every byte is consumed once, whatever it is; what can't be read is reported and becomes an
// `.invalid` token. The insides of `{…}` in texts are found here and read later, by a lexer of their own.

struct Lexer {
    let source: SourceText
    let log: DiagnosticLog
    var position: Int
    let end: Int
    /// Inside `{…}` of a text: no comments, and the enclosing text's bracket depth counts.
    let depth: Int

    init(_ source: SourceText, log: DiagnosticLog) {
        self.source = source
        self.log = log
        position = 0
        end = source.bytes.count
        depth = 0
    }

    /// For the expression between the braces of a text.
    init(_ source: SourceText, hole: SourceSpan, depth: Int, log: DiagnosticLog) {
        self.source = source
        self.log = log
        position = hole.start
        end = hole.end
        self.depth = depth
    }

    /// All tokens; the last one is `.end`.
    mutating func tokens() -> [Token] {
        var result: [Token] = []
        while true {
            skipSpace()
            let start = position
            guard position < end else {
                result.append(Token(kind: .end, span: span(from: position)))
                return result
            }
            let kind = next()
            if position == start { position += 1 }
            result.append(Token(kind: kind, span: span(from: start)))
        }
    }

    func span(from start: Int) -> SourceSpan { SourceSpan(file: source.index, start: start, end: position) }

    func byte(at offset: Int) -> UInt8 { offset < end ? source.bytes[offset] : 0 }
    var current: UInt8 { byte(at: position) }

    private mutating func skipSpace() {
        while position < end {
            switch current {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                position += 1
            case UInt8(ascii: "#") where depth == 0:
                while position < end, current != UInt8(ascii: "\n") { position += 1 }
            default:
                return
            }
        }
    }

    private mutating func next() -> TokenKind {
        switch current {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
        case UInt8(ascii: "\""): return text()
        case UInt8(ascii: "'"): return rawText()
        case UInt8(ascii: "."): return dot()
        default: break
        }
        if startsName(at: position) { return .word(word()) }
        return symbol()
    }

    // MARK: Names

    /// Whether a letter or `_` stands at `offset`.
    func startsName(at offset: Int) -> Bool {
        guard offset < end else { return false }
        let scalar = source.scalar(at: offset).scalar
        return scalar == "_" || scalar.properties.isAlphabetic
    }

    func continuesName(at offset: Int) -> Bool {
        guard offset < end else { return false }
        let scalar = source.scalar(at: offset).scalar
        if scalar.isASCII { return scalar == "_" || scalar.properties.isAlphabetic || isDigit(byte(at: offset)) }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .decimalNumber: return true
        default: return properties.isAlphabetic
        }
    }

    func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    mutating func word() -> String {
        let start = position
        while continuesName(at: position) { position += source.scalar(at: position).width }
        return source.text(start..<position)
    }

    // MARK: Signs

    private mutating func dot() -> TokenKind {
        position += 1
        if isDigit(current) {
            let start = position - 1
            while isDigit(current) { position += 1 }
            log.report(
                .unusableNumber, span(from: start), "a number does not begin with a dot",
                help: "write `0\(source.text(start..<position))`")
            return .invalid
        }
        let next = current
        return .dot(attached: next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") || startsName(at: position))
    }

    private mutating func symbol() -> TokenKind {
        let start = position
        if let found = foreignSign() {
            position = min(position + found.sign.utf8.count, end)
            log.report(.foreignOperator, span(from: start), "`\(found.sign)` is not used here", help: found.help)
            return .invalid
        }
        let second = byte(at: position + 1)
        if second != 0, current < 0x80, second < 0x80,
            let symbol = Symbol(rawValue: source.text(position..<position + 2))
        {
            position += 2
            return .symbol(symbol)
        }
        let (scalar, width) = source.scalar(at: position)
        position = min(position + width, end)
        if Self.curlyQuotes.contains(scalar) { return curlyQuoted(start) }
        if let symbol = Symbol(rawValue: String(Character(scalar))) { return .symbol(symbol) }
        log.report(.unexpectedCharacter, span(from: start), "unexpected character \(shown(scalar))", help: help(scalar))
        return .invalid
    }

    /// Signs that other languages have taught people, the longer first.
    private func foreignSign() -> (sign: String, help: String)? {
        let signs: [(String, String)] = [
            ("===", "write `==`"), ("!==", "write `!=`"), ("&&", "write `and`"), ("||", "write `or`"),
            ("<>", "write `!=`"),
            ("=>", "write `>=` for \"greater or equal\""), ("=<", "write `<=`"), ("//", "a comment begins with `#`"),
            ("/*", "a comment begins with `#` and ends with its line"), ("**", "write `pow(x, y)`"),
            ("->", "write `.`"),
        ]
        let two = [current, byte(at: position + 1)]
        if two == [UInt8(ascii: "="), UInt8(ascii: "=")] || two == [UInt8(ascii: "!"), UInt8(ascii: "=")] {
            guard byte(at: position + 2) == UInt8(ascii: "=") else { return nil }
        }
        for (sign, help) in signs where source.bytes[position..<end].starts(with: sign.utf8) { return (sign, help) }
        return current == UInt8(ascii: "!") ? ("!", "write `not`") : nil
    }

    private static let curlyQuotes: Set<Unicode.Scalar> = [
        "\u{201C}", "\u{201D}", "\u{201E}", "\u{00AB}", "\u{00BB}", "\u{2018}", "\u{2019}",
    ]

    /// A text in the quotes of a word processor: one message for both of them.
    private mutating func curlyQuoted(_ start: Int) -> TokenKind {
        let opening = span(from: start)
        var isClosed = false
        while position < end, current != UInt8(ascii: "\n"), !isClosed {
            let (scalar, width) = source.scalar(at: position)
            isClosed = Self.curlyQuotes.contains(scalar) || scalar == "\""
            position = min(position + width, end)
        }
        let quote = source.text(opening)
        log.report(
            .unexpectedCharacter, opening, "unexpected character `\(quote)`", help: "write a straight quote: `\"`")
        return .invalid
    }

    private func shown(_ scalar: Unicode.Scalar) -> String {
        let printable = scalar.value > 0x20 && !(0x7F...0x9F).contains(scalar.value)
        let code = "U+" + String(scalar.value, radix: 16, uppercase: true)
        return printable ? "`\(scalar)`" : code
    }

    private func help(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case ";": "no sign ends a clause: leave it out"
        case "\u{2264}": "write `<=`"
        case "\u{2265}": "write `>=`"
        case "\u{2260}": "write `!=`"
        case "\u{00D7}": "write `*`"
        case "\u{2212}", "\u{2013}": "write `-`"
        case "\u{00A0}": "this is a no-break space: write a plain one"
        case "$": "payload fields are written `.name`, captures and lets `name`"
        case "?": "write `if … then … else …`, or `??` for a value in place of missing"
        case "#": "a text's `{…}` holds no comment"
        default: nil
        }
    }
}
