import ArgumentParser
import Dispatch
import Glibc
import Messages
import MosquittoClient
import Synchronization

/// `sluice sub`: prints messages as they arrive.
struct SubCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "sub",
        abstract: "Print the messages of topics.",
        discussion: """
            Options are named as mosquitto_sub names them. After an interruption the command connects and subscribes \
            again.

            Exit codes: 0 done; 1 fewer messages than -C in the time of -W, or a subscription was refused; \
            2 wrong usage; 3 no connection.
            """,
        helpNames: [.long])

    @OptionGroup var client: MQTTClientOptions

    @Option(name: [.customShort("t"), .long], help: "Topic filter; may be repeated.")
    var topic: [String] = []

    @Option(name: [.customShort("q"), .long], help: "QoS of the subscription: 0, 1 or 2.")
    var qos: UInt8 = 0

    @Option(name: [.customShort("C"), .customLong("count")], help: "End after so many messages.")
    var count: Int?

    @Option(name: [.customShort("W"), .customLong("timeout")], help: "End after so many seconds.")
    var timeoutSeconds: Double?

    @Flag(name: [.customShort("v"), .long], help: "Print the topic before the payload.")
    var verbose = false

    @Flag(name: [.customShort("N"), .customLong("no-newline")], help: "No line feed after a payload.")
    var omitsLineFeed = false

    @Flag(name: [.customShort("R"), .customLong("no-retained")], help: "Leave retained messages out.")
    var skipsRetained = false

    @Option(help: "text, or json: one object per line with topic, payload, qos, retain and properties.")
    var format = Format.text

    func run() throws {
        var filters = topic
        if let urlTopic = try client.urlTopic() { filters.append(urlTopic) }
        guard !filters.isEmpty else { throw CommandFailure(.wrongUsage, "A topic filter is missing; give one with -t") }
        for filter in filters where !TopicText.isFilter(filter.utf8) {
            throw CommandFailure(
                .wrongUsage,
                "'\(filter)' is not a topic filter; # may only be the last level, + only a whole level")
        }
        guard let qos = QoS(rawValue: qos) else { throw CommandFailure(.wrongUsage, "-q is 0, 1 or 2") }
        if let count, count < 1 { throw CommandFailure(.wrongUsage, "-C is at least 1") }
        if let timeoutSeconds, !(timeoutSeconds > 0 && timeoutSeconds <= Self.timeoutSecondsMax) {
            throw CommandFailure(.wrongUsage, "-W is more than 0 seconds")
        }
        let connection = try client.connectionOptions()
        let printer = MessagePrinter(
            format: format, withTopic: verbose, lineFeed: !omitsLineFeed, skipsRetained: skipsRetained, countMax: count)
        let signals = EndSignals { printer.end() }
        try reportingUsage {
            let session = try MosquittoSession(
                .init(connection: connection, reconnects: true),
                handlers: .init(
                    message: { printer.print($0) },
                    disconnected: { StandardError.say("\($0.message); connecting again") }))
            try session.connect()
            for filter in filters {
                do {
                    try session.subscribe(filter: filter, qos: qos)
                } catch let error as MosquittoError {
                    guard case .refused = error.code else { throw error }
                    session.disconnect()
                    throw CommandFailure(.notRight, error.message)
                }
            }
            printer.wait(seconds: timeoutSeconds)
            session.disconnect(drainMilliseconds: 1_000)
        }
        signals.cancel()
        guard let count, printer.printedCount < count, !printer.wasInterrupted else { return }
        throw CommandFailure(
            .notRight,
            "\(printer.printedCount) of \(count) messages came in \(timeoutSeconds ?? 0) seconds")
    }

    private static let timeoutSecondsMax = 1.0e9
}

/// Writes messages to standard output, on the session's thread.
final class MessagePrinter: Sendable {
    private let format: SubCommand.Format
    private let withTopic: Bool
    private let lineFeed: Bool
    private let skipsRetained: Bool
    private let countMax: Int?
    private let state = Mutex((printed: 0, isOver: false, wasInterrupted: false))
    private let over = DispatchSemaphore(value: 0)

    init(format: SubCommand.Format, withTopic: Bool, lineFeed: Bool, skipsRetained: Bool, countMax: Int?) {
        self.format = format
        self.withTopic = withTopic
        self.lineFeed = lineFeed
        self.skipsRetained = skipsRetained
        self.countMax = countMax
    }

    var printedCount: Int { state.withLock { $0.printed } }
    var wasInterrupted: Bool { state.withLock { $0.wasInterrupted } }

    func print(_ message: ReceivedMessage) {
        if skipsRetained, message.retain { return }
        let isOver = state.withLock { state in
            guard !state.isOver else { return true }
            state.printed += 1
            if let countMax, state.printed >= countMax { state.isOver = true }
            return false
        }
        guard !isOver else { return }
        var bytes: [UInt8] = []
        switch format {
        case .text:
            if withTopic { bytes += message.topic + [UInt8(ascii: " ")] }
            bytes += message.payload
            if lineFeed { bytes.append(UInt8(ascii: "\n")) }
        case .json:
            bytes = Array(JSONLine.text(message).utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        let isWritten = StandardOutput.write(bytes)
        if !isWritten { end() }
        if let countMax, printedCount >= countMax { over.signal() }
    }

    /// Ends the command without an error: a signal came, or nobody reads the output any more.
    func end() {
        state.withLock { state in
            state.isOver = true
            state.wasInterrupted = true
        }
        over.signal()
    }

    func wait(seconds: Double?) {
        if let seconds {
            _ = over.wait(timeout: .now() + seconds)
        } else {
            over.wait()
        }
    }
}

/// A message as one line of JSON. A payload that is not text is given as `payloadBase64`.
enum JSONLine {
    static func text(_ message: ReceivedMessage) -> String {
        var line = "{\"topic\":" + string(message.topicText)
        if let payload = String(validating: message.payload, as: UTF8.self) {
            line += ",\"payload\":" + string(payload)
        } else {
            line += ",\"payloadBase64\":\"" + base64(message.payload) + "\""
        }
        line += ",\"qos\":\(message.qos.rawValue),\"retain\":\(message.retain),\"properties\":{"
        line += properties(message.properties).joined(separator: ",")
        return line + "}}"
    }

    private static func properties(_ properties: PublishProperties) -> [String] {
        var parts: [String] = []
        if let isText = properties.payloadIsText { parts.append("\"payload-format-indicator\":\(isText ? 1 : 0)") }
        if let seconds = properties.expirySeconds { parts.append("\"message-expiry-interval\":\(seconds)") }
        if let type = properties.contentType { parts.append("\"content-type\":" + string(type)) }
        if let topic = properties.responseTopic { parts.append("\"response-topic\":" + string(topic)) }
        if let data = properties.correlationData { parts.append("\"correlation-data\":\"" + base64(data) + "\"") }
        if !properties.user.isEmpty {
            // A name may come several times, and the order counts: hence a list.
            let pairs = properties.user.map { "{\"name\":\(string($0.name)),\"value\":\(string($0.value))}" }
            parts.append("\"user-properties\":[" + pairs.joined(separator: ",") + "]")
        }
        return parts
    }

    static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var value: UInt32 = 0
            for byte in group { value = value << 8 | UInt32(byte) }
            value <<= UInt32(8 * (3 - group.count))
            for position in 0..<4 {
                let index = Int(value >> UInt32(18 - 6 * position)) & 63
                result.append(position <= group.count ? alphabet[index] : UInt8(ascii: "="))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// SIGINT and SIGTERM end a command in order instead of killing it, so that DISCONNECT is sent and no will published.
struct EndSignals {
    private let sources: [any DispatchSourceSignal]

    init(_ handler: @escaping @Sendable () -> Void) {
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler(handler: handler)
            source.resume()
            return source
        }
    }

    func cancel() { for source in sources { source.cancel() } }
}
