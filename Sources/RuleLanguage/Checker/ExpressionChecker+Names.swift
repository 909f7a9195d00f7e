// Names: a let, a capture, a constant, a model or a table, in that order.

extension ExpressionChecker {
    func resolve(_ name: NameSyntax) -> CheckedExpression {
        if let slot = letSlots[name.text] { return letValue(slot, name) }
        if let slot = names.captures.firstIndex(of: name.text) { return capture(slot, name) }
        if let constant = scope.constants[name.text] {
            guard !constant.value.isPoison, inline(constant.nodeCount, name.span) else { return .poison }
            return constant.value
        }
        if scope.models[name.text] != nil {
            return report(.wrongUseOfName, name.span, "`\(name.text)` is a model", help: "call it: `\(name.text)(…)`")
        }
        if scope.tables[name.text] != nil {
            return report(
                .wrongUseOfName, name.span, "`\(name.text)` is a table",
                help: "look a key up: `\(name.text)[key].column`")
        }
        if upcomingLets.contains(name.text) {
            return report(
                .usedBeforeDefined, name.span, "`\(name.text)` is used above its `let`", help: "move the `let` up")
        }
        if FunctionNames.all.contains(name.text), !isShadowedField(name.text) {
            return report(
                .wrongUseOfName, name.span, "`\(name.text)` is a function",
                help: "call it: `\(name.text)(…)`, or write `.\(name.text)` for the payload's field")
        }
        if areCapturesUnknown { return .poison }
        return report(.unknownName, name.span, "unknown name `\(name.text)`", help: help(for: name.text))
    }

    /// A function's name that is one slip from a name of the rule is more likely that name.
    private func isShadowedField(_ name: String) -> Bool {
        names.captures.contains { NearestName.find(name, in: [$0]) != nil }
    }

    private func letValue(_ slot: Int, _ name: NameSyntax) -> CheckedExpression {
        let record = lets[slot]
        switch place {
        case .aggregate where record.isBelowWindow:
            return report(
                .nameBelowWindow, name.span, "`\(name.text)` is defined below the window, and an aggregate sees events",
                help: "move `let \(name.text)` above `window`")
        case .evaluation where !hasEvent && !record.isBelowWindow && !keyLets.contains(slot):
            return noKey(name, "the let")
        default:
            guard !record.value.isPoison else { return .poison }
            return CheckedExpression(
                expression: .letValue(slot), kinds: record.value.kinds, elementCount: record.value.elementCount)
        }
    }

    private func capture(_ slot: Int, _ name: NameSyntax) -> CheckedExpression {
        if case .evaluation = place, !hasEvent, !keyCaptures.contains(slot) { return noKey(name, "the capture") }
        return CheckedExpression(expression: .capture(slot), kinds: .text)
    }

    private func noKey(_ name: NameSyntax, _ what: String) -> CheckedExpression {
        report(
            .nameIsNoKey, name.span,
            "\(what) `\(name.text)` differs from event to event, and `\(windowText)` is evaluated without one",
            help: "add it to the keys: `by \(name.text)`, or say `last(\(name.text))`")
    }

    private func help(for name: String) -> String? {
        switch name {
        case "null", "nil", "none", "None", "NULL", "undefined", "nan", "NaN":
            return "the word is `missing`; test with `exists(…)`, give another value with `??`"
        case "AND", "OR", "NOT", "TRUE", "FALSE", "True", "False", "IN", "BETWEEN", "IF", "THEN", "ELSE":
            return "write `\(name.lowercased())`"
        case "payload", "value", "msg", "message":
            return "payload fields begin with a dot: `.\(name == "value" ? name : "field")`; `.` alone is the payload"
        default: break
        }
        let known: [(what: String, names: [String])] = [
            ("let", lets.map(\.name.text)), ("capture", names.captures), ("constant", Array(scope.constants.keys)),
            ("model", Array(scope.models.keys)), ("table", Array(scope.tables.keys)),
        ]
        if let near = NearestName.find(name, in: known.flatMap(\.names)) {
            let what = known.first { $0.names.contains(near) }?.what ?? "name"
            return "did you mean the \(what) `\(near)`?"
        }
        return place == .constant ? nil : "payload fields begin with a dot: `.\(name)`"
    }
}
