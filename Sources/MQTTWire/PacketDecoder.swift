package import Messages

/// Takes packets out of received bytes, one at a time: MQTT 3.1.1 and 5.0, whichever the CONNECT named.
///
/// The decoder holds no bytes. Its caller gives it what has arrived and where the next packet begins, and keeps what is
/// left when it answers `.needMore`. Lengths are checked when the fixed header is there, so nothing over the limits is
/// ever waited for. PUBLISH and the acknowledgements are decoded without allocating. After an error the connection is
/// over; the decoder must not be asked again.
package struct PacketDecoder: Sendable {
    package enum Role: Sendable {
        /// Decodes what clients send.
        case server
        /// Decodes what servers send.
        case client
    }

    package var limits: WireLimits
    package let role: Role
    /// Learnt from CONNECT by the server; before that meaningless.
    package private(set) var version: ProtocolVersion
    /// Whether the server has seen CONNECT [MQTT-3.1.0-1]; always true for a client.
    package private(set) var isConnected: Bool

    /// - Parameter version: what the client asked for in CONNECT (role `.client`, nil: 3.1.1); for the server that
    /// CONNECT
    ///   was seen already, with this version.
    package init(limits: WireLimits = WireLimits(), role: Role, version: ProtocolVersion? = nil) {
        self.limits = limits
        self.role = role
        self.version = version ?? .v311
        isConnected = role == .client || version != nil
    }

    /// Decodes the packet that begins at `offset`. `.needMore` while it is incomplete, which costs a look at the fixed
    /// header. `bytes` are at most UInt32.max, more than any `ByteBuffer` holds.
    package mutating func decode(
        _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(WireError) -> DecodeStep {
        precondition(offset >= 0 && bytes.count <= Int(UInt32.max), "offsets must fit PublishHeader")
        guard offset < bytes.count else { return .needMore }
        let first = unsafe bytes[offset]
        let kind = try admit(first)
        guard let length = try unsafe Self.remainingLength(bytes, at: offset &+ 1) else { return .needMore }
        let bodyStart = offset &+ 1 &+ length.width
        let end = bodyStart &+ length.value
        let byteCountMax = kind == .connect ? min(limits.connectBytesMax, limits.packetBytesMax) : limits.packetBytesMax
        guard end &- offset <= byteCountMax else { throw .packetTooLarge(byteCount: end &- offset) }
        guard end <= bytes.count else { return .needMore }
        var reader = unsafe ByteReader(bytes, from: bodyStart, to: end)
        switch kind {
        case .publish:
            return .packet(.publish(try decodePublish(&reader, first: first, packetStart: offset)), end: end)
        case .puback: return .packet(.puback(try decodeAcknowledgement(&reader, kind)), end: end)
        case .pubrec: return .packet(.pubrec(try decodeAcknowledgement(&reader, kind)), end: end)
        case .pubrel: return .packet(.pubrel(try decodeAcknowledgement(&reader, kind)), end: end)
        case .pubcomp: return .packet(.pubcomp(try decodeAcknowledgement(&reader, kind)), end: end)
        case .connect:
            let connect = try decodeConnect(&reader)
            version = connect.version
            isConnected = true
            return .packet(.connect(connect), end: end)
        case .connack, .subscribe, .suback, .unsubscribe, .unsuback, .pingRequest, .pingResponse, .disconnect, .auth:
            return .packet(try decodeRare(&reader, kind), end: end)
        }
    }

    /// Judges a packet by its first byte alone: its kind, its flags, and whether this side may be sent it now.
    @inline(__always)
    private func admit(_ first: UInt8) throws(WireError) -> PacketKind {
        if first & 0xF0 == 0x30, isConnected {
            // QoS 3 [MQTT-3.3.1-4]; DUP with QoS 0 [MQTT-3.3.1-2].
            guard first & 0b0110 != 0b0110 else { throw .malformedPacket(.qos) }
            guard first & 0b1110 != 0b1000 else { throw .malformedPacket(.duplicateFlag) }
            return .publish
        }
        if isConnected {
            switch first {
            case 0x40: return .puback
            case 0x50: return .pubrec
            case 0x62: return .pubrel
            case 0x70: return .pubcomp
            default: break
            }
        }
        return try admitOther(first)
    }

    private func admitOther(_ first: UInt8) throws(WireError) -> PacketKind {
        guard let kind = PacketKind(rawValue: first >> 4) else { throw .malformedPacket(.packetType) }
        // [MQTT-3.1.0-1] [MQTT-3.1.0-2]: nothing is answered before CONNECT, not even PINGREQ.
        if role == .server, isConnected == (kind == .connect) {
            throw .protocolError(isConnected ? .connectTwice : .packetBeforeConnect)
        }
        guard first & 0x0F == kind.headerFlags else { throw .malformedPacket(.headerFlags) }
        if kind == .auth, version == .v311 { throw .malformedPacket(.packetType) }
        guard kind.isSent(to: role, version: version) else { throw .protocolError(.packetFromWrongSide) }
        return kind
    }

    /// The remaining length in the fixed header and the bytes it takes, or nil when they are not all there. At most
    /// four bytes in the shortest form [MQTT-1.5.5-1].
    @inline(__always)
    private static func remainingLength(
        _ bytes: UnsafeRawBufferPointer, at start: Int
    ) throws(WireError) -> (value: Int, width: Int)? {
        guard start < bytes.count else { return nil }
        let first = unsafe bytes[start]
        if first < 0x80 { return (Int(first), 1) }
        var value = Int(first & 0x7F)
        for width in 1..<4 {
            guard start &+ width < bytes.count else { return nil }
            let byte = unsafe bytes[start &+ width]
            value |= Int(byte & 0x7F) &<< (7 &* width)
            if byte < 0x80 {
                guard byte != 0 else { throw .malformedPacket(.variableByteInteger) }
                return (value, width &+ 1)
            }
        }
        throw .malformedPacket(.variableByteInteger)
    }
}

/// What `PacketDecoder.decode` came to.
package enum DecodeStep: Sendable, Equatable {
    /// A packet, and where the next one begins.
    case packet(Packet, end: Int)
    /// The packet is not complete. Nothing of it was kept.
    case needMore
}
