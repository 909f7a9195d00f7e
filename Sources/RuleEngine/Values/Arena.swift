/// Memory of one evaluation: texts, lists and objects that it computes. Released as a whole; chunks never move, so what
/// lies in it stays valid until `release`.
@safe
final class Arena {
    /// Where an evaluation began; everything allocated later goes with it.
    struct Mark: Equatable {
        fileprivate var chunk: Int
        fileprivate var offset: Int
    }

    private static let chunkBytes = 64 * 1024
    @exclusivity(unchecked) @safe private var chunks: [UnsafeMutableRawBufferPointer] = unsafe []
    @exclusivity(unchecked) @safe private var chunk = 0
    @exclusivity(unchecked) @safe private var offset = 0

    init() {
        unsafe chunks.append(.allocate(byteCount: Arena.chunkBytes, alignment: 16))
    }

    deinit {
        while let last = unsafe chunks.popLast() { unsafe last.deallocate() }
    }

    var mark: Mark { Mark(chunk: chunk, offset: offset) }

    func release(_ mark: Mark) {
        chunk = mark.chunk
        offset = mark.offset
        // What a rare large evaluation needed is not kept.
        while unsafe chunks.count > max(mark.chunk + 1, 4) { unsafe chunks.removeLast().deallocate() }
    }

    /// `byteCount` bytes, aligned to 16, not initialised.
    func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
        let size = (max(byteCount, 1) + 15) & ~15
        if unsafe offset + size > chunks[chunk].count { grow(size) }
        let result = unsafe chunks[chunk].baseAddress.unsafelyUnwrapped + offset
        offset += size
        return unsafe result
    }

    @inline(never)
    private func grow(_ size: Int) {
        chunk += 1
        offset = 0
        if unsafe chunk < chunks.count {
            if unsafe chunks[chunk].count >= size { return }
            unsafe chunks[chunk].deallocate()
            unsafe chunks[chunk] = .allocate(byteCount: max(size, Arena.chunkBytes), alignment: 16)
        } else {
            unsafe chunks.append(.allocate(byteCount: max(size, Arena.chunkBytes), alignment: 16))
        }
    }

    /// A copy of `bytes` that lives as long as the evaluation.
    func copy(_ bytes: ByteSlice) -> ByteSlice {
        if bytes.isEmpty { return .empty }
        let memory = unsafe allocate(byteCount: bytes.count)
        unsafe memory.copyMemory(from: bytes.start, byteCount: bytes.count)
        return unsafe ByteSlice(start: UnsafeRawPointer(memory), count: bytes.count)
    }

    func copy(_ bytes: [UInt8]) -> ByteSlice {
        unsafe bytes.withUnsafeBytes { unsafe copy(ByteSlice($0)) }
    }

    /// Room for `count` values, all missing.
    func values(_ count: Int) -> ValueBuffer {
        let memory = unsafe allocate(byteCount: count * MemoryLayout<Value>.stride)
        let base = unsafe memory.bindMemory(to: Value.self, capacity: max(count, 1))
        unsafe base.initialize(repeating: .missing, count: count)
        return unsafe ValueBuffer(base: base, count: count)
    }
}

/// Values in a row in memory that someone else keeps: a register file, or a list in the arena.
@safe
struct ValueBuffer: BitwiseCopyable {
    let base: UnsafeMutablePointer<Value>
    let count: Int

    init(base: UnsafeMutablePointer<Value>, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    /// A buffer that the caller must `deallocate`.
    static func allocate(_ count: Int) -> ValueBuffer {
        let base = UnsafeMutablePointer<Value>.allocate(capacity: max(count, 1))
        unsafe base.initialize(repeating: .missing, count: max(count, 1))
        return unsafe ValueBuffer(base: base, count: count)
    }

    func deallocate() { unsafe base.deallocate() }

    @inline(__always)
    subscript(_ index: Int) -> Value {
        get {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "register outside the file")
            return unsafe base[index]
        }
        nonmutating set {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "register outside the file")
            unsafe base[index] = newValue
        }
    }

    func slice(_ from: Int, count length: Int) -> ValueBuffer {
        precondition(from >= 0 && length >= 0 && from + length <= count, "range outside the buffer")
        return unsafe ValueBuffer(base: base + from, count: length)
    }
}
