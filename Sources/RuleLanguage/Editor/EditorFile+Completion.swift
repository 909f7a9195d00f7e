extension EditorFile {
    /// What can stand at a place, in the order of its likelihood: names, then functions, then words of the grammar.
    /// `seen` is what traffic showed of the file's `sourceTopics`.
    package func completions(at position: EditorPosition, seen: SeenTraffic = SeenTraffic()) -> [EditorCompletion] {
        let offset = min(offset(of: position), source.bytes.count)
        let lineStart = source.bytes[..<offset].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let place = CompletionPlace(line: Array(source.bytes[lineStart..<offset]))
        guard !place.isPlain else { return [] }
        if place.isAfterDot { return afterDot(place, offset, seen) }
        let words = Self.words(after: place.wordBefore)
        if !words.isEmpty { return words.map(Self.plainWord) }
        guard let section = section(at: offset) else { return place.before.isEmpty ? Self.declarations : [] }
        let isFirst = place.before.isEmpty
        let depth = depth(at: offset, in: section)
        if depth == 0, isFirst { return Self.declarations }
        if sections[section].kind == .test { return isFirst && depth == 1 ? Self.testSteps : [] }
        let isClause = isFirst && depth == 1 && sections[section].kind == .rule && !place.isHole
        return names(at: offset) + functions(at: offset, section)
            + (isClause ? clauses(at: offset, section) : Self.operators)
    }

    /// Braces that are open at `offset` since the section began.
    private func depth(at offset: Int, in section: Int) -> Int {
        var depth = 0
        for token in tokens where token.span.start >= sections[section].start && token.span.end <= offset {
            if case .symbol(.leftBrace) = token.kind { depth += 1 }
            if case .symbol(.rightBrace) = token.kind { depth = max(0, depth - 1) }
        }
        return depth
    }

    // MARK: Names and fields

    private func names(at offset: Int) -> [EditorCompletion] {
        let section = section(at: offset)
        var seen: Set<String> = []
        var result: [EditorCompletion] = []
        for definition in definitions where definition.section == nil || definition.section == section {
            let kind: EditorCompletion.Kind
            switch definition.kind {
            case .rule: continue
            case .model:
                if seen.insert(definition.name).inserted { result.append(completion(ofModel: definition.name)) }
                continue
            case .capture: kind = .name
            case .bind:
                // A let is known below its definition only.
                guard definition.span.end < offset else { continue }
                kind = .name
            case .constant: kind = .constant
            case .table: kind = .table
            }
            guard seen.insert(definition.name).inserted else { continue }
            result.append(
                EditorCompletion(
                    label: definition.name, kind: kind, detail: detail(definition), insertion: definition.name))
        }
        return result
    }

    private func detail(_ definition: Definition) -> String {
        switch definition.kind {
        case .capture: "level of the topic"
        case .table: "table"
        default: definition.type ?? "let"
        }
    }

    /// The next step of a walk: into the payload, a row of a table, or the result of a model.
    private func afterDot(_ place: CompletionPlace, _ offset: Int, _ seen: SeenTraffic) -> [EditorCompletion] {
        let walk = place.before.dropLast()
        if walk.last == UInt8(ascii: "]") { return columns(Array(walk)) }
        if walk.last == UInt8(ascii: ")") { return resultParts(Array(walk), at: offset) }
        let start =
            walk.lastIndex { !CompletionPlace.isLetter($0) && $0 != UInt8(ascii: ".") }.map { $0 + 1 }
            ?? walk.startIndex
        let parts = String(decoding: walk[start...], as: UTF8.self)
            .split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        // A walk into the payload begins with a dot: nothing stands before it.
        guard parts.first == "" || walk[start...].isEmpty else { return resultParts(Array(walk), at: offset) }
        let base = Array(parts.dropFirst())
        var found = Set(fieldPaths.filter { $0.count == base.count + 1 && $0.starts(with: base) }.compactMap(\.last))
        if base.isEmpty { found.formUnion(declaredFields.keys) }
        // The word that is being written is no field yet, unless it stands elsewhere too.
        if declaredFields[place.prefix] == nil, usages(of: base + [place.prefix]) < 2 { found.remove(place.prefix) }
        let values = seenFields(below: base, section: section(at: offset), seen)
        return found.union(values.keys).sorted().map { name in
            let value = values[name]
            let type = base.isEmpty ? declaredFields[name] ?? value?.type : value?.type
            return EditorCompletion(
                label: name, kind: .field, detail: type ?? "field", documentation: value?.sentence ?? "",
                insertion: Self.isPlainName(name) ? name : "\"\(Self.escaped(name))\"")
        }
    }

    private func usages(of path: [String]) -> Int {
        guard let name = path.last else { return 0 }
        return tokens.indices.count { isFieldName($0) && word(at: $0) == name }
    }

    private func columns(_ walk: [UInt8]) -> [EditorCompletion] {
        guard let open = walk.lastIndex(of: UInt8(ascii: "[")) else { return [] }
        let head = walk[..<open]
        let start = head.lastIndex { !CompletionPlace.isLetter($0) }.map { $0 + 1 } ?? 0
        return (tableColumns[String(decoding: head[start...], as: UTF8.self)] ?? []).map { name in
            EditorCompletion(
                label: name, kind: .field, detail: "column", insertion: Self.isPlainName(name) ? name : "\"\(name)\"")
        }
    }

    static func isPlainName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { CompletionPlace.isLetter($0) && $0 < 0x80 }
    }

    // MARK: Functions

    /// Aggregates are offered below the window only.
    private func functions(at offset: Int, _ section: Int) -> [EditorCompletion] {
        let hasWindow = clauseWords(section, before: offset).contains("window")
        return FunctionNames.all.sorted().compactMap { name in
            let isAggregateOnly = FunctionNames.aggregates[name] != nil && FunctionNames.values[name] == nil
            guard hasWindow || !isAggregateOnly, let help = WordHelp.function(name) else { return nil }
            let takesNothing = FunctionNames.facts[name] != nil || name == "count"
            return EditorCompletion(
                label: name, kind: .function, detail: help.usage, documentation: help.line,
                insertion: takesNothing ? "\(name)()" : Self.snippets[name] ?? "\(name)($1)",
                isSnippet: !takesNothing)
        }
    }

    private static let snippets = [
        "percentile": "percentile($1, ${2:95})", "ewma": "ewma($1, ${2:0.1})", "round": "round($1, ${2:2})",
        "pow": "pow($1, $2)", "clamp": "clamp($1, ${2:low}, ${3:high})", "least": "least($1, $2)",
        "greatest": "greatest($1, $2)", "contains": "contains($1, \"$2\")", "starts_with": "starts_with($1, \"$2\")",
        "ends_with": "ends_with($1, \"$2\")", "split": "split($1, \"${2:,}\")", "matches": "matches($1, '$2')",
        "substring": "substring($1, ${2:0}, ${3:1})", "property": "property(\"$1\")", "latest": "latest(\"$1\")",
        "zscore": "zscore($1, against: \"others\", floor: ${2:0.1})",
    ]

    /// Words of clauses that stand in the section above `offset`.
    private func clauseWords(_ section: Int, before offset: Int) -> Set<String> {
        var result: Set<String> = []
        for index in tokens.indices where tokens[index].span.start >= sections[section].start {
            guard tokens[index].span.end < offset else { break }
            if let word = word(at: index), Words.clauses.contains(word), !isFieldName(index) { result.insert(word) }
        }
        return result
    }
}
