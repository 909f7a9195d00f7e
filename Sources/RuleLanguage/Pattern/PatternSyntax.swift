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

    struct Flags {
        var ignoresCase = false
        var dotTakesLineEnds = false
        var isMultiline = false
    }

    let scalars: [Unicode.Scalar]
    var position = 0
    var flags = Flags()
    var nesting = 0
    var foldedScalars = 0
    /// Between `\Q` and `\E`.
    var isQuoting = false

    init(_ pattern: String) {
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

    mutating func alternation() throws(PatternError) -> PatternNode {
        let outer = flags
        defer { flags = outer }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .either(branches)
    }

    mutating func sequence() throws(PatternError) -> PatternNode {
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

    mutating func repeated(_ atom: PatternNode) throws(PatternError) -> PatternNode {
        guard !isQuoting, let (least, most) = try repetition() else { return atom }
        _ = take("?")
        let start = position
        if try repetition() != nil { throw error("a repetition of a repetition", at: start) }
        let node = PatternNode.repeated(atom, atLeast: least, atMost: most)
        if node.programSize > Self.programSizeMax { throw error("the pattern is too large", at: start) }
        return node
    }

    mutating func repetition() throws(PatternError) -> (least: Int, most: Int?)? {
        switch current {
        case "*":
            position += 1
            return (0, nil)
        case "+":
            position += 1
            return (1, nil)
        case "?":
            position += 1
            return (0, 1)
        case "{": return try counted()
        default: return nil
        }
    }

    /// `{n}`, `{n,}`, `{n,m}`; anything else is a brace as such.
    mutating func counted() throws(PatternError) -> (least: Int, most: Int?)? {
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

    mutating func number() -> Int? {
        var value: Int?
        while let digit = current, digit.isASCII, let number = Character(digit).wholeNumberValue {
            value = min((value ?? 0) * 10 + number, 1_000_000)
            position += 1
        }
        return value
    }

    // MARK: Atoms

    /// nil: something that matches nothing by itself, such as flags.
    mutating func atom() throws(PatternError) -> PatternNode? {
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

    mutating func literal(_ scalar: Unicode.Scalar) throws(PatternError) -> PatternNode {
        .scalars(try folded(ScalarSet([scalar])).ranges)
    }

    mutating func group() throws(PatternError) -> PatternNode? {
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

    mutating func groupName(_ start: Int) throws(PatternError) {
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
    mutating func flagsOfGroup(_ start: Int) throws(PatternError) -> Bool {
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
}
