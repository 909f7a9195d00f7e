import RuleLanguage

/// A file of compiled time zone data (TZif, RFC 8536, version 2 or later). Files are checked as if they were hostile:
/// every count is compared with the bytes that are there, and the result is checked again by `TimeZoneRules`.
enum TimeZoneFile {
    /// The largest zone of tzdata has less than 4 KB.
    static let bytesMax = 262_144
    /// Recurring rules are written out to this year: nanoseconds in 64 bits end in 2262.
    static let lastYear: Int64 = 2262

    /// The rules of the zone, or nil when the file is damaged, of version 1, or counts leap seconds.
    static func read(_ bytes: [UInt8], name: String) -> TimeZoneRules? {
        guard bytes.count <= bytesMax else { return nil }
        var reader = Reader(bytes: bytes)
        // The first block has 32-bit times and is there for old readers.
        guard let old = header(&reader), old.version >= UInt8(ascii: "2"), reader.skip(old.blockBytes(timeBytes: 4)),
            let counts = header(&reader), counts.leaps == 0, counts.types >= 1
        else { return nil }
        return block(counts, &reader, name)
    }

    private struct Header {
        var version: UInt8
        var universal = 0
        var standard = 0
        var leaps = 0
        var times = 0
        var types = 0
        var letters = 0

        func blockBytes(timeBytes: Int) -> Int {
            times * (timeBytes + 1) + types * 6 + letters + leaps * (timeBytes + 4) + standard + universal
        }
    }

    private static func header(_ reader: inout Reader) -> Header? {
        guard reader.take(Array("TZif".utf8)), let version = reader.integer(1), reader.skip(15),
            let universal = reader.integer(4), let standard = reader.integer(4), let leaps = reader.integer(4),
            let times = reader.integer(4), let types = reader.integer(4), let letters = reader.integer(4)
        else { return nil }
        let counts = [universal, standard, leaps, times, types, letters]
        guard counts.allSatisfy({ (0...Int64(bytesMax)).contains($0) }) else { return nil }
        return Header(
            version: UInt8(truncatingIfNeeded: version), universal: Int(universal), standard: Int(standard),
            leaps: Int(leaps), times: Int(times), types: Int(types), letters: Int(letters))
    }

    private static func block(_ counts: Header, _ reader: inout Reader, _ name: String) -> TimeZoneRules? {
        guard counts.blockBytes(timeBytes: 8) <= reader.left else { return nil }
        var times: [Int64] = []
        for _ in 0..<counts.times {
            guard let time = reader.integer(8) else { return nil }
            times.append(time)
        }
        var types: [Int] = []
        for _ in 0..<counts.times {
            guard let type = reader.integer(1).map({ Int($0 & 0xFF) }), type < counts.types else { return nil }
            types.append(type)
        }
        var offsets: [Int64] = []
        for _ in 0..<counts.types {
            guard let offset = reader.integer(4), reader.skip(2) else { return nil }
            offsets.append(offset)
        }
        guard reader.skip(counts.letters + counts.standard + counts.universal),
            let footer = reader.line()
        else { return nil }
        var transitions = zip(times, types).map {
            TimeZoneRules.Transition(seconds: $0, offsetSeconds: offsets[$1])
        }
        if !footer.isEmpty {
            guard let rule = RecurringZone(footer) else { return nil }
            transitions += rule.transitions(after: times.last, through: lastYear)
        }
        return TimeZoneRules(name: name, firstOffsetSeconds: offsets[0], transitions: transitions)
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        var left: Int { bytes.count - index }

        mutating func skip(_ count: Int) -> Bool {
            guard count >= 0, count <= left else { return false }
            index += count
            return true
        }

        mutating func take(_ expected: [UInt8]) -> Bool {
            guard expected.count <= left, Array(bytes[index..<index + expected.count]) == expected else { return false }
            index += expected.count
            return true
        }

        /// A signed integer, the most significant byte first.
        mutating func integer(_ width: Int) -> Int64? {
            guard width <= left else { return nil }
            var value: UInt64 = bytes[index] & 0x80 != 0 && width > 1 ? .max : 0
            for byte in bytes[index..<index + width] { value = value << 8 | UInt64(byte) }
            index += width
            return Int64(bitPattern: value)
        }

        /// The text between two line ends at the end of the file.
        mutating func line() -> [UInt8]? {
            guard take([0x0A]), let end = bytes[index...].firstIndex(of: 0x0A) else { return nil }
            defer { index = end + 1 }
            return Array(bytes[index..<end])
        }
    }
}
