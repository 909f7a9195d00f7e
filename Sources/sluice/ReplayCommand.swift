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

    @Flag(help: "At the end, say how many messages each step of each rule let through.")
    var stats = false

    @Option(
        help: ArgumentHelp(
            "Rules to compare with: write only outputs that the rules add (+) and no longer give (-).",
            valueName: "old rules"))
    var diff: String?

    func run() throws {
        let plan = try RuleArguments.compile(paths)
        let engine = try engine(plan)
        if let diff {
            try compare(engine, with: RuleArguments.compile([diff]))
        } else {
            try replay(engine)
        }
    }

    private func engine(_ plan: RuleSetPlan) throws -> RuleEngine {
        do {
            let engine = try RuleEngine(
                plan, options: RuleEngine.Options(node: "replay", epoch: "0"), clockNanoseconds: 0)
            engine.runner = ModelFiles.shared.runner(engine.models)
            return engine
        } catch { throw CommandFailure(.notRight, error.message) }
    }

    private func replay(_ engine: RuleEngine) throws {
        var run = ReplayRun(engine)
        let writer = OutputWriter(engineTopics: engineTopics)
        var progress = ReplayProgress()
        try input.forEachMessage { message, _, share in
            progress.show(share)
            writer.write { run.take(message, into: &$0) }
            return true
        }
        writer.write { run.finish(drain: drain, into: &$0) }
        progress.clear()
        writer.flush()
        tell(run.statistics, earlierLines: run.earlierLines)
    }

    private func compare(_ engine: RuleEngine, with old: RuleSetPlan) throws {
        var comparison = ReplayDiff(old: try self.engine(old), new: engine, engineTopics: engineTopics)
        var progress = ReplayProgress()
        try input.forEachMessage { message, _, share in
            progress.show(share)
            comparison.take(message)
            return true
        }
        var text: [UInt8] = []
        comparison.finish(drain: drain, into: &text)
        progress.clear()
        FileHandle.standardOutput.write(Data(text))
        note(
            "\(comparison.addedCount) outputs are new, \(comparison.removedCount) are gone, "
                + "\(comparison.sameCount) are the same")
        tell(comparison.statistics, earlierLines: comparison.earlierLines)
    }

    private func tell(_ statistics: [RuleStatistics], earlierLines: Int) {
        if earlierLines > 0 {
            note("\(earlierLines) lines had a time before the line above them and were taken at the clock")
        }
        if stats {
            FileHandle.standardError.write(Data(statistics.map(\.text).joined().utf8))
            return
        }
        for rule in statistics where rule.counters.decodeErrors > 0 {
            note("rule \(rule.rule): \(rule.counters.decodeErrors) payloads could not be decoded")
        }
        let silent = statistics.filter(\.neverPublished).map(\.rule)
        if !silent.isEmpty {
            let names = silent.prefix(5).joined(separator: ", ") + (silent.count > 5 ? " and others" : "")
            note("nothing was published by \(names); --stats says how far the messages got")
        }
    }

    private func note(_ text: String) { FileHandle.standardError.write(Data("sluice: \(text)\n".utf8)) }
}

/// How far a replay is, on a terminal that does not show the outputs themselves.
private struct ReplayProgress {
    private static let pause = Duration.milliseconds(200)
    private let isShown = isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 0
    private var last = ContinuousClock.now
    private var calls = 0
    private var hasShown = false

    mutating func show(_ share: Double) {
        calls &+= 1
        guard isShown, calls % 256 == 0, ContinuousClock.now - last > ReplayProgress.pause else { return }
        last = ContinuousClock.now
        hasShown = true
        write("\r\(Int(share * 100)) %")
    }

    mutating func clear() { if hasShown { write("\r\u{1B}[K") } }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
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
