import MQTTWire
import Messages
import Testing

/// A valid packet, by hand, with who is to decode it.
struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let role: PacketDecoder.Role
    /// nil: CONNECT, which tells it.
    let version: ProtocolVersion?
    let bytes: [UInt8]
    var testDescription: String { name }

    init(_ name: String, to role: PacketDecoder.Role, _ version: ProtocolVersion?, _ bytes: [UInt8]) {
        self.name = name
        self.role = role
        self.version = version
        self.bytes = bytes
    }
}

enum Samples {
    static let all = connects + connacks + publishes + acknowledgements + subscribing + endings

    private static let userProperties: [UInt8] =
        [0x26] + field("node") + field("gateway-7") + [0x26] + field("node") + field("ü")

    static let connects = [
        Sample("CONNECT 3.1.1 least", to: .server, nil, frame(0x10, connectStart(4, flags: 2), field(""))),
        Sample(
            "CONNECT 3.1.1 all", to: .server, nil,
            frame(
                0x10, connectStart(4, flags: 0b1111_0100), field("sensor"), field("will/topic"), field([0, 1, 255]),
                field("user"), field([0, 255]))),
        Sample("CONNECT 5 least", to: .server, nil, frame(0x10, connectStart(5, flags: 2), [0], field("c"))),
        Sample(
            "CONNECT 5 password alone", to: .server, nil,
            frame(0x10, connectStart(5, flags: 0b0100_0010), [0], field("c"), field([1, 2]))),
        Sample(
            "CONNECT 5 all", to: .server, nil,
            frame(
                0x10, connectStart(5, flags: 0b1110_1110),
                properties(
                    [0x11, 0, 0, 14, 16], [0x21, 0, 20], [0x27, 0, 1, 0, 0], [0x22, 0, 10], [0x19, 1], [0x17, 0],
                    [0x15] + field("SCRAM"), [0x16] + field([1, 2, 3]), userProperties),
                field("sensor"),
                properties(
                    [0x18, 0, 0, 0, 5], [0x01, 1], [0x02, 0, 0, 0, 60], [0x03] + field("text/plain"),
                    [0x08] + field("reply/to"), [0x09] + field([9, 8]), userProperties),
                field("will/topic"), field("gone"), field("user"), field("secret"))),
    ]

    static let connacks = [
        Sample("CONNACK 3.1.1", to: .client, .v311, hex("20 02 01 00")),
        Sample("CONNACK 3.1.1 refused", to: .client, .v311, hex("20 02 00 05")),
        Sample("CONNACK 5 least", to: .client, .v5, hex("20 03 00 00 00")),
        Sample(
            "CONNACK 5 all", to: .client, .v5,
            frame(
                0x20, [1, 0],
                properties(
                    [0x11, 0, 0, 0, 9], [0x21, 1, 0], [0x24, 1], [0x25, 0], [0x27, 0, 1, 0, 0],
                    [0x12] + field("auto-1"), [0x22, 0, 5], [0x1F] + field("why"), userProperties, [0x28, 0],
                    [0x29, 0], [0x2A, 0], [0x13, 0, 30], [0x1A] + field("info"), [0x1C] + field("other:1883"),
                    [0x15] + field("SCRAM"), [0x16] + field([7])))),
        Sample("CONNACK 5 refused", to: .client, .v5, hex("20 03 00 87 00")),
    ]

    static let publishes = [
        Sample("PUBLISH 3.1.1 QoS 0", to: .server, .v311, frame(0x31, field("a/b"), [1, 2, 3])),
        Sample("PUBLISH 3.1.1 QoS 1", to: .server, .v311, frame(0x3B, field("sensors/7/temp"), [0, 9], [0x7B])),
        Sample("PUBLISH 3.1.1 QoS 2 empty", to: .client, .v311, frame(0x34, field("größe/日本/😀"), [255, 255])),
        Sample("PUBLISH 5 QoS 0", to: .client, .v5, frame(0x30, field("a"), [0], [0, 255, 0])),
        Sample("PUBLISH 5 alias only", to: .server, .v5, frame(0x30, field(""), properties([0x23, 0, 3]), [5])),
        Sample(
            "PUBLISH 5 to server, all", to: .server, .v5,
            frame(
                0x35, field("sensors/7/temperature"), [1, 2],
                properties(
                    [0x23, 0, 3], [0x01, 1], [0x02, 0, 0, 0, 60], [0x03] + field("text/plain"),
                    [0x08] + field("reply/to"), [0x09] + field([9, 8]), userProperties),
                Array(repeating: 0x41, count: 200))),
        Sample(
            "PUBLISH 5 to client, all", to: .client, .v5,
            frame(
                0x3A, field("t"), [1, 2],
                properties(
                    [0x0B, 1], [0x0B, 0xFF, 0xFF, 0xFF, 0x7F], [0x23, 255, 255], [0x01, 0], [0x02, 0, 0, 0, 0],
                    [0x03] + field(""), [0x08] + field("r"), [0x09] + field([]), userProperties))),
    ]

    static let acknowledgements: [Sample] = ([0x40, 0x50, 0x62, 0x70] as [UInt8]).flatMap { first in
        let name = "ack \(String(first, radix: 16))"
        let reason: UInt8 = first < 0x60 ? 0x10 : 0x92
        return [
            Sample("\(name) 3.1.1", to: .server, .v311, frame(first, [0, 1])),
            Sample("\(name) 5", to: .client, .v5, frame(first, [255, 255])),
            Sample("\(name) 5 reason", to: .server, .v5, frame(first, [0, 1, reason])),
            Sample("\(name) 5 no properties", to: .server, .v5, frame(first, [0, 1, 0, 0])),
            Sample(
                "\(name) 5 all", to: .client, .v5,
                frame(first, [0, 1, reason], properties([0x1F] + field("why"), userProperties))),
        ]
    }

    static let subscribing = [
        Sample("SUBSCRIBE 3.1.1", to: .server, .v311, frame(0x82, [0, 1], field("a/#"), [2], field("+/b"), [0])),
        Sample(
            "SUBSCRIBE 5", to: .server, .v5,
            frame(
                0x82, [0, 1], properties([0x0B, 0x80, 0x01], userProperties), field("a/#"), [0b0010_1101],
                field("$share/g/+/b"), [0b0001_1010], field("c"), [0])),
        Sample("SUBACK 3.1.1", to: .client, .v311, frame(0x90, [0, 1], [0, 1, 2, 0x80])),
        Sample(
            "SUBACK 5", to: .client, .v5,
            frame(
                0x90, [0, 1], properties([0x1F] + field("why"), userProperties), [0, 1, 2, 0x80, 0x8F, 0x9E, 0xA2])),
        Sample("UNSUBSCRIBE 3.1.1", to: .server, .v311, frame(0xA2, [0, 1], field("a/#"), field("b"))),
        Sample(
            "UNSUBSCRIBE 5", to: .server, .v5,
            frame(0xA2, [0, 1], properties(userProperties), field("a/#"), field("b"))),
        Sample("UNSUBACK 3.1.1", to: .client, .v311, frame(0xB0, [0, 1])),
        Sample(
            "UNSUBACK 5", to: .client, .v5,
            frame(0xB0, [0, 1], properties([0x1F] + field("why"), userProperties), [0, 0x11, 0x87])),
    ]

    static let endings = [
        Sample("PINGREQ", to: .server, .v311, hex("C0 00")),
        Sample("PINGRESP", to: .client, .v5, hex("D0 00")),
        Sample("DISCONNECT 3.1.1", to: .server, .v311, hex("E0 00")),
        Sample("DISCONNECT 5 short", to: .server, .v5, hex("E0 00")),
        Sample("DISCONNECT 5 reason", to: .client, .v5, hex("E0 01 8E")),
        Sample(
            "DISCONNECT 5 from client, all", to: .server, .v5,
            frame(0xE0, [4], properties([0x11, 0, 0, 0, 1], [0x1F] + field("why"), userProperties))),
        Sample(
            "DISCONNECT 5 from server, all", to: .client, .v5,
            frame(0xE0, [0x9D], properties([0x1F] + field("why"), userProperties, [0x1C] + field("other")))),
        Sample("AUTH short", to: .client, .v5, hex("F0 00")),
        Sample(
            "AUTH all", to: .server, .v5,
            frame(
                0xF0, [0x18],
                properties([0x15] + field("SCRAM"), [0x16] + field([1]), [0x1F] + field("why"), userProperties))),
    ]
}
