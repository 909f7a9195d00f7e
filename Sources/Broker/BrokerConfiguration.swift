package import Identity
import Messages

/// Where clients connect.
package struct BrokerListener: Sendable {
    package var name: String
    package var host: String
    /// 0: any free port (`Broker.ports` tells which).
    package var port: Int
    /// nil: plain TCP.
    package var tls: TLSFiles?
    /// Whether a client that proved no identity may connect.
    package var anonymous: Bool
    /// Whether PUBACK and PUBREC wait for the commit; `false` only where the operator chose `durability: memory`.
    package var acknowledgesAfterCommit: Bool

    package init(
        name: String, host: String, port: Int, tls: TLSFiles? = nil, anonymous: Bool = false,
        acknowledgesAfterCommit: Bool = true
    ) {
        self.name = name
        self.host = host
        self.port = port
        self.tls = tls
        self.anonymous = anonymous
        self.acknowledgesAfterCommit = acknowledgesAfterCommit
    }
}

/// Paths of PEM files.
package struct TLSFiles: Sendable {
    package var certificate: String
    package var key: String
    /// Authorities whose client certificates are accepted; nil: no client certificate is asked for.
    package var clientAuthority: String?

    package init(certificate: String, key: String, clientAuthority: String?) {
        self.certificate = certificate
        self.key = key
        self.clientAuthority = clientAuthority
    }
}

/// Limits that hold before memory is committed. Each has a counter of what it refused (`BrokerCounters`).
package struct BrokerLimits: Sendable {
    /// Payload of one PUBLISH; the packet may be 64 KiB + 1 KiB larger for topic and properties.
    package var payloadBytesMax = 1_048_576
    package var connectionsMax = 100_000
    package var keepAliveSecondsMax = 64_800
    /// Messages that wait for one session.
    package var queuedMessagesMax = 10_000
    /// Messages in flight to one client, whatever Receive Maximum it announces.
    package var inFlightMax = 8_192
    /// Receive Maximum announced to MQTT 5 clients.
    package var receiveMax = 1_024
    package var retainedBytesMax = 256 * 1_048_576
    /// Bytes appended for one client and not yet taken by the kernel: beyond it QoS 0 is dropped and QoS 1 and 2 wait.
    package var outboundBytesMax = 4 * 1_048_576
    /// Bytes of queued messages over all sessions of a loop.
    package var queuedBytesMax = 512 * 1_048_576
    /// Publishes of a loop that wait for a commit; beyond it publishers are not read until commits catch up.
    package var uncommittedMax = 50_000
    package var subscriptionsPerSessionMax = 10_000
    package var topicAliasMax = 32
    /// Seconds from accept to a complete CONNECT.
    package var connectSecondsMax = 20
    package var sessionExpirySecondsMax: UInt32 = .max

    package init() {}

    package var packetBytesMax: Int { payloadBytesMax + 65_536 + 1_024 }
}

package struct BrokerConfiguration: Sendable {
    package var listeners: [BrokerListener]
    package var access: AccessRules
    package var limits: BrokerLimits
    /// Event loops; nil: max(1, cores − 1).
    package var loopCount: Int?

    package init(
        listeners: [BrokerListener], access: AccessRules, limits: BrokerLimits = BrokerLimits(),
        loopCount: Int? = nil
    ) {
        self.listeners = listeners
        self.access = access
        self.limits = limits
        self.loopCount = loopCount
    }
}
