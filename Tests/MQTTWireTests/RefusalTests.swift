import MQTTWire
import Messages
import Testing

/// Bytes that the standard forbids, the statement that does, and what the decoder says.
struct Refusal: Sendable, CustomTestStringConvertible {
    let clause: String
    let role: PacketDecoder.Role
    let version: ProtocolVersion?
    let bytes: [UInt8]
    let error: WireError
    var testDescription: String { clause }

    init(
        _ clause: String, _ version: ProtocolVersion?, _ bytes: [UInt8], malformed: WireError.Malformation,
        to role: PacketDecoder.Role = .server
    ) {
        self.init(clause, version, bytes, .malformedPacket(malformed), to: role)
    }

    init(
        _ clause: String, _ version: ProtocolVersion?, _ bytes: [UInt8], violates: WireError.ProtocolViolation,
        to role: PacketDecoder.Role = .server
    ) {
        self.init(clause, version, bytes, .protocolError(violates), to: role)
    }

    init(
        _ clause: String, _ version: ProtocolVersion?, _ bytes: [UInt8], _ error: WireError,
        to role: PacketDecoder.Role = .server
    ) {
        self.clause = clause
        self.role = role
        self.version = version
        self.bytes = bytes
        self.error = error
    }
}

@Suite("The decoder refuses")
struct RefusalTests {
    @Test(
        "by clause",
        arguments: fixedHeaders + connects + connackRefusals + publishes + subscribing + answers + properties5)
    func refused(_ refusal: Refusal) {
        #expect(
            outcome(refusal.bytes, role: refusal.role, version: refusal.version) == .failure(refusal.error))
    }

    @Test("with a reason code of the standard that fits CONNACK or DISCONNECT")
    func reasonCodes() {
        let codes: [(WireError, UInt8)] = [
            (.malformedPacket(.text), 0x81), (.protocolError(.propertyTwice), 0x82),
            (.packetTooLarge(byteCount: 9), 0x95),
            (.unsupportedProtocolVersion(3), 0x84), (.topicAliasInvalid, 0x94), (.limitExceeded(.topicFilters), 0x97),
        ]
        for (error, code) in codes {
            #expect(error.reasonCode.rawValue == code)
            #expect(error.reasonCode.isValid(in: .connack) || error.reasonCode.isValid(in: .disconnect))
            #expect(!error.description.isEmpty)
        }
    }

    static let fixedHeaders: [Refusal] = [
        Refusal("2.1.2 type 0", .v5, hex("00 00"), malformed: .packetType),
        Refusal("2.1.2 type 0 to a client", .v5, hex("00 00"), malformed: .packetType, to: .client),
        Refusal("2.1.2 AUTH in 3.1.1", .v311, hex("F0 00"), malformed: .packetType),
        Refusal("MQTT-2.1.3-1 PUBREL flags 0", .v311, hex("60 02 00 01"), malformed: .headerFlags),
        Refusal("MQTT-2.1.3-1 PUBREL flags 3", .v5, hex("63 02 00 01"), malformed: .headerFlags),
        Refusal("MQTT-2.1.3-1 PUBACK flags", .v5, hex("42 02 00 01"), malformed: .headerFlags),
        Refusal("MQTT-2.1.3-1 CONNECT flags", nil, hex("11 00"), malformed: .headerFlags),
        Refusal("MQTT-3.8.1-1 SUBSCRIBE flags", .v5, hex("80 00"), malformed: .headerFlags),
        Refusal("MQTT-3.10.1-1 UNSUBSCRIBE flags", .v311, hex("A0 00"), malformed: .headerFlags),
        Refusal("MQTT-3.14.1-1 DISCONNECT flags", .v5, hex("E1 00"), malformed: .headerFlags),
        Refusal("MQTT-1.5.5-1 overlong length", .v5, hex("C0 80 00"), malformed: .variableByteInteger),
        Refusal("MQTT-1.5.5-1 overlong length of 4", .v5, hex("C0 80 80 80 00"), malformed: .variableByteInteger),
        Refusal("MQTT-1.5.5-1 five-byte length", .v5, hex("30 80 80 80 80 01"), malformed: .variableByteInteger),
        Refusal("3.12 PINGREQ with a body", .v5, hex("C0 01 00"), malformed: .trailingBytes),
        Refusal("3.14 DISCONNECT with a body in 3.1.1", .v311, hex("E0 01 00"), malformed: .trailingBytes),
        Refusal("MQTT-3.1.0-1 PINGREQ first", nil, hex("C0 00"), violates: .packetBeforeConnect),
        Refusal("MQTT-3.1.0-1 PUBLISH first", nil, hex("30 03 00 01 61"), violates: .packetBeforeConnect),
        Refusal("MQTT-3.1.0-1 an HTTP request", nil, Array("GET / HTTP/1.1".utf8), violates: .packetBeforeConnect),
        Refusal("MQTT-2.1.3-1 a TLS hello, one byte", nil, hex("16"), malformed: .headerFlags),
        Refusal("MQTT-3.1.0-2 second CONNECT", .v5, hex("10"), violates: .connectTwice),
        Refusal("2.1.2 CONNACK to a server", .v5, hex("20 03 00 00 00"), violates: .packetFromWrongSide),
        Refusal("2.1.2 SUBACK to a server", .v311, hex("90 03 00 01 00"), violates: .packetFromWrongSide),
        Refusal("2.1.2 PINGRESP to a server", .v5, hex("D0 00"), violates: .packetFromWrongSide),
        Refusal("2.1.2 CONNECT to a client", .v5, hex("10 00"), violates: .packetFromWrongSide, to: .client),
        Refusal("2.1.2 PINGREQ to a client", .v311, hex("C0 00"), violates: .packetFromWrongSide, to: .client),
        Refusal("3.14 DISCONNECT to a 3.1.1 client", .v311, hex("E0 00"), violates: .packetFromWrongSide, to: .client),
    ]

    static let connects: [Refusal] = [
        Refusal("MQTT-3.1.2-1 other name", nil, frame(0x10, field("HTTP"), [4, 2, 0, 0]), malformed: .protocolName),
        Refusal("MQTT-3.1.2-1 lower case", nil, frame(0x10, field("mqtt"), [4, 2, 0, 0]), malformed: .protocolName),
        Refusal("MQTT-3.1.2-2 level 3", nil, frame(0x10, connectStart(3, flags: 2)), .unsupportedProtocolVersion(3)),
        Refusal("MQTT-3.1.2-2 level 6", nil, frame(0x10, connectStart(6, flags: 2)), .unsupportedProtocolVersion(6)),
        Refusal(
            "MQTT-3.1.2-2 a Mosquitto bridge's level", nil, frame(0x10, connectStart(0x84, flags: 2), field("c")),
            .unsupportedProtocolVersion(0x84)),
        Refusal(
            "MQTT-3.1.2-2 MQIsdp 3 (MQTT 3.1)", nil,
            frame(0x10, connectStart(3, flags: 2, name: "MQIsdp"), field("c")), .unsupportedProtocolVersion(3)),
        Refusal(
            "MQTT-3.1.2-2 MQIsdp 4", nil, frame(0x10, connectStart(4, flags: 2, name: "MQIsdp"), field("c")),
            .unsupportedProtocolVersion(4)),
        Refusal(
            "MQTT-3.1.2-3 reserved flag", nil, frame(0x10, connectStart(4, flags: 3), field("c")),
            malformed: .connectReservedFlag),
        Refusal(
            "MQTT-3.1.2-11 will QoS without will", nil, frame(0x10, connectStart(5, flags: 8), [0], field("c")),
            malformed: .willFlags),
        Refusal(
            "MQTT-3.1.2-13 will retain without will", nil, frame(0x10, connectStart(4, flags: 0x22), field("c")),
            malformed: .willFlags),
        Refusal(
            "MQTT-3.1.2-12 will QoS 3", nil,
            frame(0x10, connectStart(5, flags: 0x1E), [0], field("c"), [0], field("t"), field("")),
            malformed: .willFlags),
        Refusal(
            "3.1.1 MQTT-3.1.2-22 password without user name", nil,
            frame(0x10, connectStart(4, flags: 0x42), field("c"), field("p")), malformed: .passwordWithoutUserName),
        Refusal(
            "MQTT-3.1.2-17 user name announced, not there", nil,
            frame(0x10, connectStart(4, flags: 0x82), field("c")), malformed: .truncated),
        Refusal(
            "MQTT-3.1.2-16 user name there, not announced", nil,
            frame(0x10, connectStart(4, flags: 2), field("c"), field("u")), malformed: .trailingBytes),
        Refusal(
            "MQTT-3.1.3-4 client id not UTF-8", nil, frame(0x10, connectStart(4, flags: 2), field([0xC3, 0x28])),
            malformed: .text),
        Refusal(
            "MQTT-1.5.4-2 NUL in the client id", nil, frame(0x10, connectStart(5, flags: 2), [0], field([0x61, 0])),
            malformed: .text),
        Refusal(
            "MQTT-3.1.3-12 user name with a surrogate", nil,
            frame(0x10, connectStart(4, flags: 0x82), field("c"), field([0xED, 0xA0, 0x80])), malformed: .text),
        Refusal(
            "MQTT-3.1.3-11 will topic not UTF-8", nil,
            frame(0x10, connectStart(4, flags: 6), field("c"), field([0xFF]), field("")), malformed: .text),
        Refusal(
            "MQTT-4.7.3-1 empty will topic", nil,
            frame(0x10, connectStart(4, flags: 6), field("c"), field(""), field("")), malformed: .topicEmpty),
        Refusal(
            "MQTT-3.3.2-2 wildcard in the will topic", nil,
            frame(0x10, connectStart(5, flags: 6), [0], field("c"), [0], field("a/#"), field("")),
            malformed: .topicWildcard),
        Refusal("3.1 cut short", nil, frame(0x10, field("MQTT"), [4]), malformed: .truncated),
        Refusal("3.1 nothing in it", nil, hex("10 00"), malformed: .truncated),
    ]

    static let connackRefusals: [Refusal] = [
        Refusal("MQTT-3.2.2-1 reserved flags", .v5, hex("20 03 02 00 00"), malformed: .connackFlags, to: .client),
        Refusal(
            "MQTT-3.2.2-6 session present with failure", .v5, hex("20 03 01 87 00"),
            violates: .sessionPresentWithFailure, to: .client),
        Refusal("3.2.2.3 return code 6 in 3.1.1", .v311, hex("20 02 00 06"), malformed: .reasonCode, to: .client),
        Refusal("MQTT-3.2.2-8 unknown reason", .v5, hex("20 03 00 77 00"), malformed: .reasonCode, to: .client),
        Refusal("MQTT-3.2.2-8 reason of SUBACK", .v5, hex("20 03 00 01 00"), violates: .reasonCode, to: .client),
        Refusal("3.2 properties in 3.1.1", .v311, hex("20 03 00 00 00"), malformed: .trailingBytes, to: .client),
        Refusal(
            "MQTT-3.2.2-9 Maximum QoS 2", .v5, hex("20 05 00 00 02 24 02"), violates: .propertyValue, to: .client),
    ]

    static let publishes: [Refusal] = [
        Refusal("MQTT-3.3.1-4 QoS 3", .v5, hex("36"), malformed: .qos),
        Refusal("MQTT-3.3.1-4 QoS 3 with DUP", .v311, hex("3F 00"), malformed: .qos),
        Refusal("MQTT-3.3.1-2 DUP with QoS 0", .v5, hex("38"), malformed: .duplicateFlag),
        Refusal("MQTT-2.2.1-3 identifier 0", .v5, frame(0x32, field("a"), [0, 0, 0]), malformed: .packetIdentifier),
        Refusal("MQTT-3.3.2-2 +", .v5, frame(0x30, field("a/+"), [0]), malformed: .topicWildcard),
        Refusal("MQTT-3.3.2-2 # at the end", .v311, frame(0x30, field("long/topic/#")), malformed: .topicWildcard),
        Refusal(
            "MQTT-3.3.2-2 # far in", .v5, frame(0x30, field("aaaaaaaaa#aaaaaaaaaa"), [0]), malformed: .topicWildcard),
        Refusal(
            "MQTT-3.3.2-2 + among others", .v5, frame(0x30, field("größe/größe/+"), [0]), malformed: .topicWildcard),
        Refusal("MQTT-4.7.3-2 NUL", .v5, frame(0x30, field([0x61, 0]), [0]), malformed: .text),
        Refusal("MQTT-1.5.4-1 not UTF-8", .v311, frame(0x30, field([0x61, 0x80])), malformed: .text),
        Refusal("MQTT-4.7.3-1 empty in 3.1.1", .v311, frame(0x30, field("")), malformed: .topicEmpty),
        Refusal("3.3.2.1 neither topic nor alias", .v5, frame(0x30, field(""), [0]), violates: .topicMissing),
        Refusal("MQTT-3.3.2-8 alias 0", .v5, frame(0x30, field("a"), [3, 0x23, 0, 0]), .topicAliasInvalid),
        Refusal("MQTT-3.3.2-8 alias 0, no topic", .v5, frame(0x30, field(""), [3, 0x23, 0, 0]), .topicAliasInvalid),
        Refusal(
            "MQTT-3.3.4-6 subscription identifier from a client", .v5, frame(0x30, field("a"), [2, 0x0B, 1]),
            violates: .subscriptionIdentifierFromClient),
        Refusal(
            "MQTT-3.3.2-14 + in the response topic", .v5,
            frame(0x30, field("a"), properties([0x08] + field("r/+"))), violates: .responseTopicWildcard),
        Refusal(
            "MQTT-4.7.3-1 empty response topic", .v5, frame(0x30, field("a"), properties([0x08] + field(""))),
            malformed: .topicEmpty),
        Refusal("3.3 topic past the end", .v311, hex("30 03 00 02 61"), malformed: .truncated),
        Refusal("3.3 nothing in it", .v5, hex("30 00"), malformed: .truncated),
        Refusal("3.3 no identifier", .v5, hex("32 03 00 01 61"), malformed: .truncated),
        Refusal("3.3 no properties in 5", .v5, hex("30 03 00 01 61"), malformed: .truncated),
        Refusal("3.3 properties past the end", .v5, hex("30 06 00 01 61 03 01 01"), malformed: .truncated),
        Refusal(
            "MQTT-1.5.5-1 overlong property length", .v5, hex("30 06 00 01 61 80 00 41"),
            malformed: .variableByteInteger),
        Refusal(
            "MQTT-1.5.5-1 five-byte property length", .v5, hex("30 09 00 01 61 80 80 80 80 01 41"),
            malformed: .variableByteInteger),
    ]

    static let subscribing: [Refusal] = [
        Refusal("MQTT-2.2.1-3 SUBSCRIBE 0", .v311, frame(0x82, [0, 0], field("a"), [0]), malformed: .packetIdentifier),
        Refusal("MQTT-2.2.1-3 UNSUBSCRIBE 0", .v5, frame(0xA2, [0, 0, 0], field("a")), malformed: .packetIdentifier),
        Refusal("MQTT-3.8.3-2 no filter in 3.1.1", .v311, frame(0x82, [0, 1]), violates: .noTopicFilter),
        Refusal("MQTT-3.8.3-2 no filter in 5", .v5, frame(0x82, [0, 1, 0]), violates: .noTopicFilter),
        Refusal("MQTT-3.10.3-2 no filter", .v5, frame(0xA2, [0, 1, 0]), violates: .noTopicFilter),
        Refusal(
            "MQTT-3.8.3-5 reserved bit 6", .v5, frame(0x82, [0, 1, 0], field("a"), [0x40]),
            malformed: .subscriptionOptions),
        Refusal(
            "MQTT-3.8.3-5 reserved bit 7", .v5, frame(0x82, [0, 1, 0], field("a"), [0x80]),
            malformed: .subscriptionOptions),
        Refusal(
            "3.1.1 MQTT-3.8.3-4 bits of 5", .v311, frame(0x82, [0, 1], field("a"), [4]), malformed: .subscriptionOptions
        ),
        Refusal(
            "3.1.1 MQTT-3.8.3-4 QoS 3", .v311, frame(0x82, [0, 1], field("a"), [3]), malformed: .subscriptionOptions),
        Refusal("3.8.3.1 QoS 3", .v5, frame(0x82, [0, 1, 0], field("a"), [3]), violates: .subscriptionQoS),
        Refusal(
            "3.8.3.1 Retain Handling 3", .v5, frame(0x82, [0, 1, 0], field("a"), [0x30]), violates: .retainHandling),
        Refusal(
            "MQTT-3.8.3-4 No Local on a shared subscription", .v5,
            frame(0x82, [0, 1, 0], field("$share/g/a"), [4]), violates: .noLocalOnShared),
        Refusal("MQTT-4.7.3-1 empty filter", .v5, frame(0x82, [0, 1, 0], field(""), [0]), malformed: .topicEmpty),
        Refusal("MQTT-4.7.3-1 empty filter to leave", .v311, frame(0xA2, [0, 1], field("")), malformed: .topicEmpty),
        Refusal("MQTT-3.8.3-1 not UTF-8", .v311, frame(0x82, [0, 1], field([0xC0, 0x80]), [0]), malformed: .text),
        Refusal("MQTT-3.10.3-1 NUL", .v311, frame(0xA2, [0, 1], field([0])), malformed: .text),
        Refusal("3.8.3 no options", .v311, frame(0x82, [0, 1], field("a")), malformed: .truncated),
        Refusal(
            "3.8.2.1.2 identifier 0", .v5, frame(0x82, [0, 1, 2, 0x0B, 0], field("a"), [0]), violates: .propertyValue),
        Refusal(
            "3.8.2.1.2 identifier twice", .v5, frame(0x82, [0, 1, 4, 0x0B, 1, 0x0B, 2], field("a"), [0]),
            violates: .propertyTwice),
        Refusal("3.9.3 code of 5 in 3.1.1", .v311, frame(0x90, [0, 1], [0x8F]), malformed: .reasonCode, to: .client),
        Refusal("3.9.3 code 3", .v5, frame(0x90, [0, 1, 0], [3]), malformed: .reasonCode, to: .client),
        Refusal("3.9.3 no code", .v5, frame(0x90, [0, 1, 0]), violates: .noTopicFilter, to: .client),
        Refusal("3.11 codes in 3.1.1", .v311, frame(0xB0, [0, 1], [0]), malformed: .trailingBytes, to: .client),
    ]

    static let answers: [Refusal] = [
        Refusal("MQTT-2.2.1-3 PUBACK 0", .v311, hex("40 02 00 00"), malformed: .packetIdentifier),
        Refusal("3.4 one byte", .v5, hex("40 01 00"), malformed: .truncated),
        Refusal("3.4 reason in 3.1.1", .v311, hex("40 03 00 01 00"), malformed: .trailingBytes),
        Refusal("MQTT-3.4.2-1 unknown reason", .v5, hex("40 03 00 01 05"), malformed: .reasonCode),
        Refusal("MQTT-3.4.2-1 reason of PUBREL", .v5, hex("40 03 00 01 92"), violates: .reasonCode),
        Refusal("MQTT-3.6.2-1 reason of PUBACK", .v5, hex("62 03 00 01 10"), violates: .reasonCode),
        Refusal("3.4 trailing", .v5, hex("40 05 00 01 00 00 00"), malformed: .trailingBytes),
        Refusal("3.4.2.2.1 length past the end", .v5, hex("40 04 00 01 00 01"), malformed: .truncated),
        Refusal("MQTT-3.14.2-1 reserved reason", .v5, hex("E0 01 05"), malformed: .reasonCode),
        Refusal("MQTT-3.14.2-1 reason of CONNACK", .v5, hex("E0 01 84"), violates: .reasonCode),
        Refusal(
            "MQTT-3.14.2-2 session expiry from the server", .v5, hex("E0 07 00 05 11 00 00 00 01"),
            violates: .sessionExpiryFromServer, to: .client),
        Refusal("MQTT-3.15.2-1 unknown reason", .v5, hex("F0 02 05 00"), malformed: .reasonCode),
        Refusal("3.15.2.2.2 no method", .v5, hex("F0 02 18 00"), violates: .authenticationMethodMissing),
    ]

    private static func connect5(_ content: [UInt8]) -> [UInt8] {
        frame(0x10, connectStart(5, flags: 2), properties(content), field("c"))
    }

    static let properties5: [Refusal] = [
        Refusal("2.2.2.2 unknown", .v5, frame(0x30, field("a"), [2, 0x04, 0]), malformed: .property),
        Refusal("2.2.2.2 overlong identifier", .v5, frame(0x30, field("a"), [3, 0x81, 0, 1]), malformed: .property),
        Refusal("2.2.2.2 of another packet", nil, connect5([0x24, 1]), malformed: .property),
        Refusal("2.2.2.2 will property in CONNECT", nil, connect5([0x18, 0, 0, 0, 1]), malformed: .property),
        Refusal(
            "3.1.2.11.2 session expiry twice", nil, connect5([0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1]),
            violates: .propertyTwice),
        Refusal("3.1.2.11.3 Receive Maximum 0", nil, connect5([0x21, 0, 0]), violates: .propertyValue),
        Refusal("3.1.2.11.4 Maximum Packet Size 0", nil, connect5([0x27, 0, 0, 0, 0]), violates: .propertyValue),
        Refusal("3.1.2.11.6 Request Response 2", nil, connect5([0x19, 2]), violates: .propertyValue),
        Refusal("3.1.2.11.7 Request Problem 2", nil, connect5([0x17, 2]), violates: .propertyValue),
        Refusal(
            "3.1.2.11.10 data without method", nil, connect5([0x16, 0, 1, 7]), violates: .authenticationMethodMissing),
        Refusal("3.3.2.3.2 payload format 2", .v5, frame(0x30, field("a"), [2, 1, 2]), violates: .propertyValue),
        Refusal(
            "3.3.2.3.2 payload format twice", .v5, frame(0x30, field("a"), [4, 1, 1, 1, 1]), violates: .propertyTwice),
        Refusal(
            "3.3.2.3.4 alias twice", .v5, frame(0x30, field("a"), [6, 0x23, 0, 1, 0x23, 0, 1]), violates: .propertyTwice
        ),
        Refusal(
            "MQTT-1.5.7-1 user property not UTF-8", nil, connect5([0x26] + field("a") + field([0xFF])), malformed: .text
        ),
        Refusal(
            "MQTT-3.3.2-19 content type not UTF-8", .v5, frame(0x30, field("a"), [4, 3, 0, 1, 0xC1]), malformed: .text),
        Refusal(
            "2.2.2 value past the properties", .v5, frame(0x30, field("a"), [3, 2, 0, 0], [0, 0]), malformed: .truncated
        ),
        Refusal(
            "2.2.2 length past the packet", nil, frame(0x10, connectStart(5, flags: 2), [9]), malformed: .truncated),
    ]
}
