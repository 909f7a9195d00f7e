import Foundation
import Yams

extension NodeConfiguration {
    /// Where `sluice run` looks when it is not told.
    package static let fileStandard = "sluice.yaml"
    private static let fileBytesMax = 1 << 20

    /// Reads `file`; without one `sluice.yaml` in the working folder, if there is one, else defaults. The environment wins
    /// over both: `SLUICE_` and the keys on the way in capitals, `_` for `-` and between them, list entries numbered from 0
    /// (`SLUICE_NODE`, `SLUICE_LIMITS_QUEUED_MESSAGES`, `SLUICE_LISTENERS_0_TCP`, `SLUICE_ACCESS_0_PUBLISH_0`). Blocking.
    package static func load(
        file: String? = nil, surroundings: ConfigurationSurroundings = .process
    ) throws(ConfigurationError) -> NodeConfiguration {
        if let file { return try parse(contents(of: file), file: file, surroundings: surroundings) }
        if surroundings.whyUnreadable(fileStandard) == "no such file" {
            return try parse("", file: nil, surroundings: surroundings)
        }
        return try parse(contents(of: fileStandard), file: fileStandard, surroundings: surroundings)
    }

    /// The same from text. `file` names it in problems and is what its relative paths start from.
    package static func parse(
        _ yaml: String, file: String?, surroundings: ConfigurationSurroundings
    ) throws(ConfigurationError) -> NodeConfiguration {
        let reading = ConfigurationReading(file: file, surroundings: surroundings)
        let place = file.map { ConfigurationPlace.wholeFile($0) } ?? .defaults
        let node: Node?
        do {
            node = try Yams.compose(yaml: yaml)
        } catch {
            throw ConfigurationError([syntaxProblem(error, file: file ?? fileStandard)])
        }
        let configuration = read(ConfigurationSection(node, path: [], place: place, reading: reading))
        let problems = reading.problemsInOrder()
        guard problems.isEmpty, let configuration else { throw ConfigurationError(problems) }
        return configuration
    }

    private static func contents(of file: String) throws(ConfigurationError) -> String {
        func refused(_ reason: String) -> ConfigurationError {
            ConfigurationError([ConfigurationProblem("cannot be read: \(reason)", at: .wholeFile(file))])
        }
        if let reason = ConfigurationSurroundings.process.whyUnreadable(file) { throw refused(reason) }
        let bytes: Data
        do {
            guard let handle = FileHandle(forReadingAtPath: file) else { throw refused("it cannot be opened") }
            defer { try? handle.close() }
            bytes = try handle.read(upToCount: fileBytesMax + 1) ?? Data()
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw refused("\(error)")
        }
        guard bytes.count <= fileBytesMax else {
            throw refused("it is longer than \(Amounts.text(bytes: fileBytesMax))")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw refused("it is not UTF-8 text") }
        return text
    }

    private static func syntaxProblem(_ error: any Error, file: String) -> ConfigurationProblem {
        func problem(_ message: String, _ mark: Mark) -> ConfigurationProblem {
            ConfigurationProblem("\(message)", at: .file(file, line: mark.line, column: mark.column))
        }
        switch error as? YamlError {
        case .scanner(_, let text, let mark, _)?, .parser(_, let text, let mark, _)?,
            .composer(_, let text, let mark, _)?:
            return problem("not valid YAML: \(text)", mark)
        case .duplicatedKeysInMapping(let keys, let context)?:
            let names = keys.map { "\"\($0)\"" }.joined(separator: ", ")
            return problem("the same key is there twice: \(names)", context.mark)
        case .reader(let text, _, _, _)?:
            return ConfigurationProblem("not valid YAML: \(text)", at: .wholeFile(file))
        default:
            return ConfigurationProblem("not valid YAML: \(error)", at: .wholeFile(file))
        }
    }

    // MARK: - The tree

    private static func read(_ root: ConfigurationSection) -> NodeConfiguration? {
        let reading = root.reading
        let node = root.text("node").map { root.checkedName($0) ?? "" } ?? "sluice"
        let data = root.path("data") ?? reading.resolve(beside: "data")
        let rules = rules(root)
        let durability = root.choice("durability", DurabilityConfiguration.self) ?? .commit
        let limits = LimitsConfiguration.read(root.section("limits"))
        let inference = InferenceConfiguration.read(root.section("inference"))
        let listeners = listeners(root, durability: durability)
        let access = access(root, listeners: listeners)
        let bridges = unique(root.sections("bridges"), "bridge") {
            BridgeConfiguration.read($0, node: node)
        } name: {
            $0.name
        }
        root.refuse(.management)
        root.finish()
        reading.warnAboutUnknownVariables()
        guard let listeners, let bridges else { return nil }
        for listener in listeners where !hasFittingRule(listener, access) {
            reading.warn(
                "nobody may publish or subscribe on listener \"\(listener.name)\": no access rule fits its clients")
        }
        return NodeConfiguration(
            node: node, data: data, rules: rules, listeners: listeners, access: access, limits: limits,
            inference: inference, durability: durability, bridges: bridges, source: reading.file,
            warnings: reading.warnings)
    }

    private static func rules(_ root: ConfigurationSection) -> [String] {
        let reading = root.reading
        if root.has("rules") {
            return root.texts("rules").map { value in
                let path = reading.resolve(value)
                if !reading.surroundings.folderExists(path), let reason = reading.surroundings.whyUnreadable(path) {
                    root.problem("\"rules\": \(path) cannot be read: \(reason)", at: value.place)
                }
                return path
            }
        }
        _ = root.texts("rules")
        let standard = reading.resolve(beside: "rules")
        return reading.surroundings.folderExists(standard) ? [standard] : []
    }

    private static func listeners(
        _ root: ConfigurationSection, durability: DurabilityConfiguration
    ) -> [ListenerConfiguration]? {
        let sections = root.sections("listeners")
        if sections.isEmpty {
            var standard = ListenerConfiguration.standard
            standard.durability = durability
            return [standard]
        }
        return unique(sections, "listener") {
            ListenerConfiguration.read($0, durability: durability)
        } name: {
            $0.name
        }
    }

    private static func access(
        _ root: ConfigurationSection, listeners: [ListenerConfiguration]?
    ) -> [AccessConfiguration] {
        let rules = root.sections("access").map { AccessConfiguration.read($0, listenerNames: listeners?.map(\.name)) }
        if root.has("access") { return rules }
        return (listeners ?? []).filter { $0.anonymous && $0.address.isLoopback }.map { .open($0.name) }
    }

    /// Whether some rule could let a client of `listener` do something.
    private static func hasFittingRule(_ listener: ListenerConfiguration, _ access: [AccessConfiguration]) -> Bool {
        var provesIdentity = false
        if case .tls(let tls) = listener.transport { provesIdentity = tls.clientCA != nil }
        return access.contains { rule in
            !rule.deny && (rule.listener ?? listener.name) == listener.name && (rule.identity == nil || provesIdentity)
        }
    }

    /// All entries, or `nil` when one is unusable; two with one name are a problem.
    private static func unique<Entry>(
        _ sections: [ConfigurationSection], _ kind: String, read: (ConfigurationSection) -> Entry?,
        name: (Entry) -> String
    ) -> [Entry]? {
        var names: Set<String> = []
        var entries: [Entry] = []
        for section in sections {
            guard let entry = read(section) else { continue }
            if !names.insert(name(entry)).inserted {
                section.problem("there are two \(kind)s called \"\(name(entry))\"", at: "name")
            }
            entries.append(entry)
        }
        return entries.count == sections.count ? entries : nil
    }
}
