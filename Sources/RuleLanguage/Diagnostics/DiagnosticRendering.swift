// How findings look: as text for people, as JSON for editors. Nothing is written here; the caller does that.

extension Diagnostic {
    /// As it is shown to people; ends with a line end.
    package var text: String {
        let lines = ([place] + labels.map(\.place)).map(\.line)
        let width = String(lines.max() ?? 1).count
        let margin = String(repeating: " ", count: width + 1)
        var result = "\(severity.rawValue)[\(code.name)]: \(message)\n"
        result += "\(margin)--> \(place.file):\(place.line):\(place.column)\n"
        result += "\(margin) |\n"
        result += Self.shown(place, mark: "^", text: help, width: width)
        var file = place.file
        for label in labels {
            if label.place.file != file {
                result += "\(margin)::: \(label.place.file):\(label.place.line):\(label.place.column)\n"
                file = label.place.file
            }
            result += Self.shown(label.place, mark: "-", text: label.text, width: width)
        }
        for note in notes { result += "\(margin) = \(note)\n" }
        return result
    }

    /// A line of the source with the place underlined. Tabs stay tabs in the padding, so that the marks stand right.
    private static func shown(_ place: SourcePlace, mark: Character, text: String?, width: Int) -> String {
        let number = String(place.line)
        let padding = String(repeating: " ", count: width - number.count + 1)
        let margin = String(repeating: " ", count: width + 1)
        let scalars = Array(place.excerpt.unicodeScalars)
        let start = min(max(place.column - place.excerptColumn, 0), scalars.count)
        let endColumn = place.endLine == place.line ? place.endColumn - place.excerptColumn : scalars.count
        let length = max(min(endColumn, scalars.count) - start, 1)
        var lead = ""
        for scalar in scalars[..<start] { lead += scalar == "\t" ? "\t" : " " }
        let line = scalars.isEmpty ? "" : " " + place.excerpt
        var result = "\(padding)\(number) |\(line)\n"
        result += "\(margin) | \(lead)\(String(repeating: mark, count: length))"
        if let text { result += " " + text }
        return result + "\n"
    }
}

extension Sequence<Diagnostic> {
    /// All findings as text, an empty line between two.
    package var text: String { map(\.text).joined(separator: "\n") }

    /// All findings as one JSON object on one line, as `check --format json` writes it.
    package var json: String {
        "{\"diagnostics\": [" + map(\.json).joined(separator: ", ") + "]}"
    }
}

extension Diagnostic {
    /// `help` holds what stands under the place and the notes, or is null.
    package var json: String {
        let helps = ([help].compactMap { $0 } + notes).joined(separator: "; ")
        let members = [
            ("severity", JSONText.quoted(severity.rawValue)), ("code", JSONText.quoted(code.name)),
            ("message", JSONText.quoted(message)), ("help", helps.isEmpty ? "null" : JSONText.quoted(helps)),
            ("file", JSONText.quoted(place.file)), ("line", String(place.line)), ("column", String(place.column)),
            ("end_line", String(place.endLine)), ("end_column", String(place.endColumn)),
        ]
        return "{" + members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }
}

enum JSONText {
    /// `text` as a JSON string.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if scalar.value < 0x20 {
                    let hex = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
