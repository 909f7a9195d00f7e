import ArgumentParser
import Foundation
import Messages
import RuleEngine
import RuleLanguage
import SluiceNode

/// `sluice why`: what one message, of a recording or live, went through in one rule.
struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Follow one message through a rule, of a recording or from a broker.",
        discussion: """
            With --input the message is that of --line; all messages above it run through the rules first, so that \
            windows and alarms are as they were. With --host the rule's topics are subscribed to, and the next message \
            that the rule takes is followed; windows begin empty then.

            Exit codes: 0 done; 1 the rules have errors, or no such message came; 2 wrong usage; 3 no connection, or \
            the recording can't be read.
            """,
        helpNames: [.long])

    @Argument(help: ArgumentHelp("Name of the rule.", valueName: "rule"))
    var rule: String

    @Argument(help: ArgumentHelp("Rule files, or folders of them.", valueName: "rules"))
    var paths: [String] = ["rules"]

    @Option(help: "Recording: .ndjson, or .csv with a header; \"-\" reads lines from standard input.")
    var input: String?

    @Option(help: "Recording: the line of the message, from 1.")
    var line: Int?

    @Option(help: "CSV: the column that holds the time (RFC 3339, YYYY-MM-DD HH:MM:SS in UTC, or milliseconds).")
    var timeColumn: String?

    @Option(help: "CSV: the topic of each row, with columns as {captures}. Live: show only messages on this topic.")
    var topic: String?

    @OptionGroup var client: MQTTClientOptions

    @Option(name: [.customShort("C"), .long], help: "Live: end after so many messages (default: 1).")
    var count: Int?

    @Option(help: "Live: wait at most so many seconds.")
    var seconds: Double?

    @Option(help: "Live: let so many messages that the rule takes pass first, so that windows fill.")
    var warm: Int?

    @Option(help: "Live: let the messages of so many seconds pass first.")
    var after: Double?

    @Option(help: "text, or json: one object per line.")
    var format: CheckCommand.Format = .text

    func validate() throws {
        switch (input != nil, client.namesServer) {
        case (false, false):
            throw ValidationError("say where the message comes from: --input FILE --line N, or --host HOST")
        case (true, true): throw ValidationError("--input is for a recording and --host for a broker; leave one out")
        case (true, false): try validateRecording()
        case (false, true): try validateLive()
        }
    }

    private func validateRecording() throws {
        guard let line else { throw ValidationError("--input needs --line, the line of the message") }
        if line < 1 { throw ValidationError("lines count from 1") }
        if count != nil || seconds != nil || warm != nil || after != nil {
            throw ValidationError("--count, --seconds, --warm and --after are for --host")
        }
        try recording.validate()
    }

    private func validateLive() throws {
        if line != nil || timeColumn != nil { throw ValidationError("--line and --time-column are for --input") }
        if let count, count < 1 { throw ValidationError("--count is at least 1") }
        if let warm, warm < 0 { throw ValidationError("--warm is at least 0") }
        for (name, value) in [("seconds", seconds), ("after", after)] {
            if let value, !(value > 0 && value <= 1.0e9) { throw ValidationError("--\(name) is more than 0") }
        }
        if let seconds, let after, after >= seconds {
            throw ValidationError("--after must be less than --seconds, or no message is left to show")
        }
        if let topic, !TopicText.isName(topic.utf8) {
            throw ValidationError("--topic '\(topic)' is not the topic of a message; it has no wildcards")
        }
    }

    private var recording: ReplayInput {
        var result = ReplayInput()
        result.input = input ?? ""
        result.topic = topic
        result.timeColumn = timeColumn
        return result
    }

    func run() throws {
        let plan = try RuleArguments.compile(paths)
        let asked = try RuleArguments.rule(rule, in: plan)
        guard let line else {
            try followLive(asked)
            return
        }
        var why = try Self.why(plan, asked)
        var report: RuleWhy.Report?
        try recording.forEachMessage { message, number, _ in
            // A row of a .csv file may take more lines than one.
            if number < line {
                why.take(message)
                return true
            }
            if number == line { report = why.explain(message) }
            return false
        }
        guard let report else {
            throw CommandFailure(.notRight, "\(input ?? "") has no message in line \(line)")
        }
        _ = Self.write(report, format)
    }

    static func why(_ plan: RuleSetPlan, _ rule: RulePlan) throws -> RuleWhy {
        do {
            return try RuleWhy(plan, rule: rule.name, models: ModelFiles.shared.runner)
        } catch { throw CommandFailure(.notRight, error.message) }
    }

    /// False when nobody reads any more.
    static func write(_ report: RuleWhy.Report, _ format: CheckCommand.Format) -> Bool {
        StandardOutput.write(Array((format == .json ? report.json + "\n" : report.text).utf8))
    }
}
