import Messages
import NIOCore

/// Collects the fields of a packet that is sent once in a while (not PUBLISH or an acknowledgement) behind its fixed
/// header.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ value: UInt8) { bytes.append(value) }

    mutating func write(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func write(_ value: UInt32) {
        write(UInt16(truncatingIfNeeded: value >> 16))
        write(UInt16(truncatingIfNeeded: value))
    }

    mutating func writeVariableByteInteger(_ value: Int) {
        precondition(value >= 0 && value <= WireLimits.variableByteIntegerMax, "longer than the format allows")
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// A two-byte length and that many bytes.
    mutating func writeBinary(_ field: [UInt8]) {
        precondition(field.count <= 65_535, "a field has at most 65,535 bytes")
        write(UInt16(truncatingIfNeeded: field.count))
        bytes.append(contentsOf: field)
    }

    mutating func writeRaw(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

    /// Length and content of `properties`.
    mutating func write(_ properties: PropertyWriter) {
        writeVariableByteInteger(properties.bytes.count)
        writeRaw(properties.bytes)
    }
}

/// Collects properties, each written in the form that the property table gives it. nil writes nothing.
struct PropertyWriter {
    private var fields = FieldWriter()
    var bytes: [UInt8] { fields.bytes }
    var isEmpty: Bool { fields.bytes.isEmpty }

    mutating func write(_ identifier: PropertyIdentifier, _ number: UInt32?) {
        guard let number else { return }
        fields.write(identifier.rawValue)
        switch identifier.rule.form {
        case .bit: fields.write(UInt8(truncatingIfNeeded: number))
        case .twoBytes, .twoBytesNotZero: fields.write(UInt16(truncatingIfNeeded: number))
        case .fourBytes, .fourBytesNotZero: fields.write(number)
        case .variableNotZero: fields.writeVariableByteInteger(Int(number))
        case .text, .textPair, .binary: preconditionFailure("not a number")
        }
    }

    mutating func write(_ identifier: PropertyIdentifier, _ flag: Bool, unless usual: Bool) {
        if flag != usual { write(identifier, flag ? 1 : 0) }
    }

    mutating func write(_ identifier: PropertyIdentifier, _ field: [UInt8]?) {
        guard let field else { return }
        fields.write(identifier.rawValue)
        fields.writeBinary(field)
    }

    mutating func write(_ userProperties: [UserProperty]) {
        for property in userProperties {
            fields.write(PropertyIdentifier.userProperty.rawValue)
            fields.writeBinary(property.name)
            fields.writeBinary(property.value)
        }
    }

    mutating func writeRaw(_ raw: [UInt8]) { fields.writeRaw(raw) }
}

/// Puts the fixed header in front of fields.
enum PacketWriter {
    static func write(_ kind: PacketKind, _ fields: FieldWriter, into buffer: inout ByteBuffer) {
        var header = FieldWriter()
        header.write(kind.firstByte)
        header.writeVariableByteInteger(fields.bytes.count)
        buffer.writeBytes(header.bytes)
        buffer.writeBytes(fields.bytes)
    }

    /// Writes the packet if it is at most `packetBytesMax` long, else the one without reason string and user properties
    /// [MQTT-3.1.2-24] (3.2.2.3.9), else nothing and returns false.
    static func write(
        _ kind: PacketKind, packetBytesMax: Int, into buffer: inout ByteBuffer,
        fields: (_ withDiagnostics: Bool) -> FieldWriter
    ) -> Bool {
        for withDiagnostics in [true, false] {
            let fields = fields(withDiagnostics)
            let byteCount = fields.bytes.count
            guard byteCount <= WireLimits.variableByteIntegerMax,
                1 + VariableByteInteger.width(byteCount) + byteCount <= packetBytesMax
            else { continue }
            write(kind, fields, into: &buffer)
            return true
        }
        return false
    }
}
