package import Messages
package import NIOCore

/// Writes PUBLISH packets (3.3). The size is computed first, then everything is written in one piece into the buffer.
package enum PublishEncoder {
    /// The subscription identifiers that go with one delivery.
    package enum SubscriptionIdentifiers: Sendable, Equatable {
        case none
        case one(UInt32)
        case many([UInt32])

        package init(_ identifiers: [UInt32]) {
            switch identifiers.count {
            case 0: self = .none
            case 1: self = .one(identifiers[0])
            default: self = .many(identifiers)
            }
        }

        /// As properties: one byte of identifier and the variable byte integer for each.
        @inline(__always)
        fileprivate var encodedByteCount: Int {
            switch self {
            case .none: 0
            case .one(let identifier): 1 + VariableByteInteger.width(Int(identifier))
            case .many(let identifiers): identifiers.reduce(0) { $0 + 1 + VariableByteInteger.width(Int($1)) }
            }
        }
    }

    /// The sizes of a packet's parts, as numbers for headers.
    private struct Layout {
        var propertiesByteCount = 0
        var remainingLength: Int
        var totalByteCount: Int { 1 + VariableByteInteger.width(remainingLength) + remainingLength }

        @inline(__always)
        init(
            _ version: ProtocolVersion, topic: Int, payload: Int, properties: Int, _ qos: QoS, expires: Bool,
            hasAlias: Bool, _ identifiers: borrowing SubscriptionIdentifiers
        ) {
            remainingLength = 2 + topic + (qos.hasPacketID ? 2 : 0) + payload
            if version.hasProperties {
                propertiesByteCount =
                    properties + (expires ? 5 : 0) + (hasAlias ? 3 : 0) + identifiers.encodedByteCount
                remainingLength += VariableByteInteger.width(propertiesByteCount) + propertiesByteCount
            }
        }
    }

    /// The size of the whole packet: what counts against the receiver's Maximum Packet Size [MQTT-3.1.2-24], and
    /// against `WireLimits.formatPacketBytesMax` where the receiver gave none.
    package static func encodedByteCount(
        version: ProtocolVersion, topicByteCount: Int, payloadByteCount: Int, propertiesByteCount: Int, qos: QoS,
        messageExpirySeconds: UInt32? = nil, topicAlias: UInt16 = 0,
        subscriptionIdentifiers: borrowing SubscriptionIdentifiers = .none
    ) -> Int {
        Layout(
            version, topic: topicByteCount, payload: payloadByteCount, properties: propertiesByteCount, qos,
            expires: messageExpirySeconds != nil, hasAlias: topicAlias != 0, subscriptionIdentifiers
        ).totalByteCount
    }

    /// Appends one PUBLISH.
    ///
    /// - Parameters:
    ///   - topic: at most 65,535 bytes; a topic name that was checked, or empty with a topic alias.
    ///   - properties: encoded content as `PublishProperties.forwardable` leaves it; not written in 3.1.1, like the
    ///   other
    ///     properties.
    ///   - dup: false for QoS 0 [MQTT-3.3.1-2].
    ///   - packetID: not 0 for QoS 1 and 2; not written for QoS 0.
    ///   - messageExpirySeconds: what is left of it [MQTT-3.3.2-6].
    ///   - topicAlias: 0 for none.
    ///   - subscriptionIdentifiers: each 1…268,435,455.
    /// - Returns: where the packet identifier stands, from the start of the packet; nil for QoS 0.
    @discardableResult
    package static func write(
        into buffer: inout ByteBuffer, version: ProtocolVersion, topic: UnsafeRawBufferPointer,
        payload: UnsafeRawBufferPointer, properties: UnsafeRawBufferPointer, qos: QoS, dup: Bool, retain: Bool,
        packetID: UInt16, messageExpirySeconds: UInt32? = nil, topicAlias: UInt16 = 0,
        subscriptionIdentifiers: borrowing SubscriptionIdentifiers = .none
    ) -> Int? {
        let layout = Layout(
            version, topic: topic.count, payload: payload.count, properties: properties.count, qos,
            expires: messageExpirySeconds != nil, hasAlias: topicAlias != 0, subscriptionIdentifiers)
        precondition(
            topic.count <= 65_535 && layout.remainingLength <= WireLimits.variableByteIntegerMax,
            "sizes are checked with encodedByteCount")
        var packetIDOffset: Int?
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: layout.totalByteCount) { destination in
            var writer = unsafe ByteWriter(destination)
            writer.write(firstByte(qos: qos, dup: dup, retain: retain))
            writer.writeVariableByteInteger(layout.remainingLength)
            writer.write(UInt16(truncatingIfNeeded: topic.count))
            unsafe writer.write(topic)
            if qos.hasPacketID {
                packetIDOffset = writer.offset
                writer.write(packetID)
            }
            if version.hasProperties {
                writer.writeVariableByteInteger(layout.propertiesByteCount)
                if layout.propertiesByteCount > 0 {
                    unsafe writer.write(properties)
                    writer.write(messageExpirySeconds, topicAlias, subscriptionIdentifiers)
                }
            }
            unsafe writer.write(payload)
            return writer.offset
        }
        return packetIDOffset
    }

    /// Appends a copy of an encoded PUBLISH with another first byte and packet identifier: for receivers of the same
    /// version and with the same "QoS above 0" as the original (`PublishHeader.isForwardableAsCopy`, or a packet of our
    /// own making that goes to many).
    ///
    /// - Parameter packetIDOffset: what `write` returned or `PublishHeader.packetIDOffset`; nil exactly for QoS 0.
    package static func copy(
        _ packet: UnsafeRawBufferPointer, packetIDOffset: Int?, qos: QoS, dup: Bool, retain: Bool, packetID: UInt16,
        into buffer: inout ByteBuffer
    ) {
        precondition((packetIDOffset != nil) == qos.hasPacketID, "a copy keeps the place of the identifier")
        precondition((packetIDOffset ?? 0) <= packet.count &- 2, "an offset inside the packet")
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: packet.count) { destination in
            var writer = unsafe ByteWriter(destination)
            unsafe writer.write(packet)
            unsafe destination[0] = firstByte(qos: qos, dup: dup, retain: retain)
            if let packetIDOffset {
                unsafe destination.storeBytes(
                    of: packetID.bigEndian, toByteOffset: packetIDOffset, as: UInt16.self)
            }
            return writer.offset
        }
    }

    /// The first byte of a PUBLISH (3.3.1).
    @inline(__always)
    package static func firstByte(qos: QoS, dup: Bool, retain: Bool) -> UInt8 {
        0x30 | qos.headerBits | (dup && qos.hasPacketID ? 0b1000 : 0) | (retain ? 1 : 0)
    }
}

extension ByteWriter {
    /// The properties of a PUBLISH that belong to one hop.
    @inline(__always)
    fileprivate mutating func write(
        _ messageExpirySeconds: UInt32?, _ topicAlias: UInt16,
        _ identifiers: borrowing PublishEncoder.SubscriptionIdentifiers
    ) {
        if let messageExpirySeconds {
            write(PropertyIdentifier.messageExpiryInterval.rawValue)
            write(messageExpirySeconds)
        }
        if topicAlias != 0 {
            write(PropertyIdentifier.topicAlias.rawValue)
            write(topicAlias)
        }
        switch identifiers {
        case .none: break
        case .one(let identifier): writeSubscriptionIdentifier(identifier)
        case .many(let identifiers):
            for identifier in identifiers { writeSubscriptionIdentifier(identifier) }
        }
    }

    private mutating func writeSubscriptionIdentifier(_ identifier: UInt32) {
        write(PropertyIdentifier.subscriptionIdentifier.rawValue)
        writeVariableByteInteger(Int(identifier))
    }
}
