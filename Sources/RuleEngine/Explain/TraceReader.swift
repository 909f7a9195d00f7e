import RuleLanguage

/// Reads the way of one message off a rule that has just taken it.
struct TraceReader {
    let rule: RuleRuntime
    let entry: RuleBinding.Entry
    let before: RuleCounters
    let after: RuleCounters
    let outputs: [RuleOutput]
    let words: ExpressionText
    var steps: [RuleTrace.Step] = []

    private var plan: RulePlan { rule.plan }
    private var machine: ProgramMachine { rule.machine }

    init(_ rule: RuleRuntime, _ entry: RuleBinding.Entry, _ before: RuleCounters, _ outputs: [RuleOutput]) {
        self.rule = rule
        self.entry = entry
        self.before = before
        self.outputs = outputs
        after = rule.currentCounters
        words = ExpressionText(rule.plan)
    }

    mutating func take(decodeFault: String?) -> RuleTrace.Take {
        var take = RuleTrace.Take(topic: machine.context.topic.string)
        take.outcome = follow(decodeFault)
        take.steps = steps
        return take
    }

    /// Adds the steps that were reached; returns how it ended.
    private mutating func follow(_ decodeFault: String?) -> String {
        let captures = plan.captures.indices.map { Expression.capture($0) }
        add("from", RuleSourceText.topic(entry.source, plan), "matches", captures)
        if let decodeFault { return "the payload is no event: \(decodeFault)" }
        let paths = plan.paths.indices.map { Expression.path($0) } + (plan.readsWholePayload ? [.payload] : [])
        add("payload", "\(machine.context.payload.count) bytes", nil, paths)
        let late = plan.eventTime.map { words.text($0.expression) } ?? "its arrival"
        add("time", late, TimeText.text(machine.context.time), [])
        for (index, step) in plan.steps.enumerated() {
            let passed = after.afterStep[index] > before.afterStep[index]
            if let end = follow(step, index, passed) { return end }
        }
        if let end = followWindow() { return end }
        return followEvaluation()
    }

    private mutating func follow(_ step: StepPlan, _ index: Int, _ passed: Bool) -> String? {
        switch step {
        case .filter(let condition):
            add("where", words.text(condition), verdict(passed, rule.program.steps[index].program), [condition])
            return passed ? nil : "`where` did not let it through"
        case .bind(let binding):
            add(
                "let", "\(binding.name) = \(words.text(binding.expression))",
                shown(machine.registers[rule.program.layout.lets + binding.slot]), [binding.expression])
            return nil
        case .dedupe(let keys, let within):
            let text = "\(keys.map(words.text).joined(separator: ", ")) within \(words.duration(within))"
            add("dedupe", text, passed ? "the first" : "not the first", keys)
            return passed ? nil : "`dedupe` saw these values before"
        }
    }

    /// A condition that did not pass is false or missing, which is not the same to its author.
    private func verdict(_ passed: Bool, _ program: Program) -> String {
        passed ? "true" : shown(machine.run(program))
    }

    // MARK: Windows

    private mutating func followWindow() -> String? {
        guard let window = plan.window else { return nil }
        let kind = RuleSourceText.window(window, words)
        if after.noGroup > before.noGroup {
            add("window", kind, "no group", window.by)
            return "a part of its key is missing, so it belongs to no group"
        }
        if after.lateEvents > before.lateEvents {
            add("window", kind, "late", window.by)
            return "its window had closed before it came"
        }
        guard after.evaluations > before.evaluations, hasEvent else {
            return followOpenWindow(kind, window)
        }
        add("window", kind, nil, window.by + plan.aggregates.indices.map { .aggregate($0) })
        return nil
    }

    private var hasEvent: Bool {
        switch plan.window?.kind {
        case nil, .lastCount, .lastDuration, .everyCount: true
        case .every, .session, .silent: false
        }
    }

    /// The event lies in a window that is evaluated later.
    private mutating func followOpenWindow(_ kind: String, _ window: WindowPlan) -> String {
        guard let group = rule.group(of: entry), let pane = pane(of: group) else {
            add("window", kind, nil, window.by)
            return "its window is not over"
        }
        rule.reader.begin(pane)
        add(
            "window", kind, "\(pane.eventCount) events so far",
            window.by + plan.aggregates.indices.map { .aggregate($0) })
        if case .everyCount(let count) = window.kind {
            return "the window is evaluated when it holds \(count) events"
        }
        return "the window is evaluated when its time is over, at \(TimeText.text(pane.end))"
    }

    private func pane(of group: Group) -> Pane? {
        let time = machine.context.time
        let panes = rule.panes(of: group)
        return panes.first { $0.start <= time && time < $0.end } ?? panes.last
    }

    // MARK: Evaluation

    private mutating func followEvaluation() -> String {
        for binding in plan.windowLets {
            let value = machine.registers[rule.program.layout.lets + binding.slot]
            add("let", "\(binding.name) = \(words.text(binding.expression))", shown(value), [binding.expression])
        }
        if let when = plan.when, let program = rule.program.condition {
            let isTrue = after.whenTrue > before.whenTrue
            add("when", words.text(when.condition), verdict(isTrue, program), [when.condition])
            if let end = followAlarm(when, isTrue) { return end }
        }
        if after.limited > before.limited, let limit = plan.limit {
            add("limit", "\(limit.count) per \(words.duration(limit.perNanoseconds))", "held back", limit.by ?? [])
            return "`limit` held it back"
        }
        return published()
    }

    private mutating func followAlarm(_ when: WhenPlan, _ isTrue: Bool) -> String? {
        guard when.forNanoseconds != nil || when.until != nil else {
            return isTrue ? nil : "`when` was not true"
        }
        if let until = when.until, let program = rule.program.until, after.activeAlarms < before.activeAlarms {
            add("until", words.text(until), verdict(true, program), [until])
        }
        if after.activeAlarms != before.activeAlarms || after.limited > before.limited { return nil }
        guard let alarm = rule.group(of: entry)?.alarm else { return nil }
        if alarm.isActive { return "the alarm is active: it was published, and has not cleared" }
        guard let start = alarm.runStart, let length = when.forNanoseconds else { return "`when` was not true" }
        return alarm.isRipe
            ? "it was true for long enough and published"
            : "it must stay true for \(words.duration(length)), and has been since \(TimeText.text(start))"
    }

    private mutating func published() -> String {
        for output in outputs {
            add("publish", TestText.output(output), "QoS \(output.qos)\(output.retain ? ", retained" : "")", [])
        }
        if outputs.isEmpty {
            return plan.publishes.allSatisfy(\.onClear) || after.activeAlarms < before.activeAlarms
                ? "nothing is published here"
                : "nothing could be published: a topic or payload is missing or not allowed"
        }
        return outputs.count == 1 ? "published" : "published \(outputs.count) messages"
    }

    // MARK: Values

    private mutating func add(_ name: String, _ text: String, _ result: String?, _ parts: [Expression]) {
        var values: [RuleTrace.Value] = []
        for part in parts {
            ExpressionWalk.visit(part) { leaf in
                guard let value = value(of: leaf) else { return }
                let name = words.text(leaf)
                if !values.contains(where: { $0.name == name }) {
                    values.append(RuleTrace.Value(name: name, value: shown(value)))
                }
            }
        }
        steps.append(RuleTrace.Step(name: name, text: text, result: result, values: values))
    }

    /// The value of a name, a field or an aggregate; nil for what is computed of them.
    private func value(of expression: Expression) -> Value? {
        let layout = rule.program.layout
        switch expression {
        case .path(let slot): return machine.registers[layout.paths + slot]
        case .payload: return machine.registers[layout.payload]
        case .capture(let slot): return machine.registers[layout.captures + slot]
        case .letValue(let slot): return machine.registers[layout.lets + slot]
        case .history(let slot): return machine.registers[layout.histories + slot]
        case .aggregate(let slot): return rule.reader.value(slot, machine.arena)
        case .messageFact(let fact): return machine.context.fact(fact.index)
        default: return nil
        }
    }

    private func shown(_ value: Value) -> String {
        if value.isMissing { return "missing" }
        if value.kind == .time { return TimeText.text(value.integer) }
        var bytes: [UInt8] = []
        JSONWriter.append(value, to: &bytes)
        return TestText.shortened(bytes)
    }
}
