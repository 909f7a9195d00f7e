/// Reads patterns in RE2's dialect: what can be run in linear time. No back-references, no look-around; `\pN` takes
/// general categories, not scripts. A pattern is bounded in nesting, repetition and program size.
package struct PatternSyntax {
    package static let repetitionMax = 1_000
    package static let programSizeMax = 10_000
    static let nestingMax = 50
    /// Scalars that folding of cases looks at, over one pattern.
    static let foldedScalarsMax = 100_000

    package static func parse(_ pattern: String) -> Result<PatternNode, PatternError> {
        var syntax = PatternSyntax(pattern)
        do throws(PatternError) {
            let node = try syntax.alternation()
            if syntax.position < syntax.scalars.count { throw syntax.error("`)` without `(`") }
            if node.programSize > programSizeMax { throw PatternError(message: "the pattern is too large", offset: 0) }
            return .success(node)
        } catch {
            return .failure(error)
        }
    }

    private struct Flags {
        var ignoresCase = false
        var dotTakesLineEnds = false
        var isMultiline = false
    }

    let scalars: [Unicode.Scalar]
    var position = 0
    private var flags = Flags()
    private var nesting = 0
    private var foldedScalars = 0
    /// Between `\Q` and `\E`.
    private var isQuoting = false

    private init(_ pattern: String) {
        scalars = Array(pattern.unicodeScalars)
    }

    var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        position += 1
        return true
    }

    func error(_ message: String, at offset: Int? = nil) -> PatternError {
        PatternError(message: message, offset: offset ?? position)
    }

    func looks(at text: String) -> Bool { scalars[position...].starts(with: text.unicodeScalars) }

    // MARK: Structure

    private mutating func alternation() throws(PatternError) -> PatternNode {
        let outer = flags
        defer { flags = outer }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .either(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = current {
            if isQuoting {
                if looks(at: "\\E") {
                    position += 2
                    isQuoting = false
                    continue
                }
            } else if scalar == "|" || scalar == ")" {
                break
            } else if looks(at: "\\Q") {
                position += 2
                isQuoting = true
                continue
            }
            guard let atom = try atom() else { continue }
            if isQuoting, looks(at: "\\E") {
                position += 2
                isQuoting = false
            }
            parts.append(try repeated(atom))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func repeated(_ atom: PatternNode) throws(PatternError) -> PatternNode {
        guard !isQuoting, let (least, most) = try repetition() else { return atom }
        _ = take("?")
        let start = position
        if try repetition() != nil { throw error("a repetition of a repetition", at: start) }
        let node = PatternNode.repeated(atom, atLeast: least, atMost: most)
        if node.programSize > Self.programSizeMax { throw error("the pattern is too large", at: start) }
        return node
    }

    private mutating func repetition() throws(PatternError) -> (least: Int, most: Int?)? {
        switch current {
        case "*": position += 1; return (0, nil)
        case "+": position += 1; return (1, nil)
        case "?": position += 1; return (0, 1)
        case "{": return try counted()
        default: return nil
        }
    }

    /// `{n}`, `{n,}`, `{n,m}`; anything else is a brace as such.
    private mutating func counted() throws(PatternError) -> (least: Int, most: Int?)? {
        let start = position
        position += 1
        guard let least = number() else {
            position = start
            return nil
        }
        var most: Int? = least
        if take(",") { most = number() }
        guard take("}") else {
            position = start
            return nil
        }
        guard least <= Self.repetitionMax, most ?? 0 <= Self.repetitionMax else {
            throw error("a part is repeated at most \(Self.repetitionMax) times", at: start)
        }
        if let most, most < least { throw error("the repetition ends below its beginning", at: start) }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = current, digit.isASCII, let number = Character(digit).wholeNumberValue {
            value = min((value ?? 0) * 10 + number, 1_000_000)
            position += 1
        }
        return value
    }

    // MARK: Atoms

    /// nil: something that matches nothing by itself, such as flags.
    private mutating func atom() throws(PatternError) -> PatternNode? {
        guard let scalar = current else { return nil }
        if isQuoting {
            position += 1
            return try literal(scalar)
        }
        switch scalar {
        case "(": return try group()
        case "[": return try .scalars(bracket().ranges)
        case ".":
            position += 1
            return .scalars(flags.dotTakesLineEnds ? ScalarSet.all.ranges : ScalarSet(["\n"]).inverted.ranges)
        case "^":
            position += 1
            return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$":
            position += 1
            return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "*", "+", "?": throw error("nothing stands before `\(scalar)`")
        case "\\": return try escape()
        default:
            position += 1
            return try literal(scalar)
        }
    }

    private mutating func literal(_ scalar: Unicode.Scalar) throws(PatternError) -> PatternNode {
        .scalars(try folded(ScalarSet([scalar])).ranges)
    }

    private mutating func group() throws(PatternError) -> PatternNode? {
        let start = position
        position += 1
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.nestingMax else {
            throw error("groups are nested deeper than \(Self.nestingMax)", at: start)
        }
        let outer = flags
        if take("?") {
            if looks(at: "P<") || (looks(at: "<") && !looks(at: "<=") && !looks(at: "<!")) {
                try groupName(start)
            } else if try !flagsOfGroup(start) {
                return nil
            }
        }
        let node = try alternation()
        guard take(")") else { throw error("no `)` closes this `(`", at: start) }
        flags = outer
        return node
    }

    private mutating func groupName(_ start: Int) throws(PatternError) {
        _ = take("P")
        position += 1
        let first = position
        while let scalar = current,
            scalar == "_" || (scalar.isASCII && scalar.properties.isAlphabetic) || Character(scalar).isWholeNumber
        { position += 1 }
        guard position > first, take(">") else {
            throw error("a group's name holds letters, digits and `_`", at: start)
        }
    }

    /// `?i)` for the rest of the enclosing group (false), `?i:` for this one (true).
    private mutating func flagsOfGroup(_ start: Int) throws(PatternError) -> Bool {
        var isOn = true
        while let scalar = current {
            position += 1
            switch scalar {
            case "i": flags.ignoresCase = isOn
            case "s": flags.dotTakesLineEnds = isOn
            case "m": flags.isMultiline = isOn
            case "U": break
            case "-": isOn = false
            case ":": return true
            case ")": return false
            case "=", "!", "<": throw error("look-around is not available", at: start)
            default: throw error("unknown flag `\(scalar)`", at: position - 1)
            }
        }
        throw error("no `)` closes this `(`", at: start)
    }

    // MARK: Escapes

    private mutating func escape() throws(PatternError) -> PatternNode {
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
    private mutating func escapedClass() throws(PatternError) -> ScalarSet? {
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

    private mutating func escapedScalar(_ start: Int) throws(PatternError) -> Unicode.Scalar {
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

    private func isOctal(_ scalar: Unicode.Scalar?) -> Bool { scalar.map { ("0"..."7").contains($0) } ?? false }

    private mutating func octal(_ first: Unicode.Scalar) -> Unicode.Scalar {
        var value = first.value - 48
        var count = 1
        while count < 3, let next = current, isOctal(next) {
            value = value * 8 + next.value - 48
            position += 1
            count += 1
        }
        return Unicode.Scalar(value) ?? "\u{0}"
    }

    private mutating func hexadecimal(_ start: Int) throws(PatternError) -> Unicode.Scalar {
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

    private mutating func bracket() throws(PatternError) -> ScalarSet {
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
    private mutating func namedClass(_ start: Int) throws(PatternError) -> ScalarSet? {
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

    private mutating func range(_ start: Int) throws(PatternError) -> ScalarSet? {
        let low = try bracketScalar(start)
        guard current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
            return ScalarSet([low])
        }
        position += 1
        let high = try bracketScalar(start)
        guard low <= high else { throw error("the range ends below its beginning", at: start) }
        return ScalarSet(ranges: [low.value...high.value])
    }

    private mutating func bracketScalar(_ start: Int) throws(PatternError) -> Unicode.Scalar {
        guard let scalar = current else { throw error("no `]` closes this `[`", at: start) }
        position += 1
        return scalar == "\\" ? try escapedScalar(position - 1) : scalar
    }

    // MARK: Cases

    private mutating func folded(_ set: ScalarSet) throws(PatternError) -> ScalarSet {
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
