import ArgumentParser
import Foundation
import RuleEngine
import RuleLanguage
import SluiceNode

/// `sluice replay`: recorded messages through rules, on the clock of the recording.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run recorded messages through rules and write what they would have published.",
        discussion: """
            Reads lines {"topic": "...", "payload": <any JSON>, "time": <ms>} from --input FILE.ndjson, or a CSV file with \
            --topic and --time-column. Writes one line per output to standard output; notes go to standard error.
            """)

    @Argument(help: ArgumentHelp("Rule files, or folders of them.", valueName: "rules"))
    var paths: [String]

    @OptionGroup var input: ReplayInput

    @Flag(inversion: .prefixedNo, help: "Let time run on at the end until no window is left open.")
    var drain = true

    @Flag(help: "Write the engine's own messages ($sluice/…) too.")
    var engineTopics = false

    func run() throws {
        let plan = try RuleArguments.compile(paths)
        let engine: RuleEngine
        do {
            engine = try RuleEngine(
                plan, options: RuleEngine.Options(node: "replay", epoch: "0"), clockNanoseconds: 0)
        } catch { throw CommandFailure(.notRight, error.message) }
        var run = ReplayRun(engine)
        let writer = OutputWriter(engineTopics: engineTopics)
        try input.forEachMessage { message, _, _ in
            writer.write { run.take(message, into: &$0) }
            return true
        }
        writer.write { run.finish(drain: drain, into: &$0) }
        writer.flush()
        if run.earlierLines > 0 {
            note("\(run.earlierLines) lines had a time before the line above them and were taken at the clock")
        }
        for counters in engine.counters where counters.decodeErrors > 0 {
            note("rule \(counters.rule): \(counters.decodeErrors) payloads could not be decoded")
        }
    }

    private func note(_ text: String) { FileHandle.standardError.write(Data("sluice: \(text)\n".utf8)) }
}

/// Gathers lines and writes them in pieces: a replay may have millions.
private final class OutputWriter {
    private static let pieceBytes = 65_536
    private let engineTopics: Bool
    private var outputs: [RuleOutput] = []
    private var bytes: [UInt8] = []

    init(engineTopics: Bool) { self.engineTopics = engineTopics }

    func write(_ produce: (inout [RuleOutput]) -> Void) {
        produce(&outputs)
        guard !outputs.isEmpty else { return }
        for output in outputs where engineTopics || !output.isEngineTopic {
            ReplayOutput.append(output, to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        }
        outputs.removeAll(keepingCapacity: true)
        if bytes.count >= Self.pieceBytes { flush() }
    }

    func flush() {
        FileHandle.standardOutput.write(Data(bytes))
        bytes.removeAll(keepingCapacity: true)
    }
}
