/// Writes values as a payload holds them: compact, members in their order.
enum JSONWriter {
    private static let hexadecimal = Array("0123456789abcdef".utf8)

    static func append(_ value: Value, to text: inout [UInt8]) {
        switch value.kind {
        case .missing: text.append(contentsOf: "null".utf8)
        case .boolean: text.append(contentsOf: (value.isTrue ? "true" : "false").utf8)
        case .integer: NumberText.append(value.integer, to: &text)
        case .double: NumberText.append(value.double, to: &text)
        case .bigInteger: text.append(value.slice)
        case .text: append(quoted: value.slice, to: &text)
        case .time: NumberText.append(CivilTime.milliseconds(value.integer), to: &text)
        case .duration: NumberText.append(Double(value.integer) / 1e9, to: &text)
        case .bytes: Base64.append(value.slice, to: &text)
        case .list: append(list: value.values, to: &text)
        case .object: append(object: value.values, to: &text)
        case .jsonList, .jsonObject: append(compact: value.slice, to: &text)
        }
    }

    private static func append(list values: ValueBuffer, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "["))
        for index in 0..<values.count {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            append(values[index], to: &text)
        }
        text.append(UInt8(ascii: "]"))
    }

    private static func append(object pairs: ValueBuffer, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "{"))
        var index = 0
        while index < pairs.count {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            append(quoted: pairs[index].slice, to: &text)
            text.append(UInt8(ascii: ":"))
            append(pairs[index + 1], to: &text)
            index += 2
        }
        text.append(UInt8(ascii: "}"))
    }

    /// Text in quotes. What is not well-formed UTF-8 becomes U+FFFD.
    static func append(quoted slice: ByteSlice, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        var index = 0
        while index < slice.count {
            let byte = slice[index]
            if byte >= 0x80 {
                let length = UTF8Check.sequenceLength(slice, index)
                if let length {
                    text.append(slice.slice(index, index + length))
                } else {
                    text.append(contentsOf: "\u{FFFD}".utf8)
                }
                index += length ?? 1
                continue
            }
            append(scalar: byte, to: &text)
            index += 1
        }
        text.append(UInt8(ascii: "\""))
    }

    @inline(__always)
    private static func append(scalar byte: UInt8, to text: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            text.append(UInt8(ascii: "\\"))
            text.append(byte)
        case 0x0A: text.append(contentsOf: "\\n".utf8)
        case 0x0D: text.append(contentsOf: "\\r".utf8)
        case 0x09: text.append(contentsOf: "\\t".utf8)
        case 0x00..<0x20:
            text.append(contentsOf: "\\u00".utf8)
            text.append(hexadecimal[Int(byte >> 4)])
            text.append(hexadecimal[Int(byte & 15)])
        default: text.append(byte)
        }
    }

    /// JSON text without the white space between its parts, so that it stays on one line.
    static func append(compact slice: ByteSlice, to text: inout [UInt8]) {
        var index = 0
        var inString = false
        while index < slice.count {
            let byte = slice[index]
            if inString {
                text.append(byte)
                if byte == UInt8(ascii: "\\"), index + 1 < slice.count {
                    index += 1
                    text.append(slice[index])
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
            } else if !JSONText.isSpace(byte) {
                if byte == UInt8(ascii: "\"") { inString = true }
                text.append(byte)
            }
            index += 1
        }
    }

    /// How a value reads inside a text: texts and bytes as they are, all else as a payload.
    static func append(plain value: Value, to text: inout [UInt8]) {
        if value.kind == .text || value.kind == .bytes {
            text.append(value.slice)
        } else {
            append(value, to: &text)
        }
    }
}
