/// What a rule did since the engine started. All numbers count events or occurrences.
package struct RuleCounters: Sendable, Equatable {
    package var rule: String
    /// Messages that matched a source and are events.
    package var eventsIn: UInt64 = 0
    /// Events after each step of the plan, in its order.
    package var afterStep: [UInt64]
    package var evaluations: UInt64 = 0
    package var whenTrue: UInt64 = 0
    /// Messages published.
    package var published: UInt64 = 0
    /// Evaluations that `limit` held back.
    package var limited: UInt64 = 0
    package var decodeErrors: UInt64 = 0
    package var lateEvents: UInt64 = 0
    /// Events whose key has a missing part.
    package var noGroup: UInt64 = 0
    package var groupsEvicted: UInt64 = 0
    package var runtimeErrors: UInt64 = 0
    /// Calls of models that gave a result, and that gave none.
    package var inferences: UInt64 = 0
    package var inferenceErrors: UInt64 = 0
    /// The latter by reason, in the order of `ModelFailure`.
    package var inferenceFailures = [UInt64](repeating: 0, count: ModelFailure.allCases.count)
    /// Events and evaluations that wait for a model now.
    package var waiting: Int = 0
    /// Values that left a window early because it reached `Options.windowValuesMax`.
    package var windowOverflows: UInt64 = 0
    /// Messages of this rule that further rules did not see because the cascade was too deep.
    package var cascadeDropped: UInt64 = 0
    /// The longest time for which a `when … for` was true without a break.
    package var longestRunNanoseconds: Int64 = 0
    /// Groups held now.
    package var groups: Int = 0
    /// Alarms of `for`/`until` that are active now.
    package var activeAlarms: Int = 0

    package init(rule: String, stepCount: Int) {
        self.rule = rule
        afterStep = Array(repeating: 0, count: stepCount)
    }
}
