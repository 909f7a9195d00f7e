/// Text as JSON has it.
enum PayloadText {
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..."\u{1F}":
                let code = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A cell of a table: a number where it reads as one, `null` when it is empty, else text.
    static func member(_ cell: String) -> String {
        if cell.isEmpty { return "null" }
        guard let number = Double(cell), number.isFinite else { return quoted(cell) }
        return "\(number)"
    }
}
