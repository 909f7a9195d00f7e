import MQTTWire
import Messages
import Testing

@Suite("Every valid packet")
struct RoundTripTests {
    @Test("is decoded whole, and not before it is whole (byte-drip)", arguments: Samples.all)
    func byteDrip(_ sample: Sample) {
        for count in 0..<sample.bytes.count {
            let part = Array(sample.bytes[..<count])
            #expect(outcome(part, role: sample.role, version: sample.version) == .success(.needMore), "\(count) bytes")
        }
        #expect(decoded(sample.bytes, role: sample.role, version: sample.version) != nil)
    }

    @Test("is found at any offset and leaves what follows", arguments: Samples.all)
    func offsets(_ sample: Sample) {
        let bytes = [0xC0, 0x00] + sample.bytes + [0xFF]
        guard
            case .success(.packet(let packet, let end)) = outcome(
                bytes, at: 2, role: sample.role, version: sample.version)
        else {
            Issue.record("not decoded")
            return
        }
        #expect(end == bytes.count - 1)
        if case .publish(let header) = packet {
            #expect(header.packet == 2..<end)
            #expect(header.payload.upperBound == end)
        }
    }

    @Test("says the same when encoded and decoded again", arguments: Samples.all)
    func roundTrip(_ sample: Sample) throws {
        let packet = try #require(decoded(sample.bytes, role: sample.role, version: sample.version))
        let version = wireVersion(packet, sample)
        let again = encoded(packet, from: sample.bytes, version: version)
        let second = try #require(decoded(again, role: sample.role, version: sample.version), "\(hexText(again))")
        if case .publish(let header) = packet, case .publish(let secondHeader) = second {
            #expect(PublishContent(header, sample.bytes) == PublishContent(secondHeader, again))
        } else {
            #expect(packet == second)
        }
        #expect(encoded(second, from: again, version: version) == again)
    }

    @Test("is there for all fifteen kinds in each version that has them")
    func samplesCoverEverything() {
        for version in [ProtocolVersion.v311, .v5] {
            let kinds = Samples.all.compactMap { sample -> PacketKind? in
                guard let packet = decoded(sample.bytes, role: sample.role, version: sample.version),
                    wireVersion(packet, sample) == version
                else { return nil }
                return packet.kind
            }
            let missing = Set(PacketKind.allCases).subtracting(kinds)
            // Pings have no version in them: one sample each.
            #expect(missing == (version == .v5 ? [.pingRequest] : [.auth, .pingResponse]))
        }
    }

    private func wireVersion(_ packet: Packet, _ sample: Sample) -> ProtocolVersion {
        if case .connect(let connect) = packet { return connect.version }
        return sample.version ?? .v311
    }
}

@Suite("A decoded packet")
struct DecodedContentTests {
    @Test("CONNECT 5 with everything")
    func connect() throws {
        guard case .connect(let connect) = decoded(Samples.connects[4].bytes, role: .server, version: nil) else {
            Issue.record("not decoded")
            return
        }
        #expect(connect.version == .v5 && connect.cleanStart && connect.keepAliveSeconds == 60)
        #expect(connect.clientID == Array("sensor".utf8))
        #expect(connect.sessionExpirySeconds == 3600 && connect.receiveMaximum == 20)
        #expect(connect.packetBytesMax == 65_536 && connect.topicAliasMaximum == 10)
        #expect(connect.requestsResponseInformation && !connect.requestsProblemInformation)
        #expect(connect.authenticationMethod == Array("SCRAM".utf8) && connect.authenticationData == [1, 2, 3])
        #expect(connect.userName == Array("user".utf8) && connect.password == Array("secret".utf8))
        #expect(connect.userProperties.map(\.value) == [Array("gateway-7".utf8), Array("ü".utf8)])
        let will = try #require(connect.will)
        #expect(will.topic == Array("will/topic".utf8) && will.payload == Array("gone".utf8))
        #expect(will.qos == .atLeastOnce && will.retain && will.delaySeconds == 5 && will.messageExpirySeconds == 60)
        var expected = PublishPropertyValues()
        expected.payloadIsUTF8 = true
        expected.contentType = Array("text/plain".utf8)
        expected.responseTopic = Array("reply/to".utf8)
        expected.correlationData = [9, 8]
        expected.userProperties = connect.userProperties
        #expect(will.properties.withUnsafeBytes { PublishPropertyValues(decoding: $0) } == expected)
        #expect(expected.encoded() == will.properties)
    }

    @Test("CONNECT 3.1.1: without clean session the session never expires")
    func connect311() {
        for (flags, expiry) in [(UInt8(0), UInt32.max), (2, 0)] {
            let bytes = frame(0x10, connectStart(4, flags: flags), field("c"))
            guard case .connect(let connect) = decoded(bytes, role: .server, version: nil) else {
                Issue.record("not decoded")
                return
            }
            #expect(connect.version == .v311 && connect.sessionExpirySeconds == expiry)
            #expect(connect.cleanStart == (flags == 2) && connect.receiveMaximum == .max)
        }
    }

    @Test("PUBLISH 5: flags, alias, expiry, ranges")
    func publish() throws {
        let bytes = Samples.publishes[5].bytes
        let header = try #require(publishHeader(bytes, version: .v5))
        #expect(header.qos == .exactlyOnce && !header.dup && header.retain && header.packetID == 0x0102)
        #expect(Array(bytes[header.topic]) == Array("sensors/7/temperature".utf8))
        #expect(Array(bytes[header.payload]) == Array(repeating: 0x41, count: 200))
        #expect(header.payloadByteCount == 200)
        #expect(header.topicAlias == 3 && header.messageExpirySeconds == 60 && header.payloadIsUTF8)
        #expect(header.propertyFlags.rawValue == 0xFF & ~PublishHeader.PropertyFlags.subscriptionIdentifier.rawValue)
        #expect(!header.isForwardableAsCopy)
        let offset = try #require(header.packetIDOffset)
        #expect(Array(bytes[offset..<offset + 2]) == [1, 2])
    }

    @Test("3.1.1 return codes stand for reasons (3.2.2.3)")
    func returnCodes() {
        let reasons: [ReasonCode] = [
            .success, .unsupportedProtocolVersion, .clientIdentifierNotValid, .serverUnavailable,
            .badUserNameOrPassword, .notAuthorized,
        ]
        for (code, reason) in reasons.enumerated() {
            #expect(
                decoded([0x20, 2, 0, UInt8(code)], role: .client, version: .v311) == .connack(Connack(reason: reason)))
            #expect(reason.connectReturnCode == UInt8(code))
        }
        #expect(ReasonCode(connectReturnCode: 6) == nil)
        #expect(ReasonCode.quotaExceeded.connectReturnCode == 3 && ReasonCode.banned.connectReturnCode == 5)
    }
}
