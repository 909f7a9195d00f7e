/// Takes JSON text apart on demand. The text has been checked by the scanner before, so faults end as missing.
enum JSONTree {
    /// The list or object in `slice` with its parts as values; parts that are containers stay text.
    static func expand(_ value: Value, _ arena: Arena) -> Value {
        var parts: [Value] = []
        if value.kind == .jsonList {
            try? forEachElement(value.slice, arena) { parts.append($0) }
            return .list(buffer(parts, arena))
        }
        if value.kind == .jsonObject {
            try? forEachMember(value.slice, arena) { name, member in
                var index = 0
                while index < parts.count {
                    if parts[index].slice.equals(name) {
                        parts[index + 1] = member
                        return
                    }
                    index += 2
                }
                parts.append(.text(name))
                parts.append(member)
            }
            return .object(buffer(parts, arena))
        }
        return value
    }

    private static func buffer(_ parts: [Value], _ arena: Arena) -> ValueBuffer {
        let result = arena.values(parts.count)
        for (index, part) in parts.enumerated() { result[index] = part }
        return result
    }

    static func member(_ value: Value, _ name: ByteSlice, _ arena: Arena) -> Value {
        var result = Value.missing
        try? forEachMember(value.slice, arena) { key, member in
            if key.equals(name) { result = member }
        }
        return result
    }

    static func element(_ value: Value, _ position: Int64, _ arena: Arena) -> Value {
        var result = Value.missing
        var at: Int64 = 0
        try? forEachElement(value.slice, arena) { element in
            if at == position { result = element }
            at += 1
        }
        return result
    }

    static func count(_ value: Value, _ arena: Arena) -> Int64 {
        var result: Int64 = 0
        try? forEachElement(value.slice, arena) { _ in result += 1 }
        return result
    }

    /// A value of any kind at `index`.
    static func part(_ bytes: ByteSlice, _ index: inout Int, _ arena: Arena) throws(JSONFault) -> Value {
        JSONText.skipSpace(bytes, &index)
        guard index < bytes.count else { throw JSONFault(reason: .unexpectedEnd, offset: index) }
        let start = index
        let first = bytes[index]
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            try JSONScanner.skipValue(bytes, &index, 0)
            return .json(bytes.slice(start, index), isList: first == UInt8(ascii: "["))
        }
        return try JSONScanner.scalar(bytes, &index, first, arena)
    }

    /// The elements of a JSON list, until `body` says false.
    static func visitElements(_ list: Value, _ arena: Arena, _ body: (Value) -> Bool) {
        var goesOn = true
        try? forEachElement(list.slice, arena) { if goesOn { goesOn = body($0) } }
    }

    private static func forEachElement(
        _ bytes: ByteSlice, _ arena: Arena, _ body: (Value) -> Void
    ) throws(JSONFault) {
        var index = 1
        JSONText.skipSpace(bytes, &index)
        while index < bytes.count, bytes[index] != UInt8(ascii: "]") {
            body(try part(bytes, &index, arena))
            JSONText.skipSpace(bytes, &index)
            if index < bytes.count, bytes[index] == UInt8(ascii: ",") { index += 1 }
        }
    }

    static func forEachMember(
        _ bytes: ByteSlice, _ arena: Arena, _ body: (ByteSlice, Value) -> Void
    ) throws(JSONFault) {
        var index = 1
        JSONText.skipSpace(bytes, &index)
        while index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
            index += 1
            let start = index
            let escaped = try JSONText.skipString(bytes, &index)
            let raw = bytes.slice(start, index - 1)
            JSONText.skipSpace(bytes, &index)
            index += 1
            body(escaped ? JSONText.unescape(raw, arena) : raw, try part(bytes, &index, arena))
            JSONText.skipSpace(bytes, &index)
            if index < bytes.count, bytes[index] == UInt8(ascii: ",") {
                index += 1
                JSONText.skipSpace(bytes, &index)
            }
        }
    }
}

extension JSONTree {
    /// Where in `payload` the value of the last member with this name begins; 0 when there is none.
    static func offset(of name: String, in object: Value, _ payload: ByteSlice, _ arena: Arena) -> Int {
        let bytes = object.slice
        var start = 0
        while start + bytes.count <= payload.count, payload.slice(start, start + bytes.count).compare(bytes) != 0 {
            start += 1
        }
        var index = 1
        var result = 0
        let wanted = Array(name.utf8)
        do throws(JSONFault) {
            JSONText.skipSpace(bytes, &index)
            while index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
                index += 1
                let first = index
                let escaped = try JSONText.skipString(bytes, &index)
                let raw = bytes.slice(first, index - 1)
                let key = escaped ? JSONText.unescape(raw, arena) : raw
                JSONText.skipSpace(bytes, &index)
                index += 1
                JSONText.skipSpace(bytes, &index)
                if key.equals(wanted) { result = start + index }
                _ = try part(bytes, &index, arena)
                JSONText.skipSpace(bytes, &index)
                if index < bytes.count, bytes[index] == UInt8(ascii: ",") { index += 1 }
                JSONText.skipSpace(bytes, &index)
            }
        } catch {
            return result
        }
        return result
    }
}
