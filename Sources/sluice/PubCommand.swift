import ArgumentParser
import Glibc
import Messages
import MosquittoClient
import Synchronization

/// `sluice pub`: publishes and waits for the acknowledgements.
struct PubCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pub",
        abstract: "Publish messages to a broker.",
        discussion: """
            Options are named as mosquitto_pub names them. The command ends when the broker has acknowledged every \
            message (QoS 0: when it is sent).

            Exit codes: 0 done; 1 the broker refused a message; 2 wrong usage; 3 no connection.
            """,
        helpNames: [.long])

    @OptionGroup var client: MQTTClientOptions

    @Option(name: [.customShort("t"), .long], help: "Topic.")
    var topic: String?

    @Option(name: [.customShort("m"), .long], parsing: .unconditional, help: "Payload.")
    var message: String?

    @Option(name: [.customShort("f"), .long], help: "File whose content is the payload.")
    var file: String?

    @Flag(name: [.customShort("l"), .customLong("stdin-line")], help: "One message for each line of standard input.")
    var readsLines = false

    @Flag(name: [.customShort("s"), .customLong("stdin-file")], help: "Standard input as one payload.")
    var readsInput = false

    @Flag(name: [.customShort("n"), .customLong("null-message")], help: "An empty payload.")
    var isEmpty = false

    @Option(name: [.customShort("q"), .long], help: "QoS: 0, 1 or 2.")
    var qos: UInt8 = 0

    @Flag(name: [.customShort("r"), .long], help: "Retain the message.")
    var retain = false

    @Option(name: .customLong("repeat"), help: "Publish the message so many times.")
    var repeatCount = 1

    @Option(name: [.customShort("M"), .customLong("max-inflight")], help: "QoS 1 and 2 messages under way at most.")
    var inflightMax = 20

    func run() throws {
        let topic = try self.topic ?? client.urlTopic()
        guard let topic else { throw CommandFailure(.wrongUsage, "A topic is missing; give one with -t") }
        guard TopicText.isName(topic.utf8) else {
            throw CommandFailure(
                .wrongUsage, "'\(topic)' is not a topic to publish to; it must not be empty or hold + or #")
        }
        guard let qos = QoS(rawValue: qos) else { throw CommandFailure(.wrongUsage, "-q is 0, 1 or 2") }
        guard repeatCount >= 1 else { throw CommandFailure(.wrongUsage, "--repeat is at least 1") }
        guard (1...1_000).contains(inflightMax) else { throw CommandFailure(.wrongUsage, "-M is 1 to 1000") }
        let payload = try self.payload()
        let properties = try client.properties(of: "publish")
        let connection = try client.connectionOptions()
        if !properties.isEmpty, connection.version != .v5 {
            throw CommandFailure(.wrongUsage, "Properties (-D) need MQTT 5; leave -V out")
        }
        let failures = PublishFailures()
        try reportingUsage {
            let session = try MosquittoSession(.init(connection: connection, window: inflightMax))
            try session.connect()
            let send = { (payload: [UInt8]) throws(MosquittoError) in
                try session.publish(
                    topic: Array(topic.utf8), payload: payload, qos: qos, retain: retain, properties: properties,
                    completion: failures.note)
            }
            if let payload {
                for _ in 0..<repeatCount { try send(payload) }
            } else {
                var lines = StandardInput()
                while let line = lines.nextLine() { try send(line) }
            }
            session.disconnect(drainMilliseconds: Self.drainMilliseconds)
        }
        try failures.report(topic: topic)
    }

    /// Longer than the session's own acknowledgement timeout, which ends it before.
    private static let drainMilliseconds: Int64 = 60_000

    /// nil: lines from standard input.
    private func payload() throws -> [UInt8]? {
        let given = [message != nil, file != nil, readsLines, readsInput, isEmpty].count { $0 }
        guard given == 1 else {
            throw CommandFailure(.wrongUsage, "Say what to publish with exactly one of -m, -f, -l, -s and -n")
        }
        if readsLines { return nil }
        if let message { return Array(message.utf8) }
        if isEmpty { return [] }
        if let file {
            guard let bytes = StandardInput.contents(ofFile: file) else {
                throw CommandFailure(.cannotRun, "\(file) can't be read; check the path and its permissions")
            }
            return bytes
        }
        return StandardInput.contents(of: STDIN_FILENO)
    }
}

/// Counts messages that did not arrive.
final class PublishFailures: Sendable {
    private let state = Mutex((refused: 0, reason: UInt8(0), failed: 0, error: MosquittoError?.none))

    func note(_ outcome: MosquittoSession.Outcome) {
        switch outcome {
        case .acknowledged(let reason) where ReasonCode.isFailure(reason):
            state.withLock { state in
                state.refused += 1
                state.reason = reason
            }
        case .acknowledged:
            return
        case .failed(let error):
            state.withLock { state in
                state.failed += 1
                if state.error == nil { state.error = error }
            }
        }
    }

    func report(topic: String) throws {
        let (refused, reason, failed, error) = state.withLock { $0 }
        if failed > 0, let error {
            let count = failed == 1 ? "1 message was" : "\(failed) messages were"
            StandardError.say("\(count) not delivered")
            throw CommandFailure(error)
        }
        guard refused > 0 else { return }
        let count = refused == 1 ? "a message" : "\(refused) messages"
        throw CommandFailure(.notRight, "The broker refused \(count) for '\(topic)': \(ReasonCode.text(reason))")
    }
}

/// Bytes from standard input or a file, unchanged: payloads need not be text.
struct StandardInput {
    /// More than an MQTT packet can hold (MQTT 5, 2.1.4), so nothing larger can be a payload.
    private static let payloadBytesMax = 268_435_455

    private var buffer: [UInt8] = []
    private var position = 0
    /// No line feed before this one: a long line is searched once.
    private var searchStart = 0
    private var hasEnded = false

    /// The next line without its line feed; nil: the input has ended. A line longer than a packet ends the input too.
    mutating func nextLine() -> [UInt8]? {
        while true {
            if let end = buffer[searchStart...].firstIndex(of: UInt8(ascii: "\n")) {
                defer {
                    position = end + 1
                    searchStart = position
                }
                return Array(buffer[position..<end])
            }
            if hasEnded || buffer.count - position > Self.payloadBytesMax {
                defer {
                    position = buffer.count
                    searchStart = position
                }
                return position < buffer.count ? Array(buffer[position...]) : nil
            }
            buffer.removeFirst(position)
            position = 0
            searchStart = buffer.count
            readMore()
        }
    }

    private mutating func readMore() {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = read(STDIN_FILENO, &chunk, chunk.count)
        if count > 0 {
            buffer.append(contentsOf: chunk[..<count])
        } else if count == 0 || errno != EINTR {
            hasEnded = true
        }
    }

    static func contents(ofFile path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return contents(of: descriptor)
    }

    static func contents(of descriptor: Int32) -> [UInt8]? {
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while result.count <= payloadBytesMax {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return result }
            guard count > 0 else { return nil }
            result.append(contentsOf: chunk[..<count])
        }
        return nil
    }
}
