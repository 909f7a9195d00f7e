// The clauses of a rule. They are read in whatever order they come, and the order is checked, so that a misplaced
// clause gives one message that says where it belongs.

/// Where a clause belongs, from the top of a rule to its end.
struct ClauseOrder {
    private static let ranks = [
        "from": 0, "at": 1, "where": 2, "dedupe": 2, "window": 3, "when": 5, "limit": 6, "publish": 7,
    ]
    private(set) var seen: Set<String> = []
    private var highest: (word: String, rank: Int) = ("from", 0)

    /// The clause that `word` stands below although it belongs above it; nil when all is well.
    mutating func place(_ word: String) -> String? {
        let rank = word == "let" ? (seen.contains("window") ? 4 : 2) : Self.ranks[word] ?? 7
        defer {
            seen.insert(word)
            if rank >= highest.rank { highest = (word, rank) }
        }
        return rank < highest.rank ? highest.word : nil
    }
}

extension Parser {
    mutating func clause(of rule: inout RuleSyntax, order: inout ClauseOrder) {
        let start = span
        guard let word, Words.clauses.contains(word) else { return strayWord() }
        let clause = word == "on" ? "publish" : word
        if ["from", "at", "window", "when", "limit"].contains(word), order.seen.contains(word) {
            let help =
                switch word {
                case "from": "join the topics with commas"
                case "when": "join the conditions with `and`"
                default: "leave one of them out"
                }
            log.report(.repeatedClause, start, "`\(word)` is written twice in one rule", help: help)
        }
        if let lower = order.place(clause) {
            let help =
                clause == "where" && order.seen.contains("window")
                ? "`where` chooses events, above `window`; `when` tests the result of a window"
                : "the order is from, at, where/let/dedupe, window, let, when, limit, publish"
            log.report(.clauseOutOfOrder, start, "`\(clause)` stands below `\(lower)`, it belongs above it", help: help)
        }
        switch word {
        case "from": from(&rule)
        case "at": rule.eventTime = eventTime()
        case "where":
            advance()
            rule.steps.append(.filter(expression()))
        case "dedupe": if let step = dedupe() { rule.steps.append(step) }
        case "let":
            guard let binding = letBinding() else { return }
            if order.seen.contains("window") {
                rule.windowLets.append(binding)
            } else {
                rule.steps.append(.bind(binding))
            }
        case "window":
            rule.window = window()
            if rule.window == nil { rule.hasBrokenWindow = true }
        case "when": rule.when = when()
        case "limit": rule.limit = limit()
        default: if let publish = publish() { rule.publishes.append(publish) }
        }
    }

    private mutating func strayWord() {
        let others = [
            "select": "publish", "emit": "publish", "send": "publish", "output": "publish", "filter": "where",
            "if": "when",
            "having": "when", "group": "window … by", "by": "window … by", "for": "when … for",
            "until": "when … until",
            "then": "publish", "source": "from", "payload": "publish … payload",
        ]
        let help = word.flatMap { word in
            (others[word] ?? NearestName.find(word, in: Words.clauses)).map { "did you mean `\($0)`?" }
        }
        expected("a clause or `}`", help: help)
    }

    // MARK: from, at

    private mutating func from(_ rule: inout RuleSyntax) {
        advance()
        repeat {
            guard let source = topicSource() else {
                rule.hasBrokenSource = true
                return
            }
            rule.sources.append(source)
        } while take(.comma)
    }

    private mutating func topicSource() -> SourceSyntax? {
        guard case .text(let pieces) = kind else {
            if case .invalid = kind { isRecovering = true } else { expected("a topic in quotes") }
            return nil
        }
        let topic = pieces.map { piece -> TopicPiece in
            switch piece {
            case .literal(let literal): .literal(literal)
            case .hole(let hole): .hole(self.source.text(hole), hole)
            }
        }
        var result = SourceSyntax(topic: topic, topicSpan: span)
        advance()
        if take(word: "as") {
            let kinds: [String: SourcePlan.Decoding] = [
                "json": .json, "number": .number, "text": .text, "bytes": .bytes, "cbor": .cbor,
            ]
            guard let word, let decoding = kinds[word] else {
                let near = word.flatMap { NearestName.find($0.lowercased(), in: Set(kinds.keys)) }
                expected("`json`, `number`, `text`, `bytes` or `cbor`", help: near.map { "did you mean `\($0)`?" })
                return nil
            }
            result.decoding = decoding
            advance()
        }
        if at(.leftBrace) {
            let start = span
            result.schema = schema()
            result.schemaSpan = start.to(previousSpan)
        }
        return result
    }

    private mutating func schema() -> [FieldSyntax] {
        advance()
        var fields: [FieldSyntax] = []
        while !isRecovering, !at(.rightBrace), !isAtEnd {
            if let field = field() { fields.append(field) }
            if !at(.rightBrace), !take(.comma) { expected("`,` or `}` in the schema") }
        }
        if !isRecovering { expect(.rightBrace, after: "to close the schema") }
        return fields
    }

    private mutating func field() -> FieldSyntax? {
        let name: NameSyntax
        if let text = word {
            name = NameSyntax(text: text, span: span)
            advance()
        } else if case .text = kind, let text = plainText("the name of a field") {
            name = NameSyntax(text: text.text, span: text.span)
        } else {
            expected("a field such as `value: number`")
            return nil
        }
        guard expect(.colon, after: "and the type after the field's name") else { return nil }
        let types: [String: SchemaField.FieldType] = [
            "number": .number, "text": .text, "boolean": .boolean, "time": .time(.ms), "list": .list, "object": .object,
        ]
        guard let word, var type = types[word] else {
            let others = [
                "string": "text", "int": "number", "integer": "number", "float": "number", "double": "number",
                "bool": "boolean",
                "array": "list", "map": "object", "timestamp": "time",
            ]
            let near = word.flatMap { word in others[word.lowercased()] ?? NearestName.find(word, in: Set(types.keys)) }
            expected(
                "`number`, `text`, `boolean`, `time`, `list` or `object`", help: near.map { "did you mean `\($0)`?" })
            return nil
        }
        advance()
        if case .time = type, let unit = timeUnit() { type = .time(unit) }
        return FieldSyntax(name: name, type: type)
    }

    private mutating func timeUnit() -> TimeUnit? {
        guard let word, let unit = TimeUnit(rawValue: word) else { return nil }
        advance()
        return unit
    }

    private mutating func eventTime() -> EventTimeSyntax? {
        let start = span
        advance()
        var result = EventTimeSyntax(expression: expression(), span: start)
        guard !isRecovering else { return nil }
        if let unit = timeUnit() { result.unit = unit }
        while !isRecovering {
            if at(word: "late"), result.late == nil {
                advance()
                result.late = duration("`late`")
            } else if at(word: "ahead"), result.ahead == nil {
                advance()
                result.ahead = duration("`ahead`")
            } else {
                break
            }
        }
        result.span = start.to(previousSpan)
        return isRecovering ? nil : result
    }

    // MARK: Steps

    private mutating func dedupe() -> StepSyntax? {
        advance()
        let keys = expressions()
        guard expect(word: "within", "and a duration after the keys of `dedupe`"), let within = duration("`within`")
        else { return nil }
        return .dedupe(keys: keys, within: within)
    }

    /// One expression or more, with commas between.
    private mutating func expressions() -> [ExpressionSyntax] {
        var result = [expression()]
        while !isRecovering, take(.comma) { result.append(expression()) }
        return result
    }

    // MARK: window

    private mutating func window() -> WindowSyntax? {
        let start = span
        advance()
        guard let kind = windowKind() else { return nil }
        var result = WindowSyntax(kind: kind, by: [], span: start.to(previousSpan))
        if take(word: "by") { result.by = expressions() }
        return result
    }

    private mutating func windowKind() -> WindowSyntax.Kind? {
        let kinds = ["last", "every", "session", "silent"]
        let word = word ?? ""
        guard kinds.contains(word) else {
            let others = [
                "tumbling": "every", "sliding": "last", "hopping": "every … over", "absent": "silent",
                "rolling": "last",
            ]
            let near = others[word] ?? NearestName.find(word, in: Set(kinds))
            expected("`last`, `every`, `session` or `silent`", help: near.map { "did you mean `\($0)`?" })
            return nil
        }
        advance()
        switch word {
        case "last":
            guard case .integer = kind else { return duration("the length of the window").map { .lastDuration($0) } }
            let count = count("the number of events", limit: RuleLimits.windowEventsMax)
            if take(word: "events") { return count.map { .lastCount($0) } }
            return count.map { .lastCount($0) }
        case "every":
            guard case .integer = kind else { return everyDuration() }
            if case .word("events") = kind(after: 1) {
                guard let count = count("the number of events", limit: RuleLimits.windowEventsMax) else { return nil }
                advance()
                return .everyCount(count)
            }
            let digits = source.text(span)
            advance()
            expected(
                "`events` after the number",
                help: "write `every \(digits) events`, or a duration such as `every \(digits)s`")
            return nil
        case "session":
            return duration("the pause that ends the session").map { .session($0) }
        default:
            guard let silence = duration("the silence") else { return nil }
            guard take(word: "among") else { return .silent(silence, among: nil) }
            return definedName("the name of a table").map { .silent(silence, among: $0) }
        }
    }

    private mutating func everyDuration() -> WindowSyntax.Kind? {
        guard let step = duration("the length of the window") else { return nil }
        var over: DurationSyntax?
        var zone: PlainTextSyntax?
        if take(word: "over") {
            over = duration("the length after `over`")
            if over == nil { return nil }
        }
        if take(word: "in") {
            zone = plainText("a time zone such as \"Europe/Berlin\"")
            if zone == nil { return nil }
        }
        return .every(step, over: over, zone: zone)
    }

    // MARK: when, limit

    private mutating func when() -> WhenSyntax? {
        let start = span
        advance()
        var result = WhenSyntax(condition: expression(), span: start)
        if !isRecovering, take(word: "for") { result.holds = duration("the time after `for`") }
        if !isRecovering, take(word: "until") { result.until = expression() }
        return result
    }

    private mutating func limit() -> LimitSyntax? {
        advance()
        guard let count = count("the number of publications", limit: RuleLimits.limitCountMax) else { return nil }
        guard expect(word: "per", "and a duration after the number"), let period = duration("the period") else {
            return nil
        }
        var result = LimitSyntax(count: count, period: period)
        if take(word: "by") { result.by = expressions() }
        return result
    }
}
