// Members of the result of a model: each only where the model has it.

extension ExpressionChecker {
    /// A part of a model's result; nil when `expression` is none.
    func resultMember(_ name: String, of expression: Expression, _ span: SourceSpan) -> CheckedExpression? {
        let value = unfolded(expression)
        if let plan = model(of: value) { return member(name, of: expression, plan, span) }
        guard case .member(let base, "outputs") = value, let plan = model(of: unfolded(base)) else { return nil }
        return output(name, of: expression, plan, span)
    }

    /// What a let stands for.
    private func unfolded(_ expression: Expression) -> Expression {
        var value = expression
        while case .letValue(let slot) = value, slot < lets.count { value = lets[slot].value.expression }
        return value
    }

    func model(of result: Expression) -> ModelPlan? {
        guard case .modelResult(let slot) = unfolded(result), slot < modelCalls.count else { return nil }
        return scope.models[usedModels[modelCalls[slot].model]]?.plan
    }

    private func member(
        _ name: String, of expression: Expression, _ plan: ModelPlan, _ span: SourceSpan
    ) -> CheckedExpression {
        guard let signature = plan.signature else {
            return CheckedExpression(expression: .member(expression, name), kinds: .any)
        }
        let known = plan.results.kinds(of: signature)
        guard let kinds = known[name] else {
            return report(
                .unknownResult, span, "the model `\(plan.name)` gives no `.\(name)`",
                help: help(name, plan.results, signature))
        }
        let elementCount = name == "scores" ? plan.results.scores.flatMap { count(signature.outputs[$0]) } : nil
        return CheckedExpression(
            expression: .member(expression, name), kinds: kinds, elementCount: elementCount)
    }

    private func help(_ name: String, _ results: ModelResults, _ signature: ModelSignature) -> String {
        if signature.outputs.contains(where: { $0.name == name }) { return "an output by its name: `.outputs.\(name)`" }
        let known = results.kinds(of: signature)
        if !ModelResults.all.contains(name), let near = NearestName.find(name, in: known.keys) {
            return "did you mean `.\(near)`?"
        }
        if name == "label", results.scores != nil { return "name the classes: `model … labels \"good\", \"worn\"`" }
        return results.described(signature)
    }

    private func output(
        _ name: String, of expression: Expression, _ plan: ModelPlan, _ span: SourceSpan
    ) -> CheckedExpression {
        guard let signature = plan.signature else {
            return CheckedExpression(expression: .member(expression, name), kinds: .any)
        }
        guard let output = signature.outputs.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            let known = signature.outputs.map(\.name)
            let near = NearestName.find(name, in: known).map { "did you mean `\($0)`?" }
            let list = known.prefix(8).map { "`\($0)`" }.joined(separator: ", ")
            return report(
                .unknownResult, span, "the model `\(plan.name)` has no output `\(name)`",
                help: near ?? "its outputs are \(list)")
        }
        return CheckedExpression(
            expression: .member(expression, name), kinds: output.outputKinds, elementCount: count(output))
    }

    // MARK: What a part can be

    /// Reports a text that is compared with the label of a model and is none of its labels; whether all is well.
    func isLabel(_ text: CheckedExpression, _ span: SourceSpan, of value: CheckedExpression) -> Bool {
        guard let text = text.expression.literalText, case .member(let base, "label") = unfolded(value.expression),
            let plan = model(of: base), plan.results.scores != nil, !plan.results.labels.isEmpty,
            !plan.results.labels.contains(where: { $0.utf8.elementsEqual(text.utf8) })
        else { return true }
        let near = NearestName.find(text, in: plan.results.labels).map { "did you mean `\"\($0)\"`?" }
        let list = plan.results.labels.prefix(8).map { "`\"\($0)\"`" }.joined(separator: ", ")
        log.report(
            .unknownResult, span, "the model `\(plan.name)` has no label `\(text)`",
            help: near ?? "its labels are \(list)")
        return false
    }

    /// The length of a list that a model gives.
    func resultCount(_ value: CheckedExpression) -> Int? {
        guard value.kinds == .list, case .member(let base, _) = unfolded(value.expression) else { return nil }
        if model(of: base) != nil { return value.elementCount }
        guard case .member(let result, "outputs") = unfolded(base), model(of: result) != nil else { return nil }
        return value.elementCount
    }

    /// Whether a part of a result is a number that a model has computed as a float.
    func isComputedResult(_ name: String, of base: Expression) -> Bool {
        guard let plan = model(of: base) else { return false }
        return switch name {
        case "confidence": true
        case "value": plan.results.value.flatMap { plan.signature?.outputs[$0].isFloat } ?? false
        default: false
        }
    }

    private func count(_ output: ModelSignature.Tensor) -> Int? { output.isLabelMaps ? nil : output.outputElementCount }
}
