import MQTTWire
import Messages
import NIOCore
import Testing

@Suite("Encoders")
struct EncoderTests {
    private func publish(
        version: ProtocolVersion = .v5, topic: String = "a/b", payload: [UInt8] = [1, 2], properties: [UInt8] = [],
        qos: QoS, dup: Bool = false, retain: Bool = false, packetID: UInt16 = 0, expiry: UInt32? = nil,
        alias: UInt16 = 0, identifiers: [UInt32] = []
    ) -> (bytes: [UInt8], offset: Int?, announced: Int) {
        var buffer = ByteBuffer()
        let topic = Array(topic.utf8)
        let offset = topic.withUnsafeBytes { topic in
            payload.withUnsafeBytes { payload in
                properties.withUnsafeBytes { properties in
                    PublishEncoder.write(
                        into: &buffer, version: version, topic: topic, payload: payload, properties: properties,
                        qos: qos, dup: dup, retain: retain, packetID: packetID, messageExpirySeconds: expiry,
                        topicAlias: alias, subscriptionIdentifiers: .init(identifiers))
                }
            }
        }
        let announced = PublishEncoder.encodedByteCount(
            version: version, topicByteCount: topic.count, payloadByteCount: payload.count,
            propertiesByteCount: properties.count, qos: qos, messageExpirySeconds: expiry, topicAlias: alias,
            subscriptionIdentifiers: .init(identifiers))
        return (Array(buffer.readableBytesView), offset, announced)
    }

    @Test("3.3: PUBLISH byte for byte, its size and the place of the packet identifier")
    func publishBytes() {
        let plain = publish(qos: .atMostOnce)
        #expect(plain.bytes == hex("30 08 00 03 61 2f 62 00 01 02") && plain.offset == nil && plain.announced == 10)
        let old = publish(
            version: .v311, properties: [1, 1], qos: .atLeastOnce, dup: true, retain: true, packetID: 258)
        #expect(old.bytes == hex("3b 09 00 03 61 2f 62 01 02 01 02") && old.offset == 7 && old.announced == 11)
        let full = publish(
            properties: [1, 1], qos: .exactlyOnce, packetID: 1, expiry: 3, alias: 9, identifiers: [1, 128])
        #expect(
            full.bytes
                == hex("34 19 00 03 61 2f 62 00 01 0f 01 01 02 00 00 00 03 23 00 09 0b 01 0b 80 01 01 02"))
        #expect(full.offset == 7 && full.announced == full.bytes.count)
    }

    @Test("MQTT-3.3.1-2: DUP is never written with QoS 0")
    func noDupWithQoS0() {
        #expect(publish(qos: .atMostOnce, dup: true, retain: true).bytes.first == 0x31)
    }

    @Test("3.1.2-24: the announced size is the written one", arguments: [0, 100, 128, 16_380, 70_000])
    func announcedSize(_ payloadByteCount: Int) {
        let payload = [UInt8](repeating: 0, count: payloadByteCount)
        for version in [ProtocolVersion.v311, .v5] {
            for qos in QoS.allCases {
                for identifiers in [[], [1], [127, 128, 268_435_455]] as [[UInt32]] {
                    let result = publish(
                        version: version, payload: payload, properties: [1, 0], qos: qos, packetID: 1, expiry: 1,
                        identifiers: identifiers)
                    #expect(result.announced == result.bytes.count)
                }
            }
        }
    }

    @Test("a copy differs in first byte and packet identifier only")
    func copy() {
        let source = publish(properties: [1, 1], qos: .atLeastOnce, packetID: 7)
        var buffer = ByteBuffer(bytes: [0xAA])
        source.bytes.withUnsafeBytes {
            PublishEncoder.copy(
                $0, packetIDOffset: source.offset, qos: .exactlyOnce, dup: true, retain: true, packetID: 0x1234,
                into: &buffer)
        }
        let expected = publish(
            properties: [1, 1], qos: .exactlyOnce, dup: true, retain: true, packetID: 0x1234)
        #expect(Array(buffer.readableBytesView) == [0xAA] + expected.bytes)
        buffer.clear()
        let unnumbered = publish(qos: .atMostOnce, retain: true)
        unnumbered.bytes.withUnsafeBytes {
            PublishEncoder.copy(
                $0, packetIDOffset: nil, qos: .atMostOnce, dup: false, retain: false, packetID: 0, into: &buffer)
        }
        #expect(Array(buffer.readableBytesView) == publish(qos: .atMostOnce).bytes)
    }

    @Test("3.4 to 3.7: acknowledgements take four bytes, five with a reason, and 3.1.1 has none")
    func acknowledgements() {
        for kind in AcknowledgementEncoder.Kind.allCases {
            for (reason, version, bytes) in [
                (ReasonCode.success, ProtocolVersion.v5, [kind.rawValue, 2, 1, 2]),
                (.packetIdentifierNotFound, .v311, [kind.rawValue, 2, 1, 2]),
                (.packetIdentifierNotFound, .v5, [kind.rawValue, 3, 1, 2, 0x92]),
            ] {
                var buffer = ByteBuffer()
                AcknowledgementEncoder.write(
                    kind, packetID: 0x0102, reason: reason, version: version, into: &buffer)
                #expect(Array(buffer.readableBytesView) == bytes)
            }
        }
    }

    @Test("MQTT-3.1.2-24: reason string and user properties go first, then the packet")
    func diagnosticsAreDropped() {
        var connack = Connack(reason: .notAuthorized)
        connack.serverKeepAliveSeconds = 10
        var bare = ByteBuffer()
        #expect(ConnackEncoder.write(connack, version: .v5, into: &bare))
        connack.reasonString = Array("because".utf8)
        connack.userProperties = [UserProperty(name: [0x61], value: [0x62])]
        var whole = ByteBuffer()
        #expect(ConnackEncoder.write(connack, version: .v5, into: &whole))
        for (max, expected) in [
            (whole.readableBytes, whole), (whole.readableBytes - 1, bare), (bare.readableBytes, bare),
            (bare.readableBytes - 1, ByteBuffer()),
        ] {
            var buffer = ByteBuffer()
            let written = ConnackEncoder.write(connack, version: .v5, into: &buffer, packetBytesMax: max)
            #expect(buffer == expected && written == (expected.readableBytes > 0))
        }
    }

    @Test("MQTT-3.1.2-2: the answer to an unknown level is a 3.1.1 CONNACK with code 1")
    func unsupportedVersion() {
        var buffer = ByteBuffer()
        ConnackEncoder.writeUnsupportedProtocolVersion(into: &buffer)
        #expect(Array(buffer.readableBytesView) == hex("20 02 00 01"))
    }

    @Test("MQTT-3.2.2-6, MQTT-3.2.2-9: no session present with a failure, no Maximum QoS 2")
    func connackRules() {
        var buffer = ByteBuffer()
        ConnackEncoder.write(Connack(reason: .serverBusy, sessionPresent: true), version: .v5, into: &buffer)
        ConnackEncoder.write(Connack(reason: .serverBusy, sessionPresent: true), version: .v311, into: &buffer)
        #expect(Array(buffer.readableBytesView) == hex("20 03 00 89 00 20 02 00 03"))
    }

    @Test("3.9.3: 3.1.1 has one code for every refusal")
    func suback311() {
        var buffer = ByteBuffer()
        SubackEncoder.write(
            Suback(packetID: 1, reasons: [.grantedQoS1, .topicFilterInvalid]), version: .v311, into: &buffer)
        UnsubackEncoder.write(
            Unsuback(packetID: 1, reasons: [.noSubscriptionExisted]), version: .v311, into: &buffer)
        #expect(Array(buffer.readableBytesView) == hex("90 04 00 01 01 80 b0 02 00 01"))
    }

    @Test("3.14.2: DISCONNECT leaves out what it may")
    func disconnect() {
        var buffer = ByteBuffer()
        DisconnectEncoder.write(Disconnect(), version: .v5, into: &buffer)
        DisconnectEncoder.write(Disconnect(reason: .sessionTakenOver), version: .v5, into: &buffer)
        DisconnectEncoder.write(Disconnect(reason: .sessionTakenOver), version: .v311, into: &buffer)
        #expect(Array(buffer.readableBytesView) == hex("e0 00 e0 01 8e e0 00"))
    }

    @Test("subscription options survive as a byte")
    func subscriptionOptions() {
        var seen = 0
        for byte in UInt8.min...UInt8.max {
            guard let options = SubscriptionOptions(byte: byte) else { continue }
            #expect(options.byte == byte)
            seen += 1
        }
        #expect(seen == 3 * 2 * 2 * 3)
    }
}

@Suite("Properties of a PUBLISH as bytes")
struct PublishPropertiesTests {
    private static let raw: [UInt8] =
        [0x23, 0, 3] + [0x01, 1] + [0x0B, 5] + [0x26] + field("unit") + field("C") + [0x02, 0, 0, 0, 9]
        + [0x0B, 0x80, 0x01] + [0x26] + field("unit") + field("K") + [0x08] + field("r/t") + [0x09] + field([0, 1])
        + [0x03] + field("json")

    @Test("MQTT-3.3.2-5, 3.3.2-7: alias, expiry and subscription identifiers are taken out, the rest keeps its order")
    func forwardable() {
        let kept =
            [0x01, 1] + [0x26] + field("unit") + field("C") + [0x26] + field("unit") + field("K") + [0x08]
            + field("r/t") + [0x09] + field([0, 1]) + [0x03] + field("json")
        Self.raw.withUnsafeBytes { raw in
            for flag in [PublishHeader.PropertyFlags.topicAlias, .messageExpiry, .subscriptionIdentifier] {
                #expect(PublishProperties.forwardable(raw, flags: [flag, .payloadFormat]) == kept)
            }
        }
        kept.withUnsafeBytes { raw in
            let flags: PublishHeader.PropertyFlags = [.payloadFormat, .userProperty, .responseTopic, .contentType]
            #expect(PublishProperties.forwardable(raw, flags: flags) == nil)
        }
    }

    @Test("single properties and user properties are found")
    func access() {
        Self.raw.withUnsafeBytes { raw in
            func text(_ range: Range<Int>?) -> [UInt8]? { range.map { Array(raw[$0]) } }
            #expect(text(PublishProperties.userProperty(named: Array("unit".utf8), in: raw)) == [0x43])
            #expect(PublishProperties.userProperty(named: Array("units".utf8), in: raw) == nil)
            #expect(text(PublishProperties.contentType(in: raw)) == Array("json".utf8))
            #expect(text(PublishProperties.responseTopic(in: raw)) == Array("r/t".utf8))
            #expect(text(PublishProperties.correlationData(in: raw)) == [0, 1])
            #expect(PublishProperties.payloadIsUTF8(in: raw))
            #expect(PublishProperties.subscriptionIdentifiers(in: raw) == [5, 128])
            let values = PublishPropertyValues(decoding: raw, userPropertiesMax: 1)
            #expect(values.userProperties.count == 1)
        }
    }

    @Test("bytes that are no properties end the search without a trap")
    func damaged() {
        for count in 0..<Self.raw.count {
            Self.raw[..<count].withUnsafeBytes { raw in
                _ = PublishPropertyValues(decoding: raw)
                _ = PublishProperties.forwardable(raw, flags: .topicAlias)
            }
        }
    }
}
