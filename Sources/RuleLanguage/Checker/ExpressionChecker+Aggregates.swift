// Aggregates over the events of a window, and what is remembered of the event before.

extension ExpressionChecker {
    func aggregate(
        _ function: AggregatePlan.Function, _ name: NameSyntax, _ arguments: [ArgumentSyntax], _ span: SourceSpan
    ) -> CheckedExpression {
        let isAllowed = isAllowed(function, name)
        let options: Set<String> = function == .zscore ? ["against", "floor", "baseline", "gate"] : []
        let help: String? =
            switch function {
            case .min where arguments.count > 1: "for the least of several values write `least(a, b)`"
            case .max where arguments.count > 1: "for the greatest of several values write `greatest(a, b)`"
            default: nil
            }
        guard
            accepts(
                arguments, of: name, counts: function.argumentCounts, options: options, usage: function.usage,
                help: help)
        else {
            return .poison
        }
        var plan = AggregatePlan(function: function, argument: nil)
        var kinds = ValueKinds.any
        var elementCount: Int?
        let plain = arguments.filter { $0.label == nil }
        if let argument = plain.first {
            guard let checked = aggregateArgument(function, name, argument.value, isAllowed: isAllowed) else {
                return .poison
            }
            plan.argument = checked.expression
            kinds = checked.kinds
            elementCount = function == .collect ? collectedCount(checked) : nil
        }
        if plain.count == 2, !parameter(of: &plan, name, plain[1].value) { return .poison }
        guard isAllowed, self.options(of: &plan, arguments) else { return .poison }
        let slot = slot(for: plan)
        return CheckedExpression(
            expression: .aggregate(slot), kinds: function.resultKinds(of: kinds),
            elementCount: elementCount)
    }

    private func isAllowed(_ function: AggregatePlan.Function, _ name: NameSyntax) -> Bool {
        switch place {
        case .constant:
            log.report(.notAConstant, name.span, "`\(name.text)` is taken over events, so it is no constant")
        case .aggregate:
            log.report(
                .aggregateNotAllowedHere, name.span, "`\(name.text)` can't stand inside another aggregate",
                help: "combine their results instead")
        case .eventTime, .step, .key, .dedupeKey:
            log.report(
                .aggregateNotAllowedHere, name.span, "`\(name.text)` is taken over a window, and this stands above it",
                help: "move it below `window`: `when` tests results")
        case .evaluation where window == nil && !isWindowUnknown:
            log.report(
                .aggregateWithoutWindow, name.span, "`\(name.text)` needs a window",
                help: "add one above, such as `window last 100` or `window every 1m`")
        case .evaluation:
            if case .silent = window?.kind, !function.isAllowedOverSilent {
                log.report(
                    .aggregateNotForWindow, name.span, "`\(name.text)` is not kept over `\(windowText)`",
                    help: "it keeps count, first, last, min, max, sum, mean, variance, stddev and range")
                return false
            }
            return true
        }
        return false
    }

    private func aggregateArgument(
        _ function: AggregatePlan.Function, _ name: NameSyntax, _ syntax: ExpressionSyntax, isAllowed: Bool
    ) -> CheckedExpression? {
        let outer = place
        // Where the aggregate itself was refused, its inside is checked as one event's.
        place = outer == .constant ? .constant : .aggregate
        defer { place = outer }
        if function.argumentKinds == .boolean {
            guard let condition = condition(syntax, "`\(name.text)`") else { return nil }
            return CheckedExpression(expression: condition, kinds: .boolean)
        }
        let value = check(syntax)
        guard !value.isPoison else { return nil }
        guard !value.kinds.isEmpty else {
            log.report(.alwaysMissing, syntax.span, "`\(name.text)` skips missing values, and this always is")
            return nil
        }
        guard !value.kinds.isDisjoint(with: function.argumentKinds) else {
            log.report(
                .wrongType, syntax.span,
                "`\(name.text)` takes \(function.argumentKinds.plural), and this is \(value.kinds.described)",
                help: value.kinds == .boolean
                    ? "`count_if(…)` counts the events for which it is true"
                    : value.kinds == .text ? "`number(…)` reads a number from a text" : nil)
            return nil
        }
        return value
    }

    /// p of `percentile`, a of `ewma`.
    private func parameter(of plan: inout AggregatePlan, _ name: NameSyntax, _ syntax: ExpressionSyntax) -> Bool {
        let value = check(syntax, at: place == .constant ? .constant : .evaluation)
        guard !value.isPoison else { return false }
        guard let number = value.expression.literalNumber else {
            log.report(.constantNeeded, syntax.span, "the second argument of `\(name.text)` is a number or a constant")
            return false
        }
        let isSound = plan.function == .percentile ? (0...100).contains(number) : number > 0 && number <= 1
        guard isSound else {
            log.report(
                .valueOutOfRange, syntax.span,
                plan.function == .percentile
                    ? "percentiles go from 0 to 100" : "the weight of `ewma` is above 0 and at most 1",
                help: plan.function == .percentile ? "write `percentile(x, 95)`" : "write `ewma(x, 0.1)`")
            return false
        }
        plan.parameter = number
        return true
    }

    // MARK: Options of zscore

    private func options(of plan: inout AggregatePlan, _ arguments: [ArgumentSyntax]) -> Bool {
        var gate: (value: Double, span: SourceSpan)?
        var baseline: (value: String, span: SourceSpan)?
        for argument in arguments {
            guard let label = argument.label else { continue }
            let span = argument.value.span
            switch label.text {
            case "against":
                guard let value = choice(argument.value, label, ["others"]) else { return false }
                plan.againstOthers = value == "others"
            case "floor":
                guard let value = positive(argument.value, label) else { return false }
                plan.floor = value
            case "gate":
                guard let value = positive(argument.value, label) else { return false }
                gate = (value, span)
            default:
                guard let value = choice(argument.value, label, ["rolling", "frozen", "gated"]) else { return false }
                baseline = (value, span)
            }
        }
        return self.baseline(of: &plan, baseline, gate)
    }

    private func baseline(
        of plan: inout AggregatePlan, _ baseline: (value: String, span: SourceSpan)?,
        _ gate: (value: Double, span: SourceSpan)?
    ) -> Bool {
        if let gate, baseline?.value != "gated" {
            log.report(
                .unknownOption, gate.span, "`gate` belongs to `baseline: \"gated\"`",
                help: "add it, or leave `gate` out")
            return false
        }
        guard let baseline, baseline.value != "rolling" else { return true }
        let isFrozen = baseline.value == "frozen"
        let fits =
            switch window?.kind {
            case .lastCount, .lastDuration: true
            case .every: isFrozen
            default: false
            }
        guard fits else {
            log.report(
                .aggregateNotForWindow, baseline.span, "there is no \(baseline.value) baseline over `\(windowText)`",
                help: "use `window last …`")
            return false
        }
        if isFrozen {
            plan.baseline = .frozen
            return true
        }
        guard let gate else {
            log.report(.wrongArgumentCount, baseline.span, "a gated baseline needs a gate", help: "add `gate: 3`")
            return false
        }
        plan.baseline = .gated(gate: gate.value)
        return true
    }

    private func choice(_ syntax: ExpressionSyntax, _ label: NameSyntax, _ choices: [String]) -> String? {
        guard let value = constantText(syntax, "`\(label.text)`") else { return nil }
        if choices.contains(value) { return value }
        let near = NearestName.find(value, in: choices).map { "did you mean `\"\($0)\"`?" }
        let list = choices.map { "`\"\($0)\"`" }.joined(separator: ", ")
        log.report(.valueOutOfRange, syntax.span, "`\(label.text)` is \(list)", help: near)
        return nil
    }

    private func positive(_ syntax: ExpressionSyntax, _ label: NameSyntax) -> Double? {
        let value = check(syntax)
        guard !value.isPoison else { return nil }
        guard let number = value.expression.literalNumber else {
            log.report(.constantNeeded, syntax.span, "`\(label.text)` is a number or a constant")
            return nil
        }
        guard number > 0 else {
            log.report(.valueOutOfRange, syntax.span, "`\(label.text)` is greater than zero")
            return nil
        }
        return number
    }

    // MARK: Slots

    private func slot(for plan: AggregatePlan) -> Int {
        var plan = plan
        var arguments = plan.argument.map { [names.text($0)] } ?? []
        if let parameter = plan.parameter { arguments.append(parameter.description) }
        if plan.againstOthers { arguments.append("against: \"others\"") }
        if let floor = plan.floor { arguments.append("floor: \(floor)") }
        switch plan.baseline {
        case .rolling: break
        case .frozen: arguments.append("baseline: \"frozen\"")
        case .gated(let gate): arguments.append("baseline: \"gated\", gate: \(gate)")
        }
        plan.canonicalText = "\(plan.function.rawValue)(\(arguments.joined(separator: ", ")))"
        let key = Array(plan.canonicalText.utf8)
        if let slot = aggregateSlots[key] { return slot }
        aggregateSlots[key] = aggregates.count
        aggregates.append(plan)
        names.aggregates.append(plan.canonicalText)
        return aggregates.count - 1
    }

    // MARK: previous, delta, changed

    func history(
        _ function: HistoryPlan.Function, _ name: NameSyntax, _ arguments: [ArgumentSyntax], _ span: SourceSpan
    ) -> CheckedExpression {
        guard accepts(arguments, of: name, counts: 1...1, usage: "\(name.text)(x)") else { return .poison }
        let isPlaced: Bool =
            switch place {
            case .step: true
            case .evaluation: hasEvent
            case .constant, .eventTime, .key, .dedupeKey, .aggregate: false
            }
        guard isPlaced else {
            return report(
                .factNotAvailableHere, name.span, "`\(name.text)` looks at the event before, and here is none",
                help: "use it in a step, or below a window that is evaluated at each event")
        }
        let value = check(arguments[0].value)
        guard !value.isPoison else { return .poison }
        let wanted: ValueKinds = function == .delta ? [.number, .time, .duration] : .any
        guard !value.kinds.isDisjoint(with: wanted) else {
            return report(
                .wrongType, arguments[0].value.span,
                "`\(name.text)` takes \(wanted.plural), and this is \(value.kinds.described)")
        }
        let text = names.call(name.text, [value.expression])
        let kinds: ValueKinds =
            switch function {
            case .previous: value.kinds
            case .delta: ValueKinds.result(of: .subtract, value.kinds, value.kinds)
            case .changed: .boolean
            }
        histories.append(HistoryPlan(function: function, argument: value.expression, canonicalText: text))
        names.histories.append(text)
        return CheckedExpression(expression: .history(histories.count - 1), kinds: kinds)
    }
}
