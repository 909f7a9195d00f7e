/// One topic of a `from`, as a file has it: where its messages come from, and how they are read.
package struct EditorSource: Hashable, Sendable {
    /// As written, with the names of the captures: `plant/{machine}/temperature`.
    package let topic: String
    package let decoding: SourcePlan.Decoding
    /// The MQTT topic filter; not yet a right one while its author is writing it.
    package let filter: String
    /// Which level each capture begins at; those with `...` go to the end.
    private let captures: [Capture]

    private struct Capture: Hashable {
        var name: String
        var level: Int
        var isRest: Bool
    }

    init(_ source: SourceSyntax) {
        var topic = ""
        var filter = ""
        var captures: [Capture] = []
        for piece in source.topic {
            switch piece {
            case .literal(let text):
                topic += text
                filter += text
            case .hole(let written, _):
                let isRest = written.hasSuffix("...")
                let level = filter.utf8.count { $0 == UInt8(ascii: "/") }
                captures.append(
                    Capture(name: isRest ? String(written.dropLast(3)) : written, level: level, isRest: isRest))
                topic += "{\(written)}"
                filter += isRest ? "+/#" : "+"
            }
        }
        self.topic = topic
        self.decoding = source.decoding
        self.filter = filter
        self.captures = captures
    }

    /// What the captures are in a topic that the filter matches.
    package func captures(in topic: String) -> [(name: String, value: String)] {
        let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
        return captures.compactMap { capture in
            guard capture.level < levels.count else { return nil }
            let value = capture.isRest ? levels[capture.level...].joined(separator: "/") : String(levels[capture.level])
            return (capture.name, value)
        }
    }
}

/// What was seen of the messages that sources of rules take: of each field and capture the last value.
package struct SeenTraffic: Sendable {
    package struct Value: Sendable, Equatable {
        /// One line, cut where it is long.
        package var text: String
        /// As the language names it: "a number".
        package var type: String
        package var topic: String
        package var ageSeconds: Int
        /// The broker kept the message: nobody knows how old it is.
        package var isRetained: Bool

        package init(text: String, type: String, topic: String, ageSeconds: Int, isRetained: Bool = false) {
            self.text = text
            self.type = type
            self.topic = topic
            self.ageSeconds = ageSeconds
            self.isRetained = isRetained
        }
    }

    package struct Source: Sendable {
        /// By the names of the path, from the outside in; the payload itself has none.
        package var fields: [[String]: Value]
        package var captures: [String: Value]
        package init(fields: [[String]: Value] = [:], captures: [String: Value] = [:]) {
            self.fields = fields
            self.captures = captures
        }
    }

    package var sources: [EditorSource: Source]
    package init(_ sources: [EditorSource: Source] = [:]) { self.sources = sources }
}

extension SeenTraffic.Value {
    /// "Last seen: `21.5` on `plant/press-1`, 3 s ago."
    var sentence: String {
        let when = isRetained ? "retained" : age
        return "Last seen: \(Self.code(text)) on \(Self.code(topic)), \(when)."
    }

    private var age: String {
        switch ageSeconds {
        case ..<2: "just now"
        case ..<120: "\(ageSeconds) s ago"
        case ..<7_200: "\(ageSeconds / 60) min ago"
        default: "\(ageSeconds / 3_600) h ago"
        }
    }

    /// Text of anybody as code in Markdown: between more backticks than it has in a row, so that it can't leave them.
    static func code(_ text: String) -> String {
        var longest = 0
        var run = 0
        for byte in text.utf8 {
            run = byte == UInt8(ascii: "`") ? run + 1 : 0
            longest = max(longest, run)
        }
        if longest == 0 { return text.isEmpty ? "``\u{20}``" : "`\(text)`" }
        let fence = String(repeating: "`", count: longest + 1)
        return "\(fence) \(text) \(fence)"
    }
}
