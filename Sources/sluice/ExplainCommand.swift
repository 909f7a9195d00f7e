import ArgumentParser
import Foundation
import RuleEngine
import RuleLanguage
import SluiceNode

/// `sluice explain`: what a rule does, and what it keeps in memory.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say what a rule does, step by step, and what it keeps in memory.")

    @Argument(help: ArgumentHelp("Name of the rule.", valueName: "rule"))
    var rule: String

    @Argument(help: ArgumentHelp("Rule files, or folders of them.", valueName: "rules"))
    var paths: [String] = ["rules"]

    @Option(help: "text or json.")
    var format: CheckCommand.Format = .text

    func run() throws {
        let plan = try RuleArguments.rule(rule, in: RuleArguments.compile(paths))
        do {
            let explanation = try RuleExplanation(
                plan, options: RuleEngine.Options(node: "explain", epoch: "0"))
            print(format == .json ? explanation.json + "\n" : explanation.text, terminator: "")
        } catch { throw CommandFailure(.notRight, error.message) }
    }
}
