// What the checker hands to the engine: rules with every name resolved to a slot. Immutable; what a rule remembers
// lives in the engine. The contract of `.rules` files says what each part means.

/// All rules of one load, in the order in which they see a message: files by name, then place in the file.
package struct RuleSetPlan: Sendable {
    package var rules: [RulePlan]
    /// The tests of the files; a node has no use for them.
    package var tests: [TestPlan]
    package init(rules: [RulePlan], tests: [TestPlan] = []) {
        self.rules = rules
        self.tests = tests
    }
}

package struct RulePlan: Sendable {
    package var name: String
    /// The text after the name, if any.
    package var title: String?
    package var sources: [SourcePlan]
    /// Names of the captures; their index is the capture slot. The same for every source.
    package var captures: [String]
    package var eventTime: EventTimePlan?
    /// `where`, `let` and `dedupe` before the window, in order.
    package var steps: [StepPlan]
    package var window: WindowPlan?
    /// Lets below the window, evaluated in order at each evaluation.
    package var windowLets: [LetPlan]
    package var when: WhenPlan?
    package var limit: LimitPlan?
    package var publishes: [PublishPlan]
    /// Payload paths that any expression of the rule reads; the index is the path slot. The payload is scanned once for
    /// them.
    package var paths: [PayloadPath]
    /// Whether `.` (the whole payload) is used.
    package var readsWholePayload: Bool
    /// Aggregates over the window; the index is the aggregate slot. Equal calls share a slot.
    package var aggregates: [AggregatePlan]
    /// `previous`, `delta` and `changed`; the index is the slot.
    package var histories: [HistoryPlan]
    /// Number of let slots (steps and window lets together).
    package var letCount: Int
    /// Whether any part reads `retained()`: then retained messages are events too.
    package var readsRetained: Bool
    /// The time zones that the rule names.
    package var zones: [TimeZoneRules]
    /// Filters that match every topic for which a `latest` of the rule can ask.
    package var latestTopics: [SourcePlan]
    /// The tables that the rule reads. Not part of the signatures: a changed table keeps the state.
    package var tables: [TablePlan]
    /// The models that the rule calls. Not part of the signatures either.
    package var models: [ModelPlan]
    /// Calls of models; the index is the slot. A call comes after those that its arguments read.
    package var modelCalls: [ModelCallPlan]
    /// Canonical text of `from at where let window`: equal text keeps its state over a reload.
    package var stateSignature: String
    /// Canonical text of `when`.
    package var whenSignature: String

    package init(
        name: String, title: String? = nil, sources: [SourcePlan], captures: [String], eventTime: EventTimePlan? = nil,
        steps: [StepPlan] = [], window: WindowPlan? = nil, windowLets: [LetPlan] = [], when: WhenPlan? = nil,
        limit: LimitPlan? = nil, publishes: [PublishPlan], paths: [PayloadPath] = [], readsWholePayload: Bool = false,
        aggregates: [AggregatePlan] = [], histories: [HistoryPlan] = [], letCount: Int = 0, readsRetained: Bool = false,
        zones: [TimeZoneRules] = [], latestTopics: [SourcePlan] = [], tables: [TablePlan] = [],
        models: [ModelPlan] = [], modelCalls: [ModelCallPlan] = [], stateSignature: String = "",
        whenSignature: String = ""
    ) {
        self.name = name
        self.title = title
        self.sources = sources
        self.captures = captures
        self.eventTime = eventTime
        self.steps = steps
        self.window = window
        self.windowLets = windowLets
        self.when = when
        self.limit = limit
        self.publishes = publishes
        self.paths = paths
        self.readsWholePayload = readsWholePayload
        self.aggregates = aggregates
        self.histories = histories
        self.letCount = letCount
        self.readsRetained = readsRetained
        self.zones = zones
        self.latestTopics = latestTopics
        self.tables = tables
        self.models = models
        self.modelCalls = modelCalls
        self.stateSignature = stateSignature
        self.whenSignature = whenSignature
    }
}

/// One topic of `from`.
package struct SourcePlan: Sendable, Equatable {
    package enum Level: Sendable, Equatable {
        case literal(String)
        case any  // +
        case rest  // #
        case capture(Int)  // {name}: capture slot
        case captureRest(Int)  // {name...}: one level or more
    }
    package enum Decoding: Sendable, Equatable { case json, number, text, bytes, cbor }
    package var levels: [Level]
    package var decoding: Decoding
    package var schema: [SchemaField]?
    package init(levels: [Level], decoding: Decoding = .json, schema: [SchemaField]? = nil) {
        self.levels = levels
        self.decoding = decoding
        self.schema = schema
    }
}

package struct SchemaField: Sendable, Equatable {
    package enum FieldType: Sendable, Equatable { case number, text, boolean, time(TimeUnit), list, object }
    package var name: String
    package var type: FieldType
    package init(name: String, type: FieldType) {
        self.name = name
        self.type = type
    }
}

package enum TimeUnit: String, Sendable, Equatable { case s, ms, us, ns }

package struct EventTimePlan: Sendable {
    package var expression: Expression
    package var unit: TimeUnit
    package var lateNanoseconds: Int64
    package var aheadNanoseconds: Int64
    package init(expression: Expression, unit: TimeUnit, lateNanoseconds: Int64, aheadNanoseconds: Int64) {
        self.expression = expression
        self.unit = unit
        self.lateNanoseconds = lateNanoseconds
        self.aheadNanoseconds = aheadNanoseconds
    }
}

package struct LetPlan: Sendable {
    package var slot: Int
    package var name: String
    package var expression: Expression
    package init(slot: Int, name: String, expression: Expression) {
        self.slot = slot
        self.name = name
        self.expression = expression
    }
}

package enum StepPlan: Sendable {
    case filter(Expression)
    case bind(LetPlan)
    case dedupe(keys: [Expression], withinNanoseconds: Int64)
}

package struct WindowPlan: Sendable {
    package enum Kind: Sendable, Equatable {
        case lastCount(Int)
        case lastDuration(nanoseconds: Int64)
        case everyCount(Int)
        /// `every D`, `every D over L`, `in ZONE`.
        case every(nanoseconds: Int64, overNanoseconds: Int64?, zone: String?)
        case session(nanoseconds: Int64)
        case silent(nanoseconds: Int64, among: String?)
    }
    package var kind: Kind
    package var by: [Expression]
    package init(kind: Kind, by: [Expression]) {
        self.kind = kind
        self.by = by
    }
}

package struct WhenPlan: Sendable {
    package var condition: Expression
    package var forNanoseconds: Int64?
    package var until: Expression?
    package init(condition: Expression, forNanoseconds: Int64? = nil, until: Expression? = nil) {
        self.condition = condition
        self.forNanoseconds = forNanoseconds
        self.until = until
    }
}

package struct LimitPlan: Sendable {
    package var count: Int
    package var perNanoseconds: Int64
    /// The limit's own `by`; nil: the window's, else one period for the whole rule.
    package var by: [Expression]?
    package init(count: Int, perNanoseconds: Int64, by: [Expression]? = nil) {
        self.count = count
        self.perNanoseconds = perNanoseconds
        self.by = by
    }
}

package struct PublishPlan: Sendable {
    package enum Body: Sendable {
        /// The event's own payload, byte for byte.
        case forward
        case object([ObjectMember])
        case payload(Expression)
    }
    package enum Priority: String, Sendable { case high, normal, low }
    package var onClear: Bool
    package var topic: [TextPart]
    /// 0, 1 or 2; 1 unless written.
    package var qos: UInt8
    package var retain: Bool
    package var expiresNanoseconds: Int64?
    package var priority: Priority
    package var body: Body
    package init(
        onClear: Bool = false, topic: [TextPart], qos: UInt8 = 1, retain: Bool = false,
        expiresNanoseconds: Int64? = nil,
        priority: Priority = .normal, body: Body
    ) {
        self.onClear = onClear
        self.topic = topic
        self.qos = qos
        self.retain = retain
        self.expiresNanoseconds = expiresNanoseconds
        self.priority = priority
        self.body = body
    }
}

package enum TextPart: Sendable {
    case literal(String)
    case value(Expression)
}

package struct ObjectMember: Sendable {
    package var name: String
    package var value: Expression
    package init(name: String, value: Expression) {
        self.name = name
        self.value = value
    }
}

/// A walk into the payload from its root: `.a.b[0]` is [.member("a"), .member("b"), .element(0)].
package struct PayloadPath: Sendable, Hashable {
    package enum Step: Sendable, Hashable {
        case member(String)
        case element(Int)
    }
    package var steps: [Step]
    package init(steps: [Step]) { self.steps = steps }
}

package struct AggregatePlan: Sendable {
    package enum Function: String, Sendable, CaseIterable {
        case count, countIf = "count_if", sum, mean, min, max, variance, stddev, varianceSample = "variance_sample"
        case stddevSample = "stddev_sample", median, percentile, first, last, distinct, range, slope, rate, ewma,
            collect
        case all, any, zscore
    }
    package enum Baseline: Sendable, Equatable { case rolling, frozen, gated(gate: Double) }
    package var function: Function
    /// nil only for `count()`.
    package var argument: Expression?
    /// p of `percentile`, a of `ewma`.
    package var parameter: Double?
    /// `zscore`: the newest value left out of mean and stddev.
    package var againstOthers: Bool
    package var floor: Double?
    package var baseline: Baseline
    /// The call as canonical text: equal text is the same aggregate, also over a reload that numbers slots anew.
    package var canonicalText: String
    package init(
        function: Function, argument: Expression?, parameter: Double? = nil, againstOthers: Bool = false,
        floor: Double? = nil, baseline: Baseline = .rolling, canonicalText: String = ""
    ) {
        self.function = function
        self.argument = argument
        self.parameter = parameter
        self.againstOthers = againstOthers
        self.floor = floor
        self.baseline = baseline
        self.canonicalText = canonicalText
    }
}

package struct HistoryPlan: Sendable {
    package enum Function: String, Sendable { case previous, delta, changed }
    package var function: Function
    package var argument: Expression
    /// The call as canonical text, as in `AggregatePlan`.
    package var canonicalText: String
    package init(function: Function, argument: Expression, canonicalText: String = "") {
        self.function = function
        self.argument = argument
        self.canonicalText = canonicalText
    }
}
