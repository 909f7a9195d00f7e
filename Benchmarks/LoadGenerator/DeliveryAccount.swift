/// What each subscriber got of each publisher, by sequence: proof that nothing was lost, repeated or reordered.
struct DeliveryAccount {
    private struct Lane {
        /// The sequence that must come next.
        var expected: UInt64 = 0
        /// Sequences below `expected` that did not come.
        var missing: UInt64 = 0
    }

    private let lanes: UnsafeMutablePointer<Lane>
    private let laneCount: Int
    private let publishers: Int
    private let isPairs: Bool

    private(set) var delivered: UInt64 = 0
    private(set) var repeated: UInt64 = 0
    private(set) var outOfOrder: UInt64 = 0

    init(_ options: LoadOptions) {
        isPairs = options.pattern == .pairs
        publishers = options.publishers
        laneCount = isPairs ? options.subscribers : options.subscribers * options.publishers
        lanes = .allocate(capacity: laneCount)
        lanes.initialize(repeating: Lane(), count: laneCount)
    }

    /// Enters one delivery. False: it is a repetition. `publisher` and `subscriber` are in range and belong together.
    @inline(__always)
    mutating func enter(publisher: Int, subscriber: Int, sequence: UInt64) -> Bool {
        let lane = lanes + (isPairs ? subscriber : subscriber &* publishers &+ publisher)
        delivered &+= 1
        if sequence == lane.pointee.expected {
            lane.pointee.expected = sequence &+ 1
            return true
        }
        return enterUnexpected(lane, sequence)
    }

    @inline(never)
    private mutating func enterUnexpected(_ lane: UnsafeMutablePointer<Lane>, _ sequence: UInt64) -> Bool {
        if sequence > lane.pointee.expected {
            lane.pointee.missing += sequence - lane.pointee.expected
            lane.pointee.expected = sequence + 1
            return true
        }
        if lane.pointee.missing > 0 {
            lane.pointee.missing -= 1
            outOfOrder += 1
            return true
        }
        delivered -= 1
        repeated += 1
        return false
    }

    /// Copies that never came, given how many each publisher sent.
    func lost(sent: (Int) -> UInt64) -> UInt64 {
        (0..<laneCount).reduce(into: 0) { sum, lane in
            let total = sent(isPairs ? lane : lane % publishers)
            sum += lanes[lane].missing + (total - min(total, lanes[lane].expected))
        }
    }
}

/// Times in nanoseconds, kept to 1/16 of their value: 1,024 counters whatever the number of messages.
struct LatencyHistogram {
    private static let count = 1_024
    private let counters = UnsafeMutablePointer<UInt64>.allocate(capacity: LatencyHistogram.count)
    private var total: UInt64 = 0

    init() { counters.initialize(repeating: 0, count: Self.count) }

    mutating func clear() {
        counters.update(repeating: 0, count: Self.count)
        total = 0
    }

    @inline(__always)
    mutating func enter(_ nanoseconds: UInt64) {
        let exponent = 63 &- (nanoseconds | 16).leadingZeroBitCount
        let slot = (exponent &- 4) &* 16 &+ Int(truncatingIfNeeded: nanoseconds &>> UInt64(exponent &- 4))
        counters[min(slot, Self.count - 1)] &+= 1
        total &+= 1
    }

    /// The time in microseconds that `share` (0…1) of all entries do not exceed; 0 without entries.
    func microseconds(atShare share: Double) -> Double {
        let rank = UInt64(share * Double(total))
        var seen: UInt64 = 0
        for slot in 0..<Self.count {
            seen += counters[slot]
            if seen > rank || (seen == total && total > 0) { return Double(Self.upperBound(slot)) / 1_000 }
        }
        return 0
    }

    /// The first value above those that `slot` counts.
    private static func upperBound(_ slot: Int) -> UInt64 {
        if slot < 16 { return UInt64(slot) + 1 }
        let exponent = slot / 16 - 1
        return exponent > 58 ? .max : UInt64(slot % 16 + 17) << UInt64(exponent)
    }
}
