// One rule, clause by clause in the order in which data flows.

struct RuleChecker {
    let syntax: RuleSyntax
    let scope: FileScope
    let log: DiagnosticLog
    let expressions: ExpressionChecker

    init(_ syntax: RuleSyntax, scope: FileScope, log: DiagnosticLog) {
        self.syntax = syntax
        self.scope = scope
        self.log = log
        expressions = ExpressionChecker(scope: scope, log: log)
    }

    /// The plan, which is of use only when no error was reported.
    func check() -> RulePlan {
        expressions.upcomingLets = Set((stepLets + syntax.windowLets).map(\.name.text))
        expressions.areCapturesUnknown = syntax.hasBrokenSource || syntax.sources.isEmpty
        expressions.isWindowUnknown = syntax.hasBrokenWindow
        let sources = self.sources()
        expressions.sources = sources
        let eventTime = syntax.eventTime.map(eventTime)
        let steps = syntax.steps.map(step)
        let window = syntax.window.map(window)
        expressions.window = window
        expressions.place = .evaluation
        let windowLets = syntax.windowLets.compactMap { bind($0, isBelowWindow: true) }
        let when = syntax.when.map(when)
        let limit = syntax.limit.map { limit in
            LimitPlan(
                count: limit.count, perNanoseconds: limit.period.nanoseconds,
                by: limit.by?.map { expressions.check($0).expression })
        }
        let publishes = syntax.publishes.map { publish($0) }
        checkEffects(when)
        var plan = RulePlan(
            name: syntax.name.text, title: syntax.title?.text, sources: sources, captures: expressions.names.captures,
            eventTime: eventTime, steps: steps, window: window, windowLets: windowLets, when: when, limit: limit,
            publishes: publishes, paths: expressions.names.paths, readsWholePayload: expressions.readsWholePayload,
            aggregates: expressions.aggregates, histories: expressions.histories, letCount: expressions.lets.count,
            readsRetained: expressions.readsRetained, zones: expressions.zones,
            latestTopics: expressions.latestTopics, tables: expressions.tablePlans, models: expressions.modelPlans,
            modelCalls: expressions.modelCalls)
        let signatures = RuleSignatures(plan, names: expressions.names)
        plan.stateSignature = signatures.state
        plan.whenSignature = signatures.when
        return plan
    }

    private var stepLets: [LetSyntax] {
        syntax.steps.compactMap { step in if case .bind(let binding) = step { binding } else { nil } }
    }

    // MARK: from

    private func sources() -> [SourcePlan] {
        var plans: [SourcePlan] = []
        var first: (names: Set<String>, span: SourceSpan)?
        for source in syntax.sources {
            guard let filter = TopicChecker.filter(source, log: log) else {
                expressions.areCapturesUnknown = true
                continue
            }
            let levels = captures(of: filter)
            let names = Set(levels.names)
            if let first, first.names != names {
                let missing = first.names.symmetricDifference(names).sorted().map { "`\($0)`" }.joined(separator: ", ")
                log.report(
                    .differingCaptures, source.topicSpan,
                    "all sources of a rule capture the same names; not in all of them: \(missing)",
                    help: "name the level in each topic, or use `+` in each", labels: [(first.span, "the first source")]
                )
            } else if first == nil {
                first = (names, source.topicSpan)
            }
            plans.append(SourcePlan(levels: levels.plan, decoding: source.decoding, schema: schema(source)))
        }
        return plans
    }

    private func captures(of filter: TopicChecker.Filter) -> (plan: [SourcePlan.Level], names: [String]) {
        var seen: [String: SourceSpan] = [:]
        func slot(_ name: NameSyntax) -> Int {
            if let before = seen.updateValue(name.span, forKey: name.text) {
                log.report(
                    .repeatedCapture, name.span, "`\(name.text)` is captured twice in this topic",
                    help: "choose another name, or `+`",
                    labels: [(before, "first captured here")])
            }
            if let slot = expressions.names.captures.firstIndex(of: name.text) { return slot }
            expressions.names.captures.append(name.text)
            return expressions.names.captures.count - 1
        }
        let plan = filter.levels.map { level -> SourcePlan.Level in
            switch level {
            case .literal(let text): .literal(text)
            case .any: .any
            case .rest: .rest
            case .capture(let name): .capture(slot(name))
            case .captureRest(let name): .captureRest(slot(name))
            }
        }
        return (plan, Array(seen.keys))
    }

    private func schema(_ source: SourceSyntax) -> [SchemaField]? {
        guard let fields = source.schema else { return nil }
        if source.decoding != .json, source.decoding != .cbor {
            log.report(
                .schemaNeedsJSON, source.schemaSpan ?? source.topicSpan,
                "only `as json` and `as cbor` payloads have fields", help: "leave the schema out")
        }
        var seen: [[UInt8]: SourceSpan] = [:]
        return fields.map { field in
            if let before = seen.updateValue(field.name.span, forKey: Array(field.name.text.utf8)) {
                log.report(
                    .repeatedMember, field.name.span, "field `\(field.name.text)` is declared twice",
                    help: "leave one out",
                    labels: [(before, "first declared here")])
            }
            return SchemaField(name: field.name.text, type: field.type)
        }
    }

    // MARK: at, steps

    private static let aheadDefault: Int64 = 86_400_000_000_000

    private func eventTime(_ at: EventTimeSyntax) -> EventTimePlan {
        let value = expressions.check(at.expression, at: .eventTime)
        if !value.isPoison, value.kinds.isDisjoint(with: [.number, .text, .time]) {
            log.report(
                .wrongType, at.expression.span, "event time is a number or a text, and this is \(value.kinds.described)"
            )
        } else if !value.isPoison, value.expression.isLiteral {
            log.report(
                .wrongType, at.expression.span, "event time comes from the message, and this is a constant",
                help: "name a field: `at .time`")
        }
        return EventTimePlan(
            expression: value.expression, unit: at.unit, lateNanoseconds: at.late?.nanoseconds ?? 0,
            aheadNanoseconds: at.ahead?.nanoseconds ?? Self.aheadDefault)
    }

    private func step(_ step: StepSyntax) -> StepPlan {
        expressions.place = .step
        switch step {
        case .filter(let condition): return .filter(expressions.condition(condition, "`where`") ?? .missing)
        case .bind(let binding):
            return bind(binding, isBelowWindow: false).map { .bind($0) } ?? .filter(.missing)
        case .dedupe(let keys, let within):
            return .dedupe(
                keys: keys.map { expressions.check($0, at: .dedupeKey).expression },
                withinNanoseconds: within.nanoseconds)
        }
    }

    private func bind(_ binding: LetSyntax, isBelowWindow: Bool) -> LetPlan? {
        let name = binding.name
        let value = expressions.check(binding.value, at: isBelowWindow ? .evaluation : .step)
        if let slot = expressions.letSlots[name.text] {
            log.report(
                .repeatedName, name.span, "`\(name.text)` is defined twice in this rule", help: "choose another name",
                labels: [(expressions.lets[slot].name.span, "first defined here")])
            return nil
        }
        let slot = expressions.lets.count
        expressions.lets.append(
            ExpressionChecker.LetRecord(
                name: name, value: value, isBelowWindow: isBelowWindow,
                isComputedDouble: expressions.isComputedDouble(value.expression)))
        expressions.letSlots[name.text] = slot
        expressions.names.letNames.append(name.text)
        return LetPlan(slot: slot, name: name.text, expression: value.expression)
    }
}
