// Rules that can feed themselves, straight or through others. A published topic is a pattern: a capture in it stands
// for one level (`{x...}` for several), any other interpolation for any text. An arrow leads from a rule to each rule
// whose `from` such a topic can match; a cycle of arrows is an error.

struct LoopSearch {
    struct Rule {
        var name: NameSyntax
        var plan: RulePlan
        /// One for each of `plan.publishes`.
        var publishSpans: [SourceSpan]
        /// Nothing was reported of it, so its topics are what they seem.
        var isSound = true
    }

    private struct Arrow {
        var target: Int
        var publish: Int
    }

    let rules: [Rule]
    private var arrows: [[Arrow]] = []
    /// Whether the topics were too many and too long to compare them all.
    private(set) var isIncomplete = false

    init(_ rules: [Rule]) {
        self.rules = rules
        var sources = SourceTree()
        for (index, rule) in rules.enumerated() {
            for source in rule.plan.sources { sources.add(source, of: index) }
        }
        var steps = 0
        arrows = rules.map { rule in
            var found: [Arrow] = []
            var reached: Set<Int> = []
            for (publish, plan) in rule.plan.publishes.enumerated() {
                let topic = TopicPattern(published: plan.topic, captureRests: Self.captureRests(rule.plan))
                let targets = sources.rules(reachedBy: topic, steps: &steps).sorted()
                for target in targets where reached.insert(target).inserted {
                    found.append(Arrow(target: target, publish: publish))
                }
            }
            return found
        }
        isIncomplete = steps > RuleLimits.loopStepsMax
    }

    static func captureRests(_ plan: RulePlan) -> Set<Int> {
        var result: Set<Int> = []
        for source in plan.sources {
            for case .captureRest(let slot) in source.levels { result.insert(slot) }
        }
        return result
    }

    // MARK: Cycles

    /// Reports each group of rules that feed one another, at the publish that leads on from its first rule.
    func report(to log: DiagnosticLog) {
        if isIncomplete, let rule = rules.first {
            log.report(
                .tooLarge, rule.name.span, "the topics are too many and too long to search them for loops",
                help: "shorten them")
        }
        for group in groups() {
            guard let cycle = cycle(in: Set(group), from: group[0]) else { continue }
            let span = rules[cycle[0].rule].publishSpans[cycle[0].publish]
            let names = cycle.map { "`\(rules[$0.rule].name.text)`" }
            if cycle.count == 1 {
                log.report(
                    .ruleFeedsItself, span, "rule \(names[0]) can feed itself: this topic matches its own `from`",
                    help: "publish to a topic that `from` does not match")
            } else {
                let way = (names + [names[0]]).joined(separator: " → ")
                log.report(
                    .ruleFeedsItself, span, "rule \(names[0]) can feed itself through others: \(way)",
                    help: "publish to a topic that the next rule does not take",
                    labels: cycle.dropFirst().map {
                        (
                            rules[$0.rule].publishSpans[$0.publish],
                            "\(names[cycle.firstIndex(of: $0) ?? 0]) leads on from here"
                        )
                    })
            }
        }
    }

    private struct Step: Equatable {
        var rule: Int
        var publish: Int
    }

    /// The shortest way from `start` back to it.
    private func cycle(in group: Set<Int>, from start: Int) -> [Step]? {
        var before: [Int: Step] = [:]
        var open = [start]
        var next = 0
        while next < open.count {
            let rule = open[next]
            next += 1
            for arrow in arrows[rule] where group.contains(arrow.target) {
                if arrow.target == start {
                    var way = [Step(rule: rule, publish: arrow.publish)]
                    while way[0].rule != start, let step = before[way[0].rule] { way.insert(step, at: 0) }
                    return way
                }
                if before[arrow.target] == nil {
                    before[arrow.target] = Step(rule: rule, publish: arrow.publish)
                    open.append(arrow.target)
                }
            }
        }
        return nil
    }

    /// Groups of rules that reach one another (Tarjan's algorithm, without recursion), ordered by their first.
    private func groups() -> [[Int]] {
        var index = [Int?](repeating: nil, count: rules.count)
        var low = [Int](repeating: 0, count: rules.count)
        var onStack = [Bool](repeating: false, count: rules.count)
        var stack: [Int] = []
        var counter = 0
        var result: [[Int]] = []
        for root in rules.indices where index[root] == nil {
            var work: [(rule: Int, arrow: Int)] = [(root, 0)]
            while let (rule, arrow) = work.last {
                if arrow == 0, index[rule] == nil {
                    index[rule] = counter
                    low[rule] = counter
                    counter += 1
                    stack.append(rule)
                    onStack[rule] = true
                }
                if arrow < arrows[rule].count {
                    work[work.count - 1].arrow += 1
                    let target = arrows[rule][arrow].target
                    if index[target] == nil {
                        work.append((target, 0))
                    } else if onStack[target] {
                        low[rule] = min(low[rule], index[target] ?? 0)
                    }
                    continue
                }
                work.removeLast()
                if let parent = work.last?.rule { low[parent] = min(low[parent], low[rule]) }
                guard low[rule] == index[rule] else { continue }
                var group: [Int] = []
                while let member = stack.popLast() {
                    onStack[member] = false
                    group.append(member)
                    if member == rule { break }
                }
                result.append(group.sorted())
            }
        }
        return result.sorted { ($0.first ?? 0) < ($1.first ?? 0) }
    }
}
