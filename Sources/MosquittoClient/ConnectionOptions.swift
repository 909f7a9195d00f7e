package import Messages

/// Everything that one connection attempt needs to know.
package struct ConnectionOptions: Sendable {
    /// A name or an address. With TLS the server's certificate must be for it.
    package var host: String
    package var port: Int
    package var version: ProtocolVersion
    /// nil: the server gives one.
    package var clientID: String?
    /// Without one the server keeps the session (see `sessionExpirySeconds`), which needs a client id.
    package var cleanStart: Bool
    /// Version 5 only; nil: the session ends with the connection. 3.1.1 keeps it for as long as the server likes.
    package var sessionExpirySeconds: UInt32?
    /// 0: off; else 5…65,535.
    package var keepAliveSeconds: Int
    package var username: String?
    package var password: String?
    package var will: Will?
    package var tls: TLS?
    /// From the first SYN to CONNACK.
    package var connectTimeoutMilliseconds: Int64
    /// After how long without any acknowledgement from the peer's TCP the kernel gives up (TCP_USER_TIMEOUT).
    package var userTimeoutMilliseconds: UInt32
    /// Largest packet that the server may send (version 5); nil: no limit is announced.
    package var receivedPacketBytesMax: UInt32?
    /// Connect to this address instead of asking for those of `host`. Not with TLS, where libmosquitto checks the
    /// server's certificate against what it was told to connect to.
    package var address: String?
    /// Restricts the attempt to one address family, for a host that has addresses of both.
    package var family: AddressFamily?
    /// User properties of CONNECT (version 5).
    package var connectUserProperties: [PublishProperties.UserProperty]

    package init(
        host: String, port: Int, version: ProtocolVersion = .v5, clientID: String? = nil, cleanStart: Bool = true,
        sessionExpirySeconds: UInt32? = nil, keepAliveSeconds: Int = 60, username: String? = nil,
        password: String? = nil, will: Will? = nil, tls: TLS? = nil, connectTimeoutMilliseconds: Int64 = 15_000,
        userTimeoutMilliseconds: UInt32 = 30_000, receivedPacketBytesMax: UInt32? = nil,
        connectUserProperties: [PublishProperties.UserProperty] = []
    ) {
        self.host = host
        self.port = port
        self.version = version
        self.clientID = clientID
        self.cleanStart = cleanStart
        self.sessionExpirySeconds = sessionExpirySeconds
        self.keepAliveSeconds = keepAliveSeconds
        self.username = username
        self.password = password
        self.will = will
        self.tls = tls
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.userTimeoutMilliseconds = userTimeoutMilliseconds
        self.receivedPacketBytesMax = receivedPacketBytesMax
        self.connectUserProperties = connectUserProperties
    }

    package struct Will: Sendable, Equatable {
        package var topic: String
        package var payload: [UInt8]
        package var qos: QoS
        package var retain: Bool
        package init(topic: String, payload: [UInt8], qos: QoS, retain: Bool) {
            self.topic = topic
            self.payload = payload
            self.qos = qos
            self.retain = retain
        }
    }

    /// TLS 1.2 or later; the server's certificate is always verified. Files are PEM.
    package struct TLS: Sendable, Equatable {
        /// nil: the authorities that the operating system trusts.
        package var authorityFile: String?
        /// Certificate chain and key of this client; both or neither.
        package var certificateFile: String?
        package var keyFile: String?
        /// Accept a certificate that is for another host. The chain is verified nevertheless.
        package var skipsHostNameCheck: Bool
        package init(
            authorityFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil,
            skipsHostNameCheck: Bool = false
        ) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.skipsHostNameCheck = skipsHostNameCheck
        }
    }

    /// `host:port` for messages.
    package var place: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Attempts that one name is worth at most, however many addresses it has.
    package static let attemptCountMax = 4

    /// One set of options for each way to reach the host, in the resolver's order: libmosquitto itself would only ever
    /// try the first address. Without TLS that is every address; with TLS, where it must be given the name, every
    /// family.
    package func attempts(for addresses: [ResolvedAddress]) -> [ConnectionOptions] {
        var result: [ConnectionOptions] = []
        for address in addresses where result.count < Self.attemptCountMax {
            var attempt = self
            if tls == nil {
                attempt.address = address.text
            } else {
                if result.contains(where: { $0.family == address.family }) { continue }
                attempt.family = address.family
            }
            result.append(attempt)
        }
        return result
    }
}

/// What the server said about itself in CONNACK (MQTT 5, 3.2.2.3); the standard's defaults where it said nothing.
package struct ServerLimits: Sendable, Equatable {
    package var receiveMaximum: Int = 65_535
    package var packetBytesMax: Int?
    package var qosMax: QoS = .exactlyOnce
    package var retainAvailable = true
    /// The keep alive the server imposes.
    package var keepAliveSeconds: Int?
    package var topicAliasMaximum = 0
    package var sessionExpirySeconds: UInt32?
    package var assignedClientID: String?
    package init() {}
}

/// A message the server delivered.
package struct ReceivedMessage: Sendable, Equatable {
    package var topic: [UInt8]
    package var payload: [UInt8]
    package var qos: QoS
    package var retain: Bool
    package var properties: PublishProperties

    package init(topic: [UInt8], payload: [UInt8], qos: QoS, retain: Bool, properties: PublishProperties) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.properties = properties
    }

    package var topicText: String { String(decoding: topic, as: UTF8.self) }
}

/// What happened on a connection since it was last asked, in order.
package enum ConnectionEvent: Sendable, Equatable {
    case connected(sessionPresent: Bool, ServerLimits)
    /// CONNACK with a failure.
    case refused(reason: UInt8)
    /// PUBACK, PUBCOMP, or a QoS 0 message that is written to the socket.
    case published(packetID: Int32, reason: UInt8)
    /// One reason code per filter, in the order of the request.
    case subscribed(packetID: Int32, granted: [UInt8])
    case unsubscribed(packetID: Int32)
    case message(ReceivedMessage)
    /// DISCONNECT from the server with a reason code, version 5 only.
    case disconnectedByServer(reason: UInt8)
}
