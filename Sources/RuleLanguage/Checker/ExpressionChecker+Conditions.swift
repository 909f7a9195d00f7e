// Conditions: what `where`, `when`, `until`, `if` and the counting aggregates take.

extension ExpressionChecker {
    /// Checks `syntax` as a condition of `clause`; nil when something was reported that makes it useless.
    func condition(_ syntax: ExpressionSyntax, _ clause: String) -> Expression? {
        let value = check(syntax)
        guard !value.isPoison else { return nil }
        guard value.kinds.contains(.boolean) else {
            if value.kinds.isEmpty {
                log.report(.neverTrue, syntax.span, "\(clause) takes only `true` for true, and this is always missing")
            } else {
                log.report(
                    .wrongType, syntax.span, "\(clause) takes a condition, and this is \(value.kinds.described)",
                    help: conditionHelp(value.kinds))
            }
            return nil
        }
        prove(value.expression, syntax)
        return value.expression
    }

    var proofFacts: ConditionProof.Facts {
        ConditionProof.Facts(names: names, aggregates: aggregates, lets: lets.map(\.value), window: window?.kind)
    }

    /// Reports a condition that decides nothing; of alternatives also a single one that never holds.
    private func prove(_ expression: Expression, _ syntax: ExpressionSyntax) {
        var proof = ConditionProof(proofFacts)
        guard let formula = proof.formula(expression) else { return }
        switch proof.verdict(formula) {
        case .neverTrue: neverTrue(proof, syntax.span)
        case .alwaysTrue: alwaysTrue(proof, syntax.span)
        case .open:
            guard case .or(let left, let right) = expression, case .or(let leftSyntax, let rightSyntax) = syntax.kind
            else { return }
            proveAlternative(left, leftSyntax)
            proveAlternative(right, rightSyntax)
        }
    }

    private func proveAlternative(_ expression: Expression, _ syntax: ExpressionSyntax) {
        var proof = ConditionProof(proofFacts)
        guard let formula = proof.formula(expression) else { return }
        if proof.verdict(formula) == .neverTrue { return neverTrue(proof, syntax.span) }
        guard case .or(let left, let right) = expression, case .or(let leftSyntax, let rightSyntax) = syntax.kind else {
            return
        }
        proveAlternative(left, leftSyntax)
        proveAlternative(right, rightSyntax)
    }

    private func neverTrue(_ proof: ConditionProof, _ span: SourceSpan) {
        let message = "this condition can never be true"
        if let reach = proof.zscoreOutOfReach {
            let more = reach.eventsNeeded > 0 ? "use `last \(reach.eventsNeeded)` or more, or " : ""
            log.report(
                .neverTrue, span,
                "\(message): over `\(windowText)`, which includes the newest value, "
                    + "|zscore| is at most \(Self.shown(reach.bound))",
                help: "\(more)`against: \"others\"`")
            return
        }
        let subjects = proof.subjects.map { "`\($0.text)`" }
        let help =
            subjects.isEmpty
            ? "it does not depend on any message"
            : subjects.count == 1 ? "no value of \(subjects[0]) makes it true" : "its parts exclude one another"
        log.report(.neverTrue, span, message, help: help)
    }

    private func alwaysTrue(_ proof: ConditionProof, _ span: SourceSpan) {
        let subjects = proof.subjects.map { "`\($0.text)`" }
        let help =
            subjects.isEmpty
            ? "it does not depend on any message"
            : subjects.count == 1 ? "every value of \(subjects[0]) makes it true" : "one of its parts always holds"
        log.report(.alwaysTrue, span, "this condition is always true", help: help)
    }

    /// Two digits after the point, as people say it.
    private static func shown(_ value: Double) -> String {
        guard value < 1e15 else { return value.description }
        let hundredths = Int((value * 100).rounded(.down))
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// Reports an `until` for which a value exists that also raises.
    func proveApart(_ when: Expression, _ until: Expression, _ span: SourceSpan) {
        var proof = ConditionProof(proofFacts)
        guard let first = proof.formula(when), let second = proof.formula(until), proof.overlap(first, second) else {
            return
        }
        log.report(
            .untilOverlapsWhen, span, "some values of `\(proof.subjects[0].text)` make both `when` and `until` true",
            help: "leave a gap: raise above one bound, clear below a lower one")
    }
}
