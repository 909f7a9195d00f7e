/// Why a connection ended, as far as it decides how long to wait before the next attempt.
package enum FailureKind: String, Sendable, Equatable {
    /// Unreachable, lost, timed out: the network or the server is down.
    case network
    /// The server asks to be left alone for a while.
    case busy
    /// Credentials, certificates or rights: a person has to change something.
    case credentials
    /// Another client has the same client id: two that reconnect at once would throw each other out for ever.
    case takenOver
    /// The server does not speak this version of MQTT.
    case version
    /// One side does not keep to the protocol.
    case protocolViolation = "protocol"
    /// Something in this node's configuration can't work.
    case configuration
}

/// How long to wait before the next attempt: a random part of a bound that doubles ("full jitter"), so that the
/// gateways of a fleet do not come back in step. Pure: the randomness comes from a seed.
package struct Backoff: Sendable {
    private var generator: SplitMix64
    private(set) var failureCount = 0
    private let minMilliseconds: Int64
    private let maxMilliseconds: Int64

    package init(minMilliseconds: Int64, maxMilliseconds: Int64, seed: UInt64) {
        self.minMilliseconds = max(minMilliseconds, 1)
        self.maxMilliseconds = max(maxMilliseconds, minMilliseconds, 1)
        generator = SplitMix64(seed: seed)
    }

    /// No attempt follows the last one sooner, whatever the dice say.
    package static let pauseMinMilliseconds: Int64 = 100
    private static let doublingsMax = 16

    /// The pause after one more failure of this kind.
    package mutating func pauseMilliseconds(after kind: FailureKind) -> Int64 {
        let (floor, base, cap): (Int64, Int64, Int64) =
            switch kind {
            case .network, .version: (Self.pauseMinMilliseconds, minMilliseconds, maxMilliseconds)
            case .busy, .protocolViolation: (2_000, max(5_000, minMilliseconds), max(300_000, maxMilliseconds))
            case .credentials, .configuration: (10_000, 30_000, max(600_000, maxMilliseconds))
            case .takenOver: (10_000, 20_000, max(300_000, maxMilliseconds))
            }
        let doublings = min(failureCount, Self.doublingsMax)
        failureCount += 1
        let bound = max(floor, min(cap, base << Int64(doublings)))
        return floor + Int64(generator.next(upTo: UInt64(bound - floor)))
    }

    package mutating func reset() { failureCount = 0 }
}

/// A small generator of pseudo-random numbers whose whole state is its seed.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Uniform from 0 to `bound`, both included.
    mutating func next(upTo bound: UInt64) -> UInt64 { UInt64.random(in: 0...bound, using: &self) }
}
