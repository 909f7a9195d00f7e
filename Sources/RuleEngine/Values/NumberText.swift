/// Numbers as JSON writes them: reading is correctly rounded, writing gives the shortest digits that read back.
enum NumberText {
    /// Digits beyond which an integer certainly leaves 64 bits.
    private static let integerDigitsMax = 19

    enum Parsed {
        case value(Value)
        /// No finite double holds it.
        case overflow
        case malformed
    }

    /// Reads the JSON number that begins at `index` and moves `index` behind it. Anything may follow.
    @inline(__always)
    static func parse(_ bytes: ByteSlice, at index: inout Int) -> Parsed {
        let start = index
        let end = bytes.count
        var negative = false
        if index < end, bytes[index] == UInt8(ascii: "-") {
            negative = true
            index += 1
        }
        var mantissa: UInt64 = 0
        var digits = 0
        let first = index
        while index < end {
            let digit = bytes.known(index) &- UInt8(ascii: "0")
            if digit > 9 { break }
            if digits < integerDigitsMax { mantissa = mantissa &* 10 &+ UInt64(digit) }
            if mantissa != 0 || digits > 0 { digits &+= 1 }
            index += 1
        }
        let integerLength = index - first
        if integerLength == 0 || (integerLength > 1 && bytes[first] == UInt8(ascii: "0")) { return .malformed }
        let next = index < end ? bytes[index] : 0
        if next != UInt8(ascii: "."), next | 0x20 != UInt8(ascii: "e") {
            return integer(bytes, start, index, mantissa, digits, negative)
        }
        return fraction(bytes, start, &index, mantissa, digits, negative)
    }

    /// Digits that no double overflows with, however large they are.
    private static let safeDigitsMax = 300

    /// Moves `index` behind the JSON number there, which nobody wants the value of; nil: it must be read to be judged.
    @inline(__always)
    static func skip(_ bytes: ByteSlice, at start: Int) -> Int? {
        var index = start
        if index < bytes.count, bytes.known(index) == UInt8(ascii: "-") { index &+= 1 }
        let first = index
        skipDigits(bytes, &index)
        if index == first || (bytes[first] == UInt8(ascii: "0") && index &- first > 1) { return nil }
        if index < bytes.count, bytes.known(index) == UInt8(ascii: ".") {
            index &+= 1
            let fraction = index
            skipDigits(bytes, &index)
            if index == fraction { return nil }
        }
        if index < bytes.count, bytes.known(index) | 0x20 == UInt8(ascii: "e") { return nil }
        return index &- first <= safeDigitsMax ? index : nil
    }

    /// Eight digits at a time.
    @inline(__always)
    private static func skipDigits(_ bytes: ByteSlice, _ index: inout Int) {
        while index &+ 8 <= bytes.count {
            let word = unsafe bytes.start.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            // High halves of digits are 3, also after 6 was added: 0x3A…0x3F become 0x4_.
            let high = (word & 0xF0F0_F0F0_F0F0_F0F0) ^ 0x3030_3030_3030_3030
            let beyond = ((word & 0x0F0F_0F0F_0F0F_0F0F) &+ 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0
            let other = high | beyond
            if other != 0 {
                index &+= other.trailingZeroBitCount &>> 3
                return
            }
            index &+= 8
        }
        while index < bytes.count, bytes.known(index) &- UInt8(ascii: "0") <= 9 { index &+= 1 }
    }

    private static func integer(
        _ bytes: ByteSlice, _ start: Int, _ end: Int, _ mantissa: UInt64, _ digits: Int, _ negative: Bool
    ) -> Parsed {
        if digits <= integerDigitsMax {
            if mantissa <= UInt64(Int64.max) {
                let value = Int64(bitPattern: mantissa)
                return .value(.integer(negative ? -value : value))
            }
            if negative, mantissa == 1 << 63 { return .value(.integer(Int64.min)) }
        }
        let slice = bytes.slice(start, end)
        return nearestDouble(slice).isFinite ? .value(.bigInteger(slice)) : .overflow
    }

    @inline(__always)
    private static func fraction(
        _ bytes: ByteSlice, _ start: Int, _ index: inout Int, _ integerMantissa: UInt64, _ integerDigits: Int,
        _ negative: Bool
    ) -> Parsed {
        let end = bytes.count
        var mantissa = integerMantissa
        var digits = integerDigits
        var exponent = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            let first = index
            while index < end {
                let digit = bytes.known(index) &- UInt8(ascii: "0")
                if digit > 9 { break }
                if digits < integerDigitsMax {
                    mantissa = mantissa &* 10 &+ UInt64(digit)
                    exponent &-= 1
                }
                if mantissa != 0 || digits > 0 { digits &+= 1 }
                index += 1
            }
            if index == first { return .malformed }
        }
        if index < end, bytes[index] | 0x20 == UInt8(ascii: "e") {
            guard let written = exponentPart(bytes, &index) else { return .malformed }
            exponent &+= written
        }
        if digits <= integerDigitsMax, let value = DecimalConversion.exact(mantissa, exponent) {
            return .value(.double(negative ? -value : value))
        }
        let value = nearestDouble(bytes.slice(start, index))
        return value.isFinite ? .value(.double(value)) : .overflow
    }

    /// The exponent after `e`, held within ±100,000; nil when it has no digits.
    private static func exponentPart(_ bytes: ByteSlice, _ index: inout Int) -> Int? {
        index += 1
        var negative = false
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
            negative = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        var value = 0
        let first = index
        while index < bytes.count {
            let digit = bytes.known(index) &- UInt8(ascii: "0")
            if digit > 9 { break }
            value = min(value * 10 + Int(digit), 100_000)
            index += 1
        }
        if index == first { return nil }
        return negative ? -value : value
    }

    /// The whole slice as a JSON number, white space around it allowed; nil when it is none or none that a double
    /// holds.
    static func number(_ slice: ByteSlice) -> Value? {
        var start = 0
        var end = slice.count
        while start < end, JSONText.isSpace(slice[start]) { start += 1 }
        while end > start, JSONText.isSpace(slice[end - 1]) { end -= 1 }
        let trimmed = slice.slice(start, end)
        var index = 0
        guard case .value(let value) = parse(trimmed, at: &index), index == trimmed.count else { return nil }
        return value
    }

    /// The nearest double of a well-formed number; infinite when none holds it.
    @inline(never)
    static func nearestDouble(_ slice: ByteSlice) -> Double {
        Double(slice.string) ?? .nan
    }

    // MARK: Writing

    static func append(_ value: Int64, to text: inout [UInt8]) {
        if value < 0 { text.append(UInt8(ascii: "-")) }
        append(digits: value.magnitude, to: &text)
    }

    private static func append(digits value: UInt64, to text: inout [UInt8]) {
        let start = text.count
        var rest = value
        repeat {
            text.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        text[start...].reverse()
    }

    /// Largest scaled mantissa for which one decimal alone is near enough to read back.
    private static let fastMantissaMax = Double(1 << 50)

    /// A finite double with its shortest digits and always with `.` or an exponent; negative zero as `0.0`.
    static func append(_ value: Double, to text: inout [UInt8]) {
        if value == 0 {
            text.append(contentsOf: [UInt8(ascii: "0"), UInt8(ascii: "."), UInt8(ascii: "0")])
            return
        }
        let magnitude = value.magnitude
        if magnitude >= 1e-3, magnitude < fastMantissaMax {
            for (places, scale) in DecimalConversion.smallPowers.enumerated() {
                let scaled = (magnitude * scale).rounded()
                if scaled >= fastMantissaMax { break }
                if scaled / scale == magnitude {
                    if value < 0 { text.append(UInt8(ascii: "-")) }
                    append(UInt64(scaled), places: places, to: &text)
                    return
                }
            }
        }
        appendDescription(value, to: &text)
    }

    private static func append(_ scaled: UInt64, places: Int, to text: inout [UInt8]) {
        let start = text.count
        var rest = scaled
        var written = 0
        if places == 0 {
            text.append(UInt8(ascii: "0"))
            text.append(UInt8(ascii: "."))
        }
        repeat {
            text.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
            written += 1
            if written == places { text.append(UInt8(ascii: ".")) }
        } while rest > 0 || written <= places
        text[start...].reverse()
    }

    /// The library's shortest digits, with the exponent in JSON's shortest form (`1e-7`, `1e22`).
    private static func appendDescription(_ value: Double, to text: inout [UInt8]) {
        var afterExponent = false
        for byte in value.description.utf8 {
            if afterExponent {
                if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "0") { continue }
                if byte != UInt8(ascii: "-") { afterExponent = false }
            } else if byte == UInt8(ascii: "e") {
                afterExponent = true
            }
            text.append(byte)
        }
    }
}
