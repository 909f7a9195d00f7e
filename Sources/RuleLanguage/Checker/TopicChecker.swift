// Topics of `from` and `publish`.

enum TopicChecker {
    struct Problem {
        var message: String
        var help: String?
    }

    /// A topic of `from`, level by level; captures as they are named.
    struct Filter {
        enum Level {
            case literal(String)
            case any
            case rest
            case capture(NameSyntax)
            case captureRest(NameSyntax)
        }
        var levels: [Level] = []
    }

    // MARK: from

    /// Reads a topic of `from`; nil when it was reported.
    static func filter(_ source: SourceSyntax, log: DiagnosticLog) -> Filter? {
        var levels: [[TopicPiece]] = [[]]
        for piece in source.topic {
            switch piece {
            case .literal(let literal):
                // By bytes: to Swift a `/` with a combining mark after it is another character.
                let parts = literal.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                for (index, part) in parts.enumerated() {
                    if index > 0 { levels.append([]) }
                    if !part.isEmpty {
                        levels[levels.count - 1].append(.literal(String(decoding: part, as: UTF8.self)))
                    }
                }
            case .hole: levels[levels.count - 1].append(piece)
            }
        }
        let byteCount = source.topic.reduce(into: 0) { count, piece in
            if case .literal(let text) = piece { count += text.utf8.count }
        }
        guard !source.topic.isEmpty else {
            return refuse(source, "the topic is empty", "name what the rule takes: `\"sensors/{sensor}/reading\"`", log)
        }
        guard byteCount <= RuleLimits.topicBytesMax, levels.count <= RuleLimits.topicLevelsMax else {
            return refuse(
                source,
                "the topic has more than \(RuleLimits.topicBytesMax) bytes or \(RuleLimits.topicLevelsMax) levels", nil,
                log)
        }
        var filter = Filter()
        for (index, level) in levels.enumerated() {
            guard let level = self.level(level, isLast: index == levels.count - 1, source, log) else { return nil }
            filter.levels.append(level)
        }
        return filter
    }

    private static func refuse(_ source: SourceSyntax, _ message: String, _ help: String?, _ log: DiagnosticLog)
        -> Filter?
    {
        log.report(.badFilter, source.topicSpan, message, help: help)
        return nil
    }

    private static func level(
        _ pieces: [TopicPiece], isLast: Bool, _ source: SourceSyntax, _ log: DiagnosticLog
    ) -> Filter.Level? {
        func refuse(_ span: SourceSpan, _ message: String, _ help: String?) -> Filter.Level? {
            log.report(.badFilter, span, message, help: help)
            return nil
        }
        guard let first = pieces.first else { return .literal("") }
        if let hole = pieces.lazy.compactMap(hole).first {
            guard pieces.count == 1 else {
                return refuse(
                    hole.span, "a capture is a whole level of the topic",
                    "put it between two `/`, or capture the level and take it apart")
            }
            guard let (name, isRest) = captured(hole.text, hole.span, log) else { return nil }
            guard isRest else { return .capture(name) }
            return isLast
                ? .captureRest(name)
                : refuse(hole.span, "`{\(name.text)...}` takes all further levels, so it is the last", nil)
        }
        guard case .literal(let text) = first else { return nil }
        switch text {
        case "+": return .any
        case "#":
            return isLast ? .rest : refuse(source.topicSpan, "`#` takes all further levels, so it is the last", nil)
        default: break
        }
        if text.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }) {
            return refuse(source.topicSpan, "`+` and `#` are whole levels of a topic", "use `+`, or a capture `{name}`")
        }
        guard !text.utf8.contains(0) else { return refuse(source.topicSpan, "a topic holds no NUL", nil) }
        return .literal(text)
    }

    private static func hole(_ piece: TopicPiece) -> (text: String, span: SourceSpan)? {
        if case .hole(let text, let span) = piece { (text, span) } else { nil }
    }

    /// `name` or `name...`.
    private static func captured(_ text: String, _ span: SourceSpan, _ log: DiagnosticLog) -> (
        name: NameSyntax, isRest: Bool
    )? {
        var scalars = Array(text.unicodeScalars)[...]
        while let last = scalars.last, last == " " || last == "\t" { scalars.removeLast() }
        while let first = scalars.first, first == " " || first == "\t" { scalars.removeFirst() }
        let isRest = scalars.count > 3 && scalars.suffix(3).allSatisfy { $0 == "." }
        if isRest { scalars.removeLast(3) }
        let isName = scalars.enumerated().allSatisfy { index, scalar in
            scalar == "_" || scalar.properties.isAlphabetic
                || (index > 0
                    && (scalar.properties.numericType == .decimal
                        || scalar.properties.canonicalCombiningClass != .notReordered))
        }
        var name = ""
        name.unicodeScalars.append(contentsOf: scalars)
        guard isName, !scalars.isEmpty else {
            log.report(
                .badFilter, span, "a capture is one name",
                help: "write `{name}` for a level, `{name...}` for all further ones")
            return nil
        }
        guard !Words.reserved.contains(name) else {
            log.report(
                .reservedWord, span, "`\(name)` is a word of the language and can't be the name of a capture",
                help: "choose another name, such as `\(name)_`")
            return nil
        }
        return (NameSyntax(text: name, span: span), isRest)
    }

    // MARK: publish

    /// What is wrong with the parts of a topic that are known; nil when nothing is.
    static func problem(inPublished parts: [TextPart]) -> Problem? {
        guard !parts.isEmpty else { return Problem(message: "the topic is empty", help: nil) }
        var byteCount = 0
        for case .literal(let literal) in parts {
            byteCount += literal.utf8.count
            if literal.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }) {
                return Problem(
                    message: "a published topic has no wildcards", help: "put a capture in their place: `{name}`")
            }
            if literal.utf8.contains(0) { return Problem(message: "a topic holds no NUL", help: nil) }
        }
        guard byteCount <= RuleLimits.topicBytesMax else {
            return Problem(message: "the topic has more than \(RuleLimits.topicBytesMax) bytes", help: nil)
        }
        return nil
    }
}
