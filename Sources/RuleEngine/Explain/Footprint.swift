/// Bytes that things take on the heap of this platform (glibc's malloc, 64 bits).
enum Footprint {
    private static let chunkMin = 32
    private static let arrayHeader = 32

    /// What malloc takes for `count` bytes: a word of its own, in steps of 16.
    static func chunk(_ count: Int) -> Int { max(chunkMin, (count + 8 + 15) & ~15) }

    /// An object of a class without what it points to.
    static func object(_ type: AnyClass) -> Int {
        // The size of instances stands in the class's metadata, behind its kind, superclass, flags and address point.
        let metadata = unsafe unsafeBitCast(type, to: UnsafeRawPointer.self)
        return chunk(Int(unsafe metadata.load(fromByteOffset: 24, as: UInt32.self)))
    }

    /// Memory allocated for `count` elements at once.
    static func buffer<Element>(_ type: Element.Type, count: Int) -> Int {
        chunk(max(count, 1) * MemoryLayout<Element>.stride)
    }

    /// An array made with `count` elements; nothing when empty.
    static func array<Element>(_ type: Element.Type, count: Int) -> Int {
        count == 0 ? 0 : chunk(arrayHeader + count * MemoryLayout<Element>.stride)
    }

    /// An array to which `count` elements were appended one by one.
    static func grownArray<Element>(_ type: Element.Type, count: Int) -> Int {
        if count == 0 { return 0 }
        let stride = MemoryLayout<Element>.stride
        var capacity = 0
        while capacity < count {
            let usable = chunk(arrayHeader + max(1, capacity * 2) * stride) - 8
            capacity = (usable - arrayHeader) / stride
        }
        return chunk(arrayHeader + capacity * stride)
    }
}
