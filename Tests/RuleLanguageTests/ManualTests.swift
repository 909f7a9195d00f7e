import Foundation
import RuleLanguage
import Testing

/// The manual and the shipped rules say what the compiler says.
@Suite("Manual")
struct ManualTests {
    /// The checkout, from the place of this file.
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(decoding: Data(contentsOf: Self.root.appendingPathComponent(path)), as: UTF8.self)
    }

    /// The blocks of the manual between ```rules and ```.
    private func examples() throws -> [String] {
        var result: [String] = []
        var current: String?
        for line in try text("docs/language.md").split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "```rules" {
                current = ""
            } else if line == "```", let block = current {
                result.append(block)
                current = nil
            } else {
                current? += line + "\n"
            }
        }
        return result
    }

    @Test("every example of the manual compiles without a word")
    func examplesCompile() throws {
        let examples = try examples()
        #expect(examples.count > 10)
        for example in examples {
            #expect(compile(example).diagnostics.text == "", "\(example)")
            #expect(compile(example).plan?.rules.isEmpty == false)
        }
    }

    @Test("every code has a row in the manual, with its title")
    func codesAreExplained() throws {
        let manual = try text("docs/language.md")
        for code in DiagnosticCode.allCases {
            #expect(manual.contains("| \(code.name) | \(code.title) |"), "\(code.name)")
        }
    }

    @Test("every function and aggregate is in the manual")
    func functionsAreExplained() throws {
        let manual = try text("docs/language.md")
        for name in Function.allCases.map(\.rawValue) + AggregatePlan.Function.allCases.map(\.rawValue) {
            #expect(manual.contains("`\(name)("), "\(name)")
        }
    }

    @Test("the shipped rules compile as one set")
    func shippedRules() throws {
        let names = ["spike", "summary", "alarm"]
        let files = try names.map { RuleSourceFile(name: "rules/\($0).rules", text: try text("rules/\($0).rules")) }
        let compilation = RuleCompiler.compile(files)
        #expect(compilation.diagnostics.text == "")
        #expect(compilation.plan?.rules.map(\.name) == ["alarm", "spike", "summary"])
    }
}
