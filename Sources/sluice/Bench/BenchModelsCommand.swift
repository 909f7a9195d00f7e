import ArgumentParser
import Foundation
import Inference
import RuleEngine
import RuleLanguage
import SluiceNode

/// `sluice bench models`: a model in a rule, on one core, from the bytes of messages to the rule's decision.
struct BenchModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Measure a model in a rule on one core, from the bytes of messages to the decision.",
        discussion: """
            The model takes one input of 32-bit floats. Messages carry them as a JSON list. "alone" and "together" are \
            the model without a rule, for one row and for 256; "single" runs it for one message at a time, "batched" for up to 256 messages of 1,000 groups together.
            All figures are for one message or row.
            """)

    @Option(help: "The ONNX file.")
    var model: String

    @Option(help: "Seconds for each figure.")
    var seconds = 1.5

    @Flag(help: "Exit code 1 when rows together are less than 5 times as fast as alone.")
    var gate = false

    @Option(help: "text or json.")
    var format: BenchRulesCommand.Format = .text

    func validate() throws {
        guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds is more than 0 and at most 600") }
    }

    func run() throws {
        let opened = try open()
        let alone = measure(opened, rows: 1)
        let together = measure(opened, rows: OnnxModel.batchRowsMax)
        var single = try RuleBench(.model(opened.signature, topics: 1), runsModels: .single(opened))
        let one = single.run(seconds: seconds)
        var batched = try RuleBench(.model(opened.signature, topics: 1_000), runsModels: .batched(opened))
        let many = batched.run(seconds: seconds)
        let speedup = alone / together
        let figures: [(String, Double)] = [
            ("alone", alone), ("together", together), ("single", one.nanosecondsPerMessage),
            ("batched", many.nanosecondsPerMessage),
        ]
        switch format {
        case .text:
            for (name, nanoseconds) in figures {
                print(
                    name.padding(toLength: 12, withPad: " ", startingAt: 0) + String(format: "%10.0f ns", nanoseconds))
            }
            print(String(format: "rows together are %.1f times as fast as alone", speedup))
        case .json:
            let members = figures.map { "\"\($0.0)_nanoseconds\":\(Int($0.1))" }.joined(separator: ",")
            print("{\(members),\"speedup\":\(String(format: "%.2f", speedup))}")
        }
        if gate, speedup < 5 { throw ExitCode(1) }
    }

    private func open() throws -> OnnxModel {
        switch ModelFiles.shared.attachment(model) {
        case .unusable(let reason): throw CommandFailure(.notRight, "\(model) can't be used: \(reason)")
        case .noRuntime(let reason): throw CommandFailure(.cannotRun, reason)
        case .model(let signature):
            let plan = ModelPlan(name: "model", path: model, signature: signature, results: ModelResults())
            guard let opened = ModelFiles.shared.models([plan])[0], signature.inputs.count == 1,
                case .tensor(.float32) = signature.inputs[0].kind
            else { throw CommandFailure(.notRight, "\(model) does not take one input of 32-bit floats") }
            return opened
        }
    }

    /// Nanoseconds for one row without a rule when `count` are run together, the best of some rounds.
    private func measure(_ model: OnnxModel, rows count: Int) -> Double {
        let rows = [UInt8](repeating: 0, count: model.rowByteCount * count)
        var result: [UInt8] = []
        var ends: [Int] = []
        var best = Double.infinity
        rows.withUnsafeBytes { rows in
            for _ in 0..<3 {
                var runs = 0
                let begin = DemoClock.seconds()
                var passed = 0.0
                while passed < seconds / 3 {
                    for _ in 0..<64 {
                        result.removeAll(keepingCapacity: true)
                        ends.removeAll(keepingCapacity: true)
                        _ = model.run(rows: rows, count: count, results: &result, ends: &ends)
                    }
                    runs += 64
                    passed = DemoClock.seconds() - begin
                }
                best = min(best, passed * 1e9 / Double(runs * count))
            }
        }
        return best
    }
}

extension RuleScenario {
    /// Messages with the elements of one row in a list, for each of `topics` groups.
    static func model(_ signature: ModelSignature, topics: Int) -> RuleScenario {
        let width = signature.inputs[0].rowElementCount ?? 1
        return RuleScenario(
            name: "model",
            rules: """
                model m from "m.onnx"
                rule asked {
                  from "sensors/{sensor}/reading"
                  let answer = m(.x)
                  where answer.time_ms < 0
                  publish "cloud/{sensor}" { answer }
                }
                """,
            topics: sensors(topics),
            payload: { number in
                let elements = (0..<width).map { String(Double(Int(value(number * width + $0) * 100)) / 10_000) }
                return "{\"x\":[\(elements.joined(separator: ","))]}"
            })
    }
}
