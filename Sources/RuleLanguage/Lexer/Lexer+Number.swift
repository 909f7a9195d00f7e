// Numbers, durations and sizes: digits, and what is joined to them without space.

extension Lexer {
    private static let durationUnits: [String: UInt64] = [
        "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
    ]
    private static let sizeUnits: [String: UInt64] = ["B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30]
    private static let otherUnits: [String: String] = [
        "sec": "s", "secs": "s", "second": "s", "seconds": "s", "S": "s", "min": "m", "mins": "m", "minute": "m",
        "minutes": "m", "M": "m", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "H": "h", "day": "d", "days": "d",
        "D": "d", "msec": "ms", "millis": "ms", "MS": "ms",
    ]

    mutating func number() -> TokenKind {
        let start = position
        let whole = digits()
        var fraction: String?
        var exponent = ""
        if current == UInt8(ascii: "."), isDigit(byte(at: position + 1)) {
            position += 1
            fraction = digits()
        }
        if current | 0x20 == UInt8(ascii: "e") {
            let signed = byte(at: position + 1) == UInt8(ascii: "-") || byte(at: position + 1) == UInt8(ascii: "+")
            if isDigit(byte(at: position + (signed ? 2 : 1))) {
                let sign = signed ? source.text(position + 1..<position + 2) : ""
                position += signed ? 2 : 1
                exponent = "e" + sign + digits()
            }
        }
        if continuesName(at: position) {
            let unitStart = position
            let unit = word()
            return measured(
                whole, fraction: fraction, exponent: exponent, unit: unit, unitStart: unitStart, start: start)
        }
        if fraction == nil, exponent.isEmpty { return integer(whole, start: start) }
        guard let value = Double(whole + "." + (fraction ?? "0") + exponent), value.isFinite else {
            return unusable(start, "this number is too large", help: "the greatest is about 1.8e308")
        }
        return .double(value)
    }

    /// Digits with single `_` between them, which are left out.
    private mutating func digits() -> String {
        var result: [UInt8] = []
        while isDigit(current) || (current == UInt8(ascii: "_") && isDigit(byte(at: position + 1))) {
            if current != UInt8(ascii: "_") { result.append(current) }
            position += 1
        }
        return String(decoding: result, as: UTF8.self)
    }

    private mutating func integer(_ digits: String, start: Int) -> TokenKind {
        guard let value = UInt64(digits), value <= 1 << 63 else {
            return unusable(start, "this integer needs more than 64 bits", help: "write it with `.0` for a double")
        }
        return .integer(value)
    }

    private mutating func unusable(_ start: Int, _ message: String, help: String) -> TokenKind {
        log.report(.unusableNumber, span(from: start), message, help: help)
        return .invalid
    }

    private mutating func measured(
        _ whole: String, fraction: String?, exponent: String, unit: String, unitStart: Int, start: Int
    ) -> TokenKind {
        let isDuration = Self.durationUnits[unit] != nil
        guard let scale = Self.durationUnits[unit] ?? Self.sizeUnits[unit] else {
            let help: String
            if let right = Self.otherUnits[unit] {
                help = "write `\(source.text(start..<unitStart))\(right)`"
            } else if unit.unicodeScalars.contains(where: { $0.properties.numericType != nil }) {
                help = "a duration is one number with one unit: `90s` in place of `1m30s`"
            } else {
                help = "durations take `ms`, `s`, `m`, `h` or `d`; a name does not begin with a digit"
            }
            log.report(
                .unknownUnit, SourceSpan(file: source.index, start: unitStart, end: position), "unknown unit `\(unit)`",
                help: help)
            return .invalid
        }
        guard exponent.isEmpty, let value = scaled(whole, fraction: fraction ?? "", by: scale) else {
            return unusable(
                start, isDuration ? "this duration can't be kept" : "this size can't be kept",
                help: "write a number up to about 292 years, without exponent")
        }
        return isDuration ? .duration(value) : .size(value)
    }

    /// `whole.fraction × scale`, rounded down to a whole number; nil when it needs more than 63 bits.
    private func scaled(_ whole: String, fraction: String, by scale: UInt64) -> Int64? {
        guard let units = UInt64(whole), fraction.utf8.count <= RuleLimits.durationFractionDigitsMax else { return nil }
        let (product, overflow) = units.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        var parts: UInt64 = 0
        if !fraction.isEmpty, let digits = UInt64(fraction) {
            var divisor: UInt64 = 1
            for _ in fraction.utf8 { divisor *= 10 }
            // digits < divisor, so the quotient is below `scale` and fits.
            parts = divisor.dividingFullWidth(digits.multipliedFullWidth(by: scale)).quotient
        }
        let (sum, carried) = product.addingReportingOverflow(parts)
        return carried ? nil : Int64(exactly: sum)
    }
}
