// Operators: kinds of operands where they are known, and literals folded.

extension ExpressionChecker {
    func negate(_ operand: ExpressionSyntax, _ span: SourceSpan) -> CheckedExpression {
        // The only way to write the least integer.
        if case .integer(let value) = operand.kind, value == 1 << 63 {
            return CheckedExpression(expression: .integer(.min), kinds: .number)
        }
        let value = check(operand)
        guard !value.isPoison else { return .poison }
        let kinds = value.kinds.intersection([.number, .duration])
        guard !kinds.isEmpty else { return wrongOperand(value, operand.span, "`-` takes a number or a duration") }
        return CheckedExpression(
            expression: ConstantFolding.negate(value.expression) ?? .negate(value.expression), kinds: kinds)
    }

    /// An operand that can only give missing.
    func wrongOperand(
        _ value: CheckedExpression, _ span: SourceSpan, _ message: String, help: String? = nil
    ) -> CheckedExpression {
        if value.kinds.isEmpty {
            return report(
                .alwaysMissing, span, "\(message), and this is missing", help: help ?? "give another value with `??`")
        }
        return report(.wrongType, span, "\(message), and this is \(value.kinds.described)", help: help)
    }

    func arithmetic(
        _ symbol: ArithmeticOperator, _ left: ExpressionSyntax, _ right: ExpressionSyntax, _ span: SourceSpan
    ) -> CheckedExpression {
        let first = check(left)
        let second = check(right)
        guard !first.isPoison, !second.isPoison else { return .poison }
        for (value, operand) in [(first, left), (second, right)] where value.kinds.isEmpty {
            return report(
                .alwaysMissing, operand.span, "`\(symbol.rawValue)` with missing is always missing",
                help: "give another value with `??`")
        }
        let kinds = ValueKinds.result(of: symbol, first.kinds, second.kinds)
        guard !kinds.isEmpty else {
            return report(
                .wrongType, span,
                "`\(symbol.rawValue)` does not take \(first.kinds.described) and \(second.kinds.described)",
                help: arithmeticHelp(symbol, first.kinds, second.kinds))
        }
        let dividing = symbol == .divide || symbol == .remainder
        if dividing, second.expression.literalNumber == 0 {
            return report(.alwaysMissing, right.span, "division by zero is always missing")
        }
        guard let folded = ConstantFolding.arithmetic(symbol, first.expression, second.expression) else {
            return CheckedExpression(expression: .arithmetic(symbol, first.expression, second.expression), kinds: kinds)
        }
        guard !folded.isMissing else {
            return report(.alwaysMissing, span, "the result can't be kept in a double, so it is always missing")
        }
        return CheckedExpression(expression: folded, kinds: kinds)
    }

    private func arithmeticHelp(_ symbol: ArithmeticOperator, _ left: ValueKinds, _ right: ValueKinds) -> String? {
        if symbol == .add, left == .text || right == .text { return "texts are joined by interpolation: `\"{a}{b}\"`" }
        let both = left.union(right)
        if both == .text || left == .text || right == .text { return "`number(…)` reads a number from a text" }
        if both == [.time, .number] || both == [.duration, .number] { return "a duration has a unit: `5s`" }
        if left == .time || right == .time, !both.isDisjoint(with: .json) {
            return "a field is a time where the schema says so: `from … { field: time ms }`"
        }
        return nil
    }

    func compare(
        _ symbol: ComparisonOperator, _ left: ExpressionSyntax, _ right: ExpressionSyntax, _ span: SourceSpan
    ) -> CheckedExpression {
        let first = check(left)
        let second = check(right)
        guard !first.isPoison, !second.isPoison else { return .poison }
        guard comparable(symbol, (first, left), (second, right), span) else { return .poison }
        if let folded = ConstantFolding.compare(symbol, first.expression, second.expression) {
            return CheckedExpression(expression: folded, kinds: .boolean)
        }
        if symbol == .equal || symbol == .notEqual {
            guard isLabel(second, right.span, of: first), isLabel(first, left.span, of: second) else { return .poison }
            warnOfEquality(symbol, first, second, span)
        }
        return CheckedExpression(expression: .compare(symbol, first.expression, second.expression), kinds: .boolean)
    }

    typealias Operand = (value: CheckedExpression, syntax: ExpressionSyntax)

    /// Whether a comparison can give anything; it is reported if not.
    private func comparable(_ symbol: ComparisonOperator, _ left: Operand, _ right: Operand, _ span: SourceSpan) -> Bool
    {
        for (side, other) in [(left, right), (right, left)] where side.value.kinds.isEmpty {
            let shown = log.sources[other.syntax.span.file].text(other.syntax.span)
            let help = symbol == .notEqual ? "write `exists(\(shown))`" : "write `not exists(\(shown))`"
            log.report(
                .comparedWithMissing, side.syntax.span, "a comparison with missing is always missing",
                help: symbol == .equal || symbol == .notEqual ? help : "give another value with `??`")
            return false
        }
        let common = left.value.kinds.intersection(right.value.kinds)
        let both = left.value.kinds.union(right.value.kinds)
        if symbol == .equal || symbol == .notEqual {
            guard common.isEmpty else { return true }
            let result = symbol == .equal ? "false" : "true"
            log.report(
                .wrongType, span,
                "\(left.value.kinds.described) and \(right.value.kinds.described) are never equal, "
                    + "so this is always \(result)",
                help: comparisonHelp(both))
            return false
        }
        guard common.isDisjoint(with: .ordered) else { return true }
        let message =
            common.isEmpty
            ? "`\(symbol.rawValue)` does not compare \(left.value.kinds.described) with \(right.value.kinds.described)"
            : "\(common.plural) have no order, so `\(symbol.rawValue)` is always missing"
        log.report(.wrongType, span, message, help: comparisonHelp(both))
        return false
    }

    private func comparisonHelp(_ both: ValueKinds) -> String? {
        switch both {
        case [.number, .text]: "a number is written without quotes; `number(…)` reads one from a text"
        case [.number, .duration]: "a duration has a unit: `5s`"
        case [.number, .time]: "a time is compared with a time: `time() - … > 5s`"
        case [.boolean, .text]: "`true` and `false` are written without quotes"
        default:
            both.contains(.time) && !both.isDisjoint(with: .json)
                ? "a field is a time where the schema says so: `from … { field: time ms }`" : nil
        }
    }

    /// Computed doubles are rarely exactly equal to anything; that a spread is exactly 0 is promised, though.
    private func warnOfEquality(
        _ symbol: ComparisonOperator, _ left: CheckedExpression, _ right: CheckedExpression, _ span: SourceSpan
    ) {
        for (side, other) in [(left, right), (right, left)] where isComputedDouble(side.expression) {
            if other.expression.literalNumber == 0, isSpread(side.expression) { continue }
            log.report(
                .equalityOfComputedNumber, span, "`\(symbol.rawValue)` compares a computed number exactly",
                help: symbol == .equal
                    ? "write `abs(a - b) < 0.001`, or `round(…)` both"
                    : "write `abs(a - b) > 0.001`, or `round(…)` both")
            return
        }
    }

    private func isSpread(_ expression: Expression) -> Bool {
        guard case .aggregate(let slot) = expression, slot < aggregates.count else { return false }
        return [.stddev, .variance, .stddevSample, .varianceSample, .range, .zscore].contains(aggregates[slot].function)
    }

    func isComputedDouble(_ expression: Expression) -> Bool {
        switch expression {
        case .arithmetic(.divide, _, _): return true
        case .arithmetic(_, let left, let right):
            return [left, right].contains { side in
                if case .double(let value) = side { value != value.rounded() } else { isComputedDouble(side) }
            }
        case .negate(let operand): return isComputedDouble(operand)
        case .call(let function, let arguments):
            switch function {
            case .sqrt, .exp, .ln, .log10, .pow, .sin, .cos, .tan, .error: return true
            case .abs, .least, .greatest, .clamp: return arguments.contains(where: isComputedDouble)
            default: return false
            }
        case .aggregate(let slot):
            guard slot < aggregates.count else { return false }
            switch aggregates[slot].function {
            case .mean, .variance, .stddev, .varianceSample, .stddevSample, .percentile, .median, .slope, .rate, .ewma,
                .zscore:
                return true
            default: return false
            }
        case .letValue(let slot): return slot < lets.count && lets[slot].isComputedDouble
        case .member(let base, let name): return isComputedResult(name, of: base)
        default: return false
        }
    }

    // MARK: Logic

    /// An operand of `and`, `or`, `not`.
    private func truth(_ syntax: ExpressionSyntax, _ word: String) -> CheckedExpression {
        let value = check(syntax)
        guard !value.isPoison else { return .poison }
        guard value.kinds.contains(.boolean) else {
            return wrongOperand(value, syntax.span, "`\(word)` takes conditions", help: conditionHelp(value.kinds))
        }
        return value
    }

    func conditionHelp(_ kinds: ValueKinds) -> String? {
        switch kinds {
        case []: nil
        case .number: "compare it: `… > 0`"
        case .text: "compare it: `… == \"…\"`"
        default: "compare it with a value"
        }
    }

    func not(_ operand: ExpressionSyntax) -> CheckedExpression {
        let value = truth(operand, "not")
        guard !value.isPoison else { return .poison }
        return CheckedExpression(
            expression: ConstantFolding.not(value.expression) ?? .not(value.expression), kinds: .boolean)
    }

    func logic(
        _ left: ExpressionSyntax, _ right: ExpressionSyntax, _ word: String,
        _ node: (Expression, Expression) -> Expression,
        _ fold: (Expression, Expression) -> Expression?
    ) -> CheckedExpression {
        let first = truth(left, word)
        let second = truth(right, word)
        guard !first.isPoison, !second.isPoison else { return .poison }
        let expression = fold(first.expression, second.expression) ?? node(first.expression, second.expression)
        return CheckedExpression(expression: expression, kinds: .boolean)
    }

    func coalesce(_ left: ExpressionSyntax, _ right: ExpressionSyntax) -> CheckedExpression {
        let first = check(left)
        let second = check(right)
        guard !first.isPoison, !second.isPoison else { return .poison }
        if first.expression.isMissing { return second }
        if first.expression.isLiteral { return first }
        return CheckedExpression(
            expression: .coalesce(first.expression, second.expression), kinds: first.kinds.union(second.kinds),
            elementCount: commonCount(first, second))
    }

    func membership(_ value: ExpressionSyntax, _ list: ExpressionSyntax, negated: Bool) -> CheckedExpression {
        let element = check(value)
        var elementKinds = ValueKinds()
        let elements: CheckedExpression
        if case .list(let parts) = list.kind {
            var checked = parts.map { check($0) }
            for (index, part) in parts.enumerated() where !isLabel(checked[index], part.span, of: element) {
                checked[index] = .poison
            }
            for part in checked { elementKinds.formUnion(part.kinds) }
            let expression = Expression.list(checked.map(\.expression))
            elements = CheckedExpression(
                expression: expression, kinds: .list, isPoison: checked.contains(where: \.isPoison))
        } else {
            elements = check(list)
            elementKinds = .any
        }
        guard !element.isPoison, !elements.isPoison else { return .poison }
        guard elements.kinds.contains(.list) else {
            return wrongOperand(
                elements, list.span, "a list stands right of `in`",
                help: "write `in [a, b]`, or `contains(text, part)` for a text")
        }
        guard !element.kinds.isEmpty else { return wrongOperand(element, value.span, "`in` looks for a value") }
        if case .list(let parts) = elements.expression {
            guard !parts.isEmpty else { return CheckedExpression(expression: .boolean(negated), kinds: .boolean) }
            guard !elementKinds.isDisjoint(with: element.kinds) else {
                return report(
                    .wrongType, value.span,
                    "this is \(element.kinds.described), and the list holds \(elementKinds.plural)",
                    help: comparisonHelp(elementKinds.union(element.kinds)))
            }
        }
        let expression = Expression.membership(element.expression, list: elements.expression, negated: negated)
        return CheckedExpression(expression: expression, kinds: .boolean)
    }

    func between(_ value: ExpressionSyntax, _ low: ExpressionSyntax, _ high: ExpressionSyntax) -> CheckedExpression {
        let checked = check(value)
        let lower = check(low)
        let upper = check(high)
        guard !checked.isPoison, !lower.isPoison, !upper.isPoison else { return .poison }
        let span = value.span.to(high.span)
        guard comparable(.lessOrEqual, (lower, low), (checked, value), span),
            comparable(.lessOrEqual, (checked, value), (upper, high), span)
        else { return .poison }
        if ConstantFolding.order(lower.expression, upper.expression) == .greater {
            return report(
                .neverTrue, low.span.to(high.span), "no value is between these bounds",
                help: "write the lower bound first")
        }
        let above = ConstantFolding.compare(.lessOrEqual, lower.expression, checked.expression)
        let below = ConstantFolding.compare(.lessOrEqual, checked.expression, upper.expression)
        if let above, let below, let folded = ConstantFolding.and(above, below) {
            return CheckedExpression(expression: folded, kinds: .boolean)
        }
        return CheckedExpression(
            expression: .between(checked.expression, low: lower.expression, high: upper.expression), kinds: .boolean)
    }

    func conditional(
        _ condition: ExpressionSyntax, _ then: ExpressionSyntax, _ otherwise: ExpressionSyntax
    ) -> CheckedExpression {
        let test = self.condition(condition, "`if`")
        let first = check(then)
        let second = check(otherwise)
        guard let test, !first.isPoison, !second.isPoison else { return .poison }
        if let decided = test.literalBoolean { return decided ? first : second }
        return CheckedExpression(
            expression: .conditional(condition: test, then: first.expression, otherwise: second.expression),
            kinds: first.kinds.union(second.kinds), elementCount: commonCount(first, second))
    }

    func object(_ members: [MemberSyntax]) -> [ObjectMember] {
        var seen: [[UInt8]: SourceSpan] = [:]
        return members.map { member in
            if let first = seen.updateValue(member.name.span, forKey: Array(member.name.text.utf8)) {
                log.report(
                    .repeatedMember, member.name.span, "member `\(member.name.text)` is written twice",
                    help: "leave one out",
                    labels: [(first, "first written here")])
            }
            let value = member.value.map { check($0) } ?? resolve(member.name)
            return ObjectMember(name: member.name.text, value: value.expression)
        }
    }

    // MARK: Texts

    func text(_ parts: [TextPartSyntax]) -> CheckedExpression {
        let (checked, isPoison) = textParts(parts)
        guard !isPoison else { return .poison }
        if checked.isEmpty { return CheckedExpression(expression: .text(""), kinds: .text) }
        if checked.count == 1, case .literal(let literal) = checked[0] {
            return CheckedExpression(expression: .text(literal), kinds: .text)
        }
        return CheckedExpression(expression: .interpolated(checked), kinds: .text)
    }

    /// Parts with known texts and whole numbers written in; neighbours that are known become one.
    func textParts(_ parts: [TextPartSyntax]) -> (parts: [TextPart], isPoison: Bool) {
        var result: [TextPart] = []
        var isPoison = false
        func append(_ literal: String) {
            if case .literal(let before)? = result.last {
                result[result.count - 1] = .literal(before + literal)
            } else if !literal.isEmpty {
                result.append(.literal(literal))
            }
        }
        for part in parts {
            switch part {
            case .literal(let literal): append(literal)
            case .value(let syntax):
                let value = check(syntax)
                isPoison = isPoison || value.isPoison
                switch value.expression {
                case .text(let text): append(text)
                case .integer(let number): append(String(number))
                case .boolean(let truth): append(truth ? "true" : "false")
                case .missing where !value.isPoison:
                    log.report(
                        .alwaysMissing, syntax.span, "missing spreads into the whole text",
                        help: "give another value with `??`")
                    isPoison = true
                default: result.append(.value(value.expression))
                }
            }
        }
        return (result, isPoison)
    }
}
