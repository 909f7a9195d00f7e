// Calls: functions of values, facts about the message, and functions with rules of their own.

extension ExpressionChecker {
    func call(_ name: NameSyntax, _ arguments: [ArgumentSyntax], _ span: SourceSpan) -> CheckedExpression {
        if let aggregate = FunctionNames.aggregates[name.text] {
            return self.aggregate(aggregate, name, arguments, span)
        }
        if let function = FunctionNames.values[name.text] { return self.function(function, name, arguments, span) }
        if let fact = FunctionNames.facts[name.text] { return self.fact(fact, name, arguments, span) }
        if let history = FunctionNames.histories[name.text] { return self.history(history, name, arguments, span) }
        switch name.text {
        case "matches": return matches(name, arguments, span)
        case "property": return property(name, arguments, span)
        case "latest": return latest(name, arguments, span)
        default: return unknownFunction(name, arguments, span)
        }
    }

    private func unknownFunction(
        _ name: NameSyntax, _ arguments: [ArgumentSyntax], _ span: SourceSpan
    ) -> CheckedExpression {
        let isValue =
            letSlots[name.text] != nil || names.captures.contains(name.text) || scope.constants[name.text] != nil
        if isValue {
            return report(
                .wrongUseOfName, name.span, "`\(name.text)` is a value and can't be called",
                help: "leave the brackets out")
        }
        if let model = scope.models[name.text] { return modelCall(model, name, arguments, span) }
        if scope.tables[name.text] != nil {
            return report(
                .wrongUseOfName, name.span, "`\(name.text)` is a table",
                help: "look a key up: `\(name.text)[key].column`")
        }
        for argument in arguments { _ = check(argument.value) }
        let near =
            FunctionNames.elsewhere[name.text.lowercased()]
            ?? NearestName.find(name.text, in: FunctionNames.all.union(scope.models.keys))
        return report(
            .unknownFunction, name.span, "unknown function `\(name.text)`", help: near.map { "did you mean `\($0)`?" })
    }

    // MARK: Arguments

    /// Reports labels that are no options, and a number of arguments outside of `counts`.
    func accepts(
        _ arguments: [ArgumentSyntax], of name: NameSyntax, counts: ClosedRange<Int>, options: Set<String> = [],
        usage: String,
        help: String? = nil
    ) -> Bool {
        var sound = true
        var seen: Set<String> = []
        for argument in arguments {
            guard let label = argument.label else { continue }
            if !options.contains(label.text) {
                let near = NearestName.find(label.text, in: options)
                let known =
                    options.isEmpty
                    ? "it has none" : "it has " + options.sorted().map { "`\($0)`" }.joined(separator: ", ")
                log.report(
                    .unknownOption, label.span, "`\(name.text)` has no option `\(label.text)`",
                    help: near.map { "did you mean `\($0)`?" } ?? known)
                sound = false
            } else if !seen.insert(label.text).inserted {
                log.report(
                    .repeatedMember, label.span, "option `\(label.text)` is written twice", help: "leave one out")
                sound = false
            }
        }
        let count = arguments.count { $0.label == nil }
        guard counts.contains(count) else {
            let wanted =
                counts.lowerBound == counts.upperBound
                ? Self.counted(counts.lowerBound)
                : counts.upperBound == .max
                    ? "at least \(Self.counted(counts.lowerBound))"
                    : "\(counts.lowerBound) to \(Self.counted(counts.upperBound))"
            log.report(
                .wrongArgumentCount, name.span, "`\(name.text)` takes \(wanted), not \(count)",
                help: help ?? "write `\(usage)`")
            return false
        }
        return sound
    }

    private static func counted(_ count: Int) -> String {
        switch count {
        case 0: "no arguments"
        case 1: "1 argument"
        default: "\(count) arguments"
        }
    }

    /// A text known now, for what is prepared when the rule is checked.
    func constantText(_ syntax: ExpressionSyntax, _ what: String) -> String? {
        let value = check(syntax)
        guard !value.isPoison else { return nil }
        if let text = value.expression.literalText { return text }
        log.report(.constantNeeded, syntax.span, "\(what) is a text in quotes or a constant")
        return nil
    }

    // MARK: Functions of values

    private func function(
        _ function: Function, _ name: NameSyntax, _ arguments: [ArgumentSyntax], _ span: SourceSpan
    ) -> CheckedExpression {
        let signature = function.signature
        let counts = signature.required...(signature.isVariadic ? .max : signature.parameters.count)
        let options: Set<String> = function == .round ? ["digits"] : []
        let values = arguments.map { check($0.value) }
        guard
            accepts(
                arguments, of: name, counts: options.isEmpty ? counts : 1...2, options: options, usage: signature.usage)
        else { return .poison }
        guard values.count <= 2 || function != .round else {
            return report(.wrongArgumentCount, name.span, "`round` takes its digits once", help: "write `round(x, 2)`")
        }
        guard !values.contains(where: \.isPoison) else { return .poison }
        var common = ValueKinds.any
        for (index, value) in values.enumerated() {
            let wanted = signature.parameters[min(index, signature.parameters.count - 1)]
            guard function == .exists || !value.kinds.isEmpty else {
                return report(
                    .alwaysMissing, arguments[index].value.span, "`\(name.text)` of missing is always missing",
                    help: "give another value with `??`")
            }
            guard function == .exists || !value.kinds.isDisjoint(with: wanted) else {
                return report(
                    .wrongType, arguments[index].value.span,
                    "`\(name.text)` takes \(wanted.described) here, and this is \(value.kinds.described)",
                    help: argumentHelp(wanted, value.kinds))
            }
            common.formIntersection(value.kinds.intersection(wanted))
        }
        if signature.keepsKind, common.isEmpty {
            return report(
                .wrongType, span, "`\(name.text)` takes values of one type", help: "write `\(signature.usage)`")
        }
        guard checkArguments(of: function, arguments, values) else { return .poison }
        let kinds = signature.keepsKind ? common : signature.result
        return CheckedExpression(expression: .call(function, values.map(\.expression)), kinds: kinds)
    }

    private func argumentHelp(_ wanted: ValueKinds, _ kinds: ValueKinds) -> String? {
        if wanted.contains(.number), kinds == .text { return "`number(…)` reads a number from a text" }
        if wanted == .text, kinds == .number { return "`text(…)` makes a text of a number" }
        if wanted == .time { return "a field is a time where the schema says so: `from … { field: time ms }`" }
        return nil
    }

    /// What a function asks of values that are known now.
    private func checkArguments(of function: Function, _ arguments: [ArgumentSyntax], _ values: [CheckedExpression])
        -> Bool
    {
        switch function {
        case .round where values.count == 2:
            guard let digits = values[1].expression.literalNumber else { return true }
            guard digits == digits.rounded(), abs(digits) <= 15 else {
                log.report(.valueOutOfRange, arguments[1].value.span, "`round` takes −15 to 15 digits")
                return false
            }
        case .hour, .weekday:
            if values.count == 2 { return checkZoneArgument(values[1], arguments[1].value.span) }
        case .split where values[1].expression.literalText == "":
            log.report(.alwaysMissing, arguments[1].value.span, "an empty separator always gives missing")
            return false
        case .substring:
            for index in 1...2 where (values[index].expression.literalNumber ?? 0) < 0 {
                log.report(
                    .alwaysMissing, arguments[index].value.span, "a negative number always gives missing here",
                    help: "characters are counted from 0")
                return false
            }
        case .sqrt where (values[0].expression.literalNumber ?? 0) < 0:
            log.report(
                .alwaysMissing, arguments[0].value.span, "the square root of a negative number is always missing")
            return false
        default: break
        }
        return true
    }

    // MARK: Facts

    private func fact(
        _ fact: MessageFact, _ name: NameSyntax, _ arguments: [ArgumentSyntax], _ span: SourceSpan
    ) -> CheckedExpression {
        let help: String? =
            fact == .topic && arguments.count == 1 ? "capture levels by name: `from \"plant/{line}/…\"`" : nil
        guard accepts(arguments, of: name, counts: 0...0, usage: "\(name.text)()", help: help) else { return .poison }
        guard isAvailable(fact, name, span) else { return .poison }
        if fact == .retained { readsRetained = true }
        let kinds: ValueKinds =
            switch fact {
            case .topic, .client: .text
            case .qos: .number
            case .retained: .boolean
            case .time, .arrived, .now, .windowStart, .windowEnd: .time
            }
        return CheckedExpression(expression: .messageFact(fact), kinds: kinds)
    }

    private func isAvailable(_ fact: MessageFact, _ name: NameSyntax, _ span: SourceSpan) -> Bool {
        if place == .constant {
            log.report(
                .notAConstant, span, "`\(name.text)()` changes, so it is no constant",
                help: "define it in a rule, below `from`")
            return false
        }
        switch fact {
        case .topic, .qos, .retained, .client, .arrived:
            return requireMessage("\(name.text)()", span)
        case .time:
            guard place == .eventTime else { return true }
            log.report(.factNotAvailableHere, span, "`at` says what `time()` is", help: "use a field, or `arrived()`")
            return false
        case .now:
            return true
        case .windowStart, .windowEnd:
            guard place == .evaluation else {
                log.report(
                    .noWindowBounds, span, "`\(name.text)()` belongs to the evaluation of a window",
                    help: "use it below `window`")
                return false
            }
            if isWindowUnknown { return true }
            switch window?.kind {
            case .lastDuration, .every, .session, .silent: return true
            case nil, .lastCount, .everyCount:
                log.report(
                    .noWindowBounds, span,
                    window == nil ? "this rule has no window" : "`\(windowText)` has no bounds in time",
                    help: "only windows of a duration have bounds")
                return false
            }
        }
    }

    private func requireMessage(_ shown: String, _ span: SourceSpan) -> Bool {
        guard place == .evaluation, !hasEvent else { return true }
        log.report(
            .factNotAvailableHere, span,
            "`\(shown)` belongs to one message, and `\(windowText)` is evaluated without one",
            help: "say `last(\(shown))`")
        return false
    }

    private func property(_ name: NameSyntax, _ arguments: [ArgumentSyntax], _ span: SourceSpan) -> CheckedExpression {
        guard accepts(arguments, of: name, counts: 1...1, usage: "property(\"name\")") else { return .poison }
        guard place != .constant else {
            return report(.notAConstant, span, "`property` belongs to a message, so it is no constant")
        }
        guard let key = constantText(arguments[0].value, "the name of a property") else { return .poison }
        guard requireMessage("property(\"\(key)\")", span) else { return .poison }
        return CheckedExpression(expression: .property(key), kinds: .text)
    }

    // MARK: matches, latest

    private func matches(_ name: NameSyntax, _ arguments: [ArgumentSyntax], _ span: SourceSpan) -> CheckedExpression {
        guard accepts(arguments, of: name, counts: 2...2, usage: "matches(text, \"pattern\")") else { return .poison }
        let value = check(arguments[0].value)
        guard let pattern = constantText(arguments[1].value, "the pattern"), !value.isPoison else { return .poison }
        guard value.kinds.contains(.text) else {
            return report(
                .wrongType, arguments[0].value.span,
                "`matches` takes a text here, and this is \(value.kinds.described)",
                help: "`text(…)` makes a text of a value")
        }
        switch PatternSyntax.parse(pattern) {
        case .success:
            return CheckedExpression(expression: .matches(value.expression, pattern: pattern), kinds: .boolean)
        case .failure(let error):
            return report(
                .badPattern, arguments[1].value.span, "bad pattern: \(error.message)",
                help: "at character \(error.offset + 1) of the pattern")
        }
    }

    private func latest(_ name: NameSyntax, _ arguments: [ArgumentSyntax], _ span: SourceSpan) -> CheckedExpression {
        guard accepts(arguments, of: name, counts: 1...1, usage: "latest(\"topic/{capture}\")") else { return .poison }
        guard place != .constant else { return report(.notAConstant, span, "`latest` changes, so it is no constant") }
        guard case .text(let parts) = arguments[0].value.kind else {
            return report(.constantNeeded, arguments[0].value.span, "`latest` takes a topic in quotes")
        }
        let (checked, isPoison) = textParts(parts)
        guard !isPoison else { return .poison }
        for case .value(let value) in checked {
            guard case .capture = value else {
                return report(
                    .badTopic, arguments[0].value.span, "the topic of `latest` holds captures only",
                    help: "name a level in `from`: `{name}`")
            }
        }
        if let problem = TopicChecker.problem(inPublished: checked) {
            return report(.badTopic, arguments[0].value.span, problem.message, help: problem.help)
        }
        let topic = latestTopic(checked)
        if !latestTopics.contains(topic) { latestTopics.append(topic) }
        return CheckedExpression(expression: .latest(checked), kinds: .json)
    }

    /// A filter for every topic that `parts` can mean: a level with a capture may be any, and what follows a capture of
    /// several levels too.
    private func latestTopic(_ parts: [TextPart]) -> SourcePlan {
        var levels: [SourcePlan.Level] = []
        var level = SourcePlan.Level.literal("")
        for part in parts {
            switch part {
            case .value(let value):
                guard case .capture(let slot) = value, !isRest(slot) else {
                    return SourcePlan(levels: levels + [.rest])
                }
                level = .any
            case .literal(let text):
                for (index, piece) in text.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
                    if index > 0 {
                        levels.append(level)
                        level = .literal("")
                    }
                    if case .literal(let before) = level { level = .literal(before + piece) }
                }
            }
        }
        return SourcePlan(levels: levels + [level])
    }

    private func isRest(_ slot: Int) -> Bool {
        sources.contains { $0.levels.contains(.captureRest(slot)) }
    }
}
