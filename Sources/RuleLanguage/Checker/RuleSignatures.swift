/// What of a rule decides whether its state is kept over a reload, as canonical text.
struct RuleSignatures {
    let state: String
    let when: String

    init(_ plan: RulePlan, names: CanonicalText) {
        var lines = plan.sources.map { Self.source($0, captures: plan.captures) }
        if let at = plan.eventTime {
            lines.append(
                "at \(names.text(at.expression)) \(at.unit.rawValue) late \(at.lateNanoseconds)ns "
                    + "ahead \(at.aheadNanoseconds)ns"
            )
        }
        for step in plan.steps {
            switch step {
            case .filter(let condition): lines.append("where \(names.text(condition))")
            case .bind(let binding): lines.append("let \(binding.name) = \(names.text(binding.expression))")
            case .dedupe(let keys, let within):
                lines.append("dedupe \(keys.map(names.text).joined(separator: ", ")) within \(within)ns")
            }
        }
        if let window = plan.window {
            let keys = window.by.map(names.text).joined(separator: ", ")
            lines.append("window \(Self.kind(window.kind)) by \(keys)")
        }
        for binding in plan.windowLets { lines.append("let \(binding.name) = \(names.text(binding.expression))") }
        if plan.readsRetained { lines.append("retained") }
        state = lines.joined(separator: "\n")
        guard let when = plan.when else {
            self.when = ""
            return
        }
        var text = "when \(names.text(when.condition))"
        if let holds = when.forNanoseconds { text += " for \(holds)ns" }
        if let until = when.until { text += " until \(names.text(until))" }
        self.when = text
    }

    private static func source(_ source: SourcePlan, captures: [String]) -> String {
        let levels = source.levels.map { level in
            switch level {
            case .literal(let text): text
            case .any: "+"
            case .rest: "#"
            case .capture(let slot): "{\(captures[slot])}"
            case .captureRest(let slot): "{\(captures[slot])...}"
            }
        }
        var text = "from \(JSONText.quoted(levels.joined(separator: "/"))) as \(source.decoding)"
        if let schema = source.schema {
            text += " {" + schema.map { "\(JSONText.quoted($0.name)): \(type($0.type))" }.joined(separator: ", ") + "}"
        }
        return text
    }

    private static func type(_ type: SchemaField.FieldType) -> String {
        switch type {
        case .number: "number"
        case .text: "text"
        case .boolean: "boolean"
        case .time(let unit): "time \(unit.rawValue)"
        case .list: "list"
        case .object: "object"
        }
    }

    private static func kind(_ kind: WindowPlan.Kind) -> String {
        switch kind {
        case .lastCount(let count): "last \(count)"
        case .lastDuration(let length): "last \(length)ns"
        case .everyCount(let count): "every \(count) events"
        case .every(let step, let over, let zone):
            "every \(step)ns" + (over.map { " over \($0)ns" } ?? "") + (zone.map { " in \(JSONText.quoted($0))" } ?? "")
        case .session(let pause): "session \(pause)ns"
        case .silent(let silence, let among): "silent \(silence)ns" + (among.map { " among \($0)" } ?? "")
        }
    }
}
