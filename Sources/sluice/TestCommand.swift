import ArgumentParser
import Foundation
import RuleEngine
import RuleLanguage
import SluiceNode

/// `sluice test`: the `test` blocks that stand beside rules.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the tests of rule files; exit code 1 when one fails.",
        discussion: """
            Each test runs the rules of its own file, on a clock that starts at 2000-01-01T00:00:00Z. No node is needed.
            """)

    @Argument(help: ArgumentHelp("Rule files, or folders of them.", valueName: "rules"))
    var paths: [String] = ["rules"]

    @Option(help: ArgumentHelp("Only tests whose name contains this.", valueName: "text"))
    var filter: String?

    @Option(help: "text or json.")
    var format: CheckCommand.Format = .text

    func run() throws {
        let plan = try compile()
        let tests = plan.tests.filter { test in filter.map { test.name.contains($0) } ?? true }
        if let filter, tests.isEmpty {
            throw CommandFailure(.notRight, "no test's name contains \"\(filter)\"")
        }
        var results: [RuleTestResult] = []
        for test in tests {
            do {
                results.append(try RuleTest.run(test, of: plan, models: ModelFiles.shared.runner))
            } catch { throw CommandFailure(.notRight, error.message) }
        }
        let report = RuleTestReport(results)
        print(format == .json ? report.json + "\n" : report.text, terminator: "")
        if report.failureCount > 0 { throw ExitCode(1) }
    }

    private func compile() throws -> RuleSetPlan {
        let sources: [RuleSourceFile]
        do {
            sources = try RuleFiles.read(paths)
        } catch { throw CommandFailure(.cannotRun, error.description) }
        let compilation = RuleFiles.compile(sources)
        let found = compilation.diagnostics
        if !found.isEmpty {
            let shown = (format == .json ? found.json : found.text) + "\n"
            // With errors they are the result, else the report of the tests is.
            let isResult = compilation.plan == nil
            (isResult ? FileHandle.standardOutput : FileHandle.standardError).write(Data(shown.utf8))
        }
        guard let plan = compilation.plan else { throw ExitCode(1) }
        return plan
    }
}
