// How many numbers a value holds when lists in it are flattened, as far as that is known.

extension CheckedExpression {
    /// nil: not known. Also of what is no list.
    var flatCount: Int? {
        kinds.contains(.list) ? elementCount : 1
    }

    /// Beside other values, what can be one number is taken for one.
    var countBesideOthers: Int? { flatCount ?? (kinds.contains(.number) ? 1 : nil) }

    /// Whether only the message tells if it is a number or a list.
    var canBeList: Bool { flatCount == nil && kinds.contains(.number) }
}

extension ExpressionChecker {
    func list(_ elements: [ExpressionSyntax]) -> CheckedExpression {
        let checked = elements.map { check($0) }
        return CheckedExpression(
            expression: .list(checked.map(\.expression)), kinds: .list, elementCount: Self.count(checked)
        )
    }

    /// Of all together.
    static func count(_ values: [CheckedExpression]) -> Int? {
        sum(values.map { values.count > 1 ? $0.countBesideOthers : $0.flatCount })
    }

    static func sum(_ counts: [Int?]) -> Int? {
        var total = 0
        for count in counts {
            guard let count, count <= RuleLimits.modelRowElementsMax else { return nil }
            total += count
        }
        return total
    }

    /// Of `collect(value)`: where the window holds so many events, so many values. What can be a number is taken for one.
    func collectedCount(_ value: CheckedExpression) -> Int? {
        let each: Int? = value.kinds == .list ? value.elementCount : value.elementCount ?? 1
        guard let each else { return nil }
        switch window?.kind {
        case .lastCount(let count), .everyCount(let count):
            let (product, overflow) = count.multipliedReportingOverflow(by: each)
            return overflow ? nil : product
        default: return nil
        }
    }

    /// Of a value that is one of two.
    func commonCount(_ first: CheckedExpression, _ second: CheckedExpression) -> Int? {
        first.flatCount == second.flatCount ? first.flatCount : nil
    }
}
