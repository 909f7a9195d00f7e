/// Escapes and character classes of a pattern.
extension PatternSyntax {
    // MARK: Escapes

    mutating func escape() throws(PatternError) -> PatternNode {
        let start = position
        position += 1
        guard let scalar = current else { throw error("`\\` at the end", at: start) }
        let assertions: [Unicode.Scalar: PatternAssertion] = [
            "A": .textStart, "z": .textEnd, "b": .wordBoundary, "B": .notWordBoundary,
        ]
        if let assertion = assertions[scalar] {
            position += 1
            return .assertion(assertion)
        }
        if let set = try escapedClass() { return .scalars(set.ranges) }
        return try literal(try escapedScalar(start))
    }

    /// `\d \s \w`, `\pL \p{Lu}` and their opposites; the cursor is behind the backslash. nil: none of them.
    mutating func escapedClass() throws(PatternError) -> ScalarSet? {
        guard let scalar = current else { return nil }
        let classes: [Unicode.Scalar: ScalarSet] = ["d": .digits, "s": .spaces, "w": .wordScalars]
        if let set = classes[scalar] {
            position += 1
            return set
        }
        if let lower = Character(scalar).lowercased().unicodeScalars.first, scalar != lower, let set = classes[lower] {
            position += 1
            return set.inverted
        }
        guard scalar == "p" || scalar == "P" else { return nil }
        let start = position - 1
        position += 1
        var name = ""
        var isInverted = scalar == "P"
        if take("{") {
            if take("^") { isInverted.toggle() }
            while let next = current, next != "}", name.utf8.count < 32 {
                name.unicodeScalars.append(next)
                position += 1
            }
            guard take("}") else { throw error("no `}` closes this `{`", at: start) }
        } else if let next = current {
            name.unicodeScalars.append(next)
            position += 1
        }
        guard let set = ScalarSet.category(name) else { throw error("unknown category `\(name)`", at: start) }
        return isInverted ? set.inverted : set
    }

    mutating func escapedScalar(_ start: Int) throws(PatternError) -> Unicode.Scalar {
        guard let scalar = current else { throw error("`\\` at the end", at: start) }
        position += 1
        switch scalar {
        case "n": return "\n"
        case "t": return "\t"
        case "r": return "\r"
        case "f": return "\u{0C}"
        case "v": return "\u{0B}"
        case "a": return "\u{07}"
        case "x": return try hexadecimal(start)
        case "0"..."7" where scalar == "0" || isOctal(current): return octal(scalar)
        case "1"..."9": throw error("back-references are not available", at: start)
        default:
            let isPunctuation =
                scalar.isASCII && scalar.value > 0x20 && scalar.value != 0x7F
                && !scalar.properties.isAlphabetic && !Character(scalar).isWholeNumber
            guard isPunctuation else { throw error("unknown escape `\\\(scalar)`", at: start) }
            return scalar
        }
    }

    func isOctal(_ scalar: Unicode.Scalar?) -> Bool { scalar.map { ("0"..."7").contains($0) } ?? false }

    mutating func octal(_ first: Unicode.Scalar) -> Unicode.Scalar {
        var value = first.value - 48
        var count = 1
        while count < 3, let next = current, isOctal(next) {
            value = value * 8 + next.value - 48
            position += 1
            count += 1
        }
        return Unicode.Scalar(value) ?? "\u{0}"
    }

    mutating func hexadecimal(_ start: Int) throws(PatternError) -> Unicode.Scalar {
        let isBraced = take("{")
        var value: UInt32 = 0
        var count = 0
        while count < (isBraced ? 6 : 2), let next = current, next.isASCII, let digit = Character(next).hexDigitValue {
            value = value * 16 + UInt32(digit)
            position += 1
            count += 1
        }
        guard isBraced ? count > 0 && take("}") : count == 2, let scalar = Unicode.Scalar(value) else {
            throw error("`\\x` takes two digits, or `\\x{…}` a Unicode scalar", at: start)
        }
        return scalar
    }

    // MARK: Classes

    mutating func bracket() throws(PatternError) -> ScalarSet {
        let start = position
        position += 1
        let isInverted = take("^")
        var set = ScalarSet()
        var isFirst = true
        while let scalar = current, scalar != "]" || isFirst {
            isFirst = false
            if let named = try namedClass(start) {
                set.formUnion(named)
                continue
            }
            if scalar == "\\" {
                position += 1
                if let escaped = try escapedClass() {
                    set.formUnion(escaped)
                    continue
                }
                position -= 1
            }
            try range(start).map { set.formUnion($0) }
        }
        guard take("]") else { throw error("no `]` closes this `[`", at: start) }
        let folded = try folded(set.normalized)
        return isInverted ? folded.inverted : folded
    }

    /// `[:alpha:]` inside brackets.
    mutating func namedClass(_ start: Int) throws(PatternError) -> ScalarSet? {
        guard looks(at: "[:") else { return nil }
        var end = position + 2
        while end < scalars.count, scalars[end] != "]", end - position < 16 { end += 1 }
        guard end < scalars.count, scalars[end] == "]", scalars[end - 1] == ":", end - 1 > position + 2 else {
            return nil
        }
        var name = ""
        name.unicodeScalars.append(contentsOf: scalars[(position + 2)..<(end - 1)])
        let isInverted = name.hasPrefix("^")
        guard let set = ScalarSet.posix(isInverted ? String(name.dropFirst()) : name) else {
            throw error("unknown class `[:\(name):]`", at: start)
        }
        position = end + 1
        return isInverted ? set.inverted : set
    }

    mutating func range(_ start: Int) throws(PatternError) -> ScalarSet? {
        let low = try bracketScalar(start)
        guard current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
            return ScalarSet([low])
        }
        position += 1
        let high = try bracketScalar(start)
        guard low <= high else { throw error("the range ends below its beginning", at: start) }
        return ScalarSet(ranges: [low.value...high.value])
    }

    mutating func bracketScalar(_ start: Int) throws(PatternError) -> Unicode.Scalar {
        guard let scalar = current else { throw error("no `]` closes this `[`", at: start) }
        position += 1
        return scalar == "\\" ? try escapedScalar(position - 1) : scalar
    }

    // MARK: Cases

    mutating func folded(_ set: ScalarSet) throws(PatternError) -> ScalarSet {
        guard flags.ignoresCase else { return set }
        let lastWithCase: UInt32 = 0x1E943
        var result = set
        for range in set.ranges where range.lowerBound <= lastWithCase {
            let high = min(range.upperBound, lastWithCase)
            foldedScalars += Int(high - range.lowerBound) + 1
            guard foldedScalars <= Self.foldedScalarsMax else { throw error("the pattern is too large to ignore case") }
            for value in range.lowerBound...high { result.insertCases(of: value) }
        }
        return result.normalized
    }
}
