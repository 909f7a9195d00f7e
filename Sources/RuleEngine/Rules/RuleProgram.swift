import RuleLanguage

/// A rule compiled: programs over the registers of one machine. Immutable.
struct RuleProgram {
    struct Step: BitwiseCopyable {
        enum Kind: UInt8 { case filter, bind, dedupe }
        var kind: Kind
        var program: Program
        /// Register of the let, or index among the dedupes.
        var target: Int
    }
    struct Dedupe {
        var keys: [Program]
        var within: Int64
    }
    struct Publish {
        enum Body {
            case forward
            case value(Program)
        }
        var plan: PublishPlan
        var topic: Program
        var body: Body
        /// The plan's object or expression is text or bytes to be published as they are.
        var isObject: Bool
    }
    struct History {
        var function: HistoryPlan.Function
        var argument: Program
    }

    var layout: RegisterLayout
    var eventTime: Program?
    var steps: [Step] = []
    var dedupes: [Dedupe] = []
    var by: [Program] = []
    var columns: [ColumnPlan] = []
    var calls: [AggregateCall] = []
    var baselines: [BaselinePlan] = []
    var windowLets: [Step] = []
    var condition: Program?
    var until: Program?
    var limitBy: [Program]?
    var publishes: [Publish] = []
    var histories: [History] = []
    /// Histories that each place reads, by step, and those of lets below the window and `when` together, and
    /// those that only `publish` and `on clear publish` read.
    var stepHistories: [[Int]] = []
    var bindHistories: [[Int]] = []
    var conditionHistories: [Int] = []
    var limitHistories: [Int] = []
    var raiseHistories: [Int] = []
    var clearHistories: [Int] = []
    /// Whether a publish hands the event's payload on.
    var forwardsPayload = false
    /// Aggregates that publishes read.
    var publishAggregates: [Int] = []
    var modelCalls: [ModelCall] = []
    /// Where the rule waits for its models; nil: it calls none.
    var models: ModelSites?
    /// `by` as captures only: the topic alone tells the group.
    var byCaptures = false
    var machine: ProgramMachine

    init(_ plan: RulePlan, arena: Arena, tables: RuleTables) throws(RuleEngineError) {
        let layout = RegisterLayout(
            captures: plan.captures.count, lets: plan.letCount, paths: plan.paths.count,
            histories: plan.histories.count, models: plan.modelCalls.count, aggregates: plan.aggregates.count)
        self.layout = layout
        var builder = ProgramBuilder(
            rule: plan.name, layout: layout, zones: plan.zones,
            tables: plan.tables.map { ($0.name, tables.table($0.data)) })
        if let at = plan.eventTime { eventTime = try builder.program(at.expression) }
        for step in plan.steps {
            switch step {
            case .filter(let expression):
                steps.append(Step(kind: .filter, program: try builder.program(expression), target: 0))
                stepHistories.append(ExpressionWalk.histories(expression, plan))
            case .bind(let binding):
                steps.append(try RuleProgram.bind(binding, &builder, layout))
                stepHistories.append(ExpressionWalk.histories(binding.expression, plan))
            case .dedupe(let keys, let within):
                var programs: [Program] = []
                for key in keys { programs.append(try builder.program(key)) }
                dedupes.append(Dedupe(keys: programs, within: within))
                steps.append(
                    Step(kind: .dedupe, program: Program(start: 0, end: 0, result: 0), target: dedupes.count - 1))
                stepHistories.append(keys.flatMap { ExpressionWalk.histories($0, plan) })
            }
        }
        for expression in plan.window?.by ?? [] { by.append(try builder.program(expression)) }
        byCaptures = (plan.window?.by ?? []).allSatisfy { if case .capture = $0 { true } else { false } }
        try RuleProgram.columns(plan, &builder, &columns, &calls)
        baselines = BaselinePlan.plans(plan, calls)
        for binding in plan.windowLets { windowLets.append(try RuleProgram.bind(binding, &builder, layout)) }
        if let when = plan.when {
            condition = try builder.program(when.condition)
            if let until = when.until { self.until = try builder.program(until) }
        }
        if let keys = plan.limit?.by {
            var programs: [Program] = []
            for key in keys { programs.append(try builder.program(key)) }
            limitBy = programs
        }
        for publish in plan.publishes { publishes.append(try RuleProgram.publish(publish, &builder)) }
        for history in plan.histories {
            histories.append(History(function: history.function, argument: try builder.program(history.argument)))
        }
        for call in plan.modelCalls { modelCalls.append(try RuleProgram.modelCall(call, plan, &builder)) }
        machine = try ProgramMachine(
            builder, layout: layout, arena: arena, aggregates: AggregateReader(calls))
        place(builder)
        gather(plan)
    }

    private static func bind(
        _ plan: LetPlan, _ builder: inout ProgramBuilder, _ layout: RegisterLayout
    ) throws(RuleEngineError) -> Step {
        Step(kind: .bind, program: try builder.program(plan.expression), target: layout.lets + plan.slot)
    }

    private static func modelCall(
        _ call: ModelCallPlan, _ plan: RulePlan, _ builder: inout ProgramBuilder
    ) throws(RuleEngineError) -> ModelCall {
        var inputs: [ModelCall.Input] = []
        var arguments: [ModelCall.Argument] = []
        for (index, parts) in call.inputs.enumerated() {
            for part in parts {
                arguments.append(ModelCall.Argument(program: try builder.program(part), input: index))
            }
            guard let tensors = plan.models[call.model].signature?.inputs else { continue }
            guard index < tensors.count, case .tensor(let element) = tensors[index].kind,
                let count = tensors[index].rowElementCount
            else {
                throw RuleEngineError(
                    .unsupported, rule: plan.name,
                    message: "rule \(plan.name): the model \(plan.models[call.model].name) can't be called")
            }
            inputs.append(ModelCall.Input(element: element, count: count))
        }
        return ModelCall(model: call.model, inputs: inputs, arguments: arguments)
    }

    private static func publish(
        _ plan: PublishPlan, _ builder: inout ProgramBuilder
    ) throws(RuleEngineError) -> Publish {
        let topic = try builder.program(text: plan.topic)
        switch plan.body {
        case .forward: return Publish(plan: plan, topic: topic, body: .forward, isObject: false)
        case .object(let members):
            return Publish(
                plan: plan, topic: topic, body: .value(try builder.program(.object(members))), isObject: true)
        case .payload(let expression):
            return Publish(plan: plan, topic: topic, body: .value(try builder.program(expression)), isObject: false)
        }
    }

    /// Aggregates with equal arguments share a column.
    private static func columns(
        _ plan: RulePlan, _ builder: inout ProgramBuilder, _ columns: inout [ColumnPlan], _ calls: inout [AggregateCall]
    ) throws(RuleEngineError) {
        var known: [String: Int] = [:]
        for aggregate in plan.aggregates {
            var call = AggregateCall(
                function: aggregate.function, column: -1, parameter: aggregate.parameter ?? 0, factor: 0,
                againstOthers: aggregate.againstOthers, floor: aggregate.floor)
            if let argument = aggregate.argument {
                let text = ExpressionWalk.text(argument, plan)
                let column = known[text] ?? columns.count
                if column == columns.count {
                    known[text] = column
                    columns.append(
                        ColumnPlan(
                            argument: try builder.program(argument), needs: [], factors: [],
                            identity: StableHash.hash(text.utf8)))
                }
                columns[column].needs.formUnion(aggregate.needs)
                if aggregate.function == .ewma {
                    let factor = aggregate.parameter ?? 0
                    if !columns[column].factors.contains(factor) { columns[column].factors.append(factor) }
                    call.factor = columns[column].factors.firstIndex(of: factor) ?? 0
                }
                call.column = column
            }
            calls.append(call)
        }
    }

    /// Puts temporaries, whose place is known only now, into all programs.
    private mutating func place(_ builder: ProgramBuilder) {
        eventTime = eventTime.map(builder.place)
        for index in steps.indices { steps[index].program = builder.place(steps[index].program) }
        for index in dedupes.indices { dedupes[index].keys = dedupes[index].keys.map(builder.place) }
        by = by.map(builder.place)
        for index in columns.indices { columns[index].argument = builder.place(columns[index].argument) }
        for index in windowLets.indices { windowLets[index].program = builder.place(windowLets[index].program) }
        condition = condition.map(builder.place)
        until = until.map(builder.place)
        limitBy = limitBy?.map(builder.place)
        for index in histories.indices { histories[index].argument = builder.place(histories[index].argument) }
        for call in modelCalls {
            let arguments = call.arguments
            for index in 0..<arguments.count { arguments[index].program = builder.place(arguments[index].program) }
        }
        for index in publishes.indices {
            publishes[index].topic = builder.place(publishes[index].topic)
            if case .value(let program) = publishes[index].body {
                publishes[index].body = .value(builder.place(program))
            }
        }
    }

    private mutating func gather(_ plan: RulePlan) {
        let conditions = ExpressionWalk.conditions(plan)
        bindHistories = plan.windowLets.map { ExpressionWalk.histories($0.expression, plan) }
        conditionHistories = conditions.flatMap { ExpressionWalk.histories($0, plan) }
        forwardsPayload = plan.publishes.contains { if case .forward = $0.body { true } else { false } }
        let limiting = plan.limit?.by ?? []
        let raising = ExpressionWalk.expressions(plan.publishes.filter { !$0.onClear })
        let clearing = ExpressionWalk.expressions(plan.publishes.filter(\.onClear))
        // What a step or the evaluation reads too is computed there; a timer must find it as it was then.
        var earlier = Set((stepHistories + bindHistories).flatMap { $0 } + conditionHistories)
        limitHistories = limiting.flatMap { ExpressionWalk.histories($0, plan) }.filter { !earlier.contains($0) }
        earlier.formUnion(limitHistories)
        raiseHistories = raising.flatMap { ExpressionWalk.histories($0, plan) }.filter { !earlier.contains($0) }
        clearHistories = clearing.flatMap { ExpressionWalk.histories($0, plan) }.filter { !earlier.contains($0) }
        if !plan.modelCalls.isEmpty { models = ModelSites(plan, layout) }
        publishAggregates = (limiting + raising + clearing).flatMap { ExpressionWalk.aggregates($0) }
    }
}
