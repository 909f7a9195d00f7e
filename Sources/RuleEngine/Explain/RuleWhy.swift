package import RuleLanguage

/// Follows one message of a recording through one rule, with all that came before it.
package struct RuleWhy {
    private let rule: RuleRuntime
    private var run: ReplayRun
    private var outputs: [RuleOutput] = []

    /// All rules of the set run, since they may feed the one that is asked about. The name must be one of theirs.
    package init(
        _ set: RuleSetPlan, rule name: String, models: ModelRunnerMaker = { _ in nil }
    ) throws(RuleEngineError) {
        let engine = try RuleEngine(
            set, options: RuleEngine.Options(node: "why", epoch: "0"), clockNanoseconds: 0)
        guard let rule = engine.rules.first(where: { $0.name == name }) else {
            throw RuleEngineError(.badInput, rule: name, message: "there is no rule \(name)")
        }
        engine.runner = models(engine.models) ?? AbsentModels()
        self.rule = rule
        run = ReplayRun(engine)
    }

    /// A message before the one that is asked about.
    package mutating func take(_ line: ReplayLine) {
        outputs.removeAll(keepingCapacity: true)
        run.take(line, into: &outputs)
    }

    /// The message that is asked about.
    package mutating func explain(_ line: ReplayLine) -> Report {
        let trace = RuleTrace()
        rule.trace = trace
        take(line)
        rule.trace = nil
        var report = Report(rule: rule.name, takes: trace.takes)
        guard trace.takes.isEmpty else { return report }
        report.refusals =
            line.retained && !rule.readsRetained
            ? ["it is a retained message, and the rule does not ask `retained()`"]
            : rule.plan.sources.map { RuleSourceText.mismatch($0, rule.plan, line.topic) }
        return report
    }

    package struct Report: Sendable {
        package var rule: String
        package var takes: [RuleTrace.Take]
        /// Why no source of the rule took the message, when none did.
        package var refusals: [String] = []

        package var text: String {
            if takes.isEmpty {
                return (["rule \(rule) does not take this message:"] + refusals.map { "  " + $0 })
                    .joined(separator: "\n") + "\n"
            }
            return takes.map(Report.text).joined(separator: "\n")
        }

        private static func text(_ take: RuleTrace.Take) -> String {
            var lines = [take.topic]
            for step in take.steps {
                let result = step.result.map { "  → \($0)" } ?? ""
                let name = step.name + String(repeating: " ", count: max(1, 10 - step.name.utf8.count))
                lines.append("  \(name)\(step.text)\(result)")
                lines += step.values.map { "              \($0.name) = \($0.value)" }
            }
            return (lines + ["  \(take.outcome)"]).joined(separator: "\n") + "\n"
        }

        package var json: String {
            JSONObject([
                ("rule", .text(rule)), ("taken", .boolean(!takes.isEmpty)), ("refusals", .texts(refusals)),
                ("takes", .raw("[" + takes.map(Report.json).joined(separator: ", ") + "]")),
            ]).text
        }

        private static func json(_ take: RuleTrace.Take) -> String {
            let steps = take.steps.map { step in
                let values = JSONObject(step.values.map { ($0.name, .text($0.value)) }).text
                return JSONObject([
                    ("step", .text(step.name)), ("text", .text(step.text)),
                    ("result", step.result.map { .text($0) } ?? .null), ("values", .raw(values)),
                ]).text
            }
            return JSONObject([
                ("topic", .text(take.topic)), ("steps", .raw("[" + steps.joined(separator: ", ") + "]")),
                ("outcome", .text(take.outcome)),
            ]).text
        }
    }
}
