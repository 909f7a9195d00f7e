/// How what was seen is written: samples for people, names and topics as the language takes them.
enum LearnedText {
    /// Bytes of anybody as one harmless line, cut where it is long.
    static func shown(_ bytes: [UInt8], bytesMax: Int) -> String {
        var result = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            guard result.utf8.count < bytesMax else { return result + "…" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The inside of a text in double quotes.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\", "{": result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.properties.isBidiControl:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A field's name: as it is where it is a word, else in quotes.
    static func name(_ name: String) -> String { isWord(name) ? name : "\"\(escaped(name))\"" }

    static func isWord(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }

    /// "97 %"; never "100 %" or "0 %" where that is not so.
    static func share(_ count: Int, of total: Int) -> String {
        guard total > 0, count > 0 else { return "0 %" }
        let percent = (Double(count) * 100 / Double(total)).rounded()
        if count == total { return "100 %" }
        return percent < 1 ? "less than 1 %" : percent > 99 ? "more than 99 %" : "\(Int(percent)) %"
    }

    static func number(_ value: Double) -> String {
        var bytes: [UInt8] = []
        JSONWriter.append(
            value == value.rounded() && abs(value) < 1e15 ? .integer(Int64(value)) : .double(value), to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
