// What traffic shows of the words of a file.

extension EditorFile {
    /// The topics that the file's rules take.
    package var sourceTopics: Set<EditorSource> { Set(sources.map(\.source)) }

    /// The last value of the field, the payload or the capture at a token.
    func lastValue(_ index: Int, _ seen: SeenTraffic) -> SeenTraffic.Value? {
        guard !seen.sources.isEmpty else { return nil }
        let section = section(at: tokens[index].span.start)
        if case .dot = tokens[index].kind, isPayloadDot(index) { return newest(section, seen) { $0.fields[[]] } }
        if let path = payloadPath(endingAt: index) { return newest(section, seen) { $0.fields[path] } }
        guard let name = word(at: index), !isFieldName(index), !isSymbol(.leftParenthesis, at: index + 1) else {
            return nil
        }
        if isSymbol(.colon, at: index + 1) {
            return declaredFields[name] == nil ? nil : newest(section, seen) { $0.fields[[name]] }
        }
        guard definition(of: name, at: tokens[index].span.start)?.kind == .capture else { return nil }
        return newest(section, seen) { $0.captures[name] }
    }

    /// Names of fields that were seen right below `base`, with the last value of each.
    func seenFields(below base: [String], section: Int?, _ seen: SeenTraffic) -> [String: SeenTraffic.Value] {
        var result: [String: SeenTraffic.Value] = [:]
        for source in seenSources(section, seen) {
            for (path, value) in source.fields where path.count == base.count + 1 && path.starts(with: base) {
                guard let name = path.last else { continue }
                if let known = result[name], known.ageSeconds <= value.ageSeconds { continue }
                result[name] = value
            }
        }
        return result
    }

    private func newest(
        _ section: Int?, _ seen: SeenTraffic, _ value: (SeenTraffic.Source) -> SeenTraffic.Value?
    ) -> SeenTraffic.Value? {
        seenSources(section, seen).compactMap(value).min { $0.ageSeconds < $1.ageSeconds }
    }

    private func seenSources(_ section: Int?, _ seen: SeenTraffic) -> [SeenTraffic.Source] {
        sources.filter { $0.section == section }.compactMap { seen.sources[$0.source] }
    }

    /// The walk into the payload whose last name is at this token, such as ["battery", "volts"].
    private func payloadPath(endingAt index: Int) -> [String]? {
        var path: [String] = []
        var index = index
        while isFieldName(index), let name = fieldName(index) {
            path.append(name)
            if isPayloadDot(index - 1) { return path.reversed() }
            index -= 2
        }
        return nil
    }

    /// A name as it stands in a text in double quotes.
    static func escaped(_ name: String) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"", "\\", "{": result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
