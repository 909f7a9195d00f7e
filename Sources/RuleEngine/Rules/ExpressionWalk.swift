import RuleLanguage

/// Questions about the parts of an expression.
enum ExpressionWalk {
    static func histories(_ expression: Expression) -> [Int] {
        var found: [Int] = []
        visit(expression) { if case .history(let slot) = $0 { found.append(slot) } }
        return found
    }

    /// Those in the arguments of models' calls too.
    static func histories(_ expression: Expression, _ plan: RulePlan) -> [Int] {
        var found: [Int] = []
        visit(expression) { part in
            switch part {
            case .history(let slot): found.append(slot)
            case .modelResult(let slot):
                found += plan.modelCalls[slot].inputs.joined().flatMap { histories($0, plan) }
            default: break
            }
        }
        return found
    }

    static func aggregates(_ expression: Expression) -> [Int] {
        var found: [Int] = []
        visit(expression) { if case .aggregate(let slot) = $0 { found.append(slot) } }
        return found
    }

    static func usesClient(_ plan: RulePlan) -> Bool {
        var found = false
        for expression in expressions(plan) {
            visit(expression) { if case .messageFact(.client) = $0 { found = true } }
        }
        return found
    }

    static func usesTopic(_ plan: RulePlan) -> Bool {
        var found = false
        for expression in expressions(plan) {
            visit(expression) { if case .messageFact(.topic) = $0 { found = true } }
        }
        return found
    }

    static func usesProperties(_ plan: RulePlan) -> Bool {
        var found = false
        for expression in expressions(plan) {
            visit(expression) { if case .property = $0 { found = true } }
        }
        return found
    }

    static func expressions(_ plan: RulePlan) -> [Expression] {
        var result: [Expression] = plan.eventTime.map { [$0.expression] } ?? []
        for step in plan.steps {
            switch step {
            case .filter(let expression): result.append(expression)
            case .bind(let binding): result.append(binding.expression)
            case .dedupe(let keys, _): result += keys
            }
        }
        result += plan.window?.by ?? []
        result += plan.windowLets.map(\.expression)
        if let when = plan.when { result += [when.condition] + (when.until.map { [$0] } ?? []) }
        result += plan.limit?.by ?? []
        for publish in plan.publishes {
            result.append(.interpolated(publish.topic))
            switch publish.body {
            case .forward: break
            case .object(let members): result.append(.object(members))
            case .payload(let expression): result.append(expression)
            }
        }
        result += plan.aggregates.compactMap(\.argument)
        result += plan.histories.map(\.argument)
        result += plan.modelCalls.flatMap { $0.inputs.flatMap { $0 } }
        return result
    }

    /// The expression and all its parts.
    static func visit(_ expression: Expression, _ body: (Expression) -> Void) {
        body(expression)
        for part in parts(expression) { visit(part, body) }
    }

    private static func parts(_ expression: Expression) -> [Expression] {
        switch expression {
        case .missing, .boolean, .integer, .double, .text, .duration, .path, .payload, .capture, .letValue, .aggregate,
            .history, .modelResult, .messageFact, .property:
            []
        case .negate(let a), .not(let a), .member(let a, _), .matches(let a, pattern: _),
            .tableRow(table: _, key: let a):
            [a]
        case .arithmetic(_, let a, let b), .compare(_, let a, let b), .and(let a, let b), .or(let a, let b),
            .coalesce(let a, let b), .membership(let a, list: let b, negated: _), .subscripted(let a, index: let b):
            [a, b]
        case .conditional(let a, let b, let c), .between(let a, low: let b, high: let c): [a, b, c]
        case .object(let members): members.map(\.value)
        case .list(let elements), .call(_, let elements): elements
        case .interpolated(let parts), .latest(let parts):
            parts.compactMap { if case .value(let expression) = $0 { expression } else { nil } }
        }
    }

    /// Text that tells argument expressions apart, the same in every run and whatever the numbers of path slots are.
    static func text(_ expression: Expression, _ plan: RulePlan) -> String {
        var text = "\(expression)"
        for (slot, path) in plan.paths.enumerated() {
            text = text.replacing(".path(\(slot))", with: ".path(\(path.steps))")
        }
        return text
    }
}
