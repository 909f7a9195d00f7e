import RuleLanguage

/// The rule at the end of a zone's data, for all time to come: `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX.1-2017, 8.3, with the
/// hours −167 to 167 of RFC 8536).
struct RecurringZone {
    /// A day of the year and the second of local time, from its midnight, at which the clock changes.
    private struct Change {
        enum Day {
            /// 1 to 365, without February 29.
            case julian(Int64)
            /// 0 to 365, with February 29.
            case ordinal(Int64)
            /// Weekday 0 (Sunday) to 6 of week 1 to 5 (the last) of a month.
            case month(Int64, week: Int64, weekday: Int64)
        }
        var day: Day
        var second: Int64
    }

    private let standardOffset: Int64
    private var daylight: (offset: Int64, from: Change, to: Change)?

    /// Nil when the text is malformed.
    init?(_ text: [UInt8]) {
        var reader = Reader(text: text)
        guard reader.name(), let west = reader.time(hoursMax: 24) else { return nil }
        standardOffset = -west
        if reader.isAtEnd { return }
        guard reader.name() else { return nil }
        var offset = standardOffset + 3600
        if !reader.isAtEnd, reader.text[reader.index] != UInt8(ascii: ",") {
            guard let west = reader.time(hoursMax: 24) else { return nil }
            offset = -west
        }
        guard reader.take(","), let from = reader.change(), reader.take(","), let to = reader.change(), reader.isAtEnd
        else { return nil }
        daylight = (offset, from, to)
    }

    /// The changes of offset after an instant (nil: from 1970 on) to the end of a year, in order.
    func transitions(after last: Int64?, through lastYear: Int64) -> [TimeZoneRules.Transition] {
        guard let daylight else {
            // The offset that holds from the last transition on; without one the zone never changed it.
            return last == nil ? [TimeZoneRules.Transition(seconds: 0, offsetSeconds: standardOffset)] : []
        }
        let firstYear = min(max(last.map { 1970 + $0 / 31_556_952 - 1 } ?? 1970, 1900), lastYear)
        var found: [TimeZoneRules.Transition] = []
        for year in firstYear...lastYear {
            let from = second(of: daylight.from, in: year) - standardOffset
            let to = second(of: daylight.to, in: year) - daylight.offset
            found.append(TimeZoneRules.Transition(seconds: from, offsetSeconds: daylight.offset))
            found.append(TimeZoneRules.Transition(seconds: to, offsetSeconds: standardOffset))
        }
        // Where summer time never ends, its end and its next beginning are one instant: the beginning counts.
        func rank(_ transition: TimeZoneRules.Transition) -> Int { transition.offsetSeconds == standardOffset ? 0 : 1 }
        found.sort { ($0.seconds, rank($0)) < ($1.seconds, rank($1)) }
        var result: [TimeZoneRules.Transition] = []
        for transition in found where transition.seconds > last ?? .min {
            if result.last?.seconds == transition.seconds { result.removeLast() }
            if result.last?.offsetSeconds != transition.offsetSeconds { result.append(transition) }
        }
        return result
    }

    /// Seconds of local time since 1970-01-01 00:00.
    private func second(of change: Change, in year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let newYear = Self.days(to: year)
        let day: Int64
        switch change.day {
        case .julian(let number): day = newYear + number - 1 + (isLeap && number >= 60 ? 1 : 0)
        case .ordinal(let number): day = newYear + number
        case .month(let month, let week, let weekday):
            let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            let first = newYear + lengths.prefix(Int(month - 1)).reduce(0, +)
            // 1970-01-01 was a Thursday.
            let firstWeekday = (first + 4) % 7 < 0 ? (first + 4) % 7 + 7 : (first + 4) % 7
            var offset = (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
            while offset >= lengths[Int(month - 1)] { offset -= 7 }
            day = first + offset
        }
        return day * 86_400 + change.second
    }

    /// Days from 1970-01-01 to the first day of a year after 1600.
    private static func days(to year: Int64) -> Int64 {
        let before = year - 1
        return before * 365 + before / 4 - before / 100 + before / 400 - 719_162
    }

    private struct Reader {
        let text: [UInt8]
        var index = 0

        var isAtEnd: Bool { index >= text.count }

        mutating func take(_ sign: Unicode.Scalar) -> Bool {
            guard !isAtEnd, text[index] == UInt8(ascii: sign) else { return false }
            index += 1
            return true
        }

        /// `CET` or `<+03>`.
        mutating func name() -> Bool {
            let start = index
            if take("<") {
                while !isAtEnd, text[index] != UInt8(ascii: ">") { index += 1 }
                return take(">")
            }
            while !isAtEnd, (text[index] | 0x20) >= UInt8(ascii: "a"), (text[index] | 0x20) <= UInt8(ascii: "z") {
                index += 1
            }
            return index - start >= 3
        }

        mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
            let start = index
            var value: Int64 = 0
            while !isAtEnd, text[index] >= 0x30, text[index] <= 0x39, index - start < 4 {
                value = value * 10 + Int64(text[index] - 0x30)
                index += 1
            }
            return index > start && range.contains(value) ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time(hoursMax: Int64) -> Int64? {
            let isNegative = take("-")
            if !isNegative { _ = take("+") }
            guard let hours = number(0...hoursMax) else { return nil }
            var seconds = hours * 3600
            if take(":") {
                guard let minutes = number(0...59) else { return nil }
                seconds += minutes * 60
                if take(":") {
                    guard let rest = number(0...59) else { return nil }
                    seconds += rest
                }
            }
            return isNegative ? -seconds : seconds
        }

        mutating func change() -> Change? {
            let day: Change.Day
            if take("M") {
                guard let month = number(1...12), take("."), let week = number(1...5), take("."),
                    let weekday = number(0...6)
                else { return nil }
                day = .month(month, week: week, weekday: weekday)
            } else if take("J") {
                guard let number = number(1...365) else { return nil }
                day = .julian(number)
            } else {
                guard let number = number(0...365) else { return nil }
                day = .ordinal(number)
            }
            guard take("/") else { return Change(day: day, second: 7200) }
            return time(hoursMax: 167).map { Change(day: day, second: $0) }
        }
    }
}
