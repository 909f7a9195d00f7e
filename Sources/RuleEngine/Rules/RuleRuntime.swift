import RuleLanguage

/// One rule at work: its programs, its groups, its counters. Confined to the engine's thread.
final class RuleRuntime {
    let plan: RulePlan
    let nameBytes: [UInt8]
    /// Place in the running set.
    var index: Int
    let program: RuleProgram
    let machine: ProgramMachine
    let reader: AggregateReader
    let limits: RuleEngine.Options
    let late: Int64
    /// The grid of `every D`.
    let alignment: Alignment?
    @exclusivity(unchecked) @safe var alignedStep = AlignedStep()
    let usesClient: Bool
    let usesProperties: Bool
    /// Whether what waits for a model must know the topic, the payload as a whole, or the properties.
    let keepsMessage: Bool
    /// Whether each group has state of its own; else `sole` stands for all.
    let usesGroups: Bool
    let hasAlarm: Bool
    let readsRetained: Bool
    let hasStepHistories: Bool
    /// Of `silent … among`: the table whose keys are the groups.
    let amongTable: TableData?
    let hasHistories: Bool
    let callsModels: Bool
    /// For each model of the plan, what its results look like.
    let modelShapes: [ModelResultShape]
    /// For each model of the plan, its index in the engine's.
    var modelIndices: [Int] = []
    @exclusivity(unchecked) @safe var waiting: WaitingEvaluations
    /// Whether its groups are `TimedGroup`s.
    let hasOwnTimes: Bool
    /// Whether all its groups wait for the same bound of the clock's grid.
    let isOnGrid: Bool
    let keepsMoments: Bool
    /// A window without `by` is one for all captures; histories are not.
    let historiesByCaptures: Bool
    /// The group whose histories the occasion goes on with, where that is not the window's.
    var historyHolder: Group?

    /// The program's steps and column arguments, plain for the way of a message.
    let steps: FixedBuffer<RuleProgram.Step>
    let columnArguments: FixedBuffer<Program>

    @exclusivity(unchecked) @safe var counters: RuleCounters
    let groups = KeyTable<Group>()
    @exclusivity(unchecked) @safe var grid = GridTimers()
    /// Of a rule without groups.
    let sole: Group
    var ruleState = RuleState()
    let limitPeriods = KeyTable<Period>()
    let dedupePeriods: [KeyTable<Period>]
    @exclusivity(unchecked) @safe var dirty = DirtyKeys()
    /// True while the rule takes a message: it cannot take another from within.
    @exclusivity(unchecked) @safe var isRunning = false
    @exclusivity(unchecked) @safe var fieldWatch: FieldWatch
    /// Who wants to know what becomes of each message.
    @exclusivity(unchecked) @safe var trace: RuleTrace?
    /// Scratch for keys.
    var keyBytes: [UInt8] = []
    /// The occasion at which each history was last computed.
    var historyStamps: [UInt64]
    var occasion: UInt64 = 0
    var occasionCount: UInt64 = 0
    @exclusivity(unchecked) @safe var eventNumber: UInt64 = 0

    /// State of the rule as a whole.
    struct RuleState {
        var lastErrorMinute: Int64?
        var errorSequence: UInt64 = 0
        /// Sequences of new groups begin behind this, so that no id comes twice.
        var sequenceFloor: UInt64 = 0
    }

    init(
        _ plan: RulePlan, index: Int, limits: RuleEngine.Options, arena: Arena, tables: RuleTables
    ) throws(RuleEngineError) {
        self.plan = plan
        nameBytes = Array(plan.name.utf8)
        self.index = index
        self.limits = limits
        try RuleRuntime.requireSupported(plan)
        program = try RuleProgram(plan, arena: arena, tables: tables)
        machine = program.machine
        reader = machine.aggregates
        late = plan.eventTime?.lateNanoseconds ?? 0
        if case .every(let step, _, let zone) = plan.window?.kind {
            alignment = Alignment(
                stepNanoseconds: max(step, 1),
                zone: zone.flatMap { name in plan.zones.first { $0.name == name } })
        } else {
            alignment = nil
        }
        usesClient = ExpressionWalk.usesClient(plan)
        usesProperties = ExpressionWalk.usesProperties(plan)
        keepsMessage = usesProperties || program.forwardsPayload || ExpressionWalk.usesTopic(plan)
        hasAlarm = plan.when.map { $0.forNanoseconds != nil || $0.until != nil } ?? false
        hasHistories = !plan.histories.isEmpty
        callsModels = program.models != nil
        modelShapes = plan.models.map { ModelResultShape($0) }
        waiting = WaitingEvaluations(program.models?.sites ?? [])
        hasOwnTimes = RuleRuntime.hasOwnTimes(plan) || callsModels
        if case .every = plan.window?.kind { isOnGrid = !hasOwnTimes } else { isOnGrid = false }
        keepsMoments = RuleRuntime.keepsMoments(plan, program)
        historiesByCaptures = hasHistories && plan.window?.by.isEmpty == true && !plan.captures.isEmpty
        readsRetained = plan.readsRetained
        if case .silent(_, let name?) = plan.window?.kind {
            amongTable = plan.tables.first { $0.name == name }?.data
        } else {
            amongTable = nil
        }
        hasStepHistories = program.stepHistories.contains { !$0.isEmpty }
        steps = FixedBuffer(program.steps)
        columnArguments = FixedBuffer(program.columns.map(\.argument))
        usesGroups = plan.window != nil || hasAlarm || hasHistories
        counters = RuleCounters(rule: plan.name, stepCount: plan.steps.count)
        fieldWatch = FieldWatch(pathCount: plan.paths.count)
        sole = Group(slot: 0, creation: 0, sequence: 0)
        dedupePeriods = program.dedupes.map { _ in KeyTable<Period>() }
        historyStamps = Array(repeating: 0, count: plan.histories.count)
    }

    deinit {
        steps.deallocate()
        columnArguments.deallocate()
    }

    private static func hasOwnTimes(_ plan: RulePlan) -> Bool {
        switch plan.window?.kind {
        case .session, .silent: true
        default: plan.eventTime != nil || plan.when?.forNanoseconds != nil
        }
    }

    private static func requireSupported(_ plan: RulePlan) throws(RuleEngineError) {
        func refuse(_ what: String) -> RuleEngineError {
            RuleEngineError(.unsupported, rule: plan.name, message: "rule \(plan.name): \(what) not available")
        }
        if case .every(_, _, let zone?) = plan.window?.kind, !plan.zones.contains(where: { $0.name == zone }) {
            throw refuse("the time zone \(zone) is")
        }
        if case .silent(_, let name?) = plan.window?.kind, !plan.tables.contains(where: { $0.name == name }) {
            throw refuse("the table \(name) is")
        }
    }

    var name: String { plan.name }

    /// Whether the rule remembers something besides its sequence numbers.
    var keepsState: Bool { usesGroups || plan.limit != nil || !program.dedupes.isEmpty || callsModels }

    /// The counters as they are now.
    var currentCounters: RuleCounters {
        var result = counters
        result.runtimeErrors = machine.runtimeErrors
        result.groups = groups.count
        result.waiting = waiting.count
        return result
    }
}

/// Keys of state that changed since it was last asked for.
struct DirtyKeys {
    /// Slots of groups, limit periods and dedupe periods that changed.
    var groups = SlotSet()
    var limits: [Int] = []
    var dedupes: [(table: Int, slot: Int)] = []
    /// State keys of what is gone.
    var gone: [[UInt8]] = []
    var rule = false
    var sole = false
}
