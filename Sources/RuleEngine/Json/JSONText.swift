/// Why a payload is not JSON, and where.
struct JSONFault: Error {
    enum Reason {
        case unexpectedEnd, unexpectedByte, trailingText, depth, invalidUTF8, controlCharacter, badEscape
        case unpairedSurrogate, badNumber, numberRange

        var text: StaticString {
            switch self {
            case .unexpectedEnd: "the payload ends in the middle of a value"
            case .unexpectedByte: "not JSON"
            case .trailingText: "text after the value"
            case .depth: "nested deeper than 64"
            case .invalidUTF8: "invalid UTF-8"
            case .controlCharacter: "control character in a string"
            case .badEscape: "unknown escape in a string"
            case .unpairedSurrogate: "unpaired surrogate in a string"
            case .badNumber: "malformed number"
            case .numberRange: "a number that no double can hold"
            }
        }
    }
    var reason: Reason
    var offset: Int
}

/// The lexical parts of JSON: white space, strings, numbers.
enum JSONText {
    /// Containers inside containers beyond this are refused.
    static let depthMax = 64

    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    @inline(__always)
    static func skipSpace(_ bytes: ByteSlice, _ index: inout Int) {
        while index < bytes.count, bytes.known(index) <= 0x20, isSpace(bytes.known(index)) { index &+= 1 }
    }

    /// Marks the bytes of `word` at which a plain run of a string ends: quote, backslash, control, not ASCII.
    @inline(__always)
    private static func stops(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let found =
            ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
            | ((word &- ones &* 0x20) & ~word) | word
        return found & tops
    }

    /// `index` stands behind the opening quote and is moved behind the closing one. Says whether the string has
    /// escapes.
    @inline(__always)
    static func skipString(_ bytes: ByteSlice, _ index: inout Int) throws(JSONFault) -> Bool {
        let count = bytes.count
        var position = index
        var escaped = false
        while true {
            while position &+ 8 <= count {
                let found = stops(unsafe bytes.start.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                if found != 0 {
                    position &+= found.trailingZeroBitCount &>> 3
                    break
                }
                position &+= 8
            }
            guard position < count else { throw JSONFault(reason: .unexpectedEnd, offset: count) }
            let byte = bytes.known(position)
            if byte == UInt8(ascii: "\"") {
                index = position &+ 1
                return escaped
            }
            if byte == UInt8(ascii: "\\") {
                escaped = true
                position = try skipEscape(bytes, position)
            } else if byte >= 0x80 {
                position = try skipSequence(bytes, position)
            } else if byte < 0x20 {
                throw JSONFault(reason: .controlCharacter, offset: position)
            } else {
                position += 1
            }
        }
    }

    private static func skipEscape(_ bytes: ByteSlice, _ start: Int) throws(JSONFault) -> Int {
        guard start + 1 < bytes.count else { throw JSONFault(reason: .unexpectedEnd, offset: bytes.count) }
        switch bytes[start + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            let unit = try codeUnit(bytes, start)
            if unit & 0xFC00 == 0xDC00 { throw JSONFault(reason: .unpairedSurrogate, offset: start) }
            if unit & 0xFC00 != 0xD800 { return start + 6 }
            guard start + 7 < bytes.count, bytes[start + 6] == UInt8(ascii: "\\"),
                bytes[start + 7] == UInt8(ascii: "u"),
                try codeUnit(bytes, start + 6) & 0xFC00 == 0xDC00
            else { throw JSONFault(reason: .unpairedSurrogate, offset: start) }
            return start + 12
        default:
            throw JSONFault(reason: .badEscape, offset: start)
        }
    }

    /// The four hexadecimal digits of the `\u` escape at `start`.
    private static func codeUnit(_ bytes: ByteSlice, _ start: Int) throws(JSONFault) -> UInt32 {
        guard start + 6 <= bytes.count else { throw JSONFault(reason: .unexpectedEnd, offset: bytes.count) }
        var unit: UInt32 = 0
        for offset in 2..<6 {
            let byte = bytes[start + offset]
            switch byte {
            case 0x30...0x39: unit = unit << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: unit = unit << 4 | UInt32(byte - 0x41 + 10)
            case 0x61...0x66: unit = unit << 4 | UInt32(byte - 0x61 + 10)
            default: throw JSONFault(reason: .badEscape, offset: start)
            }
        }
        return unit
    }

    /// The end of the multi-byte sequence at `start`.
    private static func skipSequence(_ bytes: ByteSlice, _ start: Int) throws(JSONFault) -> Int {
        guard let length = UTF8Check.sequenceLength(bytes, start) else {
            throw JSONFault(reason: .invalidUTF8, offset: start)
        }
        return start + length
    }

    /// A string without its quotes, escapes taken apart. The string has been checked by `skipString`.
    static func unescape(_ raw: ByteSlice, _ arena: Arena) -> ByteSlice {
        let memory = unsafe arena.allocate(byteCount: raw.count)
        var written = 0
        var index = 0
        func put(_ byte: UInt8) {
            unsafe memory.storeBytes(of: byte, toByteOffset: written, as: UInt8.self)
            written += 1
        }
        while index < raw.count {
            let byte = raw[index]
            if byte != UInt8(ascii: "\\") {
                put(byte)
                index += 1
                continue
            }
            switch raw[index + 1] {
            case UInt8(ascii: "b"): put(0x08)
            case UInt8(ascii: "f"): put(0x0C)
            case UInt8(ascii: "n"): put(0x0A)
            case UInt8(ascii: "r"): put(0x0D)
            case UInt8(ascii: "t"): put(0x09)
            case UInt8(ascii: "u"):
                var scalar = (try? codeUnit(raw, index)) ?? 0xFFFD
                index += 6
                if scalar & 0xFC00 == 0xD800 {
                    let low = (try? codeUnit(raw, index)) ?? 0xDC00
                    scalar = 0x1_0000 + ((scalar & 0x3FF) << 10 | (low & 0x3FF))
                    index += 6
                }
                // Never longer than the escape it stands for.
                for unit in UTF8Check.encode(scalar) { put(unit) }
                continue
            case let other: put(other)
            }
            index += 2
        }
        return unsafe ByteSlice(start: UnsafeRawPointer(memory), count: written)
    }
}

enum UTF8Check {
    /// Length of the well-formed sequence of two to four bytes at `start`; nil when it is not one (Unicode, table 3-7).
    static func sequenceLength(_ bytes: ByteSlice, _ start: Int) -> Int? {
        let left = bytes.count - start
        func continues(_ offset: Int) -> Bool { bytes[start + offset] & 0xC0 == 0x80 }
        let first = bytes[start]
        switch first {
        case 0xC2...0xDF:
            return left >= 2 && continues(1) ? 2 : nil
        case 0xE0...0xEF:
            guard left >= 3, continues(1), continues(2) else { return nil }
            let second = bytes[start + 1]
            if first == 0xE0, second < 0xA0 { return nil }
            if first == 0xED, second > 0x9F { return nil }
            return 3
        case 0xF0...0xF4:
            guard left >= 4, continues(1), continues(2), continues(3) else { return nil }
            let second = bytes[start + 1]
            if first == 0xF0, second < 0x90 { return nil }
            if first == 0xF4, second > 0x8F { return nil }
            return 4
        default:
            return nil
        }
    }

    /// Offset of the first byte that is not part of well-formed UTF-8; nil: all is.
    static func firstFault(_ bytes: ByteSlice) -> Int? {
        var index = 0
        while index < bytes.count {
            if index + 8 <= bytes.count,
                unsafe bytes.start.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                index += 8
            } else if bytes[index] < 0x80 {
                index += 1
            } else if let length = sequenceLength(bytes, index) {
                index += length
            } else {
                return index
            }
        }
        return nil
    }

    static func encode(_ scalar: UInt32) -> [UInt8] {
        Array(String(Character(Unicode.Scalar(scalar) ?? "\u{FFFD}")).utf8)
    }
}
