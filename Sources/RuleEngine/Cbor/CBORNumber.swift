/// Numbers that CBOR writes and JSON does not: halves, and integers beyond 64 bits.
enum CBORNumber {
    static let positiveTag: UInt64 = 2
    static let negativeTag: UInt64 = 3

    static func isBignum(_ tag: UInt64) -> Bool { tag == positiveTag || tag == negativeTag }

    /// A float of 16, 32 or 64 bits; what is not finite is missing.
    static func float(_ head: CBORHead) -> Value {
        switch head.information {
        case 25: .finite(half(UInt16(truncatingIfNeeded: head.number)))
        case 26: .finite(Double(Float(bitPattern: UInt32(truncatingIfNeeded: head.number))))
        default: .finite(Double(bitPattern: head.number))
        }
    }

    private static func half(_ bits: UInt16) -> Double {
        let fraction = Double(bits & 0x3FF)
        let exponent = Int(bits >> 10 & 0x1F)
        let magnitude: Double
        switch exponent {
        case 0: magnitude = fraction * 0x1p-24
        case 31: magnitude = fraction == 0 ? .infinity : .nan
        default: magnitude = Double(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
        }
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }

    /// `number`, or −1 − `number`.
    static func integer(_ number: UInt64, isNegative: Bool, _ arena: Arena) -> Value {
        if let small = Int64(exactly: number) { return .integer(isNegative ? -1 - small : small) }
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
        return big(bytes, isNegative: isNegative, arena)
    }

    /// An integer of any number of bytes, the most significant first; for a negative one the bytes hold −1 − it.
    static func big(_ bytes: [UInt8], isNegative: Bool, _ arena: Arena) -> Value {
        let significant = Array(bytes.drop { $0 == 0 })
        if significant.count <= 8 {
            let number = significant.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            if Int64(exactly: number) != nil { return integer(number, isNegative: isNegative, arena) }
        }
        var digits = decimal(isNegative ? magnitude(significant) : significant)
        if isNegative { digits.insert(UInt8(ascii: "-"), at: 0) }
        return .bigInteger(arena.copy(digits))
    }

    /// `bytes` plus one.
    private static func magnitude(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for index in result.indices.reversed() {
            result[index] = result[index] &+ 1
            if result[index] != 0 { return result }
        }
        return [1] + result
    }

    private static func decimal(_ bytes: [UInt8]) -> [UInt8] {
        var words: [UInt32] = []
        for end in stride(from: bytes.count, to: 0, by: -4) {
            words.insert(bytes[max(end - 4, 0)..<end].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }, at: 0)
        }
        // Nine digits at a time, the last first.
        var digits: [UInt8] = []
        while !words.isEmpty {
            var remainder: UInt64 = 0
            for index in words.indices {
                let value = remainder << 32 | UInt64(words[index])
                words[index] = UInt32(truncatingIfNeeded: value / 1_000_000_000)
                remainder = value % 1_000_000_000
            }
            for _ in 0..<9 {
                digits.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: remainder % 10))
                remainder /= 10
            }
            words = Array(words.drop { $0 == 0 })
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return digits.reversed()
    }

    /// Whether the byte string at `from` is an integer that rounds to infinity.
    static func isBeyondDoubles(_ bytes: ByteSlice, from: Int, isNegative: Bool) -> Bool {
        var index = from
        guard let content = CBORTree.stringBytes(bytes, &index, limit: 4096) else { return true }
        var significant = Array(content.drop { $0 == 0 })
        if isNegative { significant = magnitude(significant) }
        // 2^1024 − 2^970 is the least that rounds up: 54 ones in front of 128 bytes.
        if significant.count != 128 { return significant.count > 128 }
        return significant.prefix(6).allSatisfy { $0 == 0xFF } && significant[6] >= 0xFC
    }
}
