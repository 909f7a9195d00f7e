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
        for (failure, count) in zip(ModelFailure.allCases, counters.inferenceFailures) where count > 0 {
            hints.append("of the calls of models, \(failure.text): \(count)")
        }
        return hints + counts.filter { $0.0 > 0 }.map { "\($0.1): \($0.0)" }
    }
}

extension RuleStatistics {
    /// One JSON object: the counts of the steps in their order, what was dropped, what is held, and the hints.
    package var json: [UInt8] {
        var text = Array("{\"rule\":\"\(rule)\",\"steps\":[".utf8)
        for (index, step) in steps.steps.enumerated() {
            text += Array("\(index == 0 ? "" : ","){\"step\":\"\(step.name)\",\"count\":\(step.count)}".utf8)
        }
        text += Array(
            """
            ],"decode_errors":\(counters.decodeErrors),"runtime_errors":\(counters.runtimeErrors),\
            "inferences":\(counters.inferences),"inference_errors":\(counters.inferenceErrors),\
            "waiting_for_models":\(counters.waiting),"late_events":\(counters.lateEvents),"no_group":\(counters.noGroup),"limited":\(counters.limited),\
            "groups":\(counters.groups),"groups_evicted":\(counters.groupsEvicted),\
            "active_alarms":\(counters.activeAlarms),"window_overflows":\(counters.windowOverflows),\
            "cascade_dropped":\(counters.cascadeDropped),"hints":[
            """.utf8)
        for (index, hint) in hints.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            var bytes = Array(hint.utf8)
            unsafe bytes.withUnsafeMutableBytes {
                unsafe JSONWriter.append(quoted: ByteSlice(UnsafeRawBufferPointer($0)), to: &text)
            }
        }
        return text + Array("]}".utf8)
    }
}

extension RuleEngine {
    /// What a rule did so far; nil when there is none at this index.
    package func statistics(ofRule index: Int) -> RuleStatistics? {
        rules.indices.contains(index) ? RuleStatistics(rules[index], example: nil) : nil
    }
}
