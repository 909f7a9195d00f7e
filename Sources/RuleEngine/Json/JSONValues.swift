extension JSONScanner {
    /// The string, number or literal at `index`, which begins with `first`.
    @inline(__always)
    static func scalar(
        _ bytes: ByteSlice, _ index: inout Int, _ first: UInt8, _ arena: Arena
    ) throws(JSONFault) -> Value {
        if first == UInt8(ascii: "\"") {
            let start = index + 1
            index = start
            let escaped = try JSONText.skipString(bytes, &index)
            let raw = bytes.slice(start, index - 1)
            return .text(escaped ? JSONText.unescape(raw, arena) : raw)
        }
        return try numberOrLiteral(bytes, &index, first)
    }

    @inline(__always)
    static func numberOrLiteral(_ bytes: ByteSlice, _ index: inout Int, _ first: UInt8) throws(JSONFault) -> Value {
        if first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") <= 9 { return try number(bytes, &index) }
        return try literal(bytes, &index, first)
    }

    private static func number(_ bytes: ByteSlice, _ index: inout Int) throws(JSONFault) -> Value {
        let start = index
        switch NumberText.parse(bytes, at: &index) {
        case .value(let value): return value
        case .overflow: throw JSONFault(reason: .numberRange, offset: start)
        case .malformed: throw JSONFault(reason: .badNumber, offset: start)
        }
    }

    private static func literal(_ bytes: ByteSlice, _ index: inout Int, _ first: UInt8) throws(JSONFault) -> Value {
        func expect(_ word: StaticString) throws(JSONFault) {
            for offset in 0..<word.utf8CodeUnitCount {
                guard index + offset < bytes.count else {
                    throw JSONFault(reason: .unexpectedEnd, offset: bytes.count)
                }
                guard unsafe bytes[index + offset] == word.utf8Start[offset] else {
                    throw JSONFault(reason: .unexpectedByte, offset: index)
                }
            }
            index += word.utf8CodeUnitCount
        }
        switch first {
        case UInt8(ascii: "t"):
            try expect("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .boolean(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .missing
        default:
            throw JSONFault(reason: .unexpectedByte, offset: index)
        }
    }

    /// Checks the value at `index` and moves behind it; `depth` containers are open around it. Without recursion: the
    /// kinds of the open containers are the bits of a word.
    static func skipValue(_ bytes: ByteSlice, _ index: inout Int, _ depth: Int) throws(JSONFault) {
        var objects: UInt64 = 0
        var open = 0
        while true {
            JSONText.skipSpace(bytes, &index)
            guard index < bytes.count else { throw JSONFault(reason: .unexpectedEnd, offset: bytes.count) }
            let first = bytes[index]
            var entered = false
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                open += 1
                if depth + open > JSONText.depthMax { throw JSONFault(reason: .depth, offset: index) }
                let isObject = first == UInt8(ascii: "{")
                objects = objects << 1 | (isObject ? 1 : 0)
                index += 1
                JSONText.skipSpace(bytes, &index)
                guard index < bytes.count else { throw JSONFault(reason: .unexpectedEnd, offset: bytes.count) }
                if bytes[index] == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    index += 1
                    open -= 1
                    objects >>= 1
                } else {
                    if isObject { try skipKey(bytes, &index) }
                    entered = true
                }
            } else {
                try skipScalar(bytes, &index, first)
            }
            if entered { continue }
            if try leave(bytes, &index, &objects, &open) { return }
        }
    }

    /// Behind a value: closes what ends here and stops before the next value. True when nothing is open any more.
    @inline(__always)
    private static func leave(
        _ bytes: ByteSlice, _ index: inout Int, _ objects: inout UInt64, _ open: inout Int
    ) throws(JSONFault) -> Bool {
        while open > 0 {
            JSONText.skipSpace(bytes, &index)
            guard index < bytes.count else { throw JSONFault(reason: .unexpectedEnd, offset: bytes.count) }
            let isObject = objects & 1 == 1
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: ",") {
                if isObject {
                    JSONText.skipSpace(bytes, &index)
                    try skipKey(bytes, &index)
                }
                return false
            }
            guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                throw JSONFault(reason: .unexpectedByte, offset: index - 1)
            }
            open -= 1
            objects >>= 1
        }
        return true
    }

    private static func skipKey(_ bytes: ByteSlice, _ index: inout Int) throws(JSONFault) {
        guard index < bytes.count else { throw JSONFault(reason: .unexpectedEnd, offset: bytes.count) }
        guard bytes[index] == UInt8(ascii: "\"") else { throw JSONFault(reason: .unexpectedByte, offset: index) }
        index += 1
        _ = try JSONText.skipString(bytes, &index)
        JSONText.skipSpace(bytes, &index)
        guard index < bytes.count else { throw JSONFault(reason: .unexpectedEnd, offset: bytes.count) }
        guard bytes[index] == UInt8(ascii: ":") else { throw JSONFault(reason: .unexpectedByte, offset: index) }
        index += 1
    }

    @inline(__always)
    private static func skipScalar(_ bytes: ByteSlice, _ index: inout Int, _ first: UInt8) throws(JSONFault) {
        if first == UInt8(ascii: "\"") {
            index += 1
            _ = try JSONText.skipString(bytes, &index)
        } else if first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") <= 9 {
            if let end = NumberText.skip(bytes, at: index) { index = end } else { _ = try number(bytes, &index) }
        } else {
            _ = try literal(bytes, &index, first)
        }
    }
}
