/// The expressions of a rule as an author would write them, with the brackets that they need.
package struct ExpressionText {
    private enum Rank: Int, Comparable {
        case lowest, or, and, not, compare, coalesce, sum, product, unary, postfix
        static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }
        var next: Rank { Rank(rawValue: rawValue + 1) ?? .postfix }
    }

    private let captures: [String]
    private let lets: [Int: String]
    private let paths: [PayloadPath]
    private let aggregates: [AggregatePlan]
    private let histories: [HistoryPlan]
    private let models: [ModelPlan]
    private let modelCalls: [ModelCallPlan]

    package init(_ plan: RulePlan) {
        captures = plan.captures
        var lets: [Int: String] = [:]
        for case .bind(let binding) in plan.steps { lets[binding.slot] = binding.name }
        for binding in plan.windowLets { lets[binding.slot] = binding.name }
        self.lets = lets
        paths = plan.paths
        aggregates = plan.aggregates
        histories = plan.histories
        models = plan.models
        modelCalls = plan.modelCalls
    }

    package func text(_ expression: Expression) -> String { text(expression, .lowest) }

    package static func text(_ path: PayloadPath) -> String { CanonicalText().text(path) }

    /// Parts of a topic or text, without quotes.
    package func text(_ parts: [TextPart]) -> String {
        parts.map { part in
            switch part {
            case .literal(let literal): literal
            case .value(let value): "{\(text(value))}"
            }
        }.joined()
    }

    package func text(_ members: [ObjectMember]) -> String {
        if members.isEmpty { return "{}" }
        let inner = members.map { member in
            let value = text(member.value)
            return value == member.name ? value : "\(member.name): \(value)"
        }
        return "{ " + inner.joined(separator: ", ") + " }"
    }

    package func text(_ aggregate: AggregatePlan) -> String {
        var arguments = aggregate.argument.map { [text($0)] } ?? []
        if let parameter = aggregate.parameter, aggregate.function != .median { arguments.append(shown(parameter)) }
        if aggregate.againstOthers { arguments.append("against: \"others\"") }
        if let floor = aggregate.floor { arguments.append("floor: \(shown(floor))") }
        switch aggregate.baseline {
        case .rolling: break
        case .frozen: arguments.append("baseline: \"frozen\"")
        case .gated(let gate): arguments += ["baseline: \"gated\"", "gate: \(shown(gate))"]
        }
        return "\(aggregate.function.rawValue)(\(arguments.joined(separator: ", ")))"
    }

    /// A call of a model, with names where it has several inputs.
    package func text(_ modelCall: ModelCallPlan) -> String {
        let model = models[modelCall.model]
        let inputs = modelCall.inputs
        guard inputs.count > 1, let names = model.signature?.inputs.map(\.name), names.count == inputs.count else {
            return call(model.name, inputs.flatMap { $0 })
        }
        let arguments = zip(names, inputs).map { name, parts in
            let label = ExpressionChecker.label(for: name)
            return parts.count == 1
                ? "\(label): \(text(parts[0]))" : "\(label): [\(parts.map(text).joined(separator: ", "))]"
        }
        return "\(model.name)(\(arguments.joined(separator: ", ")))"
    }

    private func shown(_ number: Double) -> String {
        Int64(exactly: number).map(String.init) ?? number.description
    }

    /// In brackets when it binds less than its place asks for.
    private func text(_ expression: Expression, _ place: Rank) -> String {
        let (text, rank) = ranked(expression)
        return rank < place ? "(\(text))" : text
    }

    private func ranked(_ expression: Expression) -> (String, Rank) {
        switch expression {
        case .negate(let x): ("-\(text(x, .unary))", .unary)
        case .not(let x): ("not \(text(x, .not))", .not)
        case .arithmetic(let sign, let x, let y):
            infix(x, sign.rawValue, y, [.add, .subtract].contains(sign) ? .sum : .product)
        case .compare(let sign, let x, let y):
            ("\(text(x, .coalesce)) \(sign.rawValue) \(text(y, .coalesce))", .compare)
        case .and(let x, let y): infix(x, "and", y, .and)
        case .or(let x, let y): infix(x, "or", y, .or)
        case .coalesce(let x, let y): infix(x, "??", y, .coalesce)
        case .membership(let x, let list, let negated):
            ("\(text(x, .coalesce)) \(negated ? "not in" : "in") \(text(list, .coalesce))", .compare)
        case .between(let x, let low, let high):
            ("\(text(x, .coalesce)) between \(text(low, .coalesce)) and \(text(high, .coalesce))", .compare)
        case .conditional(let x, let y, let z): ("if \(text(x)) then \(text(y)) else \(text(z))", .lowest)
        default: (operand(expression), .postfix)
        }
    }

    private func infix(_ x: Expression, _ sign: String, _ y: Expression, _ rank: Rank) -> (String, Rank) {
        ("\(text(x, rank)) \(sign) \(text(y, rank.next))", rank)
    }

    private func operand(_ expression: Expression) -> String {
        switch expression {
        case .path(let slot): ExpressionText.text(paths[slot])
        case .capture(let slot): captures[slot]
        case .letValue(let slot): lets[slot] ?? "?"
        case .aggregate(let slot): text(aggregates[slot])
        case .history(let slot): "\(histories[slot].function.rawValue)(\(text(histories[slot].argument)))"
        case .modelResult(let slot): text(modelCalls[slot])
        case .duration(let nanoseconds): duration(nanoseconds)
        case .member(let x, let name): "\(text(x, .postfix))\(ExpressionText.text(PayloadPath(steps: [.member(name)])))"
        case .subscripted(let x, let index): "\(text(x, .postfix))[\(text(index))]"
        case .object(let members): text(members)
        case .list(let elements): "[" + elements.map(text).joined(separator: ", ") + "]"
        case .interpolated(let parts): JSONText.quoted(text(parts))
        case .call(let function, let arguments): call(function.rawValue, arguments)
        case .matches(let x, let pattern): "matches(\(text(x)), '\(pattern)')"
        case .latest(let parts): "latest(\(JSONText.quoted(text(parts))))"
        case .tableRow(let table, let key): "\(table)[\(text(key))]"
        default: CanonicalText().text(expression)
        }
    }

    private func call(_ name: String, _ arguments: [Expression]) -> String {
        "\(name)(\(arguments.map(text).joined(separator: ", ")))"
    }

    /// In the largest unit that divides it.
    package func duration(_ nanoseconds: Int64) -> String {
        let units: [(String, Int64)] = [
            ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ]
        for (name, size) in units where nanoseconds % size == 0 { return "\(nanoseconds / size)\(name)" }
        return nanoseconds % 1_000_000 == 0
            ? "\(nanoseconds / 1_000_000)ms" : "\(Double(nanoseconds) / 1_000_000)ms"
    }
}
