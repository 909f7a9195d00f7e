/// The objects of a JSON array, one by one. The text is valid UTF-8.
struct JSONRows {
    /// Lists and objects inside one another, as in payloads.
    private static let depthMax = 64

    private let bytes: [UInt8]
    private var index = 0
    private var isBegun = false
    /// The first byte of the last object.
    private(set) var start = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The members of the next object, in their order; nil at the end of the array, after which nothing may follow.
    mutating func next() throws(TableFault) -> [(name: String, cell: TableCell)]? {
        skipSpace()
        if !isBegun {
            guard peek == UInt8(ascii: "[") else { throw fault("a .json table is an array of objects: `[{…}, {…}]`") }
            index += 1
            isBegun = true
            skipSpace()
            if peek == UInt8(ascii: "]") { return try end() }
        } else {
            if peek == UInt8(ascii: "]") { return try end() }
            guard peek == UInt8(ascii: ",") else { throw fault("`,` or `]` must stand behind an object") }
            index += 1
            skipSpace()
        }
        start = index
        guard peek == UInt8(ascii: "{") else { throw fault("every element of a .json table is an object") }
        return try object()
    }

    private mutating func end() throws(TableFault) -> [(name: String, cell: TableCell)]? {
        index += 1
        skipSpace()
        guard index == bytes.count else { throw fault("something follows the array") }
        return nil
    }

    private mutating func object() throws(TableFault) -> [(name: String, cell: TableCell)] {
        var members: [(name: String, cell: TableCell)] = []
        try forEachMember { (reader, name) throws(TableFault) in members.append((name, try reader.cell())) }
        return members
    }

    /// Reads an object; `value` reads what stands behind each colon.
    private mutating func forEachMember(
        _ value: (inout JSONRows, String) throws(TableFault) -> Void
    ) throws(TableFault) {
        index += 1
        skipSpace()
        if peek == UInt8(ascii: "}") {
            index += 1
            return
        }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw fault("a name in quotes must stand here") }
            let name = try string()
            skipSpace()
            guard peek == UInt8(ascii: ":") else { throw fault("`:` must stand behind a name") }
            index += 1
            skipSpace()
            try value(&self, name)
            if try isClosed(by: UInt8(ascii: "}")) { return }
        }
    }

    /// Behind a part: true at the closing sign, false behind a comma.
    private mutating func isClosed(by sign: UInt8) throws(TableFault) -> Bool {
        skipSpace()
        guard let byte = peek, byte == sign || byte == UInt8(ascii: ",") else {
            throw fault("`,` or `\(Character(Unicode.Scalar(sign)))` must stand here")
        }
        index += 1
        return byte == sign
    }

    private mutating func cell() throws(TableFault) -> TableCell {
        switch peek {
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let from = index
            // The table itself and its row are two levels.
            try skip(depth: 3)
            return .json(String(decoding: bytes[from..<index], as: UTF8.self))
        default: return try scalar()
        }
    }

    private mutating func scalar() throws(TableFault) -> TableCell {
        for (word, cell) in [("true", TableCell.boolean(true)), ("false", .boolean(false)), ("null", .missing)]
        where bytes[index...].starts(with: word.utf8) {
            index += word.utf8.count
            return cell
        }
        guard let end = JSONNumber.end(bytes, from: index) else { throw fault("this is no JSON value") }
        let text = String(decoding: bytes[index..<end], as: UTF8.self)
        guard JSONNumber.isFinite(text) else { throw fault("no double can hold this number") }
        index = end
        return .number(text)
    }

    /// Checks a value and moves behind it.
    private mutating func skip(depth: Int) throws(TableFault) {
        guard depth <= Self.depthMax else { throw fault("nested deeper than \(Self.depthMax)") }
        switch peek {
        case UInt8(ascii: "{"):
            try forEachMember { (reader, _) throws(TableFault) in try reader.skip(depth: depth + 1) }
        case UInt8(ascii: "["):
            index += 1
            skipSpace()
            if peek == UInt8(ascii: "]") {
                index += 1
                return
            }
            while true {
                skipSpace()
                try skip(depth: depth + 1)
                if try isClosed(by: UInt8(ascii: "]")) { return }
            }
        case UInt8(ascii: "\""): _ = try string()
        default: _ = try scalar()
        }
    }

    // MARK: Strings

    /// The string at `index`, which stands at its quote.
    private mutating func string() throws(TableFault) -> String {
        let from = index
        index += 1
        var text: [UInt8] = []
        while let byte = peek {
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escape()
            case ..<0x20: throw fault("a control character in a text", back: 1)
            default: text.append(byte)
            }
        }
        throw TableFault(message: "the text that begins here does not end", offset: from)
    }

    private mutating func escape() throws(TableFault) -> [UInt8] {
        guard let byte = peek else { throw fault("the text does not end") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var code = try codeUnit()
            if code & 0xFC00 == 0xD800 {
                guard peek == UInt8(ascii: "\\"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "u") else {
                    throw fault("an unpaired surrogate in a text")
                }
                index += 2
                let low = try codeUnit()
                guard low & 0xFC00 == 0xDC00 else { throw fault("an unpaired surrogate in a text") }
                code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("an unpaired surrogate in a text") }
            return Array(String(Character(scalar)).utf8)
        default: throw fault("an unknown escape in a text", back: 1)
        }
    }

    private mutating func codeUnit() throws(TableFault) -> UInt32 {
        guard index + 4 <= bytes.count,
            bytes[index..<index + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else { throw fault("four hexadecimal digits must stand behind `\\u`") }
        index += 4
        return unit
    }

    // MARK: Bytes

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = peek, JSONNumber.isSpace(byte) { index += 1 }
    }

    private func fault(_ message: String, back: Int = 0) -> TableFault {
        TableFault(message: message, offset: min(index - back, bytes.count))
    }
}

/// JSON's grammar of numbers.
enum JSONNumber {
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// The end of the number that begins at `from`; nil: none does.
    static func end(_ bytes: [UInt8], from: Int) -> Int? {
        var index = from
        func byte() -> UInt8 { index < bytes.count ? bytes[index] : 0 }
        func digits() -> Int {
            let first = index
            while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte()) { index += 1 }
            return index - first
        }
        if byte() == UInt8(ascii: "-") { index += 1 }
        let isZero = byte() == UInt8(ascii: "0")
        let whole = digits()
        if whole == 0 || (isZero && whole > 1) { return nil }
        if byte() == UInt8(ascii: ".") {
            index += 1
            if digits() == 0 { return nil }
        }
        if byte() | 0x20 == UInt8(ascii: "e") {
            index += 1
            if byte() == UInt8(ascii: "+") || byte() == UInt8(ascii: "-") { index += 1 }
            if digits() == 0 { return nil }
        }
        return index
    }

    static func isFinite(_ text: String) -> Bool { Double(text)?.isFinite ?? false }

    /// The number that a cell is, white space around it left out; nil: it is none.
    static func number(_ cell: [UInt8]) -> String? {
        guard let first = cell.firstIndex(where: { !isSpace($0) }), let end = end(cell, from: first),
            cell[end...].allSatisfy(isSpace)
        else { return nil }
        let text = String(decoding: cell[first..<end], as: UTF8.self)
        return isFinite(text) ? text : nil
    }
}
