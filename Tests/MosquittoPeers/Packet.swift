/// A packet as a scripted broker sees it.
package struct Packet: Sendable {
    package enum Kind: UInt8, Sendable {
        case connect = 1
        case publish = 3
        case publishReceived = 5
        case publishRelease = 6
        case subscribe = 8
        case unsubscribe = 10
        case pingRequest = 12
        case disconnect = 14
    }

    package let first: UInt8
    package let body: [UInt8]

    package var kind: Kind? { Kind(rawValue: first >> 4) }
    package var qos: UInt8 { (first >> 1) & 3 }
    package var retain: Bool { first & 1 != 0 }
    package var isDuplicate: Bool { first & 8 != 0 }

    /// Protocol level of a CONNECT.
    package var connectLevel: UInt8 { body.count > 6 ? body[6] : 0 }
    /// Properties of a version 5 CONNECT, encoded.
    package var connectProperties: [UInt8] {
        guard body.count > 10 else { return [] }
        return Array(body[11..<min(body.count, 11 + Int(body[10]))])
    }

    package var topic: String { String(decoding: body[2..<2 + topicByteCount], as: UTF8.self) }
    private var topicByteCount: Int { Int(body[0]) << 8 | Int(body[1]) }

    /// Packet identifier of a PUBLISH with QoS > 0, or of an acknowledgement or SUBSCRIBE.
    package var packetID: UInt16 {
        let start = kind == .publish ? 2 + topicByteCount : 0
        return UInt16(body[start]) << 8 | UInt16(body[start + 1])
    }

    private var propertiesStart: Int { 2 + topicByteCount + (qos > 0 ? 2 : 0) }

    /// Encoded properties and payload of a version 5 PUBLISH.
    package var propertiesAndPayload: (properties: [UInt8], payload: [UInt8]) {
        var position = propertiesStart
        var length = 0
        var shift = 0
        while position < body.count {
            let byte = body[position]
            position += 1
            length |= Int(byte & 0x7F) << shift
            shift += 7
            if byte & 0x80 == 0 { break }
        }
        return (Array(body[position..<position + length]), Array(body[(position + length)...]))
    }

    /// Payload of a PUBLISH of 3.1.1.
    package var payload: [UInt8] { Array(body[propertiesStart...]) }
}
