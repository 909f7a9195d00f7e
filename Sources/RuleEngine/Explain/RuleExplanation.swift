package import RuleLanguage

/// The plan of a rule in words, for its author.
package struct RuleExplanation {
    /// A line: what it is about, and one text or more.
    struct Part {
        var name: String
        var texts: [String]
    }

    let plan: RulePlan
    let words: ExpressionText
    let size: RuleStateSize
    let options: RuleEngine.Options

    package init(_ plan: RulePlan, options: RuleEngine.Options) throws(RuleEngineError) {
        self.plan = plan
        self.options = options
        words = ExpressionText(plan)
        size = try RuleStateSize(plan, options: options)
    }

    package var text: String {
        let title = plan.title.map { " \"\($0)\"" } ?? ""
        var lines = ["rule \(plan.name)\(title)"]
        for part in parts where !part.texts.isEmpty {
            for (number, text) in part.texts.enumerated() {
                let name = number == 0 ? part.name : ""
                lines.append("  " + name + String(repeating: " ", count: 11 - name.utf8.count) + text)
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var parts: [Part] {
        [
            Part(name: "takes", texts: plan.sources.map(source)),
            Part(name: "reads", texts: reads.isEmpty ? [] : [reads.joined(separator: ", ")]),
            Part(name: "time", texts: [time]),
            Part(name: "steps", texts: plan.steps.map(step)),
            Part(name: "window", texts: window.map { [$0] } ?? []),
            Part(name: "computes", texts: aggregates.isEmpty ? [] : [aggregates.joined(separator: ", ")]),
            Part(name: "models", texts: models),
            Part(name: "lets", texts: plan.windowLets.map { "\($0.name) = \(words.text($0.expression))" }),
            Part(name: "when", texts: when.map { [$0] } ?? []),
            Part(name: "limit", texts: limit.map { [$0] } ?? []),
            Part(name: "publishes", texts: plan.publishes.map(publish)),
            Part(name: "state", texts: state),
        ]
    }

    // MARK: What comes in

    private func source(_ source: SourcePlan) -> String {
        let decoding =
            switch source.decoding {
            case .json: "JSON"
            case .number: "one number"
            case .text: "text"
            case .bytes: "bytes"
            case .cbor: "CBOR"
            }
        let fields = source.schema.map { ", with \($0.count) declared fields" } ?? ""
        return "\(RuleSourceText.topic(source, plan)), payloads are \(decoding)\(fields)"
    }

    var reads: [String] {
        plan.paths.map { ExpressionText.text($0) } + (plan.readsWholePayload ? ["the whole payload"] : [])
    }

    private var time: String {
        guard let at = plan.eventTime else { return "when the message arrives" }
        var text = "\(words.text(at.expression)), a number in \(at.unit.rawValue) or RFC 3339 text"
        if at.lateNanoseconds > 0 { text += "; up to \(words.duration(at.lateNanoseconds)) late" }
        return text + "; at most \(words.duration(at.aheadNanoseconds)) ahead of the clock"
    }

    func step(_ step: StepPlan) -> String {
        switch step {
        case .filter(let condition): "where \(words.text(condition))"
        case .bind(let binding): "let \(binding.name) = \(words.text(binding.expression))"
        case .dedupe(let keys, let within): "dedupe \(list(keys)) within \(words.duration(within))"
        }
    }

    private func list(_ expressions: [Expression]) -> String { expressions.map(words.text).joined(separator: ", ") }

    // MARK: Windows

    var window: String? { plan.window.map { RuleSourceText.window($0, words) } }

    var aggregates: [String] { plan.aggregates.map(words.text) }

    // MARK: What goes out

    var when: String? {
        guard let when = plan.when else { return nil }
        let holds = when.forNanoseconds.map { " for \(words.duration($0))" } ?? ""
        return words.text(when.condition) + holds + (when.until.map { " until \(words.text($0))" } ?? "")
    }

    var limit: String? {
        guard let limit = plan.limit else { return nil }
        let by = limit.by ?? plan.window?.by ?? []
        let each = by.isEmpty ? "" : " of each \(list(by))"
        return "\(limit.count) per \(words.duration(limit.perNanoseconds))\(each)"
    }

    private func publish(_ publish: PublishPlan) -> String {
        var text = (publish.onClear ? "on clear: " : "") + "\(words.text(publish.topic)), QoS \(publish.qos)"
        if publish.retain { text += ", retained" }
        if let expires = publish.expiresNanoseconds { text += ", expires after \(words.duration(expires))" }
        if publish.priority != .normal { text += ", \(publish.priority.rawValue) priority" }
        return text + ": " + body(publish)
    }

    func body(_ publish: PublishPlan) -> String {
        switch publish.body {
        case .forward: "the event's own payload"
        case .object(let members): words.text(members)
        case .payload(let expression): words.text(expression)
        }
    }
}
