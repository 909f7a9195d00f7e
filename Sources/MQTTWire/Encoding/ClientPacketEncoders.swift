package import Messages
package import NIOCore

// What a client sends besides PUBLISH, acknowledgements, DISCONNECT, AUTH and PINGREQ.

package enum ConnectEncoder {
    /// Writes it in `connect.version`. Values that equal the standard's defaults are left out.
    package static func write(_ connect: Connect, into buffer: inout ByteBuffer) {
        var fields = FieldWriter()
        fields.writeBinary(Array("MQTT".utf8))
        fields.write(connect.version.rawValue)
        fields.write(flags(connect))
        fields.write(connect.keepAliveSeconds)
        if connect.version.hasProperties { fields.write(properties(connect)) }
        fields.writeBinary(connect.clientID)
        if let will = connect.will {
            if connect.version.hasProperties { fields.write(properties(will)) }
            fields.writeBinary(will.topic)
            fields.writeBinary(will.payload)
        }
        if let userName = connect.userName { fields.writeBinary(userName) }
        if let password = connect.password { fields.writeBinary(password) }
        PacketWriter.write(.connect, fields, into: &buffer)
    }

    private static func flags(_ connect: Connect) -> UInt8 {
        var flags: UInt8 = connect.cleanStart ? 2 : 0
        if let will = connect.will { flags |= 4 | will.qos.rawValue << 3 | (will.retain ? 32 : 0) }
        if connect.password != nil { flags |= 64 }
        if connect.userName != nil { flags |= 128 }
        return flags
    }

    private static func properties(_ connect: Connect) -> PropertyWriter {
        var properties = PropertyWriter()
        properties.write(
            .sessionExpiryInterval, connect.sessionExpirySeconds == 0 ? nil : connect.sessionExpirySeconds)
        properties.write(.receiveMaximum, connect.receiveMaximum == .max ? nil : UInt32(connect.receiveMaximum))
        properties.write(.maximumPacketSize, connect.packetBytesMax)
        properties.write(
            .topicAliasMaximum, connect.topicAliasMaximum == 0 ? nil : UInt32(connect.topicAliasMaximum))
        properties.write(.requestResponseInformation, connect.requestsResponseInformation, unless: false)
        properties.write(.requestProblemInformation, connect.requestsProblemInformation, unless: true)
        properties.write(.authenticationMethod, connect.authenticationMethod)
        properties.write(.authenticationData, connect.authenticationData)
        properties.write(connect.userProperties)
        return properties
    }

    private static func properties(_ will: Will) -> PropertyWriter {
        var properties = PropertyWriter()
        properties.write(.willDelayInterval, will.delaySeconds == 0 ? nil : will.delaySeconds)
        properties.write(.messageExpiryInterval, will.messageExpirySeconds)
        properties.writeRaw(will.properties)
        return properties
    }
}

package enum SubscribeEncoder {
    /// In 3.1.1 only the QoS of each subscription's options is written.
    package static func write(_ subscribe: Subscribe, version: ProtocolVersion, into buffer: inout ByteBuffer) {
        var fields = FieldWriter()
        fields.write(subscribe.packetID)
        if version.hasProperties {
            var properties = PropertyWriter()
            properties.write(
                .subscriptionIdentifier,
                subscribe.subscriptionIdentifier == 0 ? nil : subscribe.subscriptionIdentifier)
            properties.write(subscribe.userProperties)
            fields.write(properties)
        }
        for subscription in subscribe.subscriptions {
            fields.writeBinary(subscription.filter)
            fields.write(version.hasProperties ? subscription.options.byte : subscription.options.qos.rawValue)
        }
        PacketWriter.write(.subscribe, fields, into: &buffer)
    }
}

package enum UnsubscribeEncoder {
    package static func write(_ unsubscribe: Unsubscribe, version: ProtocolVersion, into buffer: inout ByteBuffer) {
        var fields = FieldWriter()
        fields.write(unsubscribe.packetID)
        if version.hasProperties {
            var properties = PropertyWriter()
            properties.write(unsubscribe.userProperties)
            fields.write(properties)
        }
        for filter in unsubscribe.filters { fields.writeBinary(filter) }
        PacketWriter.write(.unsubscribe, fields, into: &buffer)
    }
}
