import Messages

/// Subscribing (3.8 to 3.11), pings (3.12, 3.13), DISCONNECT (3.14) and AUTH (3.15).
extension PacketDecoder {
    @inline(never)
    func decodeRare(_ reader: inout ByteReader, _ kind: PacketKind) throws(WireError) -> Packet {
        let packet: Packet
        switch kind {
        case .connack: packet = .connack(try decodeConnack(&reader))
        case .subscribe: packet = .subscribe(try decodeSubscribe(&reader))
        case .suback: packet = .suback(try decodeSuback(&reader))
        case .unsubscribe: packet = .unsubscribe(try decodeUnsubscribe(&reader))
        case .unsuback: packet = .unsuback(try decodeUnsuback(&reader))
        case .pingRequest: packet = .pingRequest
        case .pingResponse: packet = .pingResponse
        case .disconnect: packet = .disconnect(try decodeDisconnect(&reader))
        case .auth: packet = .auth(try decodeAuth(&reader))
        case .connect, .publish, .puback, .pubrec, .pubrel, .pubcomp: preconditionFailure("decoded by `decode`")
        }
        try reader.requireEnd()
        return packet
    }

    private func decodeSubscribe(_ reader: inout ByteReader) throws(WireError) -> Subscribe {
        var subscribe = Subscribe(packetID: try reader.readPacketID(), subscriptions: [])
        if version.hasProperties {
            var properties = try reader.readProperties(in: .subscribe)
            while let property = try properties.next() {
                if property.identifier == .subscriptionIdentifier {
                    subscribe.subscriptionIdentifier = property.number
                } else {
                    try properties.append(property, to: &subscribe.userProperties, limits: limits)
                }
            }
        }
        while !reader.isAtEnd {
            guard subscribe.subscriptions.count < limits.topicFiltersMax else { throw .limitExceeded(.topicFilters) }
            let filter = try decodeFilter(&reader)
            let options = try decodeOptions(try reader.readUInt8())
            // [MQTT-3.8.3-4]
            if options.noLocal, filter.starts(with: "$share/".utf8) { throw .protocolError(.noLocalOnShared) }
            subscribe.subscriptions.append(Subscribe.Subscription(filter: filter, options: options))
        }
        guard !subscribe.subscriptions.isEmpty else { throw .protocolError(.noTopicFilter) }
        return subscribe
    }

    private func decodeFilter(_ reader: inout ByteReader) throws(WireError) -> [UInt8] {
        let filter = try reader.readText()
        guard !filter.isEmpty else { throw .malformedPacket(.topicEmpty) }
        return reader.array(filter)
    }

    /// 3.1.1 knows the QoS only and calls everything else malformed [MQTT-3.8.3-4 of 3.1.1].
    private func decodeOptions(_ byte: UInt8) throws(WireError) -> SubscriptionOptions {
        let reservedBits: UInt8 = version.hasProperties ? 0b1100_0000 : 0b1111_1100
        guard byte & reservedBits == 0 else { throw .malformedPacket(.subscriptionOptions) }
        guard byte & 0b11 != 0b11 else {
            throw version.hasProperties ? .protocolError(.subscriptionQoS) : .malformedPacket(.subscriptionOptions)
        }
        guard let options = SubscriptionOptions(byte: byte) else { throw .protocolError(.retainHandling) }
        return options
    }

    private func decodeSuback(_ reader: inout ByteReader) throws(WireError) -> Suback {
        var suback = Suback(packetID: try reader.readPacketID(), reasons: [])
        if version.hasProperties {
            var properties = try reader.readProperties(in: .suback)
            try decodeReasonProperties(&properties, &suback.reasonString, &suback.userProperties)
        }
        suback.reasons = try decodeReasons(&reader, .suback)
        guard !suback.reasons.isEmpty else { throw .protocolError(.noTopicFilter) }
        return suback
    }

    private func decodeReasons(_ reader: inout ByteReader, _ kind: PacketKind) throws(WireError) -> [ReasonCode] {
        var reasons: [ReasonCode] = []
        while !reader.isAtEnd {
            guard reasons.count < limits.topicFiltersMax else { throw .limitExceeded(.topicFilters) }
            let reason = try reader.readReasonCode(for: kind)
            // 3.1.1 has one code for failure (3.9.3).
            if version == .v311, reason.isFailure, reason != .unspecifiedError { throw .malformedPacket(.reasonCode) }
            reasons.append(reason)
        }
        return reasons
    }

    private func decodeUnsubscribe(_ reader: inout ByteReader) throws(WireError) -> Unsubscribe {
        var unsubscribe = Unsubscribe(packetID: try reader.readPacketID(), filters: [])
        if version.hasProperties {
            var properties = try reader.readProperties(in: .unsubscribe)
            while let property = try properties.next() {
                try properties.append(property, to: &unsubscribe.userProperties, limits: limits)
            }
        }
        while !reader.isAtEnd {
            guard unsubscribe.filters.count < limits.topicFiltersMax else { throw .limitExceeded(.topicFilters) }
            unsubscribe.filters.append(try decodeFilter(&reader))
        }
        guard !unsubscribe.filters.isEmpty else { throw .protocolError(.noTopicFilter) }
        return unsubscribe
    }

    private func decodeUnsuback(_ reader: inout ByteReader) throws(WireError) -> Unsuback {
        var unsuback = Unsuback(packetID: try reader.readPacketID(), reasons: [])
        guard version.hasProperties else { return unsuback }
        var properties = try reader.readProperties(in: .unsuback)
        try decodeReasonProperties(&properties, &unsuback.reasonString, &unsuback.userProperties)
        unsuback.reasons = try decodeReasons(&reader, .unsuback)
        guard !unsuback.reasons.isEmpty else { throw .protocolError(.noTopicFilter) }
        return unsuback
    }

    /// The two properties that every answer may carry.
    private func decodeReasonProperties(
        _ properties: inout PropertyReader, _ reasonString: inout [UInt8]?, _ userProperties: inout [UserProperty]
    ) throws(WireError) {
        while let property = try properties.next() {
            if property.identifier == .reasonString {
                reasonString = properties.array(property.first)
            } else {
                try properties.append(property, to: &userProperties, limits: limits)
            }
        }
    }

    /// Reason code and properties may be left out from the end (3.14.2.1, 3.14.2.2.1); 3.1.1 has neither.
    private func decodeDisconnect(_ reader: inout ByteReader) throws(WireError) -> Disconnect {
        var disconnect = Disconnect()
        if reader.isAtEnd || version == .v311 { return disconnect }
        disconnect.reason = try reader.readReasonCode(for: .disconnect)
        if reader.isAtEnd { return disconnect }
        var properties = try reader.readProperties(in: .disconnect)
        while let property = try properties.next() {
            switch property.identifier {
            case .sessionExpiryInterval:
                // [MQTT-3.14.2-2]
                guard role == .server else { throw .protocolError(.sessionExpiryFromServer) }
                disconnect.sessionExpirySeconds = property.number
            case .reasonString: disconnect.reasonString = properties.array(property.first)
            case .serverReference: disconnect.serverReference = properties.array(property.first)
            case .userProperty: try properties.append(property, to: &disconnect.userProperties, limits: limits)
            default: throw .malformedPacket(.property)
            }
        }
        return disconnect
    }

    private func decodeAuth(_ reader: inout ByteReader) throws(WireError) -> Auth {
        var auth = Auth(reason: .success, authenticationMethod: nil)
        if reader.isAtEnd { return auth }
        auth.reason = try reader.readReasonCode(for: .auth)
        var properties = try reader.readProperties(in: .auth)
        while let property = try properties.next() {
            switch property.identifier {
            case .authenticationMethod: auth.authenticationMethod = properties.array(property.first)
            case .authenticationData: auth.authenticationData = properties.array(property.first)
            case .reasonString: auth.reasonString = properties.array(property.first)
            case .userProperty: try properties.append(property, to: &auth.userProperties, limits: limits)
            default: throw .malformedPacket(.property)
            }
        }
        guard auth.authenticationMethod != nil else { throw .protocolError(.authenticationMethodMissing) }
        return auth
    }
}
