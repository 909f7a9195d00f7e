import Foundation
import RuleLanguage
import Testing

/// docs/findings.md has a chapter for each code, made of the registry, the manual's table and the goldens, so that it
/// shows what the checker really says. With SLUICE_WRITE_FINDINGS=1 the page is written anew.
@Suite("Page of findings")
struct FindingsPageTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs")

    private static let introduction = """
        # What `sluice check` finds

        Each finding has a code that stays the same over versions: **E** stops the set of rules from being loaded, **W** does
        not. Here is for each code why it is there, a rule that has it, what is said about that rule, and what to write
        instead. Where an example names a file that is not shown, it stands beside the rules.

        """

    /// The last column of the manual's table: what to do.
    private func fixes() throws -> [String: String] {
        let manual = try String(contentsOf: Self.folder.appendingPathComponent("language.md"), encoding: .utf8)
        var result: [String: String] = [:]
        for line in manual.split(separator: "\n") where line.hasPrefix("| E0") || line.hasPrefix("| W0") {
            let cells = line.replacingOccurrences(of: "\\|", with: "\u{0}").split(separator: "|")
                .map { $0.trimmingCharacters(in: .whitespaces).replacingOccurrences(of: "\u{0}", with: "|") }
            guard cells.count == 5 else { continue }
            result[cells[0]] = cells[4]
        }
        return result
    }

    private func page() throws -> String {
        let fixes = try fixes()
        var page = Self.introduction
        for code in DiagnosticCode.allCases.sorted(by: { $0.rawValue < $1.rawValue }) {
            page += "\n## \(code.name): \(code.title)\n\n\(code.explanation)\n"
            for golden in GoldenDiagnostic.everything.filter({ $0.code == code.name }).prefix(2) {
                page += "\n```\n\(golden.source)\n```\n\n```text\n\(golden.expected)\n```\n"
            }
            let fix = try #require(fixes[code.name], "\(code.name) has no row in the manual's table")
            page += "\nInstead: \(fix)\n"
        }
        return page
    }

    @Test("it says what the checker says")
    func isCurrent() throws {
        let file = Self.folder.appendingPathComponent("findings.md")
        let page = try page()
        if ProcessInfo.processInfo.environment["SLUICE_WRITE_FINDINGS"] != nil {
            try page.write(to: file, atomically: true, encoding: .utf8)
        }
        let stored = try String(contentsOf: file, encoding: .utf8)
        // The whole page would be too much to read in a failure.
        let difference = zip(page.split(separator: "\n"), stored.split(separator: "\n")).first { $0 != $1 }
        #expect(difference == nil && page.count == stored.count, "run this test with SLUICE_WRITE_FINDINGS=1")
    }
}
