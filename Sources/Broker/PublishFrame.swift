import MQTTWire
import Messages
import NIOCore

/// One message on its way to subscribers: borrowed bytes and what was decoded of them. A trivial value; valid only while
/// the bytes are.
struct PublishFrame {
    /// The packet as received; empty for messages that did not come as one.
    var packet: UnsafeRawBufferPointer
    /// Where the packet identifier lies in `packet` (QoS 1 and 2).
    var packetIDOffset: Int
    var topic: UnsafeRawBufferPointer
    var payload: UnsafeRawBufferPointer
    /// Encoded MQTT 5 properties without what belongs to the publisher's connection (alias, expiry).
    var properties: UnsafeRawBufferPointer
    var version: ProtocolVersion
    var qos: QoS
    var retain: Bool
    /// The packet can go to a receiver of the same version byte for byte, but for its first byte and identifier.
    var isForwardable: Bool
    /// Message expiry interval as published.
    var expirySeconds: UInt32?
    /// Session of the publisher; 0: the node itself.
    var publisher: Int64
}

/// Where an encoded PUBLISH lies and where its packet identifier is.
struct EncodedPublish {
    var bytes: UnsafeRawBufferPointer
    var packetIDOffset: Int
}

/// Encodings of the message at hand, each made at most once: one per protocol version and QoS 0 or more. A receiver's
/// first byte and packet identifier are patched into its copy.
struct PublishEncodings {
    private var scratch = ByteBufferAllocator().buffer(capacity: 4_096)
    /// Offset, length and identifier offset in `scratch` for v3.1.1 QoS 0, v3.1.1 QoS > 0, v5 QoS 0, v5 QoS > 0.
    private var made: (Made?, Made?, Made?, Made?)

    private struct Made {
        var offset: Int
        var count: Int
        var packetIDOffset: Int
    }

    /// Forgets the encodings of the message before.
    @inline(__always)
    mutating func begin() {
        if made.0 != nil || made.1 != nil || made.2 != nil || made.3 != nil { reset() }
    }

    private mutating func reset() {
        made = (nil, nil, nil, nil)
        // A single large message must not hold its memory for good.
        if scratch.capacity > 1_048_576 { scratch = ByteBufferAllocator().buffer(capacity: 4_096) }
        scratch.clear()
    }

    /// Calls `body` with the encoding for receivers of `version` that get QoS 0 or more.
    @inline(__always)
    mutating func with<Result>(
        _ frame: PublishFrame, version: ProtocolVersion, hasIdentifier: Bool,
        _ body: (EncodedPublish) -> Result
    ) -> Result {
        if frame.isForwardable, frame.version.rawValue == version.rawValue, (frame.qos.rawValue != 0) == hasIdentifier {
            return body(EncodedPublish(bytes: frame.packet, packetIDOffset: frame.packetIDOffset))
        }
        let entry = entry(frame, version: version, hasIdentifier: hasIdentifier)
        return scratch.withUnsafeReadableBytes { bytes in
            body(
                EncodedPublish(
                    bytes: UnsafeRawBufferPointer(rebasing: bytes[entry.offset..<entry.offset + entry.count]),
                    packetIDOffset: entry.packetIDOffset))
        }
    }

    private mutating func entry(
        _ frame: PublishFrame, version: ProtocolVersion, hasIdentifier: Bool
    ) -> Made {
        switch (version, hasIdentifier) {
        case (.v311, false): if let entry = made.0 { return entry }
        case (.v311, true): if let entry = made.1 { return entry }
        case (.v5, false): if let entry = made.2 { return entry }
        case (.v5, true): if let entry = made.3 { return entry }
        }
        let offset = scratch.readableBytes
        let idOffset = PublishEncoder.write(
            into: &scratch, version: version, topic: frame.topic, payload: frame.payload,
            properties: version == .v5 ? frame.properties : UnsafeRawBufferPointer(start: nil, count: 0),
            qos: hasIdentifier ? .atLeastOnce : .atMostOnce, dup: false, retain: false,
            packetID: hasIdentifier ? 1 : 0, messageExpirySeconds: version == .v5 ? frame.expirySeconds : nil,
            subscriptionIdentifiers: .none)
        let entry = Made(offset: offset, count: scratch.readableBytes - offset, packetIDOffset: idOffset ?? 0)
        switch (version, hasIdentifier) {
        case (.v311, false): made.0 = entry
        case (.v311, true): made.1 = entry
        case (.v5, false): made.2 = entry
        case (.v5, true): made.3 = entry
        }
        return entry
    }
}
