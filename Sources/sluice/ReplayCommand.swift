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

    @Option(help: "Recording: .ndjson, or .csv with a header; \"-\" reads lines from standard input.")
    var input: String

    @Option(help: "CSV: the topic of each row, with columns as {captures}: 'sensors/{id}/reading'.")
    var topic: String?

    @Option(help: "CSV: the column that holds the time (RFC 3339, YYYY-MM-DD HH:MM:SS in UTC, or milliseconds).")
    var timeColumn: String?

    @Flag(inversion: .prefixedNo, help: "Let time run on at the end until no window is left open.")
    var drain = true

    @Flag(help: "Write the engine's own messages ($sluice/…) too.")
    var engineTopics = false

    func validate() throws {
        guard input.hasSuffix(".csv") else {
            if topic != nil || timeColumn != nil {
                throw ValidationError("--topic and --time-column are for .csv files")
            }
            return
        }
        if topic == nil || timeColumn == nil {
            throw ValidationError("a .csv file needs --topic and --time-column")
        }
    }

    func run() throws {
        let plan = try compile()
        let engine: RuleEngine
        do {
            engine = try RuleEngine(
                plan, options: RuleEngine.Options(node: "replay", epoch: "0"), clockNanoseconds: 0)
        } catch { throw CommandFailure(.notRight, error.message) }
        var run = ReplayRun(engine)
        let writer = OutputWriter(engineTopics: engineTopics)
        if input.hasSuffix(".csv") {
            try replayTable(&run, writer)
        } else {
            try replayLines(&run, writer)
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

    private func compile() throws -> RuleSetPlan {
        let sources: [RuleSourceFile]
        do {
            sources = try RuleFiles.read(paths)
        } catch { throw CommandFailure(.cannotRun, error.description) }
        let compilation = RuleFiles.compile(sources)
        guard let plan = compilation.plan else {
            throw CommandFailure(.notRight, compilation.diagnostics.text)
        }
        return plan
    }

    private func replayTable(_ run: inout ReplayRun, _ writer: OutputWriter) throws {
        var reader = CSVReader(try contents())
        do {
            guard let header = try reader.next() else { throw CommandFailure(.cannotRun, "\(input) is empty") }
            // A recording of one sensor names it by its file.
            let stem = ((input as NSString).lastPathComponent as NSString).deletingPathExtension
            let names = Set(
                (topic ?? "").split(separator: "/").filter { $0.hasPrefix("{") }.map {
                    String($0.dropFirst().dropLast())
                })
            let table = try ReplayTable(
                header: header, topic: topic ?? "", timeColumn: timeColumn ?? "",
                captureTexts: Dictionary(uniqueKeysWithValues: names.map { ($0, stem) }))
            while let row = try reader.next() {
                let line = try table.line(row)
                writer.write { run.take(line, into: &$0) }
            }
        } catch let error as RuleEngineError {
            throw CommandFailure(.cannotRun, "\(input):\(reader.line): \(error.message)")
        }
    }

    private func replayLines(_ run: inout ReplayRun, _ writer: OutputWriter) throws {
        var number = 0
        for text in try contents().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let bytes = text.last == UInt8(ascii: "\r") ? text.dropLast() : text
            if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
            do {
                let line = try ReplayLine.parse(Array(bytes))
                writer.write { run.take(line, into: &$0) }
            } catch { throw CommandFailure(.cannotRun, "\(input):\(number): \(error.message)") }
        }
    }

    private func contents() throws -> [UInt8] {
        if input == "-" { return Array(FileHandle.standardInput.readDataToEndOfFile()) }
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: input)))
        } catch {
            throw CommandFailure(.cannotRun, "can't read \(input): check that it exists and may be read")
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
