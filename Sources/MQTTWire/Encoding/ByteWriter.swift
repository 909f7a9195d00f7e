/// Writes fields into memory of the size that was computed for them. `@safe`: every write is checked against the end,
/// so a wrong computation traps instead of writing outside; the sizes depend on our own arithmetic only, never on a
/// peer.
@safe
struct ByteWriter {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var offset = 0

    @inline(__always)
    init(_ bytes: UnsafeMutableRawBufferPointer) { unsafe self.bytes = bytes }

    @inline(__always)
    private mutating func take(_ count: Int) -> Int {
        precondition(unsafe count <= bytes.count &- offset, "the computed size is too small")
        let start = offset
        offset &+= count
        return start
    }

    @inline(__always)
    mutating func write(_ value: UInt8) {
        let start = take(1)
        unsafe bytes[start] = value
    }

    @inline(__always)
    mutating func write(_ value: UInt16) {
        let start = take(2)
        unsafe bytes.storeBytes(of: value.bigEndian, toByteOffset: start, as: UInt16.self)
    }

    @inline(__always)
    mutating func write(_ value: UInt32) {
        let start = take(4)
        unsafe bytes.storeBytes(of: value.bigEndian, toByteOffset: start, as: UInt32.self)
    }

    @inline(__always)
    mutating func write(_ source: UnsafeRawBufferPointer) {
        guard let from = source.baseAddress, source.count > 0 else { return }
        let start = take(source.count)
        guard let base = unsafe bytes.baseAddress else { return }
        unsafe (base + start).copyMemory(from: from, byteCount: source.count)
    }

    @inline(__always)
    mutating func writeVariableByteInteger(_ value: Int) {
        if value < 0x80 { return write(UInt8(truncatingIfNeeded: value)) }
        writeLongVariableByteInteger(value)
    }

    private mutating func writeLongVariableByteInteger(_ value: Int) {
        var rest = value
        while rest >= 0x80 {
            write(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        write(UInt8(truncatingIfNeeded: rest))
    }
}

/// Arithmetic on variable byte integers (1.5.5).
enum VariableByteInteger {
    /// The bytes that `value` takes; `value` is at most `WireLimits.variableByteIntegerMax`.
    @inline(__always)
    static func width(_ value: Int) -> Int {
        value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4
    }
}
