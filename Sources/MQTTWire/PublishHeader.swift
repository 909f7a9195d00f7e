package import Messages

/// A PUBLISH as ranges into the bytes it was decoded from (offsets from the start of those bytes). A trivial value of
/// 32 bytes: copying it counts no references; it is valid only as long as the bytes are where they were.
package struct PublishHeader: Sendable, Equatable {
    private let packetStart: UInt32
    private let packetByteCount: UInt32
    private let topicStart: UInt32
    private let payloadStart: UInt32
    /// The properties end where the payload begins.
    private let propertiesByteCount: UInt32
    /// Seconds; 0 without that property (`propertyFlags` tells).
    package let messageExpirySeconds: UInt32
    private let topicByteCount: UInt16
    /// 1…65,535, and 0 for QoS 0.
    package let packetID: UInt16
    /// 0: none.
    package let topicAlias: UInt16
    package let propertyFlags: PropertyFlags
    /// The low four bits of the packet's first byte, and bit 4: the payload is said to be UTF-8.
    private let bits: UInt8

    /// Which properties are there.
    package struct PropertyFlags: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let payloadFormat = PropertyFlags(rawValue: 1)
        package static let messageExpiry = PropertyFlags(rawValue: 2)
        package static let contentType = PropertyFlags(rawValue: 4)
        package static let responseTopic = PropertyFlags(rawValue: 8)
        package static let correlationData = PropertyFlags(rawValue: 16)
        package static let subscriptionIdentifier = PropertyFlags(rawValue: 32)
        package static let topicAlias = PropertyFlags(rawValue: 64)
        package static let userProperty = PropertyFlags(rawValue: 128)

        /// What belongs to one hop or changes with time: never passed on as it came.
        package static let hopByHop: PropertyFlags = [.messageExpiry, .subscriptionIdentifier, .topicAlias]
    }

    /// All offsets were checked by the decoder to be inside bytes of at most UInt32.max.
    @inline(__always)
    init(
        packet: Range<Int>, topic: Range<Int>, properties: PublishPropertySummary, payloadStart: Int, packetID: UInt16,
        headerBits: UInt8
    ) {
        packetStart = UInt32(truncatingIfNeeded: packet.lowerBound)
        packetByteCount = UInt32(truncatingIfNeeded: packet.upperBound &- packet.lowerBound)
        topicStart = UInt32(truncatingIfNeeded: topic.lowerBound)
        topicByteCount = UInt16(truncatingIfNeeded: topic.upperBound &- topic.lowerBound)
        self.payloadStart = UInt32(truncatingIfNeeded: payloadStart)
        propertiesByteCount = properties.byteCount
        messageExpirySeconds = properties.messageExpirySeconds
        topicAlias = properties.topicAlias
        propertyFlags = properties.flags
        self.packetID = packetID
        bits = headerBits | (properties.payloadIsUTF8 ? 0x10 : 0)
    }
}

/// What the decoder learns from the properties of a PUBLISH in its one pass over them.
struct PublishPropertySummary {
    var flags: PublishHeader.PropertyFlags = []
    var payloadIsUTF8 = false
    var topicAlias: UInt16 = 0
    var messageExpirySeconds: UInt32 = 0
    var byteCount: UInt32 = 0
}

extension PublishHeader {
    package var qos: QoS {
        switch bits & 0b0110 {
        case 0: .atMostOnce
        case 0b0010: .atLeastOnce
        default: .exactlyOnce
        }
    }
    package var dup: Bool { bits & 0b1000 != 0 }
    package var retain: Bool { bits & 0b0001 != 0 }
    /// Payload Format Indicator 1 (3.3.2.3.2). The payload itself was not looked at: `UTF8Text.isValid` does.
    package var payloadIsUTF8: Bool { bits & 0x10 != 0 }

    /// The whole packet with its fixed header.
    package var packet: Range<Int> { Self.range(packetStart, packetByteCount) }
    /// Empty only if there is a topic alias.
    package var topic: Range<Int> { Self.range(topicStart, UInt32(topicByteCount)) }
    /// The properties without the length in front of them; empty in 3.1.1.
    package var properties: Range<Int> { Self.range(payloadStart &- propertiesByteCount, propertiesByteCount) }
    package var payload: Range<Int> {
        unsafe Range(uncheckedBounds: (Int(payloadStart), Int(packetStart) &+ Int(packetByteCount)))
    }
    package var payloadByteCount: Int { Int(packetStart) &+ Int(packetByteCount) &- Int(payloadStart) }

    /// Where the packet identifier stands, from the start of the packet; nil for QoS 0.
    package var packetIDOffset: Int? {
        packetID == 0 ? nil : Int(topicStart) &+ Int(topicByteCount) &- Int(packetStart)
    }

    /// Whether a receiver of the same protocol version and with the same "QoS above 0" can be given a copy of the
    /// packet, with only its first byte and packet identifier replaced (`PublishEncoder.copy`).
    package var isForwardableAsCopy: Bool { propertyFlags.isDisjoint(with: .hopByHop) }

    @inline(__always)
    private static func range(_ start: UInt32, _ count: UInt32) -> Range<Int> {
        unsafe Range(uncheckedBounds: (Int(start), Int(start) &+ Int(count)))
    }
}
