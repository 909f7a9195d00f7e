/// What is read off the text of Package.swift.
enum Manifest {
    /// The names in quotes among the dependencies of `target`.
    static func dependencies(of target: String, in manifest: SourceFile) -> Set<String> {
        let text = manifest.text
        let starts = [
            "tage(\"\(target)\"", "tage(\n            \"\(target)\"",
            "executableTarget(\n            name: \"\(target)\"", "name: \"\(target)\",\n",
        ]
        guard let start = starts.lazy.compactMap({ text.firstRange(of: $0) }).first else { return [] }
        // Up to the end of this call: the bracket that closes it.
        var depth = 1
        let rest = text[start.upperBound...].prefix { character in
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            return depth > 0
        }
        guard let open = rest.firstIndex(of: "["), let close = rest[open...].firstIndex(of: "]") else { return [] }
        return Set(quoted(in: rest[open..<close]))
    }

    /// The last parts of the addresses of all packages: `swift-nio`.
    static func packages(in manifest: SourceFile) -> [String] {
        manifest.lines.compactMap { line in
            guard let url = line.firstRange(of: ".package(url: \"") else { return nil }
            return line[url.upperBound...].prefix { $0 != "\"" }.split(separator: "/").last.map(String.init)
        }
    }

    private static func quoted(in text: Substring) -> [String] {
        text.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }
            .map { String($0.element) }
    }
}
