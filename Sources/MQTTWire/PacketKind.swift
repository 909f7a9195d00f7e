import Messages

/// The fifteen control packets (MQTT 5.0, table 2-1).
package enum PacketKind: UInt8, Sendable, CaseIterable {
    case connect = 1
    case connack = 2
    case publish = 3
    case puback = 4
    case pubrec = 5
    case pubrel = 6
    case pubcomp = 7
    case subscribe = 8
    case suback = 9
    case unsubscribe = 10
    case unsuback = 11
    case pingRequest = 12
    case pingResponse = 13
    case disconnect = 14
    case auth = 15
}

extension PacketKind {
    /// The low four bits that the fixed header of every kind but PUBLISH must have [MQTT-2.1.3-1].
    var headerFlags: UInt8 {
        switch self {
        case .pubrel, .subscribe, .unsubscribe: 0b0010
        case .connect, .connack, .publish, .puback, .pubrec, .pubcomp, .suback, .unsuback, .pingRequest,
            .pingResponse, .disconnect, .auth:
            0
        }
    }

    /// The first byte of a packet of this kind other than PUBLISH.
    var firstByte: UInt8 { rawValue << 4 | headerFlags }

    /// Whether a peer in the opposite role may send it. In 3.1.1 only clients send DISCONNECT and nobody sends AUTH.
    func isSent(to role: PacketDecoder.Role, version: ProtocolVersion) -> Bool {
        switch self {
        case .publish, .puback, .pubrec, .pubrel, .pubcomp: true
        case .connect, .subscribe, .unsubscribe, .pingRequest: role == .server
        case .connack, .suback, .unsuback, .pingResponse: role == .client
        case .disconnect: role == .server || version == .v5
        case .auth: version == .v5
        }
    }
}

/// A set of packet kinds; `will` stands for the will properties inside CONNECT, which have rules of their own.
package struct PacketKinds: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package init(_ kind: PacketKind) { rawValue = 1 << UInt16(kind.rawValue) }

    package static let will = PacketKinds(rawValue: 1)
    package static let connect = PacketKinds(rawValue: 1 << 1)
    package static let connack = PacketKinds(rawValue: 1 << 2)
    package static let publish = PacketKinds(rawValue: 1 << 3)
    package static let puback = PacketKinds(rawValue: 1 << 4)
    package static let pubrec = PacketKinds(rawValue: 1 << 5)
    package static let pubrel = PacketKinds(rawValue: 1 << 6)
    package static let pubcomp = PacketKinds(rawValue: 1 << 7)
    package static let subscribe = PacketKinds(rawValue: 1 << 8)
    package static let suback = PacketKinds(rawValue: 1 << 9)
    package static let unsubscribe = PacketKinds(rawValue: 1 << 10)
    package static let unsuback = PacketKinds(rawValue: 1 << 11)
    package static let disconnect = PacketKinds(rawValue: 1 << 14)
    package static let auth = PacketKinds(rawValue: 1 << 15)
}
