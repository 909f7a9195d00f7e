extension EditorFile {
    /// Walks into the payload that the file writes, such as ["battery", "volts"] for `.battery.volts`.
    var fieldPaths: Set<[String]> {
        var result: Set<[String]> = []
        var index = 0
        while index < tokens.count {
            guard isPayloadDot(index) else {
                index += 1
                continue
            }
            var path: [String] = []
            while index + 1 < tokens.count, case .dot(attached: true) = tokens[index].kind,
                let name = fieldName(index + 1)
            {
                path.append(name)
                result.insert(path)
                index += 2
            }
            if path.isEmpty { index += 1 }
        }
        return result
    }

    /// Whether a walk into the payload begins at this token, and not one into a let or a table.
    func isPayloadDot(_ index: Int) -> Bool {
        guard case .dot = tokens[index].kind else { return false }
        guard index > 0, tokens[index - 1].span.end == tokens[index].span.start else { return true }
        switch tokens[index - 1].kind {
        case .word, .symbol(.rightBracket), .symbol(.rightParenthesis), .dot: return false
        default: return true
        }
    }

    /// The name behind a dot.
    func fieldName(_ index: Int) -> String? {
        switch tokens[index].kind {
        case .word(let name): return name
        case .text(let pieces):
            guard pieces.count == 1, case .literal(let name) = pieces[0] else { return nil }
            return name
        default: return nil
        }
    }

    func isFieldName(_ index: Int) -> Bool {
        guard index > 0, case .dot(attached: true) = tokens[index - 1].kind else { return false }
        return tokens[index - 1].span.end == tokens[index].span.start
    }

    func isSymbol(_ symbol: Symbol, at index: Int) -> Bool {
        guard tokens.indices.contains(index), case .symbol(symbol) = tokens[index].kind else { return false }
        return true
    }

    func word(at index: Int) -> String? {
        guard tokens.indices.contains(index), case .word(let word) = tokens[index].kind else { return nil }
        return word
    }
}
