import MQTTWire
import Messages
import Testing

@Suite("Limits, at and one over")
struct LimitTests {
    /// A PUBLISH of exactly `byteCount` bytes.
    private func publish(_ byteCount: Int) -> [UInt8] {
        let overhead = byteCount < 130 ? 5 : byteCount < 16_387 ? 6 : 7
        return frame(0x30, field("a"), [UInt8](repeating: 0, count: byteCount - overhead))
    }

    @Test("3.1.2.11.4: packetBytesMax counts the fixed header", arguments: [32, 128, 131, 1000, 20_000])
    func packetBytesMax(_ max: Int) {
        let limits = WireLimits(packetBytesMax: max)
        #expect(publish(max).count == max)
        #expect(refusal(publish(max), version: .v311, limits: limits) == nil)
        #expect(refusal(publish(max + 1), version: .v311, limits: limits) == .packetTooLarge(byteCount: max + 1))
    }

    @Test("a packet that is too large is refused when its fixed header is there, before its bytes")
    func refusedAtTheHeader() {
        let bytes = publish(200_000)
        let limits = WireLimits(packetBytesMax: 100_000)
        for count in 0..<4 {
            #expect(
                outcome(Array(bytes[..<count]), role: .server, version: .v311, limits: limits) == .success(.needMore))
        }
        #expect(
            refusal(Array(bytes[..<4]), version: .v311, limits: limits) == .packetTooLarge(byteCount: 200_000))
        #expect(
            refusal(hex("30 FF FF FF 7F"), version: .v5) == .packetTooLarge(byteCount: WireLimits.formatPacketBytesMax))
    }

    @Test("CONNECT has a limit of its own")
    func connectBytesMax() {
        func connect(_ passwordBytes: Int) -> [UInt8] {
            frame(
                0x10, connectStart(4, flags: 0xC2), field("c"), field("u"),
                field([UInt8](repeating: 1, count: passwordBytes)))
        }
        var limits = WireLimits(connectBytesMax: connect(100).count)
        #expect(refusal(connect(100), version: nil, limits: limits) == nil)
        #expect(refusal(connect(101), version: nil, limits: limits) == .packetTooLarge(byteCount: connect(101).count))
        limits = WireLimits(packetBytesMax: connect(100).count - 1)
        #expect(refusal(connect(100), version: nil, limits: limits) == .packetTooLarge(byteCount: connect(100).count))
    }

    @Test("topicFiltersMax")
    func topicFiltersMax() {
        let limits = WireLimits(topicFiltersMax: 3)
        for (count, error) in [(3, nil), (4, WireError.limitExceeded(.topicFilters))] {
            let filters = [[UInt8]](repeating: field("a"), count: count)
            let subscribe = frame(0x82, [0, 1], Array(filters.map { $0 + [0] }.joined()))
            let unsubscribe = frame(0xA2, [0, 1], Array(filters.joined()))
            let suback = frame(0x90, [0, 1], [UInt8](repeating: 0, count: count))
            #expect(refusal(subscribe, version: .v311, limits: limits) == error)
            #expect(refusal(unsubscribe, version: .v311, limits: limits) == error)
            #expect(refusal(suback, role: .client, version: .v311, limits: limits) == error)
        }
    }

    @Test("userPropertiesMax binds all packets but PUBLISH and acknowledgements, which keep none")
    func userPropertiesMax() {
        let limits = WireLimits(userPropertiesMax: 2)
        let property = [0x26] + field("n") + field("v")
        for (count, error) in [(2, nil), (3, WireError.limitExceeded(.userProperties))] {
            let block = properties(Array([[UInt8]](repeating: property, count: count).joined()))
            let packets: [([UInt8], PacketDecoder.Role, ProtocolVersion?)] = [
                (frame(0x10, connectStart(5, flags: 2), block, field("c")), .server, nil),
                (frame(0x20, [0, 0], block), .client, .v5),
                (frame(0x82, [0, 1], block, field("a"), [0]), .server, .v5),
                (frame(0x90, [0, 1], block, [0]), .client, .v5),
                (frame(0xA2, [0, 1], block, field("a")), .server, .v5),
                (frame(0xE0, [0], block), .server, .v5),
            ]
            for (bytes, role, version) in packets {
                #expect(refusal(bytes, role: role, version: version, limits: limits) == error)
            }
            #expect(refusal(frame(0x30, field("a"), block), version: .v5, limits: limits) == nil)
            #expect(refusal(frame(0x40, [0, 1, 0], block), version: .v5, limits: limits) == nil)
        }
    }

    @Test("packetBytesMax is kept between 32 bytes and 128 MiB, however it is set")
    func ceiling() {
        #expect(WireLimits(packetBytesMax: .max).packetBytesMax == WireLimits.packetBytesCeiling)
        var limits = WireLimits(packetBytesMax: -1)
        #expect(limits.packetBytesMax == 32)
        limits.packetBytesMax = .max
        #expect(limits.packetBytesMax == WireLimits.packetBytesCeiling)
    }

    @Test(
        "MQTT-1.5.5: lengths around each width of a variable byte integer",
        arguments: [127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
    func variableByteIntegerWidths(_ remaining: Int) throws {
        let payload = [UInt8](repeating: 7, count: remaining - 3)
        let bytes = frame(0x30, field("a"), payload)
        #expect(bytes.count == 1 + variable(remaining).count + remaining)
        let limits = WireLimits(packetBytesMax: 4_000_000)
        guard
            case .success(.packet(.publish(let header), let end)) = outcome(
                bytes, role: .server, version: .v311, limits: limits)
        else {
            Issue.record("not decoded")
            return
        }
        #expect(end == bytes.count && header.payloadByteCount == payload.count)
        #expect(encoded(.publish(header), from: bytes, version: .v311) == bytes)
    }
}
