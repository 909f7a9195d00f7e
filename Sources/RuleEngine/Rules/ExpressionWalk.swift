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
        result += plan.steps.flatMap(expressions)
        result += plan.window?.by ?? []
        result += plan.windowLets.map(\.expression) + conditions(plan)
        result += plan.limit?.by ?? []
        result += expressions(plan.publishes)
        result += plan.aggregates.compactMap(\.argument)
        result += plan.histories.map(\.argument)
        result += plan.modelCalls.flatMap { $0.inputs.flatMap { $0 } }
        return result
    }

    static func expressions(_ step: StepPlan) -> [Expression] {
        switch step {
        case .filter(let expression): [expression]
        case .bind(let binding): [binding.expression]
        case .dedupe(let keys, _): keys
        }
    }

    /// Of `when` and `until`.
    static func conditions(_ plan: RulePlan) -> [Expression] {
        plan.when.map { [$0.condition] + ($0.until.map { [$0] } ?? []) } ?? []
    }

    static func expressions(_ publishes: [PublishPlan]) -> [Expression] {
        publishes.flatMap { publish -> [Expression] in
            let topic = Expression.interpolated(publish.topic)
            switch publish.body {
            case .forward: return [topic]
            case .object(let members): return [topic, .object(members)]
            case .payload(let expression): return [topic, expression]
            }
        }
    }

    /// The expression and all its parts.
    static func visit(_ expression: Expression, _ body: (Expression) -> Void) {
        body(expression)
        for part in expression.operands { visit(part, body) }
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
