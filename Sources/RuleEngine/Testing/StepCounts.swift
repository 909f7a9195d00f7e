package import RuleLanguage

/// How many events each step of a rule let through.
package struct StepCounts: Sendable, Equatable {
    package struct Step: Sendable, Equatable {
        package var name: String
        package var count: UInt64
    }

    /// In the order in which data flows, from `from` to `published`.
    package private(set) var steps: [Step]

    package init(_ plan: RulePlan, _ counters: RuleCounters) {
        steps = [Step(name: "from", count: counters.eventsIn)]
        for (step, count) in zip(plan.steps, counters.afterStep) {
            switch step {
            case .filter: steps.append(Step(name: "where", count: count))
            case .dedupe: steps.append(Step(name: "dedupe", count: count))
            case .bind: break
            }
        }
        if plan.window != nil { steps.append(Step(name: "window", count: counters.evaluations)) }
        if plan.when != nil { steps.append(Step(name: "when", count: counters.whenTrue)) }
        if plan.limit != nil {
            let held = min(counters.limited, counters.whenTrue)
            steps.append(Step(name: "limit", count: counters.whenTrue - held))
        }
        steps.append(Step(name: "published", count: counters.published))
    }

    /// `from 51200 → where 51200 → when 0 → published 0`.
    package var line: String { steps.map { "\($0.name) \($0.count)" }.joined(separator: " → ") }

    /// The first step that let nothing through; nil when all did.
    package var end: String? { steps.first { $0.count == 0 }?.name }
}
