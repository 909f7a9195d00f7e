/// Reads fields from a part of the bytes given to the decoder; every read is checked against the part's end. Positions
/// are offsets from the start of those bytes. `@safe`: it lives inside one call of the decoder, whose caller vouches
/// for the bytes, and reads nothing outside `offset..<end`, which `init` checks once.
@safe
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset: Int
    let end: Int

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer, from offset: Int, to end: Int) {
        precondition(offset >= 0 && offset <= end && end <= bytes.count, "a part outside the bytes")
        unsafe self.bytes = bytes
        self.offset = offset
        self.end = end
    }

    var isAtEnd: Bool { offset == end }
    var remaining: Int { end &- offset }

    @inline(__always)
    private mutating func take(_ count: Int) throws(WireError) -> Int {
        guard end &- offset >= count else { throw .malformedPacket(.truncated) }
        let start = offset
        offset &+= count
        return start
    }

    @inline(__always)
    mutating func readUInt8() throws(WireError) -> UInt8 {
        let start = try take(1)
        return unsafe bytes[start]
    }

    @inline(__always)
    mutating func readUInt16() throws(WireError) -> UInt16 {
        let start = try take(2)
        return UInt16(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: start, as: UInt16.self))
    }

    @inline(__always)
    mutating func readUInt32() throws(WireError) -> UInt32 {
        let start = try take(4)
        return UInt32(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
    }

    /// At most four bytes, in the shortest form [MQTT-1.5.5-1].
    @inline(__always)
    mutating func readVariableByteInteger() throws(WireError) -> UInt32 {
        let first = try readUInt8()
        if first < 0x80 { return UInt32(first) }
        return try readLongVariableByteInteger(first)
    }

    private mutating func readLongVariableByteInteger(_ first: UInt8) throws(WireError) -> UInt32 {
        var value = UInt32(first & 0x7F)
        for width in 1..<4 as Range<UInt32> {
            let byte = try readUInt8()
            value |= UInt32(byte & 0x7F) &<< (7 &* width)
            if byte < 0x80 {
                guard byte != 0 else { throw .malformedPacket(.variableByteInteger) }
                return value
            }
        }
        throw .malformedPacket(.variableByteInteger)
    }

    /// A two-byte length and that many bytes (1.5.6).
    @inline(__always)
    mutating func readBinary() throws(WireError) -> Range<Int> {
        let count = Int(try readUInt16())
        let start = try take(count)
        return unsafe Range(uncheckedBounds: (start, start &+ count))
    }

    /// The same, checked to be text (1.5.4).
    mutating func readText() throws(WireError) -> Range<Int> {
        let range = try readBinary()
        guard unsafe UTF8Text.isValid(part(range)) else { throw .malformedPacket(.text) }
        return range
    }

    /// A packet identifier, which is never 0 [MQTT-2.2.1-3].
    @inline(__always)
    mutating func readPacketID() throws(WireError) -> UInt16 {
        let packetID = try readUInt16()
        guard packetID != 0 else { throw .malformedPacket(.packetIdentifier) }
        return packetID
    }

    mutating func readReasonCode(for kind: PacketKind) throws(WireError) -> ReasonCode {
        guard let reason = ReasonCode(rawValue: try readUInt8()) else { throw .malformedPacket(.reasonCode) }
        guard reason.isValid(in: kind) else { throw .protocolError(.reasonCode) }
        return reason
    }

    /// The properties that begin here with their length; this reader goes on behind them.
    mutating func readProperties(in packets: PacketKinds) throws(WireError) -> PropertyReader {
        try readProperties(byteCount: Int(try readVariableByteInteger()), in: packets)
    }

    /// The properties of known length that begin here.
    mutating func readProperties(byteCount: Int, in packets: PacketKinds) throws(WireError) -> PropertyReader {
        let start = try take(byteCount)
        return PropertyReader(unsafe ByteReader(bytes, from: start, to: start &+ byteCount), in: packets)
    }

    func requireEnd() throws(WireError) {
        guard isAtEnd else { throw .malformedPacket(.trailingBytes) }
    }

    /// The bytes at `range`, which was read by this reader.
    func array(_ range: Range<Int>) -> [UInt8] { unsafe [UInt8](part(range)) }

    /// The bytes at `range`, which was read by this reader.
    @inline(__always)
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
    }
}
