/// The filters of all sources as a tree over their levels: a published topic finds those that it can match without
/// looking at the others. A filter is always plain levels, perhaps with `#` or `{x...}` at its end.
struct SourceTree {
    private struct Node {
        var literal: [[UInt8]: Int] = [:]
        var any: Int?
        /// Rules whose filter ends here, and those that take one level or more from here on.
        var ends: [Int] = []
        var rests: [Int] = []

        var children: [Int] { literal.values + (any.map { [$0] } ?? []) }
    }

    private struct Target {
        var rule: Int
        var pattern: TopicPattern
        var firstLevel: [UInt8]?
    }

    private var nodes = [Node()]
    private var targets: [Target] = []

    mutating func add(_ source: SourcePlan, of rule: Int) {
        for pattern in TopicPattern.filters(source) {
            guard let levels = pattern.levels else { continue }
            var node = 0
            for level in levels.levels { node = child(of: node, level) }
            if levels.hasRest { nodes[node].rests.append(rule) } else { nodes[node].ends.append(rule) }
            targets.append(Target(rule: rule, pattern: pattern, firstLevel: pattern.firstLevel))
        }
    }

    private mutating func child(of node: Int, _ level: [UInt8]?) -> Int {
        if let known = level.map({ nodes[node].literal[$0] }) ?? nodes[node].any { return known }
        nodes.append(Node())
        if let level { nodes[node].literal[level] = nodes.count - 1 } else { nodes[node].any = nodes.count - 1 }
        return nodes.count - 1
    }

    /// The rules with a source that `topic` can match. Adds the work to `steps`; beyond the limit some are left out.
    func rules(reachedBy topic: TopicPattern, steps: inout Int) -> Set<Int> {
        guard let levels = topic.levels else { return compare(topic, &steps) }
        var found: Set<Int> = []
        var open = [0]
        for (index, level) in levels.levels.enumerated() {
            var next: [Int] = []
            for node in open {
                // A wildcard in the first level does not match a topic that begins with `$`.
                let takesWildcards = index > 0 || !topic.isReserved
                if takesWildcards { found.formUnion(nodes[node].rests) }
                if let level {
                    if let child = nodes[node].literal[level] { next.append(child) }
                } else {
                    next += nodes[node].literal.values
                }
                if takesWildcards, let any = nodes[node].any { next.append(any) }
            }
            steps += next.count + 1
            guard steps + found.count <= RuleLimits.loopStepsMax else {
                steps += found.count
                return found
            }
            open = next
        }
        if levels.hasRest {
            collect(below: open, &found, &steps)
        } else {
            for node in open { found.formUnion(nodes[node].ends) }
        }
        steps += found.count
        return found
    }

    /// One level or more follow: whatever is below, and the rests here.
    private func collect(below start: [Int], _ found: inout Set<Int>, _ steps: inout Int) {
        for node in start { found.formUnion(nodes[node].rests) }
        var open = start.flatMap { nodes[$0].children }
        while let node = open.popLast(), steps <= RuleLimits.loopStepsMax {
            steps += 1
            found.formUnion(nodes[node].ends)
            found.formUnion(nodes[node].rests)
            open += nodes[node].children
        }
    }

    /// A topic with values inside its levels, such as `a/{.x}b`: compared with each filter that may begin like it.
    private func compare(_ topic: TopicPattern, _ steps: inout Int) -> Set<Int> {
        var found: Set<Int> = []
        let first = topic.firstLevel
        for target in targets {
            steps += 1
            if let first, let other = target.firstLevel, first != other { continue }
            if topic.isReserved, target.firstLevel == nil { continue }
            if topic.meets(target.pattern, steps: &steps) { found.insert(target.rule) }
        }
        return found
    }
}
