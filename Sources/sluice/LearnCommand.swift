import ArgumentParser
import Foundation
import Messages
import MosquittoClient
import RuleEngine
import RuleLanguage
import Synchronization

/// `sluice learn`: what messages look like, as the `from` of a rule.
struct LearnCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "learn",
        abstract: "Look at messages and write the from of a rule for them, with a schema.",
        discussion: """
            Listens to the topic filter TOPIC for a while, or reads a recording, and prints a "from" with the types of \
            the fields. Comments say how often each field was there and what it held. {name} in TOPIC stands for + and \
            names the level.

            Exit codes: 0 done; 1 no message came; 2 wrong usage; 3 no connection, or the recording can't be read.
            """,
        helpNames: [.long])

    @Argument(
        help: ArgumentHelp("Topic filter, such as 'sensors/+/reading' or 'sensors/{sensor}/#'.", valueName: "topic"))
    var topic: String?

    @OptionGroup var client: MQTTClientOptions

    @Option(help: "Listen for so many seconds.")
    var seconds: Double = 10

    @Option(name: [.customShort("C"), .long], help: "End after so many messages.")
    var count: Int?

    @Option(help: "A recording in place of a broker: .ndjson, or .csv with a header; \"-\" is standard input.")
    var input: String?

    @Option(help: "CSV: the column that holds the time; TOPIC is then the topic of each row, with {columns}.")
    var timeColumn: String?

    func validate() throws {
        if !(seconds > 0 && seconds <= 1.0e9) { throw ValidationError("--seconds is more than 0") }
        if let count, count < 1 { throw ValidationError("--count is at least 1") }
        if timeColumn != nil, input?.hasSuffix(".csv") != true {
            throw ValidationError("--time-column is for .csv files")
        }
        if let input, input.hasSuffix(".csv"), topic == nil || timeColumn == nil {
            throw ValidationError("a .csv file needs TOPIC and --time-column")
        }
        if input == nil, topic == nil, client.url == nil {
            throw ValidationError("a topic filter is missing, such as 'sensors/+/reading'")
        }
    }

    func run() throws {
        let asked = try topic ?? client.urlTopic() ?? "#"
        var learner = SchemaLearner(topic: asked)
        guard TopicText.isFilter(learner.filter.utf8) else {
            throw CommandFailure(
                .wrongUsage, "'\(asked)' is not a topic filter; + and {name} are whole levels, # is the last one")
        }
        if let input {
            try read(input, &learner)
        } else {
            learner = try listen(learner)
        }
        guard learner.messageCount > 0 else {
            throw CommandFailure(
                .notRight,
                input == nil
                    ? "no message came on \(learner.filter); listen longer with --seconds, or try the filter '#'"
                    : "the recording has no message on \(learner.filter)")
        }
        print(learner.text(), terminator: "")
        guard learner.leftOutCount > 0 else { return }
        let messages = learner.leftOutCount == 1 ? "1 message" : "\(learner.leftOutCount) messages"
        StandardError.say("left out: \(messages) on other topics, or beyond the limits")
    }

    private func read(_ input: String, _ learner: inout SchemaLearner) throws {
        var recording = ReplayInput()
        recording.input = input
        recording.topic = input.hasSuffix(".csv") ? topic : nil
        recording.timeColumn = timeColumn
        try recording.forEachMessage { line, _, _ in
            learner.take(topic: line.topic, payload: line.payload, timeNanoseconds: line.timeNanoseconds)
            return learner.messageCount < count ?? .max
        }
    }

    private func listen(_ learner: consuming SchemaLearner) throws -> SchemaLearner {
        let filter = learner.filter
        let listener = LearnListener(learner, countMax: count ?? .max)
        let signals = EndSignals { listener.end() }
        try reportingUsage {
            let session = try MosquittoSession(
                .init(connection: try client.connectionOptions(), reconnects: true),
                handlers: .init(
                    message: { listener.take($0) },
                    disconnected: { StandardError.say("\($0.message); connecting again") }))
            try session.connect()
            do {
                try session.subscribe(filter: filter, qos: .atMostOnce)
            } catch let error as MosquittoError {
                guard case .refused = error.code else { throw error }
                session.disconnect()
                throw CommandFailure(.notRight, error.message)
            }
            listener.wait(seconds: seconds)
            session.disconnect(drainMilliseconds: 1_000)
        }
        signals.cancel()
        return listener.result()
    }
}

/// Collects messages on the session's thread.
private final class LearnListener: Sendable {
    private let learner: Mutex<SchemaLearner>
    private let countMax: Int
    private let over = DispatchSemaphore(value: 0)

    init(_ learner: consuming sending SchemaLearner, countMax: Int) {
        self.learner = Mutex(learner)
        self.countMax = countMax
    }

    func take(_ message: ReceivedMessage) {
        let now = Int64(Date().timeIntervalSince1970 * 1e9)
        let isOver = learner.withLock { learner in
            guard learner.messageCount < countMax else { return true }
            learner.take(topic: message.topic, payload: message.payload, timeNanoseconds: now)
            return learner.messageCount >= countMax
        }
        if isOver { over.signal() }
    }

    func end() { over.signal() }
    func wait(seconds: Double) { _ = over.wait(timeout: .now() + seconds) }
    func result() -> SchemaLearner { learner.withLock { $0 } }
}
