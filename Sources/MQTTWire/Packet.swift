package import Messages

/// One control packet. PUBLISH and the four acknowledgements are trivial values; the rest own what they hold and are
/// boxed, so that the enum stays small.
package enum Packet: Sendable, Equatable {
    case publish(PublishHeader)
    case puback(Acknowledgement)
    case pubrec(Acknowledgement)
    case pubrel(Acknowledgement)
    case pubcomp(Acknowledgement)
    case pingRequest
    case pingResponse
    indirect case connect(Connect)
    indirect case connack(Connack)
    indirect case subscribe(Subscribe)
    indirect case suback(Suback)
    indirect case unsubscribe(Unsubscribe)
    indirect case unsuback(Unsuback)
    indirect case disconnect(Disconnect)
    indirect case auth(Auth)

    package var kind: PacketKind {
        switch self {
        case .publish: .publish
        case .puback: .puback
        case .pubrec: .pubrec
        case .pubrel: .pubrel
        case .pubcomp: .pubcomp
        case .pingRequest: .pingRequest
        case .pingResponse: .pingResponse
        case .connect: .connect
        case .connack: .connack
        case .subscribe: .subscribe
        case .suback: .suback
        case .unsubscribe: .unsubscribe
        case .unsuback: .unsuback
        case .disconnect: .disconnect
        case .auth: .auth
        }
    }
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP. Reason string and user properties were checked and dropped.
package struct Acknowledgement: Sendable, Equatable {
    package let packetID: UInt16
    /// `.success` always in 3.1.1.
    package let reason: ReasonCode

    package init(packetID: UInt16, reason: ReasonCode = .success) {
        self.packetID = packetID
        self.reason = reason
    }
}

/// A name and a value, both text (MQTT 5.0, 1.5.7).
package struct UserProperty: Sendable, Equatable {
    package let name: [UInt8]
    package let value: [UInt8]

    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// SUBSCRIBE (3.8). Filters are text and not empty; whether they are well formed (`TopicText.isFilter`, and the parts
/// of `$share/…`) is for the session, which answers each by a reason code of its own.
package struct Subscribe: Sendable, Equatable {
    package var packetID: UInt16
    /// 0: none.
    package var subscriptionIdentifier: UInt32 = 0
    package var userProperties: [UserProperty] = []
    package var subscriptions: [Subscription]

    package struct Subscription: Sendable, Equatable {
        package var filter: [UInt8]
        package var options: SubscriptionOptions

        package init(filter: [UInt8], options: SubscriptionOptions) {
            self.filter = filter
            self.options = options
        }
    }

    package init(packetID: UInt16, subscriptions: [Subscription], subscriptionIdentifier: UInt32 = 0) {
        self.packetID = packetID
        self.subscriptions = subscriptions
        self.subscriptionIdentifier = subscriptionIdentifier
    }
}

/// The options byte of a subscription (3.8.3.1); in 3.1.1 only the QoS.
package struct SubscriptionOptions: Sendable, Hashable {
    package enum RetainHandling: UInt8, Sendable, CaseIterable {
        case send = 0
        case sendIfNew = 1
        case doNotSend = 2
    }

    package var qos: QoS
    package var noLocal: Bool
    package var retainAsPublished: Bool
    package var retainHandling: RetainHandling

    package init(
        qos: QoS, noLocal: Bool = false, retainAsPublished: Bool = false, retainHandling: RetainHandling = .send
    ) {
        self.qos = qos
        self.noLocal = noLocal
        self.retainAsPublished = retainAsPublished
        self.retainHandling = retainHandling
    }

    package var byte: UInt8 {
        qos.rawValue | (noLocal ? 0b100 : 0) | (retainAsPublished ? 0b1000 : 0) | retainHandling.rawValue << 4
    }

    /// From a byte of our own making, as it was stored; nil if it is none that `byte` gives.
    package init?(byte: UInt8) {
        guard byte & 0b1100_0000 == 0, let qos = QoS(rawValue: byte & 0b11),
            let handling = RetainHandling(rawValue: byte >> 4 & 0b11)
        else { return nil }
        self.init(
            qos: qos, noLocal: byte & 0b100 != 0, retainAsPublished: byte & 0b1000 != 0, retainHandling: handling)
    }
}

/// SUBACK (3.9): one code for each subscription, in their order.
package struct Suback: Sendable, Equatable {
    package var packetID: UInt16
    package var reasons: [ReasonCode]
    package var reasonString: [UInt8]?
    package var userProperties: [UserProperty] = []

    package init(packetID: UInt16, reasons: [ReasonCode]) {
        self.packetID = packetID
        self.reasons = reasons
    }
}

/// UNSUBSCRIBE (3.10).
package struct Unsubscribe: Sendable, Equatable {
    package var packetID: UInt16
    package var userProperties: [UserProperty] = []
    package var filters: [[UInt8]]

    package init(packetID: UInt16, filters: [[UInt8]]) {
        self.packetID = packetID
        self.filters = filters
    }
}

/// UNSUBACK (3.11): one code for each filter, in their order; none in 3.1.1.
package struct Unsuback: Sendable, Equatable {
    package var packetID: UInt16
    package var reasons: [ReasonCode]
    package var reasonString: [UInt8]?
    package var userProperties: [UserProperty] = []

    package init(packetID: UInt16, reasons: [ReasonCode]) {
        self.packetID = packetID
        self.reasons = reasons
    }
}

/// DISCONNECT (3.14).
package struct Disconnect: Sendable, Equatable {
    package var reason: ReasonCode
    /// Only from a client; nil: as agreed in CONNECT.
    package var sessionExpirySeconds: UInt32?
    package var reasonString: [UInt8]?
    package var serverReference: [UInt8]?
    package var userProperties: [UserProperty] = []

    package init(reason: ReasonCode = .success, sessionExpirySeconds: UInt32? = nil) {
        self.reason = reason
        self.sessionExpirySeconds = sessionExpirySeconds
    }
}

/// AUTH (3.15).
package struct Auth: Sendable, Equatable {
    package var reason: ReasonCode
    /// nil only in the short form without properties.
    package var authenticationMethod: [UInt8]?
    package var authenticationData: [UInt8]?
    package var reasonString: [UInt8]?
    package var userProperties: [UserProperty] = []

    package init(reason: ReasonCode, authenticationMethod: [UInt8]?, authenticationData: [UInt8]? = nil) {
        self.reason = reason
        self.authenticationMethod = authenticationMethod
        self.authenticationData = authenticationData
    }
}
