/// Who may import whom: docs/decisions/0001-targets-and-arrows.md. A change here is a change of the architecture.
enum Arrows {
    /// The targets in the order data flows, and what each may import of the others. Arrows run to targets further up.
    static let own: [(target: String, imports: Set<String>)] = [
        ("CSQLite", []),
        ("CMosquitto", []),
        ("COnnxRuntime", []),
        ("Messages", []),
        ("MQTTWire", ["Messages"]),
        ("MQTTSession", ["Messages", "MQTTWire"]),
        ("TopicRouting", ["Messages"]),
        ("Ledger", ["Messages", "CSQLite"]),
        ("Identity", ["Messages"]),
        ("Telemetry", []),
        ("Broker", ["Messages", "MQTTWire", "MQTTSession", "TopicRouting", "Ledger", "Identity", "Telemetry"]),
        ("RuleLanguage", []),
        ("RuleEngine", ["RuleLanguage"]),
        ("Inference", ["RuleLanguage", "RuleEngine", "COnnxRuntime"]),
        ("MosquittoClient", ["Messages", "CMosquitto"]),
        ("CloudBridge", ["Messages", "Ledger", "MosquittoClient", "Telemetry"]),
        (
            "SluiceNode",
            [
                "Messages", "TopicRouting", "Ledger", "Identity", "Telemetry", "Broker", "RuleLanguage", "RuleEngine",
                "Inference", "CloudBridge",
            ]
        ),
        (
            "sluice",
            ["Messages", "SluiceNode", "RuleLanguage", "RuleEngine", "Inference", "Identity", "MosquittoClient"]
        ),
    ]

    /// No sockets, files, clocks, threads or logs: all that comes in is a value.
    static let pure: Set<String> = [
        "Messages", "MQTTWire", "MQTTSession", "TopicRouting", "RuleLanguage", "RuleEngine",
    ]

    /// What a pure target may import besides its arrows: bytes and containers.
    static let pureLibraries: Set<String> = ["NIOCore", "DequeModule"]

    /// The files of pure targets that call the C library, each for functions that only compute.
    static let computingInC: Set<String> = [
        "Sources/RuleEngine/Values/RealFunctions.swift",  // exp, log, pow, sin …
        "Sources/TopicRouting/TopicTable.swift",  // memcmp
    ]

    /// Libraries that belong to one target, so that replacing one is a change of one target.
    static let confined: [String: Set<String>] = [
        "CSQLite": ["Ledger"], "COnnxRuntime": ["Inference"], "CMosquitto": ["MosquittoClient"], "Yams": ["SluiceNode"],
        "ArgumentParser": ["sluice"],
        "X509": ["Identity"], "SwiftASN1": ["Identity"], "Crypto": ["Identity", "SluiceNode"],
        "ServiceLifecycle": ["SluiceNode", "sluice"],
        "NIOSSL": ["Broker", "SluiceNode"],
    ]

    static func complaints(importsOf target: String, in file: SourceFile) -> [String] {
        guard let arrows = own.first(where: { $0.target == target }) else {
            return ["\(file.path): the target \(target) is not in the list of arrows"]
        }
        let ownNames = Set(own.map(\.target))
        return imports(in: file).compactMap { line, module in
            let place = "\(file.path):\(line): \(target) may not import \(module)"
            if ownNames.contains(module), !arrows.imports.contains(module) { return "\(place): no arrow goes there" }
            if let owners = confined[module], !owners.contains(target) {
                return "\(place): only \(owners.sorted().joined(separator: " and ")) may"
            }
            if module == "Glibc", computingInC.contains(file.path) { return nil }
            if pure.contains(target), !ownNames.contains(module), !pureLibraries.contains(module) {
                return "\(place): it is pure"
            }
            return nil
        }
    }

    /// The modules that `file` imports, with the numbers of the lines.
    static func imports(in file: SourceFile) -> [(line: Int, module: String)] {
        file.lines.enumerated().compactMap { index, line in
            var words = line.split(whereSeparator: \.isWhitespace)[...]
            while let word = words.first, word.hasPrefix("@") || levels.contains(String(word)) { words.removeFirst() }
            guard words.first == "import" else { return nil }
            words.removeFirst()
            // import struct Module.Name
            if let kind = words.first, kinds.contains(String(kind)) { words.removeFirst() }
            guard let module = words.first?.split(separator: ".").first else { return nil }
            return (index + 1, String(module))
        }
    }

    private static let levels: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
    private static let kinds: Set<String> = ["typealias", "struct", "class", "enum", "protocol", "let", "var", "func"]
}
