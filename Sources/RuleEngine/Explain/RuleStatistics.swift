import RuleLanguage

/// What a rule did over a recording, and what may be wrong when it never published.
package struct RuleStatistics: Sendable, Equatable {
    package struct MissingField: Sendable, Equatable {
        /// As an author writes it: `.valeu`.
        package var field: String
        /// The nearest field that does occur.
        package var nearest: String?
    }

    package var rule: String
    package var steps: StepCounts
    package var counters: RuleCounters
    /// Fields that no event had, when there was any event.
    package var missingFields: [MissingField] = []
    /// Length of `for`, nanoseconds.
    package var forNanoseconds: Int64?

    /// Why each source does not take the topic that was given as an example, when the rule took no message.
    package var mismatches: [String] = []

    init(_ runtime: RuleRuntime, example: [UInt8]?) {
        rule = runtime.name
        counters = runtime.currentCounters
        steps = StepCounts(runtime.plan, counters)
        forNanoseconds = runtime.plan.when?.forNanoseconds
        if counters.eventsIn == 0, counters.decodeErrors == 0, let example {
            mismatches = runtime.plan.sources.map { RuleSourceText.mismatch($0, runtime.plan, example) }
        }
        guard counters.eventsIn > 0 else { return }
        let watch = runtime.fieldWatch
        for (slot, path) in runtime.plan.paths.prefix(64).enumerated() where watch.unseen & (1 << UInt64(slot)) != 0 {
            let field = ExpressionText.text(path)
            missingFields.append(MissingField(field: field, nearest: NearestName.find(field, in: watch.names)))
        }
    }

    package var neverPublished: Bool { counters.published == 0 }

    /// The counts on one line, and a line for each thing that an author should know.
    package var text: String {
        (["rule \(rule): \(steps.line)"] + hints.map { "  " + $0 }).joined(separator: "\n") + "\n"
    }

    private var hints: [String] {
        var hints = mismatches
        for missing in missingFields {
            let near = missing.nearest.map { "; did you mean \($0)?" } ?? ""
            hints.append("\(missing.field) was missing in every event\(near)")
        }
        if neverPublished, let forNanoseconds, counters.whenTrue > 0 {
            hints.append(
                "`when` was true for \(DurationText.text(counters.longestRunNanoseconds)) at most, and `for` asks for "
                    + DurationText.text(forNanoseconds))
        }
        let counts: [(UInt64, String)] = [
            (counters.decodeErrors, "payloads that could not be decoded"), (counters.lateEvents, "late events"),
            (counters.noGroup, "events without a key"), (counters.runtimeErrors, "runtime errors"),
            (counters.groupsEvicted, "groups dropped for room"),
            (counters.windowOverflows, "values that left a full window early"),
            (counters.cascadeDropped, "messages of rules that were nested too deep"),
        ]
        return hints + counts.filter { $0.0 > 0 }.map { "\($0.1): \($0.0)" }
    }
}
