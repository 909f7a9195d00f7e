/// Little-endian bytes that an engine writes and reads back. Reading tolerates anything: what does not fit is nil.
struct StateReader {
    /// Elements that a count in a blob may announce per byte that is left: counts are checked before memory is taken.
    let bytes: ByteSlice
    private(set) var index = 0

    init(_ bytes: ByteSlice) { self.bytes = bytes }

    var isAtEnd: Bool { index == bytes.count }

    mutating func byte() -> UInt8? {
        guard index < bytes.count else { return nil }
        index += 1
        return bytes[index - 1]
    }

    mutating func word() -> UInt64? {
        guard index + 8 <= bytes.count else { return nil }
        defer { index += 8 }
        return UInt64(littleEndian: unsafe bytes.start.loadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    mutating func integer() -> Int64? { word().map { Int64(bitPattern: $0) } }

    mutating func double() -> Double? { word().map { Double(bitPattern: $0) } }

    /// A count of things that take at least `bytesEach` bytes of what follows.
    mutating func count(bytesEach: Int = 1) -> Int? {
        guard index + 4 <= bytes.count else { return nil }
        let value = UInt32(littleEndian: unsafe bytes.start.loadUnaligned(fromByteOffset: index, as: UInt32.self))
        index += 4
        // Nothing may announce more than what follows can hold.
        guard bytesEach == 0 || Int(value) <= (bytes.count - index) / bytesEach else { return nil }
        return Int(value)
    }

    mutating func boolean() -> Bool? {
        guard let value = byte(), value <= 1 else { return nil }
        return value == 1
    }

    mutating func slice() -> ByteSlice? {
        guard let length = count() else { return nil }
        index += length
        return bytes.slice(index - length, index)
    }

    /// The next `count` bytes as they are.
    mutating func raw(_ count: Int) -> ByteSlice? {
        guard count >= 0, count <= bytes.count - index else { return nil }
        index += count
        return bytes.slice(index - count, index)
    }

    mutating func optionalInteger() -> Int64?? {
        guard let present = boolean() else { return nil }
        guard present else { return .some(nil) }
        guard let value = integer() else { return nil }
        return value
    }
}

extension [UInt8] {
    mutating func append(word: UInt64) {
        unsafe Swift.withUnsafeBytes(of: word.littleEndian) { unsafe append(contentsOf: $0) }
    }
    mutating func append(integer: Int64) { append(word: UInt64(bitPattern: integer)) }
    mutating func append(double: Double) { append(word: double.bitPattern) }
    mutating func append(count: Int) {
        unsafe Swift.withUnsafeBytes(of: UInt32(truncatingIfNeeded: count).littleEndian) {
            unsafe append(contentsOf: $0)
        }
    }
    mutating func append(boolean: Bool) { append(boolean ? 1 : 0) }
    mutating func append(sized slice: ByteSlice) {
        append(count: slice.count)
        append(slice)
    }
    mutating func append(sized bytes: [UInt8]) {
        append(count: bytes.count)
        append(contentsOf: bytes)
    }
    mutating func append(optional value: Int64?) {
        append(boolean: value != nil)
        if let value { append(integer: value) }
    }
}

/// Values as bytes: to be kept in state, and as the parts of group keys.
enum ValueCodec {
    /// Lists and objects inside each other: 64 of a CBOR payload inside those that a rule makes. JSON stays text.
    static let depthMax = 160

    static func append(_ value: Value, to bytes: inout [UInt8]) {
        bytes.append(value.kind.rawValue)
        switch value.kind {
        case .missing: break
        case .boolean, .integer, .double, .time, .duration: bytes.append(word: value.bits)
        case .bigInteger, .text, .bytes, .jsonList, .jsonObject: bytes.append(sized: value.slice)
        case .list, .object:
            let values = value.values
            bytes.append(count: values.count)
            for index in 0..<values.count { append(values[index], to: &bytes) }
        }
    }

    /// The value at the reader, copied to the arena as far as it points anywhere; nil when damaged.
    static func read(_ reader: inout StateReader, _ arena: Arena, depth: Int = 0) -> Value? {
        guard depth <= depthMax, let code = reader.byte(), let kind = Value.Kind(rawValue: code) else { return nil }
        switch kind {
        case .missing: return .missing
        case .boolean: return reader.word().map { .boolean($0 != 0) }
        case .integer, .time, .duration: return reader.word().map { Value(kind: kind, bits: $0) }
        case .double:
            guard let value = reader.double(), value.isFinite else { return nil }
            return .double(value)
        case .text: return reader.slice().map { .text(arena.copy($0)) }
        case .bytes: return reader.slice().map { .bytes(arena.copy($0)) }
        case .bigInteger:
            guard let slice = reader.slice(), isInteger(slice) else { return nil }
            return .bigInteger(arena.copy(slice))
        case .jsonList, .jsonObject:
            guard let slice = reader.slice(), isContainer(slice, isList: kind == .jsonList) else { return nil }
            return .json(arena.copy(slice), isList: kind == .jsonList)
        case .list, .object:
            return readValues(&reader, arena, isObject: kind == .object, depth: depth)
        }
    }

    private static func isInteger(_ slice: ByteSlice) -> Bool {
        var index = 0
        guard case .value(let value) = NumberText.parse(slice, at: &index) else { return false }
        return value.kind == .bigInteger && index == slice.count
    }

    private static func isContainer(_ slice: ByteSlice, isList: Bool) -> Bool {
        guard !slice.isEmpty, slice[0] == (isList ? UInt8(ascii: "[") : UInt8(ascii: "{")) else { return false }
        return (try? JSONScanner.check(slice)) != nil
    }

    private static func readValues(_ reader: inout StateReader, _ arena: Arena, isObject: Bool, depth: Int) -> Value? {
        guard let count = reader.count(), !isObject || count % 2 == 0 else { return nil }
        let values = arena.values(count)
        for index in 0..<count {
            guard let value = read(&reader, arena, depth: depth + 1) else { return nil }
            if isObject, index % 2 == 0, value.kind != .text { return nil }
            values[index] = value
        }
        return isObject ? .object(values) : .list(values)
    }

    /// Appends the part of a group key for `value`: equal values give equal bytes (1 and 1.0 are one, 1 and "1" two).
    @inline(__always)
    static func append(key value: Value, to bytes: inout [UInt8], _ arena: Arena) {
        if value.kind == .text {
            bytes.append(Value.Kind.text.rawValue)
            bytes.append(sized: value.slice)
        } else {
            appendKeySlow(value, to: &bytes, arena)
        }
    }

    private static func appendKeySlow(_ value: Value, to bytes: inout [UInt8], _ arena: Arena) {
        switch value.kind {
        case .double:
            if let whole = Int64(exactly: value.double) {
                append(.integer(whole), to: &bytes)
            } else {
                append(value, to: &bytes)
            }
        case .jsonList, .jsonObject: appendKeySlow(JSONTree.expand(value, arena), to: &bytes, arena)
        case .list:
            bytes.append(value.kind.rawValue)
            bytes.append(count: value.values.count)
            for index in 0..<value.values.count { append(key: value.values[index], to: &bytes, arena) }
        case .object: appendKey(object: value.values, to: &bytes, arena)
        case .missing, .boolean, .integer, .bigInteger, .text, .time, .duration, .bytes: append(value, to: &bytes)
        }
    }

    /// Members in any order are equal: they are put in the order of their names.
    private static func appendKey(object pairs: ValueBuffer, to bytes: inout [UInt8], _ arena: Arena) {
        bytes.append(Value.Kind.object.rawValue)
        bytes.append(count: pairs.count)
        let order = stride(from: 0, to: pairs.count, by: 2)
            .sorted { pairs[$0].slice.compare(pairs[$1].slice) < 0 }
        for index in order {
            append(key: pairs[index], to: &bytes, arena)
            append(key: pairs[index + 1], to: &bytes, arena)
        }
    }
}

/// A value that outlives the evaluation.
enum StoredValue {
    case scalar(Value)
    /// As `ValueCodec` writes it.
    case encoded([UInt8])

    static var missing: StoredValue { .scalar(.missing) }

    init(_ value: Value) {
        if value.isScalar {
            self = .scalar(value)
        } else {
            var bytes: [UInt8] = []
            ValueCodec.append(value, to: &bytes)
            self = .encoded(bytes)
        }
    }

    func load(_ arena: Arena) -> Value {
        switch self {
        case .scalar(let value): return value
        case .encoded(let bytes):
            return unsafe bytes.withUnsafeBytes { buffer in
                var reader = unsafe StateReader(ByteSlice(buffer))
                return ValueCodec.read(&reader, arena) ?? .missing
            }
        }
    }

    /// Of a kept bigInteger.
    var bigIntegerAsDouble: Double? {
        guard case .encoded(let bytes) = self, bytes.count > 5 else { return nil }
        return Double(String(decoding: bytes[5...], as: UTF8.self))
    }

    func append(to bytes: inout [UInt8]) {
        switch self {
        case .scalar(let value): ValueCodec.append(value, to: &bytes)
        case .encoded(let encoded): bytes.append(contentsOf: encoded)
        }
    }

    static func read(_ reader: inout StateReader, _ arena: Arena) -> StoredValue? {
        ValueCodec.read(&reader, arena).map { StoredValue($0) }
    }
}
