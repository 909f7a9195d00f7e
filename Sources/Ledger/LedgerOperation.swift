package import Messages

/// One durable change. Operations of one batch are applied in order, in one transaction.
package enum LedgerOperation: Sendable {
    /// Inserts or replaces the session itself (not its subscriptions or queue).
    case putSession(SessionRecord)
    /// Deletes the session with its subscriptions, queue and received packet identifiers.
    case deleteSession(SessionKey)
    case putSubscription(SessionKey, SubscriptionRecord)
    case deleteSubscription(SessionKey, filter: [UInt8])

    /// Puts a delivery at the end of a session's queue. `sequence` rises within a session. One `Message` object that is
    /// enqueued for several sessions is stored once.
    case enqueue(SessionKey, sequence: UInt64, delivery: QueuedDelivery)
    /// The delivery was sent under `packetID`, or its PUBREC came (`released`).
    case markDelivery(SessionKey, sequence: UInt64, packetID: UInt16, state: DeliveryState)
    /// The delivery is over: acknowledged, expired or dropped.
    case dequeue(SessionKey, sequence: UInt64)

    /// A QoS 2 PUBLISH was taken from this client; its repetition must not be taken again [MQTT-4.3.3-10].
    case addReceived(SessionKey, packetID: UInt16)
    case removeReceived(SessionKey, packetID: UInt16)

    /// Replaces the retained message of `message.topic`.
    case retain(Message)
    case clearRetained(topic: [UInt8])

    /// Inputs that rules took since the last operation of this kind, in the engine's own encoding.
    case ruleInputs([UInt8])
    /// The state of rules with every input submitted before this operation; those inputs are deleted.
    case ruleSnapshot(RuleSnapshot)

    /// Appends to a bridge's outbox. The ledger gives the row the lane's next sequence number.
    case appendOutbox(OutboxEntry)
    /// The rows of this lane up to and with `sequence` were acknowledged by the remote broker.
    case removeOutbox(bridge: String, lane: String, through: UInt64)
}

/// Number of a session for its life, given by the broker; never reused within a database.
package struct SessionKey: Hashable, Sendable {
    package let value: Int64
    package init(_ value: Int64) { self.value = value }
}

/// A session that outlives its connection.
package struct SessionRecord: Sendable {
    package var key: SessionKey
    package var clientID: [UInt8]
    package var version: ProtocolVersion
    /// Seconds after the connection ended; UInt32.max: never (MQTT 5, 3.1.2.11.2).
    package var expirySeconds: UInt32
    /// Wall-clock milliseconds when the connection ended; nil: connected at the time of the record.
    package var disconnectedAtMilliseconds: Int64?
    /// The name its certificate proved, as access rules see it.
    package var identity: String?
    package var listener: String
    /// The will to publish should the node die while the client is connected, and its delay in seconds.
    package var will: Message?
    package var willDelaySeconds: UInt32

    package init(
        key: SessionKey, clientID: [UInt8], version: ProtocolVersion, expirySeconds: UInt32,
        disconnectedAtMilliseconds: Int64?, identity: String?, listener: String, will: Message? = nil,
        willDelaySeconds: UInt32 = 0
    ) {
        self.key = key
        self.clientID = clientID
        self.version = version
        self.expirySeconds = expirySeconds
        self.disconnectedAtMilliseconds = disconnectedAtMilliseconds
        self.identity = identity
        self.listener = listener
        self.will = will
        self.willDelaySeconds = willDelaySeconds
    }
}

package struct SubscriptionRecord: Sendable, Equatable {
    package var filter: [UInt8]
    /// Subscription options byte as in SUBSCRIBE (MQTT 5, 3.8.3.1).
    package var options: UInt8
    /// 0: none.
    package var identifier: UInt32
    package init(filter: [UInt8], options: UInt8, identifier: UInt32) {
        self.filter = filter
        self.options = options
        self.identifier = identifier
    }
}

/// A message in a session's queue.
package struct QueuedDelivery: Sendable {
    package var message: Message
    /// The lower of the publish's and the subscription's.
    package var qos: QoS
    package var retain: Bool
    package var subscriptionIdentifiers: [UInt32]
    package init(message: Message, qos: QoS, retain: Bool, subscriptionIdentifiers: [UInt32] = []) {
        self.message = message
        self.qos = qos
        self.retain = retain
        self.subscriptionIdentifiers = subscriptionIdentifiers
    }
}

package enum DeliveryState: UInt8, Sendable {
    case waiting = 0
    /// PUBLISH sent, PUBACK or PUBREC awaited.
    case sent = 1
    /// PUBREC received, PUBCOMP awaited.
    case released = 2
}

package struct RuleSnapshot: Sendable {
    package struct Group: Sendable {
        package var rule: String
        package var key: [UInt8]
        /// nil: the group is gone.
        package var state: [UInt8]?
        package init(rule: String, key: [UInt8], state: [UInt8]?) {
            self.rule = rule
            self.key = key
            self.state = state
        }
    }
    /// Groups that changed since the last snapshot.
    package var groups: [Group]
    /// Forget every group that is not in `groups` first.
    package var replacesAll: Bool
    package init(groups: [Group], replacesAll: Bool) {
        self.groups = groups
        self.replacesAll = replacesAll
    }
}

package struct OutboxEntry: Sendable {
    package var bridge: String
    package var lane: String
    /// Stable identifier that the message keeps on its whole way; nil: `node/epoch/lane/sequence` is made by the ledger.
    package var id: String?
    /// The topic under which the remote broker gets it.
    package var topic: [UInt8]
    package var payload: [UInt8]
    /// MQTT 5 properties as in `Message.properties`.
    package var properties: [UInt8]
    package var qos: QoS
    package var retain: Bool
    package var createdAtMilliseconds: Int64
    package var expiresAtMilliseconds: Int64?

    package init(
        bridge: String, lane: String, id: String?, topic: [UInt8], payload: [UInt8], properties: [UInt8], qos: QoS,
        retain: Bool, createdAtMilliseconds: Int64, expiresAtMilliseconds: Int64?
    ) {
        self.bridge = bridge
        self.lane = lane
        self.id = id
        self.topic = topic
        self.payload = payload
        self.properties = properties
        self.qos = qos
        self.retain = retain
        self.createdAtMilliseconds = createdAtMilliseconds
        self.expiresAtMilliseconds = expiresAtMilliseconds
    }
}
