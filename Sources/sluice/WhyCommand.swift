import ArgumentParser
import Foundation
import RuleEngine
import RuleLanguage
import SluiceNode

/// `sluice why`: what one message of a recording went through in one rule.
struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Follow one message of a recording through a rule.",
        discussion:
            "All messages above the line run through the rules first, so that windows and alarms are as they were.")

    @Argument(help: ArgumentHelp("Name of the rule.", valueName: "rule"))
    var rule: String

    @Argument(help: ArgumentHelp("Rule files, or folders of them.", valueName: "rules"))
    var paths: [String] = ["rules"]

    @OptionGroup var input: ReplayInput

    @Option(help: "The message: its line in the recording, from 1.")
    var line: Int

    @Option(help: "text or json.")
    var format: CheckCommand.Format = .text

    func validate() throws {
        if line < 1 { throw ValidationError("lines count from 1") }
    }

    func run() throws {
        let plan = try RuleArguments.compile(paths)
        _ = try RuleArguments.rule(rule, in: plan)
        var why: RuleWhy
        do {
            why = try RuleWhy(plan, rule: rule, models: ModelFiles.shared.runner)
        } catch { throw CommandFailure(.notRight, error.message) }
        var report: RuleWhy.Report?
        try input.forEachMessage { message, number, _ in
            // A row of a .csv file may take more lines than one.
            if number < line {
                why.take(message)
                return true
            }
            if number == line { report = why.explain(message) }
            return false
        }
        guard let report else {
            throw CommandFailure(.notRight, "\(input.input) has no message in line \(line)")
        }
        print(format == .json ? report.json + "\n" : report.text, terminator: "")
    }
}
