/// Bytes that someone else keeps alive: a payload for the time of a call, the arena for an evaluation, or a program for
/// its life. Reads are checked against the bounds; the lifetime is the owner's promise.
@safe
struct ByteSlice: BitwiseCopyable {
    let start: UnsafeRawPointer
    let count: Int

    init(start: UnsafeRawPointer, count: Int) {
        unsafe self.start = start
        self.count = count
    }

    init(_ buffer: UnsafeRawBufferPointer) {
        if let base = buffer.baseAddress {
            unsafe self.init(start: base, count: buffer.count)
        } else {
            self = ByteSlice.empty
        }
    }

    static var empty: ByteSlice {
        unsafe ByteSlice(start: UnsafeRawPointer(bitPattern: 16).unsafelyUnwrapped, count: 0)
    }

    var isEmpty: Bool { count == 0 }

    @inline(__always)
    subscript(_ index: Int) -> UInt8 {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index outside the slice")
        return unsafe start.load(fromByteOffset: index, as: UInt8.self)
    }

    /// For loops that have just compared `index` with `count`.
    @inline(__always)
    func known(_ index: Int) -> UInt8 {
        assert(index >= 0 && index < count)
        return unsafe start.load(fromByteOffset: index, as: UInt8.self)
    }

    /// The bytes from `from` up to and without `end`.
    func slice(_ from: Int, _ end: Int) -> ByteSlice {
        precondition(from >= 0 && from <= end && end <= count, "range outside the slice")
        return unsafe ByteSlice(start: start + from, count: end - from)
    }

    /// For ends that a scan has just passed.
    @inline(__always)
    func knownSlice(_ from: Int, _ end: Int) -> ByteSlice {
        assert(from >= 0 && from <= end && end <= count)
        return unsafe ByteSlice(start: start + from, count: end &- from)
    }

    var buffer: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: start, count: count) }

    var array: [UInt8] { unsafe [UInt8](buffer) }

    var string: String { unsafe String(decoding: buffer, as: UTF8.self) }

    func equals(_ other: ByteSlice) -> Bool {
        guard count == other.count else { return false }
        if count == 0 { return true }
        return compare(other) == 0
    }

    func equals(_ other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        return unsafe other.withUnsafeBytes { unsafe equals(ByteSlice($0)) }
    }

    /// Order by bytes, which for UTF-8 is the order of Unicode scalars: negative, zero or positive.
    func compare(_ other: ByteSlice) -> Int {
        let common = min(count, other.count)
        var index = 0
        while index + 8 <= common {
            let mine = unsafe start.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let others = unsafe other.start.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if mine != others { return mine.bigEndian < others.bigEndian ? -1 : 1 }
            index += 8
        }
        while index < common {
            let mine = unsafe start.load(fromByteOffset: index, as: UInt8.self)
            let others = unsafe other.start.load(fromByteOffset: index, as: UInt8.self)
            if mine != others { return mine < others ? -1 : 1 }
            index += 1
        }
        return count - other.count
    }

    /// Offset of the first occurrence of `needle` at or behind `from`; nil: none. An empty needle is found at once.
    func find(_ needle: ByteSlice, from: Int = 0) -> Int? {
        if needle.count == 0 { return from }
        var index = from
        while index + needle.count <= count {
            if self[index] == needle[0], slice(index, index + needle.count).compare(needle) == 0 { return index }
            index += 1
        }
        return nil
    }

    /// Number of Unicode scalars; the bytes are valid UTF-8.
    var scalarCount: Int {
        var result = 0
        for index in 0..<count where self[index] & 0xC0 != 0x80 { result += 1 }
        return result
    }
}

extension [UInt8] {
    mutating func append(_ slice: ByteSlice) {
        unsafe append(contentsOf: slice.buffer)
    }
}
