package import Messages
package import NIOCore

/// Writes PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7).
package enum AcknowledgementEncoder {
    /// The raw value is the packet's first byte.
    package enum Kind: UInt8, Sendable, CaseIterable {
        case puback = 0x40
        case pubrec = 0x50
        case pubrel = 0x62
        case pubcomp = 0x70
    }

    /// Appends four bytes, or five with a reason other than success in 5.0. 3.1.1 can't say a reason.
    package static func write(
        _ kind: Kind, packetID: UInt16, reason: ReasonCode = .success, version: ProtocolVersion,
        into buffer: inout ByteBuffer
    ) {
        let hasReason = version.hasProperties && !reason.isSuccess
        unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 5) { destination in
            var writer = unsafe ByteWriter(destination)
            writer.write(kind.rawValue)
            writer.write(UInt8(hasReason ? 3 : 2))
            writer.write(packetID)
            if hasReason { writer.write(reason.rawValue) }
            return writer.offset
        }
    }
}
