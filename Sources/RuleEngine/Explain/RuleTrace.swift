import RuleLanguage

/// Follows the messages that one rule takes, step by step. It listens where a rule is given a message; what happened in
/// between it reads off the rule's counters and registers.
package final class RuleTrace {
    /// One step that a message reached: what stands there, what came of it, and the values that it saw.
    package struct Step: Sendable, Equatable {
        package var name: String
        package var text: String
        /// nil where a step decides nothing.
        package var result: String?
        package var values: [Value] = []
    }

    package struct Value: Sendable, Equatable {
        package var name: String
        /// As JSON; `missing` when there is none.
        package var value: String
    }

    /// One message on its way through the rule.
    package struct Take: Sendable, Equatable {
        package var topic: String
        package internal(set) var steps: [Step] = []
        /// How it ended, as a sentence without a full stop.
        package internal(set) var outcome = ""
    }

    package internal(set) var takes: [Take] = []
    /// Of the message at hand.
    var decodeFault: String?
    private var before: RuleCounters?
    private var outputCount = 0

    init() {}

    func begin(_ rule: RuleRuntime, _ outputCount: Int) {
        before = rule.currentCounters
        decodeFault = nil
        self.outputCount = outputCount
    }

    func finish(_ rule: RuleRuntime, _ entry: RuleBinding.Entry, _ outputs: [RuleOutput]) {
        guard let before else { return }
        self.before = nil
        // Asking for values must not count as errors of the rule.
        let errors = rule.machine.runtimeErrors
        defer { rule.machine.runtimeErrors = errors }
        let own = outputs[outputCount...].filter { $0.ruleIndex == rule.index && !$0.isEngineTopic }
        var reader = TraceReader(rule, entry, before, Array(own))
        takes.append(reader.take(decodeFault: decodeFault))
    }
}
