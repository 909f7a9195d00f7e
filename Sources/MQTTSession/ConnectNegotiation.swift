package import MQTTWire
package import Messages

/// What the broker grants at most.
package struct ConnectLimits: Sendable {
    package var receiveMax: Int
    package var inFlightMax: Int
    package var packetBytesMax: Int
    package var keepAliveSecondsMax: Int
    package var sessionExpirySecondsMax: UInt32
    package var topicAliasMax: Int

    package init(
        receiveMax: Int, inFlightMax: Int, packetBytesMax: Int, keepAliveSecondsMax: Int,
        sessionExpirySecondsMax: UInt32, topicAliasMax: Int
    ) {
        self.receiveMax = receiveMax
        self.inFlightMax = inFlightMax
        self.packetBytesMax = packetBytesMax
        self.keepAliveSecondsMax = keepAliveSecondsMax
        self.sessionExpirySecondsMax = sessionExpirySecondsMax
        self.topicAliasMax = topicAliasMax
    }
}

/// Decides over a CONNECT: pure, so that every refusal is tested without a socket (MQTT 5.0, 3.1.4).
package enum ConnectNegotiation {
    package struct Refusal: Equatable, Sendable {
        package let reason: ReasonCode
        /// For the log: what the client can do about it.
        package let explanation: String
    }

    /// What holds for this connection.
    package struct Agreement: Sendable {
        package var clientID: [UInt8]
        package var isAssignedID: Bool
        package var cleanStart: Bool
        package var sessionExpirySeconds: UInt32
        /// 0: none.
        package var keepAliveSeconds: Int
        package var inFlightMax: Int
        package var receiveMax: Int
        /// The greatest packet the client takes.
        package var packetBytesMax: Int
        /// CONNACK as it will be sent, but for `sessionPresent`.
        package var connack: Connack
    }

    package enum Outcome: Sendable {
        case accept(Agreement)
        case refuse(Refusal)
    }

    /// - Parameters:
    ///   - makeClientID: makes an identifier for a client that sent none.
    package static func decide(
        _ connect: Connect, client: ClientIdentity, allowsAnonymous: Bool, limits: ConnectLimits,
        makeClientID: () -> [UInt8]
    ) -> Outcome {
        if client.proved == nil, !allowsAnonymous {
            return .refuse(
                Refusal(reason: .notAuthorized, explanation: "the listener takes only clients that prove an identity"))
        }
        if connect.authenticationMethod != nil {
            return .refuse(
                Refusal(
                    reason: .badAuthenticationMethod,
                    explanation: "enhanced authentication is not supported; leave the method out"))
        }
        if connect.clientID.isEmpty, connect.version == .v311, !connect.cleanStart {
            // [MQTT-3.1.3-8] of 3.1.1
            return .refuse(
                Refusal(
                    reason: .clientIdentifierNotValid,
                    explanation: "a session that survives needs a client identifier"))
        }
        return .accept(agreement(connect, limits: limits, makeClientID: makeClientID))
    }

    private static func agreement(
        _ connect: Connect, limits: ConnectLimits, makeClientID: () -> [UInt8]
    ) -> Agreement {
        let isAssigned = connect.clientID.isEmpty
        let clientID = isAssigned ? makeClientID() : connect.clientID
        let expiry = min(connect.sessionExpirySeconds, limits.sessionExpirySecondsMax)
        let asked = Int(connect.keepAliveSeconds)
        // Only MQTT 5 can tell the client another value [MQTT-3.2.2-21]; 0 (none) is granted as asked.
        let keepAlive = connect.version == .v5 ? min(asked, limits.keepAliveSecondsMax) : asked
        var connack = Connack(reason: .success)
        if connect.version == .v5 {
            if expiry != connect.sessionExpirySeconds { connack.sessionExpirySeconds = expiry }
            if isAssigned { connack.assignedClientID = clientID }
            if keepAlive != asked { connack.serverKeepAliveSeconds = UInt16(clamping: keepAlive) }
            connack.receiveMaximum = UInt16(clamping: limits.receiveMax)
            connack.packetBytesMax = UInt32(clamping: limits.packetBytesMax)
            connack.topicAliasMaximum = UInt16(clamping: limits.topicAliasMax)
            connack.sharedSubscriptionAvailable = false
        }
        let receiveMax = connect.version == .v5 ? limits.receiveMax : 65_535
        return Agreement(
            clientID: clientID, isAssignedID: isAssigned, cleanStart: connect.cleanStart, sessionExpirySeconds: expiry,
            keepAliveSeconds: keepAlive, inFlightMax: min(Int(connect.receiveMaximum), limits.inFlightMax),
            receiveMax: receiveMax, packetBytesMax: connect.packetBytesMax.map { Int($0) } ?? .max, connack: connack)
    }
}
