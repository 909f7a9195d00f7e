/// The members of a line's object, one after the other. A payload is taken as it stands: one that is nested too deep,
/// or holds what no value can, is for the rules to refuse, and the lines behind it still count.
struct ReplayMembers {
    private let line: ByteSlice
    private var index: Int
    private var isFirst = true

    /// `index` stands behind the opening brace.
    init(_ line: ByteSlice, after index: Int) {
        self.line = line
        self.index = index
    }

    /// The next name, with `index` before its value; nil at the end of the line.
    mutating func nextName(_ arena: Arena) throws(JSONFault) -> ByteSlice? {
        let separator = try nextByte()
        if separator == UInt8(ascii: "}") {
            index += 1
            JSONText.skipSpace(line, &index)
            if index < line.count { throw JSONFault(reason: .trailingText, offset: index) }
            return nil
        }
        if !isFirst { try expect(",") }
        isFirst = false
        try expect("\"")
        let start = index
        let isEscaped = try JSONText.skipString(line, &index)
        let raw = line.slice(start, index - 1)
        try expect(":")
        return isEscaped ? JSONText.unescape(raw, arena) : raw
    }

    mutating func value(_ arena: Arena) throws(JSONFault) -> Value { try JSONTree.part(line, &index, arena) }

    mutating func payload() throws(JSONFault) -> ByteSlice {
        JSONText.skipSpace(line, &index)
        let start = index
        do throws(JSONFault) {
            try JSONScanner.skipValue(line, &index, 0)
        } catch {
            switch error.reason {
            case .depth, .numberRange, .unpairedSurrogate: try skipUnchecked(from: start)
            default: throw error
            }
        }
        var end = index
        while end > start, JSONText.isSpace(line[end - 1]) { end -= 1 }
        return line.slice(start, end)
    }

    /// Moves behind the value at `start`, and the white space that follows it, by its brackets and quotes alone.
    private mutating func skipUnchecked(from start: Int) throws(JSONFault) {
        index = start
        var open = 0
        var inString = false
        while index < line.count {
            let byte = line[index]
            if inString {
                if byte == UInt8(ascii: "\\") { index += 1 }
                inString = byte != UInt8(ascii: "\"")
            } else {
                switch byte {
                case UInt8(ascii: "\""): inString = true
                case UInt8(ascii: "["), UInt8(ascii: "{"): open += 1
                case UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ","):
                    if open == 0 { return }
                    if byte != UInt8(ascii: ",") { open -= 1 }
                default: break
                }
            }
            index += 1
        }
        throw JSONFault(reason: .unexpectedEnd, offset: line.count)
    }

    private mutating func nextByte() throws(JSONFault) -> UInt8 {
        JSONText.skipSpace(line, &index)
        guard index < line.count else { throw JSONFault(reason: .unexpectedEnd, offset: line.count) }
        return line[index]
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(JSONFault) {
        guard try nextByte() == UInt8(ascii: character) else {
            throw JSONFault(reason: .unexpectedByte, offset: index)
        }
        index += 1
    }
}
