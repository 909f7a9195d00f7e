import MQTTWire
import Messages
import Testing

/// SplitMix64: the same cases for the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Bytes for the decoder and how it is set up.
struct FuzzCase {
    var bytes: [UInt8]
    var role: PacketDecoder.Role
    var version: ProtocolVersion?

    var setup: String { "\(role) \(version.map { "\($0)" } ?? "unknown") \(hexText(bytes))" }
}

/// What must hold for any bytes whatever. nil: it holds; else what does not.
enum DecoderLaws {
    static let limits = WireLimits(packetBytesMax: 4096, topicFiltersMax: 64, userPropertiesMax: 16)

    static func broken(by fuzz: FuzzCase) -> String? {
        let role = fuzz.role
        let result = outcome(fuzz.bytes, role: role, version: fuzz.version, limits: limits)
        // Reading outside would make the neighbourhood matter.
        for padding in [UInt8(0), 0x2B, 0xFF] {
            let other = outcome(
                fuzz.bytes, role: role, version: fuzz.version, limits: limits,
                followedBy: [UInt8](repeating: padding, count: 16))
            if other != result { return "depends on bytes outside" }
        }
        guard case .success(let step) = result else { return nil }
        switch step {
        case .needMore: return brokenByWaiting(fuzz)
        case .packet(let packet, let end): return brokenByPacket(packet, end, fuzz)
        }
    }

    /// It waits only while the packet that the fixed header announces is not there, and never for one over the limit.
    private static func brokenByWaiting(_ fuzz: FuzzCase) -> String? {
        var length = 0
        for (index, byte) in fuzz.bytes.dropFirst().prefix(4).enumerated() {
            length |= Int(byte & 0x7F) << (7 * index)
            if byte < 0x80 {
                let total = 2 + index + length
                if total > limits.packetBytesMax { return "waits for a packet over the limit" }
                return fuzz.bytes.count >= total ? "waits though the packet is there" : nil
            }
        }
        return fuzz.bytes.count >= 5 ? "waits for an endless length" : nil
    }

    private static func brokenByPacket(_ packet: Packet, _ end: Int, _ fuzz: FuzzCase) -> String? {
        guard end >= 2, end <= fuzz.bytes.count else { return "ends outside" }
        let whole = Array(fuzz.bytes[..<end])
        let limits = Self.limits
        guard
            outcome(Array(whole.dropLast()), role: fuzz.role, version: fuzz.version, limits: limits)
                == .success(.needMore)
        else { return "a packet without its last byte is not waited for" }
        if case .publish(let header) = packet, let reason = brokenByRanges(header, end) { return reason }
        var version = fuzz.version ?? .v311
        if case .connect(let connect) = packet { version = connect.version }
        let again = encoded(packet, from: whole, version: version)
        guard let second = decoded(again, role: fuzz.role, version: fuzz.version) else {
            return "what the encoder made of it is refused: \(hexText(again))"
        }
        if case .publish(let first) = packet, case .publish(let other) = second {
            if PublishContent(first, whole) != PublishContent(other, again) { return "changed by encoding" }
        } else if packet != second {
            return "changed by encoding: \(hexText(again))"
        }
        return encoded(second, from: again, version: version) == again ? nil : "encoding is not stable"
    }

    private static func brokenByRanges(_ header: PublishHeader, _ end: Int) -> String? {
        let inOrder =
            header.packet == 0..<end && header.topic.lowerBound >= 4
            && header.topic.upperBound <= header.properties.lowerBound
            && header.properties.upperBound == header.payload.lowerBound && header.payload.upperBound == end
        return inOrder ? nil : "ranges are out of order"
    }
}

@Suite("Fuzzing the decoder")
struct FuzzTests {
    #if DEBUG
    static let caseCount = 6_000
    #else
    static let caseCount = 100_000
    #endif

    @Test("mutations of valid packets keep to the laws", arguments: [UInt64(1), 2])
    func mutations(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        for index in 0..<Self.caseCount {
            let fuzz = mutated(&generator)
            if let reason = DecoderLaws.broken(by: fuzz) {
                Issue.record("case \(index) of seed \(seed): \(reason). Into Corpus: \(fuzz.setup)")
                return
            }
            if case .success(.packet) = outcome(fuzz.bytes, role: fuzz.role, version: fuzz.version) { accepted += 1 }
        }
        // A fuzzer whose cases all fail at the first byte tests nothing.
        #expect(accepted > Self.caseCount / 10 && accepted < Self.caseCount)
    }

    @Test("garbage keeps to the laws", arguments: [UInt64(3)])
    func garbage(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for index in 0..<Self.caseCount / 2 {
            let count = Int.random(in: 0...64, using: &generator)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // Half of them with a length that fits, so that the garbage is looked at.
            if count >= 2, Bool.random(using: &generator) { bytes[1] = UInt8(count - 2) }
            let fuzz = FuzzCase(bytes: bytes, role: role(&generator), version: version(&generator))
            if let reason = DecoderLaws.broken(by: fuzz) {
                Issue.record("case \(index) of seed \(seed): \(reason). Into Corpus: \(fuzz.setup)")
                return
            }
        }
    }

    private func role(_ generator: inout SeededGenerator) -> PacketDecoder.Role {
        Bool.random(using: &generator) ? .server : .client
    }

    private func version(_ generator: inout SeededGenerator) -> ProtocolVersion? {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: nil
        case 1, 2: .v311
        default: .v5
        }
    }

    private func mutated(_ generator: inout SeededGenerator) -> FuzzCase {
        let sample = Samples.all[Int.random(in: 0..<Samples.all.count, using: &generator)]
        var bytes = sample.bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) { mutate(&bytes, &generator) }
        if Int.random(in: 0..<3, using: &generator) > 0 { bytes = withLengthMended(bytes) }
        var fuzz = FuzzCase(bytes: bytes, role: sample.role, version: sample.version)
        if Int.random(in: 0..<8, using: &generator) == 0 {
            fuzz.role = role(&generator)
            fuzz.version = version(&generator)
        }
        return fuzz
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let index = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &generator)
        let edges: [UInt8] = [0, 1, 2, 0x1F, 0x23, 0x26, 0x2B, 0x7F, 0x80, 0xC0, 0xED, 0xFF]
        switch Int.random(in: 0..<8, using: &generator) {
        case 0 where !bytes.isEmpty: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1 where !bytes.isEmpty: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 2 where !bytes.isEmpty: bytes[index] = edges.randomElement(using: &generator) ?? 0
        case 3 where !bytes.isEmpty: bytes.remove(at: index)
        case 4: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
        case 5: bytes.removeLast(min(bytes.count, Int.random(in: 0..<8, using: &generator)))
        case 6:
            // Another packet's tail on this one's head.
            let other = Samples.all[Int.random(in: 0..<Samples.all.count, using: &generator)].bytes
            bytes = Array(bytes[..<index]) + other[Int.random(in: 0..<other.count, using: &generator)...]
        default:
            // A part of itself once more.
            let part = bytes[index...].prefix(Int.random(in: 1...12, using: &generator))
            bytes.insert(contentsOf: part, at: index)
        }
    }

    /// With the remaining length that its bytes ask for: otherwise most mutations end at that check.
    private func withLengthMended(_ bytes: [UInt8]) -> [UInt8] {
        guard let first = bytes.first else { return bytes }
        let lengthBytes = bytes.dropFirst().prefix(4).prefix { $0 >= 0x80 }.count + 1
        return frame(first, Array(bytes.dropFirst(1 + lengthBytes)))
    }
}
