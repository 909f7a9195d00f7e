import ArgumentParser
import Foundation
import RuleLanguage
import SluiceNode

/// `sluice check`: are these rules right?
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check rule files; exit code 1 when one has an error.")

    enum Format: String, ExpressibleByArgument { case text, json }

    @Argument(help: ArgumentHelp("Rule files, or folders of them.", valueName: "rules"))
    var paths: [String] = ["rules"]

    @Option(help: "text or json.")
    var format: Format = .text

    @Flag(help: "Check again whenever a file is saved, until interrupted.")
    var watch = false

    func run() throws {
        if watch { return try CheckWatch(command: self).run() }
        let (compilation, fileCount) = try compile()
        show(compilation, fileCount: fileCount)
        if compilation.plan == nil { throw ExitCode(1) }
    }

    func compile() throws(CommandFailure) -> (compilation: RuleCompilation, fileCount: Int) {
        let sources: [RuleSourceFile]
        do {
            sources = try RuleFiles.read(paths)
        } catch { throw CommandFailure(.cannotRun, error.description) }
        return (RuleFiles.compile(sources), sources.count)
    }

    func show(_ compilation: RuleCompilation, fileCount: Int) {
        switch format {
        case .json:
            print(compilation.diagnostics.json)
        case .text:
            if !compilation.diagnostics.isEmpty { print(compilation.diagnostics.text) }
            if let plan = compilation.plan {
                let files = fileCount == 1 ? "1 file" : "\(fileCount) files"
                let rules = plan.rules.count == 1 ? "1 rule" : "\(plan.rules.count) rules"
                print("\(files), \(rules): no errors")
            }
        }
    }
}
