import Messages

// Questions asked for every message. `==` on an enum with raw values from another module is a generic call through its
// witness table (some 50 instructions, measured with 6.3.1); a pattern is one comparison.

extension ProtocolVersion {
    /// 5.0 has properties and reason codes, 3.1.1 has neither.
    @inline(__always)
    var hasProperties: Bool { if case .v5 = self { true } else { false } }
}

extension QoS {
    /// A PUBLISH carries a packet identifier only with QoS 1 and 2 [MQTT-2.2.1-2].
    @inline(__always)
    var hasPacketID: Bool { if case .atMostOnce = self { false } else { true } }

    /// The two bits in the first byte of a PUBLISH (3.3.1.2).
    @inline(__always)
    var headerBits: UInt8 {
        switch self {
        case .atMostOnce: 0
        case .atLeastOnce: 0b0010
        case .exactlyOnce: 0b0100
        }
    }
}

extension ReasonCode {
    @inline(__always)
    var isSuccess: Bool { if case .success = self { true } else { false } }
}
