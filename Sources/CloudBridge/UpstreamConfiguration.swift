package import Messages
import MosquittoClient

/// One upstream broker: where it is, as whom to connect, and what is carried there.
package struct UpstreamConfiguration: Sendable {
    /// Name of the bridge, which is also the name of its outbox.
    package var name: String
    package var host: String
    package var port: Int
    /// nil: without TLS.
    package var tls: TLS?
    package var clientID: String
    package var username: String?
    package var password: String?
    package var keepAliveSeconds: Int
    package var routes: [Route]
    /// Messages under way at most; the server's Receive Maximum and the preset may lower it. 1…1,000.
    package var window: Int
    /// After how long without an acknowledgement the connection is given up.
    package var acknowledgementTimeoutMilliseconds: Int64
    package var connectTimeoutMilliseconds: Int64
    package var version: VersionPreference
    package var preset: BridgePreset

    package init(
        name: String, host: String, port: Int, tls: TLS? = nil, clientID: String, username: String? = nil,
        password: String? = nil, keepAliveSeconds: Int = 60, routes: [Route], window: Int = 32,
        acknowledgementTimeoutMilliseconds: Int64 = 20_000, connectTimeoutMilliseconds: Int64 = 15_000,
        version: VersionPreference = .newest, preset: BridgePreset = .generic
    ) {
        self.name = name
        self.host = host
        self.port = port
        self.tls = tls
        self.clientID = clientID
        self.username = username
        self.password = password
        self.keepAliveSeconds = keepAliveSeconds
        self.routes = routes
        self.window = window
        self.acknowledgementTimeoutMilliseconds = acknowledgementTimeoutMilliseconds
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.version = version
        self.preset = preset
    }

    /// With the place as a URL: `mqtt://host[:port]` or `mqtts://host[:port]`. Credentials and a topic do not belong
    /// there.
    package init(
        name: String, url: String, authorityFile: String? = nil, certificateFile: String? = nil,
        keyFile: String? = nil, clientID: String, username: String? = nil, password: String? = nil, routes: [Route]
    ) throws(ConfigurationProblems) {
        let place: BrokerURL
        do {
            place = try BrokerURL(parsing: url)
        } catch {
            throw ConfigurationProblems(bridge: name, sentences: [error.message])
        }
        guard place.username == nil, place.password == nil, place.topic == nil else {
            throw ConfigurationProblems(
                bridge: name,
                sentences: [
                    "the url must hold neither credentials nor a topic; use username, password and routes"
                ])
        }
        guard place.usesTLS || (authorityFile == nil && certificateFile == nil && keyFile == nil) else {
            throw ConfigurationProblems(
                bridge: name,
                sentences: [
                    "certificate, key and ca need mqtts:// in the url"
                ])
        }
        self.init(
            name: name, host: place.host, port: place.port,
            tls: place.usesTLS
                ? TLS(authorityFile: authorityFile, certificateFile: certificateFile, keyFile: keyFile) : nil,
            clientID: clientID, username: username, password: password, routes: routes)
    }

    /// PEM files. The server's certificate is always verified, with the host's name.
    package struct TLS: Sendable, Equatable {
        /// nil: the authorities that the operating system trusts.
        package var authorityFile: String?
        package var certificateFile: String?
        package var keyFile: String?
        package init(authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// Which messages go up, and under which topic.
    package struct Route: Sendable, Equatable {
        /// A topic filter.
        package var from: String
        /// A topic in which `{node}` is the node's name, `{topic}` the whole topic, `{rest}` what `#` matched.
        package var to: String
        /// The highest QoS of the route: messages go with the lower of this and their own.
        package var qos: QoS
        package init(from: String, to: String, qos: QoS = .atLeastOnce) {
            self.from = from
            self.to = to
            self.qos = qos
        }
    }

    package enum VersionPreference: Sendable, Equatable {
        /// MQTT 5; 3.1.1 when the server refuses it.
        case newest
        case only(ProtocolVersion)
    }

    /// Everything that is wrong, one sentence each; empty: the bridge can be started.
    package func problems(node: String) -> [String] {
        var problems: [String] = []
        if name.isEmpty { problems.append("a bridge needs a name") }
        if !(1...65_535).contains(port) { problems.append("\(port) is not a port; use a number from 1 to 65535") }
        if clientID.isEmpty { problems.append("a bridge needs a client id, so that the server knows it again") }
        if !(1...1_000).contains(window) { problems.append("the window is 1 to 1000 messages, not \(window)") }
        if keepAliveSeconds != 0, !(5...65_535).contains(keepAliveSeconds) {
            problems.append("a keep alive is 0 (off) or 5 to 65535 seconds, not \(keepAliveSeconds)")
        }
        if let tls, (tls.certificateFile == nil) != (tls.keyFile == nil) {
            problems.append("certificate and key belong together: give both or none")
        }
        do {
            _ = try RouteMap(routes: routes, node: node)
        } catch {
            problems.append(contentsOf: error.sentences)
        }
        return problems
    }
}

/// Why a bridge can't be started: all that is wrong at once.
package struct ConfigurationProblems: Error, Sendable, CustomStringConvertible {
    package var bridge: String
    package var sentences: [String]
    package init(bridge: String, sentences: [String]) {
        self.bridge = bridge
        self.sentences = sentences
    }
    package var description: String { "bridge \(bridge): \(sentences.joined(separator: "; "))" }
}

/// What is special about one kind of server. Data: a further kind is a further constant.
package struct BridgePreset: Sendable, Equatable {
    package var name: String
    package var qosMax: QoS
    /// Upper bound of the window; the server's Receive Maximum may be lower.
    package var windowMax: Int
    /// Larger payloads are not sent but put aside; nil: only the server's Maximum Packet Size counts.
    package var payloadBytesMax: Int?
    package var keepsRetain: Bool
    /// Bounds of the pause after an ordinary failure.
    package var reconnectMinMilliseconds: Int64
    package var reconnectMaxMilliseconds: Int64

    /// Any broker that follows the standard.
    package static let generic = BridgePreset(
        name: "generic", qosMax: .exactlyOnce, windowMax: 64, payloadBytesMax: nil, keepsRetain: true,
        reconnectMinMilliseconds: 1_000, reconnectMaxMilliseconds: 120_000)

    /// By name, as in the configuration.
    package static let all = [generic]
}
