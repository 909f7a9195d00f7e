import Messages

/// The packets of the hot path: PUBLISH (3.3) and PUBACK, PUBREC, PUBREL, PUBCOMP (3.4 to 3.7).
extension PacketDecoder {
    @inline(__always)
    func decodePublish(
        _ reader: inout ByteReader, first: UInt8, packetStart: Int
    ) throws(WireError) -> PublishHeader {
        let topic = try reader.readBinary()
        if !topic.isEmpty {
            switch unsafe UTF8Text.checkTopicName(reader.part(topic)) {
            case .valid: break
            case .notText: throw .malformedPacket(.text)
            case .wildcard: throw .malformedPacket(.topicWildcard)
            }
        }
        let packetID = first & 0b0110 == 0 ? 0 : try reader.readPacketID()
        var properties = PublishPropertySummary()
        if version.hasProperties {
            let length = try reader.readVariableByteInteger()
            if length > 0 { properties = try summarise(&reader, length) }
        }
        if topic.isEmpty, properties.topicAlias == 0 {
            throw version.hasProperties ? .protocolError(.topicMissing) : .malformedPacket(.topicEmpty)
        }
        return PublishHeader(
            packet: unsafe Range(uncheckedBounds: (packetStart, reader.end)), topic: topic, properties: properties,
            payloadStart: reader.offset, packetID: packetID, headerBits: first & 0x0F)
    }

    @inline(never)
    private func summarise(_ reader: inout ByteReader, _ byteCount: UInt32) throws(WireError) -> PublishPropertySummary
    {
        var properties = try reader.readProperties(byteCount: Int(byteCount), in: .publish)
        var summary = PublishPropertySummary()
        summary.byteCount = byteCount
        while let property = try properties.next() {
            switch property.identifier {
            case .payloadFormatIndicator:
                summary.flags.insert(.payloadFormat)
                summary.payloadIsUTF8 = property.number == 1
            case .messageExpiryInterval:
                summary.flags.insert(.messageExpiry)
                summary.messageExpirySeconds = property.number
            case .topicAlias:
                summary.flags.insert(.topicAlias)
                summary.topicAlias = UInt16(truncatingIfNeeded: property.number)
            case .contentType: summary.flags.insert(.contentType)
            case .responseTopic:
                try requireResponseTopic(properties, property)
                summary.flags.insert(.responseTopic)
            case .correlationData: summary.flags.insert(.correlationData)
            case .userProperty: summary.flags.insert(.userProperty)
            case .subscriptionIdentifier:
                // [MQTT-3.3.4-6]
                guard role == .client else { throw .protocolError(.subscriptionIdentifierFromClient) }
                summary.flags.insert(.subscriptionIdentifier)
            default: throw .malformedPacket(.property)
            }
        }
        return summary
    }

    /// A response topic is a topic name, so not empty [MQTT-4.7.3-1] and without wildcards [MQTT-3.3.2-14]; it was
    /// checked to be text.
    func requireResponseTopic(_ properties: PropertyReader, _ property: Property) throws(WireError) {
        guard !property.first.isEmpty else { throw .malformedPacket(.topicEmpty) }
        guard unsafe UTF8Text.checkTopicName(properties.part(property.first)) == .valid else {
            throw .protocolError(.responseTopicWildcard)
        }
    }

    @inline(__always)
    func decodeAcknowledgement(_ reader: inout ByteReader, _ kind: PacketKind) throws(WireError) -> Acknowledgement {
        let packetID = try reader.readPacketID()
        if reader.isAtEnd { return Acknowledgement(packetID: packetID, reason: .success) }
        return Acknowledgement(packetID: packetID, reason: try decodeReason(&reader, kind))
    }

    /// The reason code and, unless they are left out, properties of an acknowledgement; 5.0 only (3.4.2.1).
    @inline(never)
    private func decodeReason(_ reader: inout ByteReader, _ kind: PacketKind) throws(WireError) -> ReasonCode {
        guard version.hasProperties else { throw .malformedPacket(.trailingBytes) }
        let reason = try reader.readReasonCode(for: kind)
        if reader.isAtEnd { return reason }
        var properties = try reader.readProperties(in: PacketKinds(kind))
        try properties.validate()
        try reader.requireEnd()
        return reason
    }
}
