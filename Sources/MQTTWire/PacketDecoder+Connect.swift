import Messages

/// CONNECT (3.1) and CONNACK (3.2).
extension PacketDecoder {
    /// The connect flags (3.1.2.3).
    private struct ConnectFlags: OptionSet {
        let rawValue: UInt8
        static let reserved = ConnectFlags(rawValue: 1)
        static let cleanStart = ConnectFlags(rawValue: 2)
        static let will = ConnectFlags(rawValue: 4)
        static let willRetain = ConnectFlags(rawValue: 32)
        static let password = ConnectFlags(rawValue: 64)
        static let userName = ConnectFlags(rawValue: 128)
        var willQoSBits: UInt8 { rawValue >> 3 & 0b11 }
    }

    func decodeConnect(_ reader: inout ByteReader) throws(WireError) -> Connect {
        let version = try decodeProtocolVersion(&reader)
        let flags = try decodeFlags(&reader, version)
        let keepAliveSeconds = try reader.readUInt16()
        var connect = Connect(version: version, clientID: [], cleanStart: flags.contains(.cleanStart))
        connect.keepAliveSeconds = keepAliveSeconds
        if version.hasProperties { try decodeConnectProperties(&reader, &connect) }
        connect.clientID = reader.array(try reader.readText())
        if flags.contains(.will) { connect.will = try decodeWill(&reader, flags, version) }
        if flags.contains(.userName) { connect.userName = reader.array(try reader.readText()) }
        if flags.contains(.password) { connect.password = reader.array(try reader.readBinary()) }
        try reader.requireEnd()
        return connect
    }

    /// The protocol's name and level (3.1.2.1, 3.1.2.2). What a foreign level means is known to nobody here, so nothing
    /// after it is read; `MQIsdp` is MQTT 3.1.
    private func decodeProtocolVersion(_ reader: inout ByteReader) throws(WireError) -> ProtocolVersion {
        let name = reader.array(try reader.readBinary())
        let isMQTT = name == Array("MQTT".utf8)
        guard isMQTT || name == Array("MQIsdp".utf8) else { throw .malformedPacket(.protocolName) }
        let level = try reader.readUInt8()
        guard isMQTT, let version = ProtocolVersion(rawValue: level) else { throw .unsupportedProtocolVersion(level) }
        return version
    }

    private func decodeFlags(_ reader: inout ByteReader, _ version: ProtocolVersion) throws(WireError) -> ConnectFlags {
        let flags = ConnectFlags(rawValue: try reader.readUInt8())
        guard !flags.contains(.reserved) else { throw .malformedPacket(.connectReservedFlag) }
        if flags.contains(.will) {
            guard flags.willQoSBits != 3 else { throw .malformedPacket(.willFlags) }
        } else {
            guard flags.willQoSBits == 0, !flags.contains(.willRetain) else { throw .malformedPacket(.willFlags) }
        }
        if version == .v311, flags.contains(.password), !flags.contains(.userName) {
            throw .malformedPacket(.passwordWithoutUserName)
        }
        return flags
    }

    private func decodeConnectProperties(_ reader: inout ByteReader, _ connect: inout Connect) throws(WireError) {
        var properties = try reader.readProperties(in: .connect)
        while let property = try properties.next() {
            switch property.identifier {
            case .sessionExpiryInterval: connect.sessionExpirySeconds = property.number
            case .receiveMaximum: connect.receiveMaximum = UInt16(truncatingIfNeeded: property.number)
            case .maximumPacketSize: connect.packetBytesMax = property.number
            case .topicAliasMaximum: connect.topicAliasMaximum = UInt16(truncatingIfNeeded: property.number)
            case .requestResponseInformation: connect.requestsResponseInformation = property.number == 1
            case .requestProblemInformation: connect.requestsProblemInformation = property.number == 1
            case .authenticationMethod: connect.authenticationMethod = properties.array(property.first)
            case .authenticationData: connect.authenticationData = properties.array(property.first)
            case .userProperty: try properties.append(property, to: &connect.userProperties, limits: limits)
            default: throw .malformedPacket(.property)
            }
        }
        if connect.authenticationData != nil, connect.authenticationMethod == nil {
            throw .protocolError(.authenticationMethodMissing)
        }
    }

    private func decodeWill(
        _ reader: inout ByteReader, _ flags: ConnectFlags, _ version: ProtocolVersion
    ) throws(WireError) -> Will {
        var will = Will(
            topic: [], payload: [], qos: QoS(rawValue: flags.willQoSBits) ?? .atMostOnce,
            retain: flags.contains(.willRetain))
        if version.hasProperties { try decodeWillProperties(&reader, &will) }
        let topic = try reader.readText()
        guard !topic.isEmpty else { throw .malformedPacket(.topicEmpty) }
        guard unsafe UTF8Text.checkTopicName(reader.part(topic)) == .valid else {
            throw .malformedPacket(.topicWildcard)
        }
        will.topic = reader.array(topic)
        will.payload = reader.array(try reader.readBinary())
        return will
    }

    private func decodeWillProperties(_ reader: inout ByteReader, _ will: inout Will) throws(WireError) {
        var properties = try reader.readProperties(in: .will)
        let all = properties.rest
        while let property = try properties.next() {
            switch property.identifier {
            case .willDelayInterval: will.delaySeconds = property.number
            case .messageExpiryInterval: will.messageExpirySeconds = property.number
            case .responseTopic: try requireResponseTopic(properties, property)
            case .payloadFormatIndicator, .contentType, .correlationData, .userProperty: break
            default: throw .malformedPacket(.property)
            }
        }
        will.properties = unsafe PublishProperties.forwardable(properties.part(all))
    }

    func decodeConnack(_ reader: inout ByteReader) throws(WireError) -> Connack {
        let flags = try reader.readUInt8()
        guard flags & 0xFE == 0 else { throw .malformedPacket(.connackFlags) }
        let reason: ReasonCode
        switch version {
        case .v311:
            guard let code = ReasonCode(connectReturnCode: try reader.readUInt8()) else {
                throw .malformedPacket(.reasonCode)
            }
            reason = code
        case .v5: reason = try reader.readReasonCode(for: .connack)
        }
        var connack = Connack(reason: reason, sessionPresent: flags == 1)
        if connack.sessionPresent, reason != .success { throw .protocolError(.sessionPresentWithFailure) }
        if version.hasProperties { try decodeConnackProperties(&reader, &connack) }
        try reader.requireEnd()
        return connack
    }

    private func decodeConnackProperties(_ reader: inout ByteReader, _ connack: inout Connack) throws(WireError) {
        var properties = try reader.readProperties(in: .connack)
        while let property = try properties.next() {
            let number = property.number
            switch property.identifier {
            case .sessionExpiryInterval: connack.sessionExpirySeconds = number
            case .receiveMaximum: connack.receiveMaximum = UInt16(truncatingIfNeeded: number)
            case .maximumQoS: connack.maximumQoS = number == 0 ? .atMostOnce : .atLeastOnce
            case .retainAvailable: connack.retainAvailable = number == 1
            case .maximumPacketSize: connack.packetBytesMax = number
            case .topicAliasMaximum: connack.topicAliasMaximum = UInt16(truncatingIfNeeded: number)
            case .wildcardSubscriptionAvailable: connack.wildcardSubscriptionAvailable = number == 1
            case .subscriptionIdentifierAvailable: connack.subscriptionIdentifiersAvailable = number == 1
            case .sharedSubscriptionAvailable: connack.sharedSubscriptionAvailable = number == 1
            case .serverKeepAlive: connack.serverKeepAliveSeconds = UInt16(truncatingIfNeeded: number)
            case .assignedClientIdentifier: connack.assignedClientID = properties.array(property.first)
            case .reasonString: connack.reasonString = properties.array(property.first)
            case .responseInformation: connack.responseInformation = properties.array(property.first)
            case .serverReference: connack.serverReference = properties.array(property.first)
            case .authenticationMethod: connack.authenticationMethod = properties.array(property.first)
            case .authenticationData: connack.authenticationData = properties.array(property.first)
            case .userProperty: try properties.append(property, to: &connack.userProperties, limits: limits)
            default: throw .malformedPacket(.property)
            }
        }
    }
}
