/// One word that an editor offers.
package struct EditorCompletion: Sendable, Equatable {
    package enum Kind: Sendable { case name, constant, field, function, keyword, table }
    package var label: String
    package var kind: Kind
    /// Beside the word: a type or a usage.
    package var detail: String
    package var documentation = ""
    /// What is put in, with `$1` for places to fill in when `isSnippet`.
    package var insertion: String
    package var isSnippet = false
}

/// What surrounds the cursor on its line. Texts end with their line, so the line tells all.
struct CompletionPlace {
    /// Inside a comment, or the plain part of a text.
    var isPlain = false
    /// Inside `{…}` of a text.
    var isHole = false
    /// The letters before the cursor.
    var prefix = ""
    /// What stands before the letters, without space at its end.
    var before: [UInt8] = []
    /// A dot stands right before the letters.
    var isAfterDot = false

    /// `line` are the bytes from the beginning of the line to the cursor.
    init(line: [UInt8]) {
        var quotes: [UInt8] = []
        var index = 0
        var isText = false
        while index < line.count {
            let byte = line[index]
            index += 1
            if isText {
                if byte == UInt8(ascii: "\\"), quotes.last == UInt8(ascii: "\"") {
                    index += 1
                } else if byte == quotes.last {
                    quotes.removeLast()
                    isText = false
                } else if byte == UInt8(ascii: "{"), quotes.last == UInt8(ascii: "\"") {
                    isText = false
                }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quotes.append(byte)
                isText = true
            } else if byte == UInt8(ascii: "}"), !quotes.isEmpty {
                isText = true
            } else if byte == UInt8(ascii: "#"), quotes.isEmpty {
                isPlain = true
                return
            }
        }
        isPlain = isText
        isHole = !isText && !quotes.isEmpty
        let start = line.lastIndex { !Self.isLetter($0) }.map { $0 + 1 } ?? 0
        prefix = String(decoding: line[start...], as: UTF8.self)
        before = Array(line[..<start])
        isAfterDot = before.last == UInt8(ascii: ".")
        while let last = before.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { before.removeLast() }
    }

    /// The word before the letters, if one stands there.
    var wordBefore: String {
        let start = before.lastIndex { !Self.isLetter($0) }.map { $0 + 1 } ?? 0
        return String(decoding: before[start...], as: UTF8.self)
    }

    /// Letters of names; all of those beyond ASCII may be some.
    static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
            true
        default: false
        }
    }
}
