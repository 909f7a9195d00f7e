/// Reason codes of MQTT 5.0, 2.4. Below 0x80 the operation was accepted. 3.1.1 peers see them mapped
/// (`connectReturnCode`, `subscribeReturnCode`) or not at all.
package enum ReasonCode: UInt8, Sendable, CaseIterable {
    /// Also: normal disconnection (DISCONNECT), granted QoS 0 (SUBACK).
    case success = 0x00
    case grantedQoS1 = 0x01
    case grantedQoS2 = 0x02
    case disconnectWithWill = 0x04
    case noMatchingSubscribers = 0x10
    case noSubscriptionExisted = 0x11
    case continueAuthentication = 0x18
    case reauthenticate = 0x19
    case unspecifiedError = 0x80
    case malformedPacket = 0x81
    case protocolError = 0x82
    case implementationSpecificError = 0x83
    case unsupportedProtocolVersion = 0x84
    case clientIdentifierNotValid = 0x85
    case badUserNameOrPassword = 0x86
    case notAuthorized = 0x87
    case serverUnavailable = 0x88
    case serverBusy = 0x89
    case banned = 0x8A
    case serverShuttingDown = 0x8B
    case badAuthenticationMethod = 0x8C
    case keepAliveTimeout = 0x8D
    case sessionTakenOver = 0x8E
    case topicFilterInvalid = 0x8F
    case topicNameInvalid = 0x90
    case packetIdentifierInUse = 0x91
    case packetIdentifierNotFound = 0x92
    case receiveMaximumExceeded = 0x93
    case topicAliasInvalid = 0x94
    case packetTooLarge = 0x95
    case messageRateTooHigh = 0x96
    case quotaExceeded = 0x97
    case administrativeAction = 0x98
    case payloadFormatInvalid = 0x99
    case retainNotSupported = 0x9A
    case qosNotSupported = 0x9B
    case useAnotherServer = 0x9C
    case serverMoved = 0x9D
    case sharedSubscriptionsNotSupported = 0x9E
    case connectionRateExceeded = 0x9F
    case maximumConnectTime = 0xA0
    case subscriptionIdentifiersNotSupported = 0xA1
    case wildcardSubscriptionsNotSupported = 0xA2

    /// Whether the operation was refused (the whole range from 0x80).
    package var isFailure: Bool { rawValue >= 0x80 }
}

extension ReasonCode {
    /// The packets that may carry this code (MQTT 5.0, table 2-6).
    package var packets: PacketKinds {
        switch self {
        case .success: [.connack, .puback, .pubrec, .pubrel, .pubcomp, .suback, .unsuback, .disconnect, .auth]
        case .grantedQoS1, .grantedQoS2: [.suback]
        case .disconnectWithWill: [.disconnect]
        case .noMatchingSubscribers: [.puback, .pubrec]
        case .noSubscriptionExisted: [.unsuback]
        case .continueAuthentication, .reauthenticate: [.auth]
        case .unspecifiedError, .implementationSpecificError, .notAuthorized:
            [.connack, .puback, .pubrec, .suback, .unsuback, .disconnect]
        case .unsupportedProtocolVersion, .clientIdentifierNotValid, .badUserNameOrPassword, .serverUnavailable,
            .banned:
            [.connack]
        case .malformedPacket, .protocolError, .serverBusy, .badAuthenticationMethod, .packetTooLarge,
            .retainNotSupported, .qosNotSupported, .useAnotherServer, .serverMoved, .connectionRateExceeded:
            [.connack, .disconnect]
        case .serverShuttingDown, .keepAliveTimeout, .sessionTakenOver, .receiveMaximumExceeded, .topicAliasInvalid,
            .messageRateTooHigh, .administrativeAction, .maximumConnectTime:
            [.disconnect]
        case .topicFilterInvalid: [.suback, .unsuback, .disconnect]
        case .topicNameInvalid, .payloadFormatInvalid: [.connack, .puback, .pubrec, .disconnect]
        case .packetIdentifierInUse: [.puback, .pubrec, .suback, .unsuback]
        case .packetIdentifierNotFound: [.pubrel, .pubcomp]
        case .quotaExceeded: [.connack, .puback, .pubrec, .suback, .disconnect]
        case .sharedSubscriptionsNotSupported, .subscriptionIdentifiersNotSupported,
            .wildcardSubscriptionsNotSupported:
            [.suback, .disconnect]
        }
    }

    /// Whether `kind` may carry this code.
    package func isValid(in kind: PacketKind) -> Bool { packets.contains(PacketKinds(kind)) }
}

extension ReasonCode {
    /// The CONNACK return code of MQTT 3.1.1 (table 3.1) that says most nearly the same.
    package var connectReturnCode: UInt8 {
        switch self {
        case .success: 0
        case .unsupportedProtocolVersion: 1
        case .clientIdentifierNotValid: 2
        case .badUserNameOrPassword: 4
        case .notAuthorized, .banned, .badAuthenticationMethod: 5
        default: 3
        }
    }

    /// What a return code in a 3.1.1 CONNACK means; nil for the reserved ones, 6…255.
    package init?(connectReturnCode: UInt8) {
        switch connectReturnCode {
        case 0: self = .success
        case 1: self = .unsupportedProtocolVersion
        case 2: self = .clientIdentifierNotValid
        case 3: self = .serverUnavailable
        case 4: self = .badUserNameOrPassword
        case 5: self = .notAuthorized
        default: return nil
        }
    }

    /// The SUBACK return code of MQTT 3.1.1 (3.9.3): the granted QoS, or 0x80 for every refusal.
    package var subscribeReturnCode: UInt8 { isFailure ? 0x80 : rawValue }
}
