package import RuleLanguage

/// A message that a rule publishes, in the order in which rules publish.
package struct RuleOutput: Sendable, Equatable {
    /// Index of the rule in the running set.
    package var ruleIndex: Int
    package var rule: String
    /// "node/epoch/rule/group/sequence": the same for the same output after a restart that replays its input. The
    /// sequence rises within a rule and group for the life of the epoch and never repeats; it may skip numbers.
    package var id: String
    /// The key of the group as the engine encodes it; empty for a rule that keeps nothing per group.
    package var group: [UInt8]
    package var topic: [UInt8]
    package var payload: [UInt8]
    package var qos: UInt8
    package var retain: Bool
    /// Time to live from the moment of publication; nil: never expires.
    package var expiresNanoseconds: Int64?
    package var priority: PublishPlan.Priority
    /// `time()` of the evaluation, nanoseconds since the Unix epoch.
    package var evaluationNanoseconds: Int64
    /// Published by the engine itself under `$sluice/rules/…`, not by a rule's `publish`.
    package var isEngineTopic: Bool

    package init(
        ruleIndex: Int, rule: String, id: String, group: [UInt8], topic: [UInt8], payload: [UInt8], qos: UInt8,
        retain: Bool, expiresNanoseconds: Int64?, priority: PublishPlan.Priority, evaluationNanoseconds: Int64,
        isEngineTopic: Bool
    ) {
        self.ruleIndex = ruleIndex
        self.rule = rule
        self.id = id
        self.group = group
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.expiresNanoseconds = expiresNanoseconds
        self.priority = priority
        self.evaluationNanoseconds = evaluationNanoseconds
        self.isEngineTopic = isEngineTopic
    }
}

/// What is to be kept of one group over a restart.
package struct RuleGroupState: Sendable, Equatable {
    /// Name of the rule; empty for the state of the engine itself.
    package var rule: String
    /// Opaque key, unique within the rule. Its first byte tells groups from the rule's own state.
    package var key: [UInt8]
    /// Versioned bytes; nil: the group is gone.
    package var state: [UInt8]?

    package init(rule: String, key: [UInt8], state: [UInt8]?) {
        self.rule = rule
        self.key = key
        self.state = state
    }
}

/// What a reload did, by names of rules.
package struct ReloadReport: Sendable, Equatable {
    package var added: [String] = []
    package var removed: [String] = []
    /// Kept with their state.
    package var kept: [String] = []
    /// Kept, but their state began anew because its signature changed.
    package var lost: [String] = []

    package init() {}
}

/// Why the engine refused a plan, a state or a log. The message says what to do.
package struct RuleEngineError: Error, Sendable, Equatable {
    package enum Code: Sendable, Equatable {
        /// The plan asks for something that this engine cannot run.
        case unsupported
        /// A pattern of `matches` does not read.
        case badPattern
        /// A named limit was reached.
        case limit
        /// A state or log blob is damaged or foreign.
        case damaged
        /// A line of a replay does not read.
        case badInput
    }
    package var code: Code
    package var rule: String?
    package var message: String

    package init(_ code: Code, rule: String? = nil, message: String) {
        self.code = code
        self.rule = rule
        self.message = message
    }
}
