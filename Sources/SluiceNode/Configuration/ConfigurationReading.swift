/// A scalar that somebody wrote, and where.
struct ConfigurationValue {
    let text: String
    let place: ConfigurationPlace
}

/// One pass over one configuration: collects what is wrong instead of stopping at the first.
final class ConfigurationReading {
    /// Of each list; keeps a mistaken file from costing more than its report.
    static let entryCountMax = 1_000
    static let environmentPrefix = "SLUICE_"
    /// Variables that begin like settings and are none.
    private static let otherVariables: Set<String> = ["SLUICE_BINARY"]

    let file: String?
    let surroundings: ConfigurationSurroundings
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var warnings: [String] = []
    /// Empty ones count as absent: compose files pass `${X:-}`.
    private let variables: [String: String]
    private var usedVariables: Set<String> = []
    private var knownVariables: [String] = []

    init(file: String?, surroundings: ConfigurationSurroundings) {
        self.file = file
        self.surroundings = surroundings
        variables = surroundings.environment.filter {
            $0.key.hasPrefix(Self.environmentPrefix) && !$0.value.isEmpty && !Self.otherVariables.contains($0.key)
        }
    }

    func problem(_ message: String, at place: ConfigurationPlace) {
        problems.append(ConfigurationProblem(message, at: place))
    }

    func warn(_ sentence: String) { warnings.append(sentence) }

    /// `SLUICE_` and the keys on the way, in capitals, with `_` for `-` and between them; entries of lists by number from 0.
    static func variable(_ path: [String]) -> String {
        environmentPrefix + path.map { $0.uppercased().replacing("-", with: "_") }.joined(separator: "_")
    }

    func environmentValue(_ path: [String]) -> ConfigurationValue? {
        let name = Self.variable(path)
        knownVariables.append(name)
        guard let text = variables[name] else { return nil }
        usedVariables.insert(name)
        return ConfigurationValue(text: text, place: .environment(name))
    }

    /// A variable that sets `path` or something below it, the first by name.
    func environmentMention(of path: [String]) -> String? {
        let name = Self.variable(path)
        return variables.keys.filter { $0 == name || $0.hasPrefix(name + "_") }.min()
    }

    /// They belong to something that is refused: no warning on top.
    func markUsed(below path: [String]) {
        let name = Self.variable(path)
        usedVariables.formUnion(variables.keys.filter { $0 == name || $0.hasPrefix(name + "_") })
    }

    /// The number of entries of the list at `path` when the file has `fileCount` of them.
    func entryCount(_ path: [String], inFile fileCount: Int, at place: ConfigurationPlace) -> Int {
        guard fileCount <= Self.entryCountMax else {
            problem("a list has at most \(Self.entryCountMax) entries, and this one has \(fileCount)", at: place)
            return Self.entryCountMax
        }
        let prefix = Self.variable(path) + "_"
        var numbered: [Int: String] = [:]
        for name in variables.keys.sorted() where name.hasPrefix(prefix) {
            let digits = name.dropFirst(prefix.count).prefix { ("0"..."9").contains($0) }
            if let number = Int(digits), numbered[number] == nil { numbered[number] = name }
        }
        var count = fileCount
        while count < Self.entryCountMax, numbered[count] != nil { count += 1 }
        for (number, name) in numbered.sorted(by: { $0.key < $1.key }) where number >= count {
            problem(
                "entries are numbered from 0 without a gap, and there is no entry \(count) before this one",
                at: .environment(name))
            markUsed(below: path + ["\(number)"])
        }
        return count
    }

    /// Call last: names the variables that nothing asked for. Only a warning, since other software sets variables that begin
    /// with `SLUICE_` too (Kubernetes does, for a service of this name).
    func warnAboutUnknownVariables() {
        for name in variables.keys.sorted() where !usedVariables.contains(name) {
            let hint = NearestName.of(name, among: knownVariables).map { "; did you mean \($0)?" } ?? ""
            warn("the environment variable \(name) sets nothing\(hint)")
        }
    }

    /// Problems of the file by line, then the others as they were found.
    func problemsInOrder() -> [ConfigurationProblem] {
        func line(_ place: ConfigurationPlace) -> (Int, Int) {
            if case .file(_, let line, let column) = place { (line, column) } else { (.max, 0) }
        }
        return problems.enumerated()
            .map { (line: line($0.element.place), order: $0.offset, problem: $0.element) }
            .sorted { ($0.line.0, $0.line.1, $0.order) < ($1.line.0, $1.line.1, $1.order) }
            .map(\.problem)
    }
}
