import RuleLanguage

extension Pattern {
    /// Compiles a pattern that the checker has read before.
    static func make(_ source: String, rule: String) throws(RuleEngineError) -> Pattern {
        switch PatternSyntax.parse(source) {
        case .failure(let error):
            throw RuleEngineError(
                .badPattern, rule: rule,
                message: "rule \(rule): the pattern '\(source)' does not read: \(error.message)")
        case .success(let node):
            var steps: [Step] = []
            append(node, to: &steps)
            steps.append(.found)
            return Pattern(steps: steps)
        }
    }

    private static func append(_ node: PatternNode, to steps: inout [Step]) {
        switch node {
        case .empty: break
        case .scalars(let ranges): steps.append(.scalars(ranges))
        case .sequence(let parts): for part in parts { append(part, to: &steps) }
        case .either(let parts): append(either: parts, to: &steps)
        case .repeated(let part, let least, let most): append(part, least, most, to: &steps)
        case .assertion(let assertion): steps.append(step(assertion))
        }
    }

    private static func append(either parts: [PatternNode], to steps: inout [Step]) {
        var ends: [Int] = []
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            let branch = steps.count
            if !isLast { steps.append(.jump(0)) }
            append(part, to: &steps)
            if !isLast {
                ends.append(steps.count)
                steps.append(.jump(0))
                steps[branch] = .split(branch + 1, steps.count)
            }
        }
        for end in ends { steps[end] = .jump(steps.count) }
    }

    private static func append(_ part: PatternNode, _ least: Int, _ most: Int?, to steps: inout [Step]) {
        for _ in 0..<least { append(part, to: &steps) }
        guard let most else {
            let branch = steps.count
            steps.append(.jump(0))
            append(part, to: &steps)
            steps.append(.jump(branch))
            steps[branch] = .split(branch + 1, steps.count)
            return
        }
        var branches: [Int] = []
        for _ in least..<max(most, least) {
            branches.append(steps.count)
            steps.append(.jump(0))
            append(part, to: &steps)
        }
        for branch in branches { steps[branch] = .split(branch + 1, steps.count) }
    }

    private static func step(_ assertion: PatternAssertion) -> Step {
        switch assertion {
        case .textStart: .textStart
        case .textEnd: .textEnd
        case .lineStart: .lineStart
        case .lineEnd: .lineEnd
        case .wordBoundary: .wordBoundary
        case .notWordBoundary: .notWordBoundary
        }
    }
}
