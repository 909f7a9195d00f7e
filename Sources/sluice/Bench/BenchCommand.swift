import ArgumentParser
import Foundation

/// `sluice bench`: how fast this machine runs the product's parts.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure how fast this machine runs rules and models.",
        subcommands: [BenchRulesCommand.self, BenchModelsCommand.self])
}

/// `sluice bench rules`: the engine alone, on one core, from the bytes of messages to the rules' decisions.
struct BenchRulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Measure rules on one core, from the bytes of messages to the decision.",
        discussion: """
            Payloads are JSON of about 120 bytes with six members. A rate is the best of three counts, since what disturbs \
            a count only makes it slower; pin the program with taskset for figures that compare.
            """)

    enum Format: String, ExpressibleByArgument { case text, json }

    @Option(help: "Seconds for each scenario.")
    var seconds = 1.5

    @Option(help: "Only scenarios whose name holds this text.")
    var only: String?

    @Flag(help: "Exit code 1 when a rate is below what is promised.")
    var gate = false

    @Option(help: "text or json.")
    var format: Format = .text

    private static var scenarios: [RuleScenario] {
        [.filter, .zscore, .summary, .hundred, .many(10), .many(10_000)]
            + [10, 100, 1_000, 10_000].map(RuleScenario.last)
            + [10, 100, 1_000, 10_000].map(RuleScenario.lastMilliseconds)
    }

    func validate() throws {
        guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds is more than 0 and at most 600") }
    }

    func run() throws {
        let chosen = Self.scenarios.filter { scenario in only.map { scenario.name.contains($0) } ?? true }
        guard !chosen.isEmpty else { throw CommandFailure(.wrongUsage, "no scenario's name holds that text") }
        var results: [RuleBench.Result] = []
        for scenario in chosen {
            do {
                var bench = try RuleBench(scenario)
                results.append(bench.run(seconds: seconds))
            } catch let failure as BenchFailure { throw CommandFailure(.cannotRun, failure.message) }
            if format == .text, let result = results.last { print(Self.line(result)) }
        }
        if format == .json { print(Self.json(results)) }
        if gate, !results.allSatisfy(\.isRight) { throw ExitCode(1) }
    }

    private static func line(_ result: RuleBench.Result) -> String {
        let name = result.name.padding(toLength: 48, withPad: " ", startingAt: 0)
        let unit = result.rulesPerMessage > 1 ? "evaluations/s" : "messages/s"
        let promise = result.required > 0 ? String(format: "  (promised: %.1f million)", result.required / 1e6) : ""
        return name
            + String(
                format: "%8.2f million %@ %8.0f ns per message%@", result.rate / 1e6, unit,
                result.nanosecondsPerMessage, promise)
    }

    private static func json(_ results: [RuleBench.Result]) -> String {
        let items = results.map {
            "{\"scenario\":\"\($0.name)\",\"per_second\":\(Int($0.rate)),"
                + "\"nanoseconds_per_message\":\(Int($0.nanosecondsPerMessage)),\"outputs\":\($0.outputs),"
                + "\"messages\":\($0.messages),\"promised_per_second\":\(Int($0.required))}"
        }
        return "{\"scenarios\":[\(items.joined(separator: ","))]}"
    }
}
