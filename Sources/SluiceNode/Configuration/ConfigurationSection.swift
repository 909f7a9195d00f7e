import Yams

/// One mapping of the file, overlaid with the environment. Each question about a key makes the key known; what is in the file
/// and was never asked for is a mistake.
final class ConfigurationSection {
    let reading: ConfigurationReading
    private let path: [String]
    private let entries: [(key: String, node: Node, place: ConfigurationPlace)]
    let place: ConfigurationPlace
    private var known: [String] = []

    init(_ node: Node?, path: [String], place: ConfigurationPlace, reading: ConfigurationReading) {
        self.reading = reading
        self.path = path
        self.place = place
        var entries: [(key: String, node: Node, place: ConfigurationPlace)] = []
        switch node {
        case .mapping(let mapping)?:
            for (key, value) in mapping {
                let keyPlace = Self.place(of: key, in: reading)
                guard let name = key.scalar?.string else {
                    reading.problem("a key must be a plain word", at: keyPlace)
                    continue
                }
                entries.append((name, value, keyPlace))
            }
        case let node? where !node.isEmptyValue:
            let what = path.last.map { "\"\($0)\"" } ?? "the file"
            reading.problem("\(what) holds keys and their values, such as \"key: value\"", at: place)
        default: break
        }
        self.entries = entries
    }

    static func place(of node: Node, in reading: ConfigurationReading) -> ConfigurationPlace {
        guard let file = reading.file, let mark = node.mark else { return .defaults }
        return .file(file, line: mark.line, column: mark.column)
    }

    // MARK: - What is wrong

    func problem(_ message: String) { reading.problem(message, at: place) }
    func problem(_ message: String, at place: ConfigurationPlace) { reading.problem(message, at: place) }

    /// At the place of `key`, which is of this section.
    func problem(_ message: String, at key: String) { reading.problem(message, at: self.place(of: key)) }

    func place(of key: String) -> ConfigurationPlace {
        if let name = reading.environmentMention(of: path + [key]) { return .environment(name) }
        return entries.first { $0.key == key }?.place ?? place
    }

    /// Whether the file or the environment says something about `key`.
    func has(_ key: String) -> Bool {
        entries.contains { $0.key == key } || reading.environmentMention(of: path + [key]) != nil
    }

    /// Notes that `feature` is asked for, if its key is there.
    func refuse(_ feature: UnavailableFeature) {
        known.append(feature.key)
        guard has(feature.key) else { return }
        problem(feature.sentence, at: feature.key)
        reading.markUsed(below: path + [feature.key])
    }

    /// Call after the last question: the keys that nobody asked for are mistakes.
    func finish() {
        for entry in entries where !known.contains(entry.key) {
            let section = path.last { Int($0) == nil }.map { " in \"\($0)\"" } ?? ""
            let hint =
                NearestName.of(entry.key, among: known).map { "; did you mean \"\($0)\"?" }
                ?? "; there are: \(known.joined(separator: ", "))"
            reading.problem("there is no key \"\(entry.key)\"\(section)\(hint)", at: entry.place)
        }
    }

    // MARK: - Structure

    func section(_ key: String) -> ConfigurationSection {
        known.append(key)
        let entry = entries.first { $0.key == key }
        return ConfigurationSection(entry?.node, path: path + [key], place: entry?.place ?? place, reading: reading)
    }

    /// The entries of a list of mappings.
    func sections(_ key: String) -> [ConfigurationSection] {
        elements(key).map { index, node, place in
            ConfigurationSection(node, path: path + [key, "\(index)"], place: place, reading: reading)
        }
    }

    /// The entries of a list of texts; a single text counts as a list of one.
    func texts(_ key: String) -> [ConfigurationValue] {
        if let whole = reading.environmentValue(path + [key]) {
            known.append(key)
            return [whole]
        }
        if let entry = entries.first(where: { $0.key == key }), entry.node.scalar != nil, !entry.node.isEmptyValue {
            known.append(key)
            return scalar(entry.node, named: key).map { [$0] } ?? []
        }
        return elements(key).compactMap { index, node, _ in
            reading.environmentValue(path + [key, "\(index)"]) ?? node.flatMap { scalar($0, named: key) }
        }
    }

    private func elements(_ key: String) -> [(index: Int, node: Node?, place: ConfigurationPlace)] {
        known.append(key)
        let entry = entries.first { $0.key == key }
        var nodes: [Node] = []
        switch entry?.node {
        case .sequence(let sequence)?: nodes = Array(sequence.prefix(ConfigurationReading.entryCountMax + 1))
        case let node? where !node.isEmptyValue:
            reading.problem(
                "\"\(key)\" is a list: write \"- \" before each entry, or [ … ] around them", at: entry?.place ?? place)
        default: break
        }
        let count = reading.entryCount(path + [key], inFile: nodes.count, at: entry?.place ?? place)
        return (0..<count).map { index in
            guard index < nodes.count else {
                let name = reading.environmentMention(of: path + [key, "\(index)"])
                return (index, nil, name.map { .environment($0) } ?? place)
            }
            return (index, nodes[index], Self.place(of: nodes[index], in: reading))
        }
    }

    // MARK: - Scalars

    /// What is written for `key`, the environment before the file; `nil`: nothing, or something that is not one value.
    func value(_ key: String) -> ConfigurationValue? {
        known.append(key)
        if let value = reading.environmentValue(path + [key]) { return value }
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        return scalar(entry.node, named: key)
    }

    private func scalar(_ node: Node, named key: String) -> ConfigurationValue? {
        let place = Self.place(of: node, in: reading)
        guard let text = node.scalar?.string else {
            reading.problem("\"\(key)\" is one value, not a list or keys", at: place)
            return nil
        }
        guard !node.isEmptyValue, !text.isEmpty else {
            reading.problem("\"\(key)\" has no value: give it one or remove the line", at: place)
            return nil
        }
        return ConfigurationValue(text: text, place: place)
    }
}

extension Node {
    /// `key:` with nothing behind it, or `~` or `null`.
    var isEmptyValue: Bool {
        guard let scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }
}
