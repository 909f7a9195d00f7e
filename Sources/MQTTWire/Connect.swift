package import Messages

/// CONNECT (MQTT 5.0, 3.1). Absent properties have the value that the standard gives them.
package struct Connect: Sendable, Equatable {
    package var version: ProtocolVersion
    /// Clean Start; in 3.1.1 Clean Session.
    package var cleanStart: Bool
    /// 0: no keep alive.
    package var keepAliveSeconds: UInt16 = 0
    /// Text; may be empty [MQTT-3.1.3-6].
    package var clientID: [UInt8]
    package var will: Will?
    /// Text.
    package var userName: [UInt8]?
    package var password: [UInt8]?
    /// After the end of the connection; UInt32.max: never. A 3.1.1 client has 0 with Clean Session and never without.
    package var sessionExpirySeconds: UInt32 = 0
    /// QoS 1 and 2 messages that it takes at a time.
    package var receiveMaximum: UInt16 = .max
    /// The greatest packet that it takes; nil: no limit but the format's.
    package var packetBytesMax: UInt32?
    package var topicAliasMaximum: UInt16 = 0
    package var requestsResponseInformation = false
    /// false: reason strings and user properties go only into PUBLISH, CONNACK and DISCONNECT [MQTT-3.1.2-29].
    package var requestsProblemInformation = true
    package var authenticationMethod: [UInt8]?
    package var authenticationData: [UInt8]?
    package var userProperties: [UserProperty] = []

    package init(version: ProtocolVersion, clientID: [UInt8], cleanStart: Bool = true) {
        self.version = version
        self.clientID = clientID
        self.cleanStart = cleanStart
        if version == .v311, !cleanStart { sessionExpirySeconds = .max }
    }
}

/// The will in a CONNECT (3.1.2.5, 3.1.3.2).
package struct Will: Sendable, Equatable {
    /// A topic name: text, not empty, no wildcard.
    package var topic: [UInt8]
    package var payload: [UInt8]
    package var qos: QoS
    package var retain: Bool
    /// Encoded as in a PUBLISH, as `Message.properties`: without will delay and message expiry.
    package var properties: [UInt8] = []
    package var delaySeconds: UInt32 = 0
    /// Counted from the moment when it is published.
    package var messageExpirySeconds: UInt32?

    package init(topic: [UInt8], payload: [UInt8], qos: QoS, retain: Bool) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
    }
}

/// CONNACK (3.2). Absent properties have the value that the standard gives them, or are nil where that is the client's.
package struct Connack: Sendable, Equatable {
    package var reason: ReasonCode
    package var sessionPresent: Bool
    /// nil: as the client asked.
    package var sessionExpirySeconds: UInt32?
    package var receiveMaximum: UInt16 = .max
    /// Written only when it is not 2 [MQTT-3.2.2-9].
    package var maximumQoS: QoS = .exactlyOnce
    package var retainAvailable = true
    package var packetBytesMax: UInt32?
    /// The identifier that the server made for a client which sent none.
    package var assignedClientID: [UInt8]?
    package var topicAliasMaximum: UInt16 = 0
    package var reasonString: [UInt8]?
    package var wildcardSubscriptionAvailable = true
    package var subscriptionIdentifiersAvailable = true
    package var sharedSubscriptionAvailable = true
    /// nil: as the client asked.
    package var serverKeepAliveSeconds: UInt16?
    package var responseInformation: [UInt8]?
    package var serverReference: [UInt8]?
    package var authenticationMethod: [UInt8]?
    package var authenticationData: [UInt8]?
    package var userProperties: [UserProperty] = []

    package init(reason: ReasonCode, sessionPresent: Bool = false) {
        self.reason = reason
        self.sessionPresent = sessionPresent
    }
}
