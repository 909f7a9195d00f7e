/// The properties of MQTT 5.0 (table 2-4) as data: type, the packets that may carry each, whether it may be repeated.
package enum PropertyIdentifier: UInt8, Sendable, CaseIterable {
    case payloadFormatIndicator = 0x01
    case messageExpiryInterval = 0x02
    case contentType = 0x03
    case responseTopic = 0x08
    case correlationData = 0x09
    case subscriptionIdentifier = 0x0B
    case sessionExpiryInterval = 0x11
    case assignedClientIdentifier = 0x12
    case serverKeepAlive = 0x13
    case authenticationMethod = 0x15
    case authenticationData = 0x16
    case requestProblemInformation = 0x17
    case willDelayInterval = 0x18
    case requestResponseInformation = 0x19
    case responseInformation = 0x1A
    case serverReference = 0x1C
    case reasonString = 0x1F
    case receiveMaximum = 0x21
    case topicAliasMaximum = 0x22
    case topicAlias = 0x23
    case maximumQoS = 0x24
    case retainAvailable = 0x25
    case userProperty = 0x26
    case maximumPacketSize = 0x27
    case wildcardSubscriptionAvailable = 0x28
    case subscriptionIdentifierAvailable = 0x29
    case sharedSubscriptionAvailable = 0x2A
}

/// How the value of a property is written, with the values that the standard forbids.
package enum PropertyForm: UInt8, Sendable {
    /// One byte, 0 or 1; anything else is a protocol error.
    case bit
    case twoBytes
    case twoBytesNotZero
    case fourBytes
    case fourBytesNotZero
    case variableNotZero
    case text
    case textPair
    case binary
}

package struct PropertyRule: Sendable, Equatable {
    package let form: PropertyForm
    package let packets: PacketKinds
    /// The packets in which it may stand more than once.
    package let repeatable: PacketKinds

    init(_ form: PropertyForm, _ packets: PacketKinds, repeatable: PacketKinds = []) {
        self.form = form
        self.packets = packets
        self.repeatable = repeatable
    }
}

extension PropertyIdentifier {
    /// A `switch` and not a dictionary: it compiles to a constant table without initialisation or hashing.
    package var rule: PropertyRule {
        switch self {
        case .payloadFormatIndicator: PropertyRule(.bit, [.publish, .will])
        case .messageExpiryInterval: PropertyRule(.fourBytes, [.publish, .will])
        case .contentType: PropertyRule(.text, [.publish, .will])
        case .responseTopic: PropertyRule(.text, [.publish, .will])
        case .correlationData: PropertyRule(.binary, [.publish, .will])
        case .subscriptionIdentifier: PropertyRule(.variableNotZero, [.publish, .subscribe], repeatable: [.publish])
        case .sessionExpiryInterval: PropertyRule(.fourBytes, [.connect, .connack, .disconnect])
        case .assignedClientIdentifier: PropertyRule(.text, [.connack])
        case .serverKeepAlive: PropertyRule(.twoBytes, [.connack])
        case .authenticationMethod: PropertyRule(.text, [.connect, .connack, .auth])
        case .authenticationData: PropertyRule(.binary, [.connect, .connack, .auth])
        case .requestProblemInformation: PropertyRule(.bit, [.connect])
        case .willDelayInterval: PropertyRule(.fourBytes, [.will])
        case .requestResponseInformation: PropertyRule(.bit, [.connect])
        case .responseInformation: PropertyRule(.text, [.connack])
        case .serverReference: PropertyRule(.text, [.connack, .disconnect])
        case .reasonString:
            PropertyRule(
                .text, [.connack, .puback, .pubrec, .pubrel, .pubcomp, .suback, .unsuback, .disconnect, .auth])
        case .receiveMaximum: PropertyRule(.twoBytesNotZero, [.connect, .connack])
        case .topicAliasMaximum: PropertyRule(.twoBytes, [.connect, .connack])
        case .topicAlias: PropertyRule(.twoBytesNotZero, [.publish])
        case .maximumQoS: PropertyRule(.bit, [.connack])
        case .retainAvailable: PropertyRule(.bit, [.connack])
        case .userProperty: PropertyRule(.textPair, .withUserProperties, repeatable: .withUserProperties)
        case .maximumPacketSize: PropertyRule(.fourBytesNotZero, [.connect, .connack])
        case .wildcardSubscriptionAvailable: PropertyRule(.bit, [.connack])
        case .subscriptionIdentifierAvailable: PropertyRule(.bit, [.connack])
        case .sharedSubscriptionAvailable: PropertyRule(.bit, [.connack])
        }
    }
}

extension PacketKinds {
    fileprivate static let withUserProperties: PacketKinds = [
        .will, .connect, .connack, .publish, .puback, .pubrec, .pubrel, .pubcomp, .subscribe, .suback, .unsubscribe,
        .unsuback, .disconnect, .auth,
    ]
}
