import Foundation

/// Habits of this project that a machine can check. Each returns complaints: what, where, and what to do.
enum TidyCheck {
    static let lineCountMax = 400

    /// Files that are longer for now, with the length they have. It may only shrink; new files do not enter.
    static let ratchet: [String: Int] = [
        "Tests/RuleLanguageTests/GoldenDiagnostics.swift": 1_216  // expected text, read beside the corpus
    ]

    static func lengths(of files: [SourceFile], ratchet: [String: Int] = ratchet) -> [String] {
        files.compactMap { file in
            let most = ratchet[file.path] ?? lineCountMax
            guard file.lineCount > most else { return nil }
            return "\(file.path): \(file.lineCount) lines are more than \(most): split it"
        }
    }

    /// Entries of the ratchet that are longer than their file has become, or whose file is gone.
    static func slack(of files: [SourceFile], ratchet: [String: Int] = ratchet) -> [String] {
        let lengths = Dictionary(files.map { ($0.path, $0.lineCount) }, uniquingKeysWith: { first, _ in first })
        return ratchet.keys.sorted().compactMap { path in
            guard let length = lengths[path], length > lineCountMax else {
                return "\(path): remove it from the ratchet"
            }
            return length < ratchet[path] ?? 0 ? "\(path): lower it to \(length) in the ratchet" : nil
        }
    }

    /// Notes to oneself belong into the tracker.
    static func reminders(in files: [SourceFile]) -> [String] {
        let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
        return complaints(in: files) { line in
            let found = words.first { word in
                line.split { !$0.isLetter }.contains { $0 == word }
            }
            return found.map { "\($0): do it now or file it" }
        }
    }

    /// Where a random moment is the point: `kill -9` comes when it comes.
    private static let randomMoments = "Tests/Crash/"

    /// A test waits for what it needs, not for a time: time is a value that it passes in.
    static func sleeps(in files: [SourceFile]) -> [String] {
        let files = files.filter { !$0.path.hasPrefix(randomMoments) }
        let calls = ["sleep(", "Task.sleep", "usleep(", "nanosleep(", "sleep(for:", "time.sleep", "asyncio.sleep"]
        return complaints(in: files) { line in
            calls.contains { line.contains($0) }
                ? "a test does not sleep: wait for the event, or pass the time in" : nil
        }
    }

    /// Relative links of Markdown files that lead nowhere.
    static func deadLinks(in files: [SourceFile], exists: (String) -> Bool) -> [String] {
        files.flatMap { file in
            links(in: file.text).compactMap { link in
                guard !link.contains("://"), !link.hasPrefix("#"), !link.hasPrefix("mailto:") else { return nil }
                let path = link.prefix { $0 != "#" }
                let folder = URL(filePath: "/" + file.path).deletingLastPathComponent()
                let target = folder.appending(path: String(path)).standardized.path.dropFirst()
                return exists(String(target)) ? nil : "\(file.path): the link to \(link) leads nowhere"
            }
        }
    }

    /// Packages of the manifest that `table` does not name in a line of its own.
    static func unexplained(packages: [String], in table: SourceFile) -> [String] {
        packages
            .filter { package in
                !table.lines.contains { $0.hasPrefix("| \(package) ") || $0.hasPrefix("| [\(package)]") }
            }
            .map { "\(table.path): say in one line why there is \($0)" }
    }

    /// The targets of `[text](target)`, outside of code.
    private static func links(in text: String) -> [String] {
        var result: [String] = []
        var inCode = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") { inCode.toggle() }
            guard !inCode else { continue }
            let prose = line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined(separator: " ")
            for part in prose.components(separatedBy: "](").dropFirst() {
                guard let end = part.firstIndex(of: ")") else { continue }
                result.append(String(part[..<end]))
            }
        }
        return result
    }

    private static func complaints(in files: [SourceFile], about line: (Substring) -> String?) -> [String] {
        files.flatMap { file in
            file.lines.enumerated().compactMap { index, text in
                line(text).map { "\(file.path):\(index + 1): \($0)" }
            }
        }
    }
}
