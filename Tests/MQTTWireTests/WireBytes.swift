import MQTTWire
import Messages
import NIOCore

// Packets built by hand, independent of the encoders.

func hex(_ text: String) -> [UInt8] {
    text.split(whereSeparator: \.isWhitespace).map { UInt8($0, radix: 16) ?? 0 }
}

func hexText(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(separator: " ")
}

func variable(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    repeat {
        bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
        rest >>= 7
    } while rest > 0
    return bytes
}

/// A whole packet: first byte, length, `parts`.
func frame(_ first: UInt8, _ parts: [UInt8]...) -> [UInt8] {
    let body = Array(parts.joined())
    return [first] + variable(body.count) + body
}

/// A field with its two-byte length.
func field(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes }

func field(_ text: String) -> [UInt8] { field(Array(text.utf8)) }

/// Properties with their length.
func properties(_ parts: [UInt8]...) -> [UInt8] {
    let content = Array(parts.joined())
    return variable(content.count) + content
}

/// A CONNECT's body up to and with the keep alive.
func connectStart(_ level: UInt8, flags: UInt8, name: String = "MQTT") -> [UInt8] {
    field(name) + [level, flags, 0, 60]
}

/// What the decoder made of `bytes`. `followedBy` is memory behind the bytes it was given, which it must not look at.
func outcome(
    _ bytes: [UInt8], at offset: Int = 0, role: PacketDecoder.Role, version: ProtocolVersion?,
    limits: WireLimits = WireLimits(), followedBy padding: [UInt8] = []
) -> Result<DecodeStep, WireError> {
    var decoder = PacketDecoder(limits: limits, role: role, version: version)
    let padded = padding + bytes + padding
    return padded.withUnsafeBytes { raw in
        let given = UnsafeRawBufferPointer(rebasing: raw[padding.count..<padding.count + bytes.count])
        do throws(WireError) {
            return .success(try decoder.decode(given, at: offset))
        } catch {
            return .failure(error)
        }
    }
}

/// The packet in `bytes`, or nil if that is not exactly one.
func decoded(_ bytes: [UInt8], role: PacketDecoder.Role, version: ProtocolVersion?) -> Packet? {
    guard case .success(.packet(let packet, let end)) = outcome(bytes, role: role, version: version),
        end == bytes.count
    else { return nil }
    return packet
}

func refusal(
    _ bytes: [UInt8], role: PacketDecoder.Role = .server, version: ProtocolVersion?, limits: WireLimits = WireLimits()
) -> WireError? {
    guard case .failure(let error) = outcome(bytes, role: role, version: version, limits: limits) else { return nil }
    return error
}

func publishHeader(_ bytes: [UInt8], role: PacketDecoder.Role = .server, version: ProtocolVersion) -> PublishHeader? {
    guard case .publish(let header) = decoded(bytes, role: role, version: version) else { return nil }
    return header
}

/// Writes `packet`, which was decoded from `source`, with the encoders.
func encoded(_ packet: Packet, from source: [UInt8], version: ProtocolVersion) -> [UInt8] {
    var buffer = ByteBuffer()
    switch packet {
    case .publish(let header): writePublish(header, from: source, version: version, into: &buffer)
    case .puback(let ack): writeAcknowledgement(.puback, ack, version, &buffer)
    case .pubrec(let ack): writeAcknowledgement(.pubrec, ack, version, &buffer)
    case .pubrel(let ack): writeAcknowledgement(.pubrel, ack, version, &buffer)
    case .pubcomp(let ack): writeAcknowledgement(.pubcomp, ack, version, &buffer)
    case .connect(let connect): ConnectEncoder.write(connect, into: &buffer)
    case .connack(let connack): ConnackEncoder.write(connack, version: version, into: &buffer)
    case .subscribe(let subscribe): SubscribeEncoder.write(subscribe, version: version, into: &buffer)
    case .suback(let suback): SubackEncoder.write(suback, version: version, into: &buffer)
    case .unsubscribe(let unsubscribe): UnsubscribeEncoder.write(unsubscribe, version: version, into: &buffer)
    case .unsuback(let unsuback): UnsubackEncoder.write(unsuback, version: version, into: &buffer)
    case .pingRequest: PingEncoder.writeRequest(into: &buffer)
    case .pingResponse: PingEncoder.writeResponse(into: &buffer)
    case .disconnect(let disconnect): DisconnectEncoder.write(disconnect, version: version, into: &buffer)
    case .auth(let auth): AuthEncoder.write(auth, into: &buffer)
    }
    return Array(buffer.readableBytesView)
}

private func writeAcknowledgement(
    _ kind: AcknowledgementEncoder.Kind, _ ack: Acknowledgement, _ version: ProtocolVersion, _ buffer: inout ByteBuffer
) {
    AcknowledgementEncoder.write(
        kind, packetID: ack.packetID, reason: ack.reason, version: version, into: &buffer)
}

private func writePublish(
    _ header: PublishHeader, from source: [UInt8], version: ProtocolVersion, into buffer: inout ByteBuffer
) {
    source.withUnsafeBytes { raw in
        let rawProperties = UnsafeRawBufferPointer(rebasing: raw[header.properties])
        let kept =
            PublishProperties.forwardable(rawProperties, flags: header.propertyFlags)
            ?? Array(rawProperties)
        let expires = header.propertyFlags.contains(.messageExpiry)
        kept.withUnsafeBytes { properties in
            _ = PublishEncoder.write(
                into: &buffer, version: version, topic: UnsafeRawBufferPointer(rebasing: raw[header.topic]),
                payload: UnsafeRawBufferPointer(rebasing: raw[header.payload]), properties: properties,
                qos: header.qos, dup: header.dup, retain: header.retain, packetID: header.packetID,
                messageExpirySeconds: expires ? header.messageExpirySeconds : nil, topicAlias: header.topicAlias,
                subscriptionIdentifiers: .init(PublishProperties.subscriptionIdentifiers(in: rawProperties)))
        }
    }
}

/// What a PUBLISH says, apart from where its bytes lie.
struct PublishContent: Equatable {
    var topic: [UInt8]
    var payload: [UInt8]
    var forwardable: [UInt8]
    var identifiers: [UInt32]
    var flags: PublishHeader.PropertyFlags
    var qos: QoS
    var dup: Bool
    var retain: Bool
    var packetID: UInt16
    var alias: UInt16
    var expiry: UInt32

    init(_ header: PublishHeader, _ bytes: [UInt8]) {
        topic = Array(bytes[header.topic])
        payload = Array(bytes[header.payload])
        let raw = Array(bytes[header.properties])
        forwardable = raw.withUnsafeBytes {
            PublishProperties.forwardable($0, flags: header.propertyFlags) ?? Array($0)
        }
        identifiers = raw.withUnsafeBytes { PublishProperties.subscriptionIdentifiers(in: $0) }
        flags = header.propertyFlags
        qos = header.qos
        dup = header.dup
        retain = header.retain
        packetID = header.packetID
        alias = header.topicAlias
        expiry = header.messageExpirySeconds
    }
}
