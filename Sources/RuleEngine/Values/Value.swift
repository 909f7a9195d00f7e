/// A value of the language while an evaluation runs: 16 bytes, no references. Texts, lists and objects point into the
/// payload, the arena or the program, and must be stored (`StoredValue`) to outlive the evaluation.
@safe
struct Value: BitwiseCopyable {
    enum Kind: UInt8 {
        case missing, boolean, integer, double
        /// A JSON integer beyond 64 bits: its digits, so that it passes through exactly. Computes as the nearest
        /// double.
        case bigInteger
        case text, time, duration, bytes
        /// `length` values in the arena.
        case list
        /// `length` pairs of name and value in the arena.
        case object
        /// JSON text that was not taken apart.
        case jsonList, jsonObject
    }

    private(set) var bits: UInt64
    private(set) var length: UInt32
    let kind: Kind

    @inline(__always)
    init(kind: Kind, bits: UInt64 = 0, length: UInt32 = 0) {
        self.kind = kind
        self.bits = bits
        self.length = length
    }

    private init(kind: Kind, slice: ByteSlice) {
        unsafe self.init(
            kind: kind, bits: UInt64(UInt(bitPattern: slice.start)), length: UInt32(truncatingIfNeeded: slice.count))
    }

    @inline(__always) static var missing: Value { Value(kind: .missing) }
    @inline(__always) static func boolean(_ value: Bool) -> Value { Value(kind: .boolean, bits: value ? 1 : 0) }
    @inline(__always) static func integer(_ value: Int64) -> Value {
        Value(kind: .integer, bits: UInt64(bitPattern: value))
    }
    /// A finite double.
    @inline(__always) static func double(_ value: Double) -> Value { Value(kind: .double, bits: value.bitPattern) }
    /// Missing if `value` is NaN or infinite.
    @inline(__always) static func finite(_ value: Double) -> Value { value.isFinite ? .double(value) : .missing }
    static func time(_ nanoseconds: Int64) -> Value { Value(kind: .time, bits: UInt64(bitPattern: nanoseconds)) }
    static func duration(_ nanoseconds: Int64) -> Value {
        Value(kind: .duration, bits: UInt64(bitPattern: nanoseconds))
    }
    static func text(_ slice: ByteSlice) -> Value { Value(kind: .text, slice: slice) }
    static func bytes(_ slice: ByteSlice) -> Value { Value(kind: .bytes, slice: slice) }
    static func bigInteger(_ slice: ByteSlice) -> Value { Value(kind: .bigInteger, slice: slice) }
    static func json(_ slice: ByteSlice, isList: Bool) -> Value {
        Value(kind: isList ? .jsonList : .jsonObject, slice: slice)
    }
    static func list(_ values: ValueBuffer) -> Value {
        unsafe Value(
            kind: .list, bits: UInt64(UInt(bitPattern: values.base)), length: UInt32(truncatingIfNeeded: values.count))
    }
    /// Names and values in turn.
    static func object(_ pairs: ValueBuffer) -> Value {
        unsafe Value(
            kind: .object, bits: UInt64(UInt(bitPattern: pairs.base)),
            length: UInt32(truncatingIfNeeded: pairs.count / 2))
    }

    @inline(__always) var isMissing: Bool { kind == .missing }
    @inline(__always) var isTrue: Bool { kind == .boolean && bits != 0 }
    @inline(__always) var isFalse: Bool { kind == .boolean && bits == 0 }
    /// Of integer, time and duration.
    @inline(__always) var integer: Int64 { Int64(bitPattern: bits) }
    /// Of double.
    @inline(__always) var double: Double { Double(bitPattern: bits) }

    @inline(__always) var isNumber: Bool { kind == .integer || kind == .double || kind == .bigInteger }

    /// Of any number: the nearest double.
    @inline(__always) var asDouble: Double {
        switch kind {
        case .double: double
        case .integer: Double(integer)
        case .bigInteger: NumberText.nearestDouble(slice)
        default: .nan
        }
    }

    /// Of text, bytes, bigInteger, jsonList and jsonObject.
    var slice: ByteSlice {
        guard let start = unsafe UnsafeRawPointer(bitPattern: UInt(truncatingIfNeeded: bits)) else { return .empty }
        return unsafe ByteSlice(start: start, count: Int(length))
    }

    /// Of list: its values; of object: names and values in turn.
    var values: ValueBuffer {
        let count = kind == .object ? Int(length) * 2 : Int(length)
        guard let base = unsafe UnsafeMutablePointer<Value>(bitPattern: UInt(truncatingIfNeeded: bits)) else {
            preconditionFailure("a list without memory")
        }
        return unsafe ValueBuffer(base: base, count: count)
    }

    /// A note that a window makes on a value that it holds; nothing else reads it.
    var isMarked: Bool {
        get { length == .max }
        set { length = newValue ? .max : 0 }
    }

    /// The type by which values have an order: `.double` for every number; nil for those without.
    var orderedClass: Kind? {
        switch kind {
        case .integer, .double, .bigInteger: .double
        case .text, .time, .duration: kind
        case .missing, .boolean, .bytes, .list, .object, .jsonList, .jsonObject: nil
        }
    }

    var isList: Bool { kind == .list || kind == .jsonList }
    var isObject: Bool { kind == .object || kind == .jsonObject }
    /// Whether the value stands by itself, without pointing anywhere.
    var isScalar: Bool {
        switch kind {
        case .missing, .boolean, .integer, .double, .time, .duration: true
        case .bigInteger, .text, .bytes, .list, .object, .jsonList, .jsonObject: false
        }
    }
}
