import RuleLanguage

/// Puts values of the language into a model's row, element by element. The memory is the row's, and valid as long as it.
@safe
struct ModelRowWriter {
    private let base: UnsafeMutableRawPointer
    private let byteCount: Int
    private var offset = 0

    init(_ row: UnsafeMutableRawBufferPointer) {
        // An empty row has no address, and takes nothing.
        unsafe base = row.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped
        byteCount = row.count
    }

    /// Writes one value, lists flattened; false when something is missing, of another kind, or out of range. At most
    /// `room` elements are written; `room` is what is left.
    mutating func write(
        _ value: Value, as element: ModelSignature.Element, room: inout Int, _ arena: Arena
    ) -> Bool {
        if value.kind == .jsonList { return write(list: value, as: element, room: &room, arena) }
        if value.kind == .list {
            let values = value.values
            guard values.count <= room else { return false }
            for index in 0..<values.count {
                guard write(values[index], as: element, room: &room, arena) else { return false }
            }
            return true
        }
        guard room > 0 else { return false }
        room -= 1
        switch element {
        case .float32:
            guard value.isNumber else { return false }
            let float = Float(value.asDouble)
            return float.isFinite && store(float)
        case .float64: return value.isNumber && store(value.asDouble)
        case .int64: return whole(value).map { store($0) } ?? false
        case .int32: return whole(value).flatMap { Int32(exactly: $0) }.map { store($0) } ?? false
        case .int8: return whole(value).flatMap { Int8(exactly: $0) }.map { store($0) } ?? false
        case .uint8: return whole(value).flatMap { UInt8(exactly: $0) }.map { store($0) } ?? false
        case .boolean:
            if value.kind == .boolean { return store(UInt8(value.isTrue ? 1 : 0)) }
            guard let whole = whole(value), whole == 0 || whole == 1 else { return false }
            return store(UInt8(whole))
        case .text: return false
        }
    }

    private mutating func write(
        list: Value, as element: ModelSignature.Element, room: inout Int, _ arena: Arena
    ) -> Bool {
        var fits = true
        JSONTree.visitElements(list, arena) { part in
            fits = write(part, as: element, room: &room, arena)
            return fits
        }
        return fits
    }

    @inline(__always)
    private mutating func store<Number: BitwiseCopyable>(_ number: Number) -> Bool {
        guard offset + MemoryLayout<Number>.size <= byteCount else { return false }
        unsafe base.storeBytes(of: number, toByteOffset: offset, as: Number.self)
        offset += MemoryLayout<Number>.size
        return true
    }

    private func whole(_ value: Value) -> Int64? {
        switch value.kind {
        case .integer: value.integer
        case .double: Int64(exactly: value.double)
        default: nil
        }
    }
}
