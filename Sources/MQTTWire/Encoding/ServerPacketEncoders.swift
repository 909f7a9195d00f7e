package import Messages
package import NIOCore

// What a server sends besides PUBLISH and acknowledgements. Each `write` appends one packet of at most `packetBytesMax`
// bytes (the receiver's Maximum Packet Size), leaving out reason string and user properties if it is longer with them
// [MQTT-3.1.2-24]; it returns false and writes nothing if the packet is too long even then. 3.1.1 has no properties.

package enum ConnackEncoder {
    /// In 3.1.1 the reason becomes the return code that is nearest to it.
    @discardableResult
    package static func write(
        _ connack: Connack, version: ProtocolVersion, into buffer: inout ByteBuffer,
        packetBytesMax: Int = WireLimits.formatPacketBytesMax
    ) -> Bool {
        PacketWriter.write(.connack, packetBytesMax: packetBytesMax, into: &buffer) { withDiagnostics in
            var fields = FieldWriter()
            // [MQTT-3.2.2-6]
            fields.write(UInt8(connack.sessionPresent && connack.reason == .success ? 1 : 0))
            switch version {
            case .v311: fields.write(connack.reason.connectReturnCode)
            case .v5:
                fields.write(connack.reason.rawValue)
                fields.write(properties(connack, withDiagnostics))
            }
            return fields
        }
    }

    /// The answer to a protocol level that is neither 3.1.1 nor 5.0: every version can read the 3.1.1 form, in which 1
    /// is "unacceptable protocol version" [MQTT-3.1.2-2].
    package static func writeUnsupportedProtocolVersion(into buffer: inout ByteBuffer) {
        buffer.writeInteger(0x2002_0001 as UInt32)
    }

    private static func properties(_ connack: Connack, _ withDiagnostics: Bool) -> PropertyWriter {
        var properties = PropertyWriter()
        properties.write(.sessionExpiryInterval, connack.sessionExpirySeconds)
        properties.write(.receiveMaximum, connack.receiveMaximum == .max ? nil : UInt32(connack.receiveMaximum))
        // Absent for 2, which is no legal value [MQTT-3.2.2-9].
        properties.write(
            .maximumQoS, connack.maximumQoS == .exactlyOnce ? nil : UInt32(connack.maximumQoS.rawValue))
        properties.write(.retainAvailable, connack.retainAvailable, unless: true)
        properties.write(.maximumPacketSize, connack.packetBytesMax)
        properties.write(.assignedClientIdentifier, connack.assignedClientID)
        properties.write(
            .topicAliasMaximum, connack.topicAliasMaximum == 0 ? nil : UInt32(connack.topicAliasMaximum))
        properties.write(.wildcardSubscriptionAvailable, connack.wildcardSubscriptionAvailable, unless: true)
        properties.write(.subscriptionIdentifierAvailable, connack.subscriptionIdentifiersAvailable, unless: true)
        properties.write(.sharedSubscriptionAvailable, connack.sharedSubscriptionAvailable, unless: true)
        properties.write(.serverKeepAlive, connack.serverKeepAliveSeconds.map { UInt32($0) })
        properties.write(.responseInformation, connack.responseInformation)
        properties.write(.serverReference, connack.serverReference)
        properties.write(.authenticationMethod, connack.authenticationMethod)
        properties.write(.authenticationData, connack.authenticationData)
        if withDiagnostics {
            properties.write(.reasonString, connack.reasonString)
            properties.write(connack.userProperties)
        }
        return properties
    }
}

package enum SubackEncoder {
    /// In 3.1.1 every refusal becomes 0x80.
    @discardableResult
    package static func write(
        _ suback: Suback, version: ProtocolVersion, into buffer: inout ByteBuffer,
        packetBytesMax: Int = WireLimits.formatPacketBytesMax
    ) -> Bool {
        PacketWriter.write(.suback, packetBytesMax: packetBytesMax, into: &buffer) { withDiagnostics in
            var fields = FieldWriter()
            fields.write(suback.packetID)
            if version.hasProperties {
                var properties = PropertyWriter()
                if withDiagnostics {
                    properties.write(.reasonString, suback.reasonString)
                    properties.write(suback.userProperties)
                }
                fields.write(properties)
            }
            fields.writeRaw(suback.reasons.map { version.hasProperties ? $0.rawValue : $0.subscribeReturnCode })
            return fields
        }
    }
}

package enum UnsubackEncoder {
    /// In 3.1.1 without reason codes.
    @discardableResult
    package static func write(
        _ unsuback: Unsuback, version: ProtocolVersion, into buffer: inout ByteBuffer,
        packetBytesMax: Int = WireLimits.formatPacketBytesMax
    ) -> Bool {
        PacketWriter.write(.unsuback, packetBytesMax: packetBytesMax, into: &buffer) { withDiagnostics in
            var fields = FieldWriter()
            fields.write(unsuback.packetID)
            if version.hasProperties {
                var properties = PropertyWriter()
                if withDiagnostics {
                    properties.write(.reasonString, unsuback.reasonString)
                    properties.write(unsuback.userProperties)
                }
                fields.write(properties)
                fields.writeRaw(unsuback.reasons.map(\.rawValue))
            }
            return fields
        }
    }
}

package enum DisconnectEncoder {
    /// Both sides in 5.0; in 3.1.1 only the client sends it, without reason or properties. What can be left out is left
    /// out.
    @discardableResult
    package static func write(
        _ disconnect: Disconnect, version: ProtocolVersion, into buffer: inout ByteBuffer,
        packetBytesMax: Int = WireLimits.formatPacketBytesMax
    ) -> Bool {
        PacketWriter.write(.disconnect, packetBytesMax: packetBytesMax, into: &buffer) { withDiagnostics in
            var fields = FieldWriter()
            guard version.hasProperties else { return fields }
            var properties = PropertyWriter()
            properties.write(.sessionExpiryInterval, disconnect.sessionExpirySeconds)
            properties.write(.serverReference, disconnect.serverReference)
            if withDiagnostics {
                properties.write(.reasonString, disconnect.reasonString)
                properties.write(disconnect.userProperties)
            }
            if disconnect.reason != .success || !properties.isEmpty { fields.write(disconnect.reason.rawValue) }
            if !properties.isEmpty { fields.write(properties) }
            return fields
        }
    }
}

package enum AuthEncoder {
    /// 5.0 only, both sides.
    @discardableResult
    package static func write(
        _ auth: Auth, into buffer: inout ByteBuffer, packetBytesMax: Int = WireLimits.formatPacketBytesMax
    ) -> Bool {
        PacketWriter.write(.auth, packetBytesMax: packetBytesMax, into: &buffer) { withDiagnostics in
            var fields = FieldWriter()
            var properties = PropertyWriter()
            properties.write(.authenticationMethod, auth.authenticationMethod)
            properties.write(.authenticationData, auth.authenticationData)
            if withDiagnostics {
                properties.write(.reasonString, auth.reasonString)
                properties.write(auth.userProperties)
            }
            if auth.reason == .success, properties.isEmpty { return fields }
            fields.write(auth.reason.rawValue)
            fields.write(properties)
            return fields
        }
    }
}

package enum PingEncoder {
    package static func writeRequest(into buffer: inout ByteBuffer) { buffer.writeInteger(0xC000 as UInt16) }
    package static func writeResponse(into buffer: inout ByteBuffer) { buffer.writeInteger(0xD000 as UInt16) }
}
