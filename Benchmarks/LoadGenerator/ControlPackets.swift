/// The packets around the load: CONNECT, SUBSCRIBE, DISCONNECT. Made once per connection, so plain arrays do.
/// Text is at most some dozen bytes here; lengths are encoded in full all the same.
enum ControlPackets {
    /// A clean session without keep alive: the broker must not end a run that pauses.
    static func connect(clientID: String, version: UInt8) -> [UInt8] {
        var body: [UInt8] = []
        append("MQTT", to: &body)
        body.append(version)
        body.append(0b0000_0010)
        body += [0, 0]
        if version == 5 { body.append(0) }
        append(clientID, to: &body)
        return packet(0x10, body)
    }

    static func subscribe(filter: String, qos: UInt8, version: UInt8) -> [UInt8] {
        var body: [UInt8] = [0, 1]
        if version == 5 { body.append(0) }
        append(filter, to: &body)
        body.append(qos)
        return packet(0x82, body)
    }

    static let disconnect: [UInt8] = [0xE0, 0]

    /// `value` is at most 268,435,455.
    static func appendVariableByteInteger(_ value: Int, to bytes: inout [UInt8]) {
        var rest = value
        repeat {
            let digit = UInt8(rest & 0x7F)
            rest >>= 7
            bytes.append(rest > 0 ? digit | 0x80 : digit)
        } while rest > 0
    }

    static func append(_ text: String, to bytes: inout [UInt8]) {
        let utf8 = Array(text.utf8)
        bytes.append(UInt8(utf8.count >> 8))
        bytes.append(UInt8(utf8.count & 0xFF))
        bytes += utf8
    }

    private static func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
        var bytes = [first]
        appendVariableByteInteger(body.count, to: &bytes)
        return bytes + body
    }
}

/// What a CONNACK or SUBACK said.
struct Acknowledgement {
    let reason: UInt8
    /// MQTT 5 Receive Maximum of a CONNACK (3.2.2.3.3); 65,535 when absent.
    var receiveMax = 65_535

    /// `body` is a CONNACK without its fixed header.
    init?(connack body: [UInt8], version: UInt8) {
        guard body.count >= 2 else { return nil }
        reason = body[1]
        guard version == 5, body.count > 3 else { return }
        var offset = 2
        guard let length = Self.variableByteInteger(body, &offset), offset + length <= body.count else { return nil }
        let end = offset + length
        while offset < end {
            guard let next = Self.skipProperty(body, offset) else { return nil }
            if body[offset] == 0x21 { receiveMax = Int(body[offset + 1]) << 8 | Int(body[offset + 2]) }
            offset = next
        }
    }

    /// `body` is a SUBACK of one filter without its fixed header.
    init?(suback body: [UInt8], version: UInt8) {
        guard body.count >= 3, let last = body.last else { return nil }
        reason = last
    }

    private static func variableByteInteger(_ bytes: [UInt8], _ offset: inout Int) -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 28, by: 7) {
            guard offset < bytes.count else { return nil }
            let byte = bytes[offset]
            offset += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    /// Where the property after the one at `offset` begins; only properties of a CONNACK (3.2.2.3).
    private static func skipProperty(_ bytes: [UInt8], _ offset: Int) -> Int? {
        func text(_ at: Int) -> Int? {
            guard at + 2 <= bytes.count else { return nil }
            return at + 2 + (Int(bytes[at]) << 8 | Int(bytes[at + 1]))
        }
        let next: Int? =
            switch bytes[offset] {
            case 0x24, 0x25, 0x28, 0x29, 0x2A: offset + 2
            case 0x13, 0x21, 0x22: offset + 3
            case 0x11, 0x27: offset + 5
            case 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F: text(offset + 1)
            case 0x26: text(offset + 1).flatMap(text)
            default: nil
            }
        guard let next, next <= bytes.count else { return nil }
        return next
    }
}
