import Foundation

/// The shipped rules as the demo runs them: the same but for periods that would not end within it.
struct ShippedRules: Sendable {
    struct File: Sendable, Equatable {
        var name: String
        var text: String
    }

    /// Where they were found.
    let folder: String
    var files: [File]
    /// What was shortened, as it was: `every 5m`.
    var shortened: [String]

    /// Without these two a demo has nothing to check.
    private static let needed = ["spike.rules", "summary.rules"]
    private static let fileBytesMax = 1_048_576

    /// `folder` nil: `rules` in the working folder, else where an installation has them.
    init(folder: String?, summarySeconds: Int) throws(CommandFailure) {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "sluice"
        let programFolder = URL(fileURLWithPath: program).deletingLastPathComponent()
        let installed = programFolder.appendingPathComponent("../share/sluice/rules").standardized.path
        let candidates = folder.map { [$0] } ?? ["rules", installed]
        guard let found = candidates.first(where: Self.hasRules) else {
            let places = candidates.joined(separator: " and ")
            throw CommandFailure(
                .cannotRun,
                "\(Self.needed.joined(separator: " and ")) are not in \(places): name the folder of the shipped rules with --rules"
            )
        }
        self.folder = found
        files = []
        shortened = []
        for name in (try? FileManager.default.contentsOfDirectory(atPath: found))?.sorted() ?? []
        where name.hasSuffix(".rules") {
            let path = "\(found)/\(name)"
            guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)), data.count <= Self.fileBytesMax,
                let text = String(validating: data, as: UTF8.self)
            else { throw CommandFailure(.cannotRun, "\(path) can't be read as rules: check its permissions") }
            let (short, periods) = Self.shortening(text, to: summarySeconds)
            files.append(File(name: name, text: short))
            for period in periods where !shortened.contains(period) { shortened.append(period) }
        }
    }

    private static func hasRules(_ folder: String) -> Bool {
        needed.allSatisfy { FileManager.default.isReadableFile(atPath: "\(folder)/\($0)") }
    }

    /// `text` with each `window every D` longer than `seconds` made as long as that, and what was there instead.
    static func shortening(_ text: String, to seconds: Int) -> (text: String, periods: [String]) {
        var result = ""
        var periods: [String] = []
        var rest = text[...]
        while let clause = rest.firstRange(of: "window every ") {
            result += rest[..<clause.upperBound]
            rest = rest[clause.upperBound...]
            let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "." }
            if let period = Self.seconds(word), period > Double(seconds) {
                result += "\(seconds)s"
                periods.append("every \(word)")
                rest = rest[word.endIndex...]
            }
        }
        return (result + rest, periods)
    }

    /// Of a duration as rules write it; `nil`: it is none.
    private static func seconds(_ word: Substring) -> Double? {
        for (unit, factor) in [("ms", 0.001), ("s", 1.0), ("m", 60), ("h", 3_600), ("d", 86_400)]
        where word.hasSuffix(unit) {
            if let number = Double(word.dropLast(unit.count)) { return number * factor }
        }
        return nil
    }
}
