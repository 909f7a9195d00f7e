/// Plain values in a row in memory that its owner allocates and frees; reads and writes are checked.
@safe
struct FixedBuffer<Element: BitwiseCopyable>: BitwiseCopyable {
    fileprivate let base: UnsafeMutablePointer<Element>
    let count: Int

    /// A copy of `elements` that the owner must `deallocate`.
    init(_ elements: [Element]) {
        unsafe base = .allocate(capacity: max(elements.count, 1))
        for (index, element) in elements.enumerated() { unsafe (base + index).initialize(to: element) }
        count = elements.count
    }

    init(repeating element: Element, count: Int) {
        unsafe base = .allocate(capacity: max(count, 1))
        unsafe base.initialize(repeating: element, count: max(count, 1))
        self.count = count
    }

    func deallocate() { unsafe base.deallocate() }

    @inline(__always)
    subscript(_ index: Int) -> Element {
        get {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index outside the buffer")
            return unsafe base[index]
        }
        nonmutating set {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index outside the buffer")
            unsafe base[index] = newValue
        }
    }

    /// Moves `length` elements from `from` to `to`; the ranges may overlap.
    func move(from: Int, to: Int, count length: Int) {
        precondition(from >= 0 && to >= 0 && length >= 0 && from + length <= count && to + length <= count)
        unsafe (base + to).update(from: base + from, count: length)
    }
}

extension FixedBuffer<Double> {
    /// Four elements from `index`.
    @inline(__always)
    func four(_ index: Int) -> SIMD4<Double> {
        precondition(index >= 0 && index <= count - 4, "index outside the buffer")
        return unsafe UnsafeRawPointer(base + index).loadUnaligned(as: SIMD4<Double>.self)
    }
}

extension FixedBuffer where Element == UInt8 {
    /// Bytes that live as long as the buffer.
    func slice(_ from: Int, count length: Int) -> ByteSlice {
        precondition(from >= 0 && length >= 0 && from + length <= count, "range outside the buffer")
        return unsafe ByteSlice(start: UnsafeRawPointer(base + from), count: length)
    }
}
