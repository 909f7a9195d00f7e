import ArgumentParser
import Glibc
import Messages
import MosquittoClient

/// What `sluice pub` and `sluice sub` share: where to connect and as whom. Named as mosquitto_pub and mosquitto_sub do.
struct MQTTClientOptions: ParsableArguments {
    @Option(
        name: [.customShort("L"), .long],
        help: ArgumentHelp(
            "Broker as mqtt://host:port or mqtts://host:port; user:password@ and /topic are read too.",
            valueName: "url"))
    var url: String?

    @Option(name: [.customShort("h"), .long], help: "Broker's host name or address (default: 127.0.0.1).")
    var host: String?

    @Option(name: [.customShort("p"), .long], help: "Broker's port (default: 1883, with TLS 8883).")
    var port: Int?

    @Option(name: [.customShort("i"), .long], help: "Client id (default: the broker gives one).")
    var id: String?

    @Option(name: [.customShort("u"), .long], help: "User name.")
    var username: String?

    @Option(name: [.customShort("P"), .customLong("pw")], help: "Password.")
    var password: String?

    @Option(
        name: [.customShort("V"), .customLong("protocol-version")],
        help: "Version of MQTT: mqttv5 or 5 (default), mqttv311 or 311.")
    var protocolVersion = "5"

    @Option(name: [.customShort("k"), .long], help: "Keep alive in seconds; 0: off.")
    var keepalive = 60

    @Flag(name: [.customShort("c"), .customLong("disable-clean-session")], help: "Keep the session (needs -i).")
    var keepsSession = false

    @Option(
        name: [.customShort("x"), .customLong("session-expiry-interval")], parsing: .unconditional,
        help: "Seconds the broker keeps the session; -1: for ever (default with -c).")
    var sessionExpiry: Int64?

    @Option(help: "File with the trusted authorities' certificates; turns TLS on.")
    var cafile: String?

    @Option(help: "File with this client's certificate.")
    var cert: String?

    @Option(help: "File with the certificate's key.")
    var key: String?

    @Flag(help: "Use TLS with the authorities the operating system trusts.")
    var tlsUseOsCerts = false

    @Flag(help: "Accept a certificate for another host name. For tests only.")
    var insecure = false

    @Option(help: "Topic of the will.")
    var willTopic: String?

    @Option(help: "Payload of the will (default: empty).")
    var willPayload: String?

    @Option(help: "QoS of the will.")
    var willQos: UInt8 = 0

    @Flag(help: "Retain the will.")
    var willRetain = false

    @Option(
        name: [.customShort("D"), .long], parsing: .upToNextOption,
        help: ArgumentHelp(
            "MQTT 5 property: COMMAND IDENTIFIER VALUE, for user-property NAME VALUE; may be repeated.",
            valueName: "command identifier value"))
    var property: [String] = []
}

extension MQTTClientOptions {
    /// Whether the user said where the broker is.
    var namesServer: Bool { host != nil || url != nil }

    /// The topic that a URL named.
    func urlTopic() throws -> String? {
        guard let url else { return nil }
        return try reportingUsage { try BrokerURL(parsing: url).topic }
    }

    func connectionOptions() throws -> ConnectionOptions {
        let version: ProtocolVersion =
            switch protocolVersion.lowercased() {
            case "5", "mqttv5": .v5
            case "311", "3.1.1", "mqttv311": .v311
            default: throw CommandFailure(.wrongUsage, "-V \(protocolVersion) is not a version; use mqttv5 or mqttv311")
            }
        let place = try self.place()
        var options = ConnectionOptions(host: place.host, port: place.port, version: version)
        options.clientID = id
        options.cleanStart = !keepsSession
        options.keepAliveSeconds = keepalive
        options.username = username ?? place.username
        options.password = password ?? place.password
        options.sessionExpirySeconds = try expirySeconds()
        options.will = try will()
        if place.usesTLS {
            options.tls = .init(
                authorityFile: cafile, certificateFile: cert, keyFile: key, skipsHostNameCheck: insecure)
        } else if cert != nil || key != nil || insecure {
            throw CommandFailure(
                .wrongUsage, "--cert, --key and --insecure need TLS; add --cafile or --tls-use-os-certs")
        }
        options.connectUserProperties = try properties(of: "connect").user
        return options
    }

    private func place() throws -> BrokerURL {
        if let url {
            guard host == nil, port == nil else {
                throw CommandFailure(.wrongUsage, "--url already says where the broker is; leave -h and -p out")
            }
            var place = try reportingUsage { try BrokerURL(parsing: url) }
            if cafile != nil || tlsUseOsCerts { place.usesTLS = true }
            return place
        }
        let usesTLS = cafile != nil || tlsUseOsCerts
        return BrokerURL(host: host ?? "127.0.0.1", port: port ?? (usesTLS ? 8883 : 1883), usesTLS: usesTLS)
    }

    private func expirySeconds() throws -> UInt32? {
        guard let seconds = sessionExpiry else { return keepsSession ? .max : nil }
        if seconds == -1 { return .max }
        guard let value = UInt32(exactly: seconds) else {
            throw CommandFailure(.wrongUsage, "-x takes seconds from 0 to 4294967295, or -1 for ever")
        }
        return value
    }

    private func will() throws -> ConnectionOptions.Will? {
        guard let willTopic else {
            guard willPayload == nil, !willRetain else {
                throw CommandFailure(.wrongUsage, "A will needs a topic; add --will-topic")
            }
            return nil
        }
        guard let qos = QoS(rawValue: willQos) else { throw CommandFailure(.wrongUsage, "--will-qos is 0, 1 or 2") }
        return ConnectionOptions.Will(
            topic: willTopic, payload: Array((willPayload ?? "").utf8), qos: qos, retain: willRetain)
    }

    /// The `-D` properties for this command, each in the place where MQTT has it.
    func properties(of command: String) throws -> PublishProperties {
        var result = PublishProperties()
        var words = property[...]
        while let target = words.popFirst() {
            guard let identifier = words.popFirst(), let value = words.popFirst() else {
                throw CommandFailure(
                    .wrongUsage,
                    "-D needs a command, an identifier and a value: -D publish content-type text/plain")
            }
            guard ["connect", "publish", "subscribe", "will"].contains(target) else {
                throw CommandFailure(.wrongUsage, "-D \(target): properties are for connect or publish")
            }
            let isForThis = target == command
            switch identifier {
            case "user-property":
                guard let second = words.popFirst() else {
                    throw CommandFailure(.wrongUsage, "-D \(target) user-property needs a name and a value")
                }
                if isForThis { result.user.append(.init(value, second)) }
            case "content-type":
                if isForThis { result.contentType = value }
            case "response-topic":
                if isForThis { result.responseTopic = value }
            case "correlation-data":
                if isForThis { result.correlationData = Array(value.utf8) }
            case "payload-format-indicator":
                if isForThis { result.payloadIsText = value == "1" }
            case "message-expiry-interval":
                guard let seconds = UInt32(value) else {
                    throw CommandFailure(
                        .wrongUsage, "-D \(target) message-expiry-interval takes seconds, not '\(value)'")
                }
                if isForThis { result.expirySeconds = seconds }
            default:
                throw CommandFailure(
                    .wrongUsage,
                    "-D \(target) \(identifier) is not known; known are user-property, content-type, response-topic, "
                        + "correlation-data, payload-format-indicator and message-expiry-interval")
            }
        }
        return result
    }
}

extension CommandFailure {
    init(_ error: MosquittoError) {
        self.init(error.code == .usage ? .wrongUsage : .cannotRun, error.message)
    }
}

enum StandardError {
    /// One line, while the command goes on.
    static func say(_ sentence: String) {
        let line = Array("sluice: \(sentence)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}

/// Runs `body`; an error of the client becomes a sentence and an exit code.
func reportingUsage<Value>(_ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch let error as MosquittoError {
        throw CommandFailure(error)
    }
}
