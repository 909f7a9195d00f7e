extension EditorFile {
    /// What an editor shows about the word at a place: Markdown, and what it is about.
    package struct Hover {
        package var markdown: String
        package var range: EditorRange
    }

    /// nil where nothing is to be said. `seen` is what traffic showed of the file's `sourceTopics`.
    package func hover(at position: EditorPosition, seen: SeenTraffic = SeenTraffic()) -> Hover? {
        let offset = offset(of: position)
        guard var index = tokenIndex(at: offset) else { return nil }
        // A dot belongs to the name behind it.
        if case .dot(attached: true) = tokens[index].kind, index + 1 < tokens.count { index += 1 }
        guard var markdown = markdown(index, seen) else { return nil }
        if let value = lastValue(index, seen) { markdown += "\n\n\(value.sentence)" }
        return Hover(markdown: markdown, range: range(of: tokens[index].span))
    }

    /// Where the name at a place is defined; nil when it is none of the file's.
    package func definition(at position: EditorPosition) -> EditorRange? {
        let offset = offset(of: position)
        guard let index = tokenIndex(at: offset), let name = word(at: index), isName(index),
            let definition = definition(of: name, at: tokens[index].span.start)
        else { return nil }
        return range(of: definition.span)
    }

    private func markdown(_ index: Int, _ seen: SeenTraffic) -> String? {
        if case .dot = tokens[index].kind, isPayloadDot(index) { return Self.code(".", "The payload of the message.") }
        guard let word = word(at: index) else { return nil }
        let isCalled = isSymbol(.leftParenthesis, at: index + 1)
        if isFieldName(index) { return field(index, word, seen) }
        if isCalled, let help = WordHelp.function(word) { return Self.code(help.usage, help.line) }
        if isName(index), let definition = definition(of: word, at: tokens[index].span.start) {
            return markdown(definition)
        }
        if isSymbol(.colon, at: index + 1), let type = declaredFields[word] {
            return Self.code(".\(word)", "A field of the payload: \(type).")
        }
        guard isName(index), let help = WordHelp.keywords[word] else { return nil }
        return Self.code(help.usage, help.line)
    }

    /// Whether the word can be a name of the rule: not a field, and not the name of a member or an option.
    private func isName(_ index: Int) -> Bool { !isFieldName(index) && !isSymbol(.colon, at: index + 1) }

    private func field(_ index: Int, _ name: String, _ seen: SeenTraffic) -> String? {
        if let help = resultPart(index, name) { return Self.code(".\(name)", help) }
        let type = lastValue(index, seen)?.type
        // Behind a table's row stands one of its columns.
        guard isPayloadDot(index - 1) else {
            return Self.code(".\(name)", "A part of the value before it\(type.map { "; \($0) in traffic" } ?? "").")
        }
        guard let declared = declaredFields[name] else {
            let line = type.map { "\($0) in traffic, and no schema says more" } ?? "no schema says what it holds"
            return Self.code(".\(name)", "A field of the payload; \(line).")
        }
        // A time is a number or a text of JSON.
        let isAsDeclared = type.map { declared.contains($0) || declared.contains("a time") || $0 == "null" } ?? true
        let other = isAsDeclared ? "" : " In traffic it is \(type ?? "")."
        return Self.code(".\(name)", "A field of the payload: \(declared), says the schema of `from`.\(other)")
    }

    private func markdown(_ definition: Definition) -> String {
        let value = (definition.valueText ?? "").prefix(200)
        let type = definition.type.map { " It is \($0)." } ?? ""
        switch definition.kind {
        case .rule: return Self.code("rule \(definition.name)", value.isEmpty ? "A rule." : String(value))
        case .capture: return Self.code("{\(definition.name)}", "A level of the topic, caught in `from`.\(type)")
        case .bind:
            let line = definition.model.map { "The result of the model `\($0)`." } ?? "A value of this rule.\(type)"
            return Self.code("let \(definition.name) = \(value)", line)
        case .constant: return Self.code("let \(definition.name) = \(value)", "A constant of this file.\(type)")
        case .model:
            let about = models[definition.name].map { "\n\n" + described($0) } ?? ""
            return Self.code(
                "model \(definition.name) from \"\(value)\"", "A model: `\(definition.name)(…)` runs it.\(about)")
        case .table:
            let columns = (tableColumns[definition.name] ?? []).prefix(20).map { "`\($0)`" }.joined(separator: ", ")
            let shown = columns.isEmpty ? "" : " Its columns: \(columns)."
            return Self.code(
                "table \(definition.name) from \"\(value)\"", "A table: `\(definition.name)[key].column`.\(shown)")
        }
    }

    private static func code(_ usage: String, _ line: String) -> String { "```rules\n\(usage)\n```\n\(line)" }
}
