import RuleLanguage

/// Calendar arithmetic in UTC on nanoseconds since the Unix epoch.
enum CivilTime {
    static let nanosecondsPerSecond: Int64 = 1_000_000_000
    static let nanosecondsPerDay: Int64 = 86_400 * nanosecondsPerSecond

    /// Division that rounds toward minus infinity; `divisor` is positive.
    @inline(__always)
    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    static func milliseconds(_ nanoseconds: Int64) -> Int64 { floorDivide(nanoseconds, 1_000_000) }

    static func hour(_ nanoseconds: Int64) -> Int64 {
        let intoDay = nanoseconds - floorDivide(nanoseconds, nanosecondsPerDay) * nanosecondsPerDay
        return intoDay / (3600 * nanosecondsPerSecond)
    }

    /// 1 is Monday, 7 Sunday. 1970-01-01 was a Thursday.
    static func weekday(_ nanoseconds: Int64) -> Int64 {
        let day = floorDivide(nanoseconds, nanosecondsPerDay) + 3
        return day - floorDivide(day, 7) * 7 + 1
    }

    /// The hour or the weekday of a time in a zone; nil when the value is no time.
    static func part(_ value: Value, _ zone: TimeZoneRules, isHour: Bool) -> Value? {
        guard value.kind == .time else { return nil }
        let seconds = floorDivide(value.integer, nanosecondsPerSecond)
        let local = seconds + zone.offsetSeconds(at: seconds)
        let day = floorDivide(local, 86_400)
        if isHour { return .integer((local - day * 86_400) / 3600) }
        return .integer(day + 3 - floorDivide(day + 3, 7) * 7 + 1)
    }

    /// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func monthLength(_ year: Int64, _ month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private struct Reader {
        let text: ByteSlice
        var index = 0

        mutating func digits(_ count: Int) -> Int64? {
            guard index + count <= text.count else { return nil }
            var value: Int64 = 0
            for _ in 0..<count {
                let digit = text[index] &- UInt8(ascii: "0")
                guard digit <= 9 else { return nil }
                value = value * 10 + Int64(digit)
                index += 1
            }
            return value
        }

        mutating func take(_ bytes: UInt8...) -> Bool {
            guard index < text.count, bytes.contains(text[index]) else { return false }
            index += 1
            return true
        }

        /// The fraction after the dot, to the nanosecond; digits behind are cut.
        mutating func fraction() -> Int64? {
            var value: Int64 = 0
            var count = 0
            while index < text.count, text[index] &- UInt8(ascii: "0") <= 9 {
                if count < 9 { value = value * 10 + Int64(text[index] - UInt8(ascii: "0")) }
                count += 1
                index += 1
            }
            guard count > 0 else { return nil }
            for _ in 0..<max(0, 9 - count) { value *= 10 }
            return value
        }

        /// Seconds east of UTC; a missing offset is UTC.
        mutating func offset() -> Int64? {
            if index == text.count || take(UInt8(ascii: "Z"), UInt8(ascii: "z")) { return 0 }
            let negative = index < text.count && text[index] == UInt8(ascii: "-")
            guard take(UInt8(ascii: "+"), UInt8(ascii: "-")), let hours = digits(2), hours <= 23,
                take(UInt8(ascii: ":")), let minutes = digits(2), minutes <= 59
            else { return nil }
            let seconds = hours * 3600 + minutes * 60
            return negative ? -seconds : seconds
        }
    }

    /// RFC 3339, with `t`, `z`, a blank for `T` and a missing offset (UTC) accepted. Nil when malformed or outside the
    /// years that 64 bits of nanoseconds reach (1677…2262).
    static func parse(_ text: ByteSlice) -> Int64? {
        var reader = Reader(text: text)
        guard let year = reader.digits(4), reader.take(UInt8(ascii: "-")), let month = reader.digits(2),
            (1...12).contains(month), reader.take(UInt8(ascii: "-")), let day = reader.digits(2), day >= 1,
            day <= monthLength(year, month),
            reader.take(UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")), let hour = reader.digits(2),
            hour <= 23, reader.take(UInt8(ascii: ":")), let minute = reader.digits(2), minute <= 59,
            reader.take(UInt8(ascii: ":")), let second = reader.digits(2), second <= 60
        else { return nil }
        var nanoseconds: Int64 = 0
        if reader.take(UInt8(ascii: ".")) {
            guard let fraction = reader.fraction() else { return nil }
            nanoseconds = fraction
        }
        guard let offset = reader.offset(), reader.index == text.count else { return nil }
        let seconds = days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        return scale(seconds, nanosecondsPerSecond, adding: nanoseconds)
    }

    private static func scale(_ value: Int64, _ factor: Int64, adding rest: Int64 = 0) -> Int64? {
        let (product, overflow) = value.multipliedReportingOverflow(by: factor)
        if overflow { return nil }
        let (sum, carried) = product.addingReportingOverflow(rest)
        return carried ? nil : sum
    }

    static func nanoseconds(per unit: TimeUnit) -> Int64 {
        switch unit {
        case .s: nanosecondsPerSecond
        case .ms: 1_000_000
        case .us: 1000
        case .ns: 1
        }
    }

    /// An event time: a number in `unit` (a double is rounded to the microsecond), RFC 3339 text, or a time.
    static func instant(_ value: Value, unit: TimeUnit) -> Int64? {
        switch value.kind {
        case .integer: return scale(value.integer, nanoseconds(per: unit))
        case .double:
            let microseconds = value.double * (Double(nanoseconds(per: unit)) / 1000)
            guard let whole = Int64(exactly: microseconds.rounded()) else { return nil }
            return scale(whole, 1000)
        case .text: return parse(value.slice)
        case .time: return value.integer
        case .missing, .boolean, .bigInteger, .duration, .bytes, .list, .object, .jsonList, .jsonObject: return nil
        }
    }
}
