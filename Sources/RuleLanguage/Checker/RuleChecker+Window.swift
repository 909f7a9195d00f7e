extension RuleChecker {
    func window(_ window: WindowSyntax) -> WindowPlan {
        expressions.windowText = log.sources[window.span.file].text(window.span).split { $0.isWhitespace }.joined(
            separator: " ")
        let kind = kind(window)
        expressions.place = .key
        let keys = window.by.map { key -> Expression in
            let value = expressions.check(key, at: .key)
            switch value.expression {
            case .capture(let slot): expressions.keyCaptures.insert(slot)
            case .letValue(let slot): expressions.keyLets.insert(slot)
            case let literal where literal.isLiteral && !value.isPoison:
                log.report(
                    .clauseWithoutEffect, key.span, "this key is the same for every event",
                    help: "name a capture, a let or a field")
            default: break
            }
            return value.expression
        }
        if case .silent(_, among: .some(let table)) = window.kind {
            expressions.use(table: table.text)
            if scope.tables[table.text] == nil {
                let near = NearestName.find(table.text, in: scope.tables.keys)
                log.report(
                    .unknownName, table.span, "unknown table `\(table.text)`",
                    help: near.map { "did you mean the table `\($0)`?" }
                        ?? "declare it: `table \(table.text) from \"file.csv\" key column`")
            }
            if window.by.count != 1 {
                log.report(
                    .clauseWithoutEffect, window.span, "`among` needs one key after `by`",
                    help: "name what the table's key is compared with")
            }
        }
        return WindowPlan(kind: kind, by: keys)
    }

    private func kind(_ window: WindowSyntax) -> WindowPlan.Kind {
        switch window.kind {
        case .lastCount(let count): return .lastCount(count)
        case .lastDuration(let length): return .lastDuration(nanoseconds: length.nanoseconds)
        case .everyCount(let count): return .everyCount(count)
        case .every(let step, let over, let zone):
            if let over { checkOver(step, over) }
            if let zone { checkZone(zone, step) }
            return .every(nanoseconds: step.nanoseconds, overNanoseconds: over?.nanoseconds, zone: zone?.text)
        case .session(let pause): return .session(nanoseconds: pause.nanoseconds)
        case .silent(let silence, let among):
            return .silent(nanoseconds: silence.nanoseconds, among: among?.text)
        }
    }

    private func checkOver(_ step: DurationSyntax, _ over: DurationSyntax) {
        if over.nanoseconds % step.nanoseconds != 0 {
            log.report(
                .windowNotAligned, over.span, "the length after `over` is a multiple of the step",
                help: "such as `every 1m over 5m`")
        } else if over.nanoseconds / step.nanoseconds > RuleLimits.windowStepsMax {
            log.report(
                .valueOutOfRange, over.span, "the length after `over` is at most \(RuleLimits.windowStepsMax) steps",
                help: "take a longer step")
        }
    }

    private func checkZone(_ zone: PlainTextSyntax, _ step: DurationSyntax) {
        let hour: Int64 = 3_600_000_000_000
        let day = 24 * hour
        let isAligned = step.nanoseconds % day == 0 || (step.nanoseconds % hour == 0 && day % step.nanoseconds == 0)
        guard !isAligned else {
            expressions.useZone(zone.text, zone.span)
            return
        }
        log.report(
            .windowNotAligned, step.span, "windows in a time zone are whole days, or hours that divide 24",
            help: "such as `every 8h` or `every 1d`")
    }

    // MARK: when

    func when(_ when: WhenSyntax) -> WhenPlan {
        expressions.place = .evaluation
        let condition = expressions.condition(when.condition, "`when`")
        var until: Expression?
        if let syntax = when.until {
            until = expressions.condition(syntax, "`until`")
            if let condition, let until { expressions.proveApart(condition, until, syntax.span) }
        }
        return WhenPlan(condition: condition ?? .missing, forNanoseconds: when.holds?.nanoseconds, until: until)
    }

    // MARK: publish

    func publish(_ publish: PublishSyntax) -> PublishPlan {
        let (topic, isPoison) = expressions.textParts(publish.topic)
        if !isPoison, let problem = TopicChecker.problem(inPublished: topic) {
            log.report(.badTopic, publish.topicSpan, problem.message, help: problem.help)
        }
        return PublishPlan(
            onClear: publish.onClear, topic: topic, qos: publish.qos, retain: publish.retain,
            expiresNanoseconds: publish.expires?.nanoseconds, priority: publish.priority ?? .normal,
            body: body(publish))
    }

    private func body(_ publish: PublishSyntax) -> PublishPlan.Body {
        switch publish.body {
        case .object(let members): return .object(expressions.object(members))
        case .payload(let value):
            let checked = expressions.check(value)
            if !checked.isPoison, checked.kinds.isEmpty {
                log.report(.alwaysMissing, value.span, "a payload that is missing is never published")
            }
            return .payload(checked.expression)
        case .forward:
            if !expressions.hasEvent {
                log.report(
                    .forwardWithoutEvent, publish.span.to(publish.topicSpan),
                    "`\(expressions.windowText)` is evaluated without an event, so there is nothing to forward",
                    help: "write a body: `{ n: count() }`")
            }
            return .forward
        }
    }

    // MARK: Effects

    /// Clauses that are sound by themselves and do nothing in this rule.
    func checkEffects(_ when: WhenPlan?) {
        let clears = syntax.when?.holds != nil || syntax.when?.until != nil
        for publish in syntax.publishes where publish.onClear && !clears {
            log.report(
                .clauseWithoutEffect, publish.span, "`on clear` never runs", help: "add `for` or `until` to `when`")
        }
        if !syntax.publishes.isEmpty, syntax.publishes.allSatisfy(\.onClear), clears {
            log.report(
                .clauseWithoutEffect, syntax.publishes[0].span, "the rule publishes only when it clears",
                help: "add a `publish` for when it is raised")
        }
        guard let late = syntax.eventTime?.late, syntax.when?.holds == nil else { return }
        switch expressions.window?.kind {
        case .every, .session, .silent: return
        case nil, .lastCount, .lastDuration, .everyCount:
            log.report(
                .lateWithoutEffect, late.span, "`late` has no effect here",
                help: "it is for windows that close by time: `every`, `session`, `silent`")
        }
    }
}
