// Texts. A text ends on its line; between braces it holds an expression, which may hold texts of its own.

extension Lexer {
    mutating func text() -> TokenKind {
        let start = position
        position += 1
        var pieces: [TextPiece] = []
        var literal = ""
        var sound = true
        func flush() {
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = ""
        }
        while position < end, current != UInt8(ascii: "\n") {
            switch current {
            case UInt8(ascii: "\""):
                position += 1
                flush()
                return sound ? .text(pieces) : .invalid
            case UInt8(ascii: "\\"):
                if let escaped = escape() { literal.unicodeScalars.append(escaped) } else { sound = false }
            case UInt8(ascii: "{"):
                guard let hole = hole() else {
                    skipLine()
                    return .invalid
                }
                flush()
                if isBlank(hole) {
                    report(
                        .brokenInterpolation, hole, "`{}` in a text is empty",
                        help: "put a name or expression in it, or write `\\{` for a brace")
                    sound = false
                }
                pieces.append(.hole(hole))
            default:
                let (scalar, width) = source.scalar(at: position)
                literal.unicodeScalars.append(scalar)
                position = min(position + width, end)
            }
        }
        log.report(
            .unfinishedText, SourceSpan(file: source.index, start: start, end: start + 1),
            "this text does not end on its line",
            help: "put `\"` at its end; `\\n` stands for a line end")
        return .invalid
    }

    /// `'…'`: no escapes, no interpolation.
    mutating func rawText() -> TokenKind {
        let start = position
        position += 1
        while position < end, current != UInt8(ascii: "\n") {
            if current == UInt8(ascii: "'") {
                let content = source.text(start + 1..<position)
                position += 1
                return .text(content.isEmpty ? [] : [.literal(content)])
            }
            position += 1
        }
        log.report(
            .unfinishedText, SourceSpan(file: source.index, start: start, end: start + 1),
            "this text does not end on its line",
            help: "put `'` at its end")
        return .invalid
    }

    private func report(_ code: DiagnosticCode, _ hole: SourceSpan, _ message: String, help: String) {
        let braces = SourceSpan(file: hole.file, start: hole.start - 1, end: hole.end + 1)
        log.report(code, braces, message, help: help)
    }

    private func isBlank(_ hole: SourceSpan) -> Bool {
        source.bytes[hole.start..<hole.end].allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    private mutating func skipLine() {
        while position < end, current != UInt8(ascii: "\n") { position += 1 }
    }

    /// The scalar of the escape at the cursor, or nil when it was reported.
    private mutating func escape() -> Unicode.Scalar? {
        let start = position
        position += 1
        let (scalar, width) = position < end ? source.scalar(at: position) : ("\n", 0)
        if scalar == "\n" {
            log.report(
                .unknownEscape, span(from: start), "`\\` at the end of the line", help: "write `\\\\` for a backslash")
            return nil
        }
        position = min(position + width, end)
        switch scalar {
        case "\"", "\\", "{": return scalar
        case "n": return "\n"
        case "t": return "\t"
        case "u": return codePoint(start)
        default:
            log.report(
                .unknownEscape, span(from: start), "unknown escape `\\\(scalar)`",
                help: scalar == "}"
                    ? "a `}` needs no backslash" : "write `\\\\` for a backslash, or the text in single quotes")
            return nil
        }
    }

    /// `{1F600}` after `\u`.
    private mutating func codePoint(_ start: Int) -> Unicode.Scalar? {
        var value: UInt32 = 0
        var count = 0
        if current == UInt8(ascii: "{") {
            position += 1
            while let digit = Character(Unicode.Scalar(current)).hexDigitValue, count < 6, position < end {
                value = value * 16 + UInt32(digit)
                count += 1
                position += 1
            }
            if current == UInt8(ascii: "}"), count > 0, let scalar = Unicode.Scalar(value) {
                position += 1
                return scalar
            }
        }
        log.report(
            .unknownEscape, span(from: start), "this is no Unicode scalar",
            help: "write `\\u{…}` with one to six hexadecimal digits")
        return nil
    }

    /// Finds the end of `{…}` at the cursor and passes it; the span is what stands between. Nil when it was reported.
    private mutating func hole() -> SourceSpan? {
        let start = position
        var braces = 0
        // Texts inside the expression, and expressions inside those: the brace count at which each text began.
        var outer: [Int] = []
        var inText = false
        while position < end, current != UInt8(ascii: "\n") {
            let byte = current
            position += 1
            switch (byte, inText) {
            case (UInt8(ascii: "{"), false):
                braces += 1
            case (UInt8(ascii: "}"), false):
                braces -= 1
                if braces == 0, outer.isEmpty {
                    return SourceSpan(file: source.index, start: start + 1, end: position - 1)
                }
                if let count = outer.last, braces == count { inText = true }
            case (UInt8(ascii: "'"), false):
                while position < end, current != UInt8(ascii: "\n"), current != UInt8(ascii: "'") { position += 1 }
                if current == UInt8(ascii: "'") { position += 1 }
            case (UInt8(ascii: "\""), false):
                outer.append(braces)
                inText = true
                if outer.count + depth > RuleLimits.nestingMax { return tooDeep(start) }
            case (UInt8(ascii: "\""), true):
                outer.removeLast()
                inText = false
            case (UInt8(ascii: "\\"), true):
                if position < end, current != UInt8(ascii: "\n") { position += 1 }
            case (UInt8(ascii: "{"), true):
                braces += 1
                inText = false
            default:
                break
            }
        }
        log.report(
            .brokenInterpolation, SourceSpan(file: source.index, start: start, end: start + 1),
            "no `}` closes this `{` on its line",
            help: "write `\\{` for a brace that is meant as such")
        return nil
    }

    private func tooDeep(_ start: Int) -> SourceSpan? {
        log.report(
            .nestedTooDeep, SourceSpan(file: source.index, start: start, end: start + 1),
            "texts are nested deeper than \(RuleLimits.nestingMax)", help: "give parts a name with `let`")
        return nil
    }
}
