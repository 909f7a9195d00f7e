// Calls of models: which input an argument fills, and whether the numbers are as many and of the type that it takes.

extension ExpressionChecker {
    /// One of the numbers, or lists of numbers, that fill an input.
    private struct Part {
        var value: CheckedExpression
        var span: SourceSpan
    }

    func modelCall(
        _ model: FileScope.Model, _ name: NameSyntax, _ arguments: [ArgumentSyntax], _ span: SourceSpan
    ) -> CheckedExpression {
        let isPlaced = isModelAllowed(name)
        let given = arguments.map { parts(of: $0.value) }
        guard isPlaced, let plan = model.plan, !given.joined().contains(where: \.value.isPoison) else { return .poison }
        guard let signature = plan.signature else { return uncheckedCall(name, arguments, given) }
        guard let places = assign(arguments, to: signature.inputs, of: name) else { return .poison }
        var inputs: [[Expression]] = []
        for (input, filling) in zip(signature.inputs, places) {
            let parts = filling.flatMap { given[$0] }
            guard isSound(parts, for: input, of: name, signature.inputs.count) else { return .poison }
            inputs.append(parts.map(\.value.expression))
        }
        return call(name, inputs, names: signature.inputs.map(\.name), span)
    }

    /// Without ONNX Runtime nothing is known of the inputs.
    private func uncheckedCall(
        _ name: NameSyntax, _ arguments: [ArgumentSyntax], _ parts: [[Part]]
    ) -> CheckedExpression {
        guard arguments.count > 1, arguments.allSatisfy({ $0.label != nil }) else {
            return call(name, [parts.joined().map(\.value.expression)], names: [""], name.span)
        }
        let inputs = parts.map { $0.map(\.value.expression) }
        return call(name, inputs, names: arguments.map { $0.label?.text ?? "" }, name.span)
    }

    private func isModelAllowed(_ name: NameSyntax) -> Bool {
        let help = "bind its result above the window, `let result = \(name.text)(…)`, and use that"
        switch place {
        case .step, .dedupeKey, .evaluation: return true
        case .constant:
            log.report(
                .notAConstant, name.span, "a model runs on messages, so `\(name.text)(…)` is no constant",
                help: "call it in a rule, below `from`")
        case .aggregate:
            log.report(
                .modelNotAllowedHere, name.span, "the model `\(name.text)` can't be called inside an aggregate",
                help: help)
        case .key:
            log.report(
                .modelNotAllowedHere, name.span, "the model `\(name.text)` can't be called after `by` of a window",
                help: help)
        case .eventTime:
            log.report(
                .modelNotAllowedHere, name.span, "the model `\(name.text)` can't be called in `at`",
                help: "the time of an event comes from the message")
        }
        return false
    }

    /// Lists that are written out, as their elements.
    private func parts(of syntax: ExpressionSyntax) -> [Part] {
        if case .list(let elements) = syntax.kind { return elements.flatMap { parts(of: $0) } }
        return [Part(value: check(syntax), span: syntax.span)]
    }

    // MARK: Inputs

    /// For each input the arguments that fill it; nil when that was reported.
    private func assign(
        _ arguments: [ArgumentSyntax], to inputs: [ModelSignature.Tensor], of name: NameSyntax
    ) -> [[Int]]? {
        let labels = arguments.compactMap(\.label)
        if inputs.count == 1, labels.isEmpty { return [Array(arguments.indices)] }
        let usage =
            inputs.count == 1
            ? "write `\(name.text)(…)` without names"
            : "write `\(name.text)(\(inputs.prefix(4).map { "\(Self.label(for: $0.name)): …" }.joined(separator: ", ")))`"
        var result = [[Int]](repeating: [], count: inputs.count)
        var isSound = true
        func refuse(_ span: SourceSpan, _ message: String, _ help: String) {
            log.report(.wrongModelInput, span, message, help: help)
            isSound = false
        }
        for (index, argument) in arguments.enumerated() {
            guard let label = argument.label else {
                refuse(argument.value.span, "the inputs of `\(name.text)` are given by their names", usage)
                continue
            }
            guard let input = Self.input(named: label.text, among: inputs) else {
                let known = inputs.map { Self.label(for: $0.name) }
                let near = NearestName.find(label.text, in: known).map { "did you mean `\($0)`?" }
                refuse(label.span, "the model `\(name.text)` has no input `\(label.text)`", near ?? usage)
                continue
            }
            if !result[input].isEmpty {
                refuse(label.span, "the input `\(label.text)` is filled twice", "leave one out, or join them in a list")
            }
            result[input].append(index)
        }
        guard isSound else { return nil }
        if let empty = result.firstIndex(where: \.isEmpty) {
            refuse(
                name.span, "the input `\(Self.label(for: inputs[empty].name))` of `\(name.text)` is not filled", usage)
        }
        return isSound ? result : nil
    }

    private static func input(named label: String, among inputs: [ModelSignature.Tensor]) -> Int? {
        if let exact = inputs.firstIndex(where: { $0.name == label }) { return exact }
        let found = inputs.indices.filter { Self.label(for: inputs[$0].name) == label }
        return found.count == 1 ? found[0] : nil
    }

    /// The name of an input as an argument can bear it: what no name holds becomes `_`.
    static func label(for name: String) -> String {
        var label = ""
        for scalar in name.unicodeScalars {
            let isLetter = scalar == "_" || scalar.properties.isAlphabetic
            let isDigit = ("0"..."9").contains(scalar)
            if isDigit, label.isEmpty { label = "_" }
            label.unicodeScalars.append(isLetter || isDigit ? scalar : "_")
        }
        return label
    }

    // MARK: Numbers

    private func isSound(
        _ parts: [Part], for input: ModelSignature.Tensor, of name: NameSyntax, _ inputCount: Int
    ) -> Bool {
        guard let element = input.element, let wanted = input.rowElementCount else { return false }
        for part in parts {
            guard isSound(part, element, input) else { return false }
        }
        let values = parts.map(\.value)
        let known = Self.count(values)
        let least = known ?? Self.sum(values.map { $0.countBesideOthers ?? 1 }) ?? .max
        guard known.map({ $0 == wanted }) ?? (least <= wanted) else {
            let subject = inputCount == 1 ? "`\(name.text)`" : "the input `\(Self.label(for: input.name))`"
            let taken = wanted == 1 ? "1 number" : "\(wanted) numbers"
            let given =
                least == .max
                ? "more than \(RuleLimits.modelRowElementsMax)" : known == nil ? "at least \(least)" : "\(least)"
            log.report(
                .wrongModelInput, parts.first.map { $0.span.to(parts.last?.span ?? $0.span) } ?? name.span,
                "\(subject) takes \(taken), and \(least == 1 ? "this is" : "these are") \(given)",
                help: lengthHelp(input, wanted, values))
            return false
        }
        return true
    }

    private func lengthHelp(_ input: ModelSignature.Tensor, _ wanted: Int, _ values: [CheckedExpression]) -> String {
        if values.count == 1, case .aggregate(let slot) = values[0].expression, slot < aggregates.count,
            aggregates[slot].function == .collect, let each = collectedEach(values[0]), each > 0, wanted % each == 0
        {
            let events = wanted / each
            if case .everyCount = window?.kind { return "write `window every \(events) events`" }
            return "write `window last \(events)`"
        }
        let shape = "the input `\(input.name)` is \(input.typeText)"
        guard values.contains(where: \.canBeList) else { return shape }
        return shape + "; a field that is a list says so in `from`: `{ name: list }`"
    }

    /// Numbers that each event adds to a collected list.
    private func collectedEach(_ value: CheckedExpression) -> Int? {
        switch window?.kind {
        case .lastCount(let count), .everyCount(let count): value.elementCount.map { $0 / max(count, 1) }
        default: nil
        }
    }

    private func isSound(_ part: Part, _ element: ModelSignature.Element, _ input: ModelSignature.Tensor) -> Bool {
        func refuse(_ message: String, _ help: String?, _ code: DiagnosticCode = .wrongModelInput) -> Bool {
            log.report(code, part.span, message, help: help)
            return false
        }
        let shown = "the input `\(input.name)`, \(input.typeText),"
        let kinds = part.value.kinds
        guard !kinds.isEmpty else {
            return refuse("a model does not run on missing", "give another value with `??`", .alwaysMissing)
        }
        if element != .boolean, kinds == .boolean {
            return refuse("\(shown) takes numbers, and this is a boolean", "write `if … then 1 else 0`")
        }
        guard !kinds.isDisjoint(with: [.number, .boolean, .list]) else {
            let help: String? =
                switch kinds {
                case .text: "`number(…)` reads a number from a text"
                case .duration: "divide it by a duration: `… / 1s` is a number"
                default: nil
                }
            return refuse("\(shown) takes numbers, and this is \(kinds.described)", help)
        }
        if case .integer = part.value.expression, element == .int64 { return true }
        guard let number = part.value.expression.literalNumber, let wanted = element.wanted(inPlaceOf: number) else {
            return true
        }
        return refuse("\(shown) takes \(wanted)", nil)
    }

    // MARK: Slots

    private func call(
        _ name: NameSyntax, _ inputs: [[Expression]], names inputNames: [String], _ span: SourceSpan
    ) -> CheckedExpression {
        let text = canonicalText(name.text, inputs, inputNames)
        // Where a window is evaluated without an event, `time()` and what follows from it are others than above.
        let isApart = place == .evaluation && !hasEvent
        let key = Array((isApart ? "window " + text : text).utf8)
        let result = { (slot: Int) in CheckedExpression(expression: .modelResult(slot), kinds: .object) }
        if let slot = modelCallSlots[key] { return result(slot) }
        guard modelCalls.count < RuleLimits.modelCallsMax else {
            return report(
                .tooLarge, span, "the rule calls models in more than \(RuleLimits.modelCallsMax) ways",
                help: "split the rule")
        }
        let model = usedModels.firstIndex(of: name.text) ?? usedModels.count
        if model == usedModels.count { usedModels.append(name.text) }
        let slot = modelCalls.count
        modelCallSlots[key] = slot
        modelCalls.append(ModelCallPlan(model: model, inputs: inputs, canonicalText: text))
        names.modelCalls.append(text)
        return result(slot)
    }

    /// Inputs in the order of their names, so that the text is the same where the model's order is not known.
    private func canonicalText(_ name: String, _ inputs: [[Expression]], _ inputNames: [String]) -> String {
        guard inputs.count > 1 else { return names.call(name, inputs.flatMap { $0 }) }
        let named = zip(inputNames.map(Self.label), inputs).sorted { $0.0 < $1.0 }
        let arguments = named.map { "\($0.0): [\($0.1.map(names.text).joined(separator: ", "))]" }
        return "\(name)(\(arguments.joined(separator: ", ")))"
    }

    /// The plans of the models that the rule calls.
    var modelPlans: [ModelPlan] { usedModels.compactMap { scope.models[$0]?.plan } }
}

extension ModelSignature.Element {
    /// What the input takes, where `number` is not of it: "whole numbers".
    fileprivate func wanted(inPlaceOf number: Double) -> String? {
        func whole(_ range: ClosedRange<Double>, _ words: String) -> String? {
            if number != number.rounded() { return "whole numbers" }
            return range.contains(number) ? nil : words
        }
        switch self {
        case .float64, .text: return nil
        case .float32: return abs(number) <= Double(Float.greatestFiniteMagnitude) ? nil : "numbers up to 3.4e38"
        case .boolean: return number == 0 || number == 1 ? nil : "booleans, or 0 and 1"
        case .uint8: return whole(0...255, "numbers from 0 to 255")
        case .int8: return whole(-128...127, "numbers from -128 to 127")
        case .int32: return whole(-0x1p31...(0x1p31 - 1), "numbers of 32 bits")
        case .int64: return whole(-0x1p63...0x1.fffffffffffffp62, "numbers of 64 bits")
        }
    }
}
