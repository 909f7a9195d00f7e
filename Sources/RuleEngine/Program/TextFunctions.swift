import RuleLanguage

/// Functions of texts. Characters are Unicode scalars.
enum TextFunctions {
    static func call(_ function: Function, _ arguments: ValueBuffer, _ arena: Arena) -> Value? {
        let x = arguments[0]
        if case .length = function, x.isList {
            return .integer(x.kind == .list ? Int64(x.length) : JSONTree.count(x, arena))
        }
        guard x.kind == .text else { return nil }
        let text = x.slice
        switch function {
        case .length: return .integer(Int64(text.scalarCount))
        case .lower: return .text(arena.copy(Array(text.string.lowercased().utf8)))
        case .upper: return .text(arena.copy(Array(text.string.uppercased().utf8)))
        case .trim: return .text(trimmed(text))
        case .substring:
            guard arguments[1].isNumber, arguments[2].isNumber else { return nil }
            return substring(text, arguments[1].asDouble, arguments[2].asDouble)
        default: break
        }
        guard arguments[1].kind == .text else { return nil }
        let other = arguments[1].slice
        switch function {
        case .contains: return .boolean(text.find(other) != nil)
        case .startsWith: return .boolean(text.count >= other.count && text.slice(0, other.count).equals(other))
        case .endsWith:
            return .boolean(
                text.count >= other.count && text.slice(text.count - other.count, text.count).equals(other))
        default: return other.isEmpty ? .missing : split(text, other, arena)
        }
    }

    private static func trimmed(_ text: ByteSlice) -> ByteSlice {
        var start = 0
        var end = text.count
        while start < end {
            let length = text[start] < 0x80 ? 1 : UTF8Check.sequenceLength(text, start) ?? 1
            guard isSpace(text.slice(start, start + length)) else { break }
            start += length
        }
        while end > start {
            var first = end - 1
            while first > start, text[first] & 0xC0 == 0x80 { first -= 1 }
            guard isSpace(text.slice(first, end)) else { break }
            end = first
        }
        return text.slice(start, end)
    }

    private static func isSpace(_ character: ByteSlice) -> Bool {
        if character.count == 1 { return character[0] == 0x20 || (0x09...0x0D).contains(character[0]) }
        return character.string.unicodeScalars.first?.properties.isWhitespace ?? false
    }

    private static func substring(_ text: ByteSlice, _ from: Double, _ count: Double) -> Value {
        guard from >= 0, count >= 0, from == from.rounded(), count == count.rounded() else { return .missing }
        let first = Int(min(from, 1e15))
        let start = offset(text, 0, first)
        return .text(text.slice(start, offset(text, start, Int(min(count, 1e15)))))
    }

    /// The byte offset `characters` behind `start`, at most the end.
    private static func offset(_ text: ByteSlice, _ start: Int, _ characters: Int) -> Int {
        var index = start
        var left = characters
        while left > 0, index < text.count {
            index += 1
            while index < text.count, text[index] & 0xC0 == 0x80 { index += 1 }
            left -= 1
        }
        return index
    }

    private static func split(_ text: ByteSlice, _ separator: ByteSlice, _ arena: Arena) -> Value {
        var parts: [Value] = []
        var start = 0
        while let found = text.find(separator, from: start) {
            parts.append(.text(text.slice(start, found)))
            start = found + separator.count
        }
        parts.append(.text(text.slice(start, text.count)))
        let list = arena.values(parts.count)
        for (index, part) in parts.enumerated() { list[index] = part }
        return .list(list)
    }
}
