/// Instants as people read them.
enum TimeText {
    /// RFC 3339 in UTC, with milliseconds where there are any.
    static func text(_ nanoseconds: Int64) -> String {
        let day = CivilTime.floorDivide(nanoseconds, CivilTime.nanosecondsPerDay)
        let milliseconds = CivilTime.milliseconds(nanoseconds &- day &* CivilTime.nanosecondsPerDay)
        let (year, month, dayOfMonth) = date(day)
        let seconds = milliseconds / 1000
        var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))T"
        text += "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        if milliseconds % 1000 > 0 { text += ".\(padded(milliseconds % 1000, 3))" }
        return text + "Z"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// The date of a day, counted from 1970-01-01: the inverse of `CivilTime.days`.
    private static func date(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Years begin in March, so that the leap day is the last of one.
        let shifted = day + 719_468
        let era = CivilTime.floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
