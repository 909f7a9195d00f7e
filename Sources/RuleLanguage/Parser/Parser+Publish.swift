extension Parser {
    /// `[on clear] publish TEXT {option} [object | payload expr]`.
    mutating func publish() -> PublishSyntax? {
        let start = span
        let onClear = take(word: "on")
        if onClear, !expect(word: "clear", "after `on`") { return nil }
        guard expect(word: "publish", onClear ? "after `on clear`" : "here") else { return nil }
        let words = start.to(previousSpan)
        guard case .text(let pieces) = kind else {
            if case .invalid = kind { isRecovering = true } else { expected("a topic in quotes") }
            return nil
        }
        let topicSpan = span
        advance()
        var result = PublishSyntax(onClear: onClear, span: words, topic: textParts(pieces), topicSpan: topicSpan)
        options(of: &result)
        guard !isRecovering else { return result }
        if at(.leftBrace) {
            result.body = .object(object())
        } else if take(word: "payload") {
            result.body = .payload(expression())
        }
        if !isRecovering { misplacedOption() }
        return result
    }

    private mutating func options(of publish: inout PublishSyntax) {
        var seen: Set<String> = []
        while !isRecovering, let word, ["qos", "retain", "expires", "priority"].contains(word) {
            if !seen.insert(word).inserted {
                log.report(.repeatedClause, span, "`\(word)` is written twice", help: "leave one out")
            }
            advance()
            switch word {
            case "qos": publish.qos = qos()
            case "retain": publish.retain = true
            case "expires": publish.expires = duration("the time after `expires`")
            default:
                guard let level = self.word.flatMap(PublishPlan.Priority.init(rawValue:)) else {
                    return expected("`high`, `normal` or `low`")
                }
                publish.priority = level
                advance()
            }
        }
        guard !isRecovering, let word, !Words.reserved.contains(word), word != "payload" else { return }
        let options: Set = ["qos", "retain", "expires", "priority", "payload"]
        let help =
            ["retained": "retain", "expire": "expires", "ttl": "expires", "quality": "qos"][word]
            ?? NearestName.find(word.lowercased(), in: options)
        report(.unknownOption, span, "`publish` has no option `\(word)`", help: help.map { "did you mean `\($0)`?" })
    }

    private mutating func qos() -> UInt8 {
        let span = span
        guard case .integer(let value) = kind else {
            expected("`0`, `1` or `2` after `qos`")
            return 1
        }
        advance()
        guard value <= 2 else {
            log.report(.badQoS, span, "there is no QoS \(value)", help: "write `qos 0`, `qos 1` or `qos 2`")
            return 1
        }
        return UInt8(value)
    }

    private mutating func misplacedOption() {
        guard let word, ["qos", "retain", "expires", "priority"].contains(word) else { return }
        report(
            .unexpectedToken, span, "`\(word)` stands behind the body",
            help: "options stand between the topic and the body")
    }
}
