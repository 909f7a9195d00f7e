/// Amounts as people write them: a number and a unit without a space between.
///
/// Units are those of the rules language: `B KB MB GB TB` (1 KB = 1024 B) and `ms s m h d`.
package enum Amounts {
    /// Bytes, rounded down, or `nil` when `text` is not a size or greater than `Int.max`.
    package static func bytes(_ text: String) -> Int? {
        guard let (number, unit) = split(text) else { return nil }
        let factor: Int
        switch unit {
        case "B": factor = 1
        case "KB": factor = 1 << 10
        case "MB": factor = 1 << 20
        case "GB": factor = 1 << 30
        case "TB": factor = 1 << 40
        default: return nil
        }
        return number.scaled(by: factor)
    }

    /// A duration of whole milliseconds, rounded down, or `nil` when `text` is none or beyond 64-bit milliseconds.
    package static func duration(_ text: String) -> Duration? {
        guard let (number, unit) = split(text) else { return nil }
        let factor: Int
        switch unit {
        case "ms": factor = 1
        case "s": factor = 1_000
        case "m": factor = 60_000
        case "h": factor = 3_600_000
        case "d": factor = 86_400_000
        default: return nil
        }
        return number.scaled(by: factor).map { .milliseconds($0) }
    }

    /// `bytes` with the greatest unit that leaves a whole number.
    package static func text(bytes: Int) -> String {
        var value = bytes
        for unit in ["B", "KB", "MB", "GB"] {
            if value == 0 || value % 1024 != 0 { return "\(value)\(unit)" }
            value /= 1024
        }
        return "\(value)TB"
    }

    /// `duration` with the greatest unit that leaves a whole number; parts below a millisecond are left out.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        guard attoseconds == 0 else {
            let milliseconds = attoseconds / 1_000_000_000_000_000
            return "\(seconds * 1_000 + milliseconds)ms"
        }
        let units: [(Int64, String)] = [(86_400, "d"), (3_600, "h"), (60, "m")]
        for (factor, unit) in units where seconds > 0 && seconds % factor == 0 { return "\(seconds / factor)\(unit)" }
        return "\(seconds)s"
    }

    /// An unsigned decimal number: `whole` and `fraction` as its digits.
    private struct Decimal {
        /// More digits than any amount needs; keeps the arithmetic below in range.
        static let fractionDigitsMax = 6

        var whole: Int
        var fraction: Int
        var fractionScale: Int

        func scaled(by factor: Int) -> Int? {
            let (wholes, overflow) = whole.multipliedReportingOverflow(by: factor)
            // fraction < 10^6 and factor <= 2^40: below 2^60.
            let (sum, overflowOfSum) = wholes.addingReportingOverflow(fraction * factor / fractionScale)
            return overflow || overflowOfSum ? nil : sum
        }
    }

    private static func split(_ text: String) -> (Decimal, unit: Substring)? {
        let unitStart = text.firstIndex { !isDigit($0) && $0 != "." } ?? text.endIndex
        let parts = text[..<unitStart].split(separator: ".", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let whole = Int(first) else { return nil }
        var number = Decimal(whole: whole, fraction: 0, fractionScale: 1)
        if parts.count == 2 {
            guard (1...Decimal.fractionDigitsMax).contains(parts[1].count), let fraction = Int(parts[1]) else {
                return nil
            }
            number.fraction = fraction
            for _ in 0..<parts[1].count { number.fractionScale *= 10 }
        }
        return (number, text[unitStart...])
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}
