import Ledger
import MQTTSession
import Messages

/// One client's session: what outlives a connection, or ends with it. Belongs to one loop at a time; on takeover by a
/// connection of another loop the object is handed over whole.
final class ClientSession {
    let key: SessionKey
    let clientID: [UInt8]
    /// The text of the client identifier, for logs.
    let name: String
    var identity: ClientIdentity
    var version: ProtocolVersion
    var outbound: OutboundFlow
    var inbound: InboundFlow
    /// nil while the client is away. The connection clears it when it closes.
    unowned(unsafe) var connection: ClientConnection?
    /// Seconds after the connection; 0: the session ends with it.
    var expirySeconds: UInt32
    var disconnectedAtMilliseconds: Int64?
    var subscriptions: [[UInt8]: SubscriptionRecord] = [:]
    var will: Will?
    /// Set when a delayed will waits: wall-clock milliseconds when it is due.
    var willDueMilliseconds: Int64?

    var isDurable: Bool { expirySeconds > 0 }
    /// The ledger has a record of it, perhaps from a time when it was to survive longer than it is now.
    var isStored = false

    init(
        key: SessionKey, clientID: [UInt8], identity: ClientIdentity, version: ProtocolVersion, expirySeconds: UInt32,
        outbound: consuming OutboundFlow, inbound: consuming InboundFlow
    ) {
        self.key = key
        self.clientID = clientID
        self.name = String(decoding: clientID, as: UTF8.self)
        self.identity = identity
        self.version = version
        self.expirySeconds = expirySeconds
        self.outbound = outbound
        self.inbound = inbound
    }

    struct Will {
        let message: Message
        let delaySeconds: UInt32
    }

    /// The durable record of the session as it is now.
    var record: SessionRecord {
        SessionRecord(
            key: key, clientID: clientID, version: version, expirySeconds: expirySeconds,
            disconnectedAtMilliseconds: disconnectedAtMilliseconds, identity: identity.proved,
            listener: identity.listener,
            will: will?.message, willDelaySeconds: will?.delaySeconds ?? 0)
    }

    /// Wall-clock milliseconds when a session whose client is away ends; nil: never, or the client is here.
    var endsAtMilliseconds: Int64? {
        guard let disconnectedAtMilliseconds, expirySeconds != .max else { return nil }
        return disconnectedAtMilliseconds + Int64(expirySeconds) * 1_000
    }
}
