/// Why a packet was refused. After any of these the connection is to be closed; where the version allows it, with
/// `reasonCode` in a CONNACK (before the connection is accepted) or DISCONNECT (MQTT 5.0, 4.13).
package enum WireError: Error, Equatable, Sendable {
    /// The bytes can't be read as the standard says (0x81).
    case malformedPacket(Malformation)
    /// Readable, but not allowed, or not at this place (0x82).
    case protocolError(ProtocolViolation)
    /// The fixed header announces a packet of `byteCount` bytes, more than the limit (0x95).
    case packetTooLarge(byteCount: Int)
    /// CONNECT with a protocol name and level that is neither 3.1.1 nor 5.0 (0x84) [MQTT-3.1.2-2].
    case unsupportedProtocolVersion(UInt8)
    /// A PUBLISH with topic alias 0 (0x94) [MQTT-3.3.2-8].
    case topicAliasInvalid
    /// More entries in one packet than a limit of ours allows (0x97).
    case limitExceeded(CountLimit)

    package var reasonCode: ReasonCode {
        switch self {
        case .malformedPacket: .malformedPacket
        case .protocolError: .protocolError
        case .packetTooLarge: .packetTooLarge
        case .unsupportedProtocolVersion: .unsupportedProtocolVersion
        case .topicAliasInvalid: .topicAliasInvalid
        case .limitExceeded: .quotaExceeded
        }
    }

    package enum Malformation: UInt8, Sendable, CaseIterable {
        /// Longer than four bytes or longer than needed [MQTT-1.5.5-1].
        case variableByteInteger
        /// Type 0, or 15 in 3.1.1 (2.1.2).
        case packetType
        /// Fixed header flags other than the prescribed ones [MQTT-2.1.3-1].
        case headerFlags
        /// QoS 3 in a PUBLISH [MQTT-3.3.1-4].
        case qos
        /// DUP in a PUBLISH with QoS 0 [MQTT-3.3.1-2].
        case duplicateFlag
        /// Packet identifier 0 [MQTT-2.2.1-3].
        case packetIdentifier
        /// A field runs past the end of the packet or of the properties.
        case truncated
        /// Bytes after the last field.
        case trailingBytes
        /// Not UTF-8, a surrogate, or U+0000 [MQTT-1.5.4-1] [MQTT-1.5.4-2].
        case text
        /// An empty topic name (in 3.1.1, of a will, as response topic) or topic filter [MQTT-4.7.3-1].
        case topicEmpty
        /// A wildcard in a topic name [MQTT-3.3.2-2].
        case topicWildcard
        /// Neither `MQTT` nor `MQIsdp` [MQTT-3.1.2-1].
        case protocolName
        /// The reserved connect flag [MQTT-3.1.2-3].
        case connectReservedFlag
        /// Will QoS or will retain without a will, or will QoS 3 [MQTT-3.1.2-11] [MQTT-3.1.2-12] [MQTT-3.1.2-13].
        case willFlags
        /// 3.1.1: a password without a user name [MQTT-3.1.2-22 of 3.1.1].
        case passwordWithoutUserName
        /// No property has this identifier, or not in this packet (2.2.2.2).
        case property
        /// Not a reason or return code of the standard.
        case reasonCode
        /// Reserved bits of the subscription options, in 3.1.1 also QoS 3 [MQTT-3.8.3-5].
        case subscriptionOptions
        /// Reserved bits of the CONNACK flags [MQTT-3.2.2-1].
        case connackFlags
    }

    package enum ProtocolViolation: UInt8, Sendable, CaseIterable {
        /// The first packet was not CONNECT [MQTT-3.1.0-1].
        case packetBeforeConnect
        /// A second CONNECT [MQTT-3.1.0-2].
        case connectTwice
        /// A packet that only our own side sends.
        case packetFromWrongSide
        /// A property that may be there once is there twice (2.2.2.2).
        case propertyTwice
        /// A value that the property must not have, as Receive Maximum 0.
        case propertyValue
        /// A client's PUBLISH with a subscription identifier [MQTT-3.3.4-6].
        case subscriptionIdentifierFromClient
        /// A PUBLISH with neither a topic nor a topic alias (3.3.2.1).
        case topicMissing
        /// A wildcard in a response topic [MQTT-3.3.2-14].
        case responseTopicWildcard
        /// SUBSCRIBE or UNSUBSCRIBE without a filter [MQTT-3.8.3-2] [MQTT-3.10.3-2].
        case noTopicFilter
        /// QoS 3 in subscription options (3.8.3.1).
        case subscriptionQoS
        /// Retain Handling 3 (3.8.3.1).
        case retainHandling
        /// No Local on a shared subscription [MQTT-3.8.3-4].
        case noLocalOnShared
        /// A reason code that this kind of packet must not carry (2.4).
        case reasonCode
        /// CONNACK with session present and a failure [MQTT-3.2.2-6].
        case sessionPresentWithFailure
        /// Authentication data without a method (3.1.2.11.10), or AUTH without a method (3.15.2.2.2).
        case authenticationMethodMissing
        /// A server's DISCONNECT with a session expiry interval [MQTT-3.14.2-2].
        case sessionExpiryFromServer
    }

    package enum CountLimit: UInt8, Sendable, CaseIterable {
        case topicFilters
        case userProperties
    }
}

extension WireError: CustomStringConvertible {
    /// One sentence for a log line.
    package var description: String {
        switch self {
        case .malformedPacket(let malformation): "malformed packet: \(malformation)"
        case .protocolError(let violation): "protocol error: \(violation)"
        case .packetTooLarge(let byteCount): "a packet of \(byteCount) bytes is over the limit"
        case .unsupportedProtocolVersion(let level): "protocol level \(level) is not supported; use 4 (3.1.1) or 5"
        case .topicAliasInvalid: "topic alias 0 is not allowed"
        case .limitExceeded(let limit): "more \(limit) in one packet than the limit allows"
        }
    }
}
