import RuleLanguage

/// A place in a rule that is reached only with the results of some calls of models. What comes before it may already
/// belong to a later event.
struct ModelSite {
    enum Place: Equatable {
        /// Before a step above the window.
        case step(Int)
        /// Before a let below the window.
        case bind(Int)
        /// Before `when`.
        case condition
        /// Before what a true `when` publishes.
        case publish
    }
    var place: Place
    /// Slots of calls whose arguments are known at the site.
    var calls: [Int]
}

/// A call of a model, compiled.
final class ModelCall {
    struct Argument: BitwiseCopyable {
        var program: Program
        /// Index among the inputs.
        var input: Int
    }
    struct Input: BitwiseCopyable {
        var element: ModelSignature.Element
        /// Elements of one row.
        var count: Int
    }
    /// Index in the rule's plan.
    let model: Int
    let inputs: FixedBuffer<Input>
    let arguments: FixedBuffer<Argument>
    var rowByteCount: Int { blank.count }
    /// A row of zeros.
    private let blank: [UInt8]

    /// Arguments in the order of their inputs.
    init(model: Int, inputs: [Input], arguments: [Argument]) {
        self.model = model
        self.inputs = FixedBuffer(inputs)
        self.arguments = FixedBuffer(arguments)
        blank = Array(repeating: 0, count: inputs.reduce(0) { $0 + $1.count * $1.element.byteCount })
    }

    deinit {
        inputs.deallocate()
        arguments.deallocate()
    }

    /// Appends a row; false when an argument is missing or does not fit, or there are too few elements.
    func appendRow(_ machine: ProgramMachine, to row: inout [UInt8]) -> Bool {
        let start = row.count
        row.append(contentsOf: blank)
        return unsafe row.withUnsafeMutableBytes { bytes in
            var writer = unsafe ModelRowWriter(UnsafeMutableRawBufferPointer(rebasing: bytes[start...]))
            return fill(&writer, machine)
        }
    }

    private func fill(_ writer: inout ModelRowWriter, _ machine: ProgramMachine) -> Bool {
        var input = 0
        var room = inputs.count > 0 ? inputs[0].count : 0
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            while input < argument.input {
                if room != 0 { return false }
                input += 1
                room = inputs[input].count
            }
            let value = machine.run(argument.program)
            let element = inputs[input].element
            guard writer.write(value, as: element, room: &room, machine.arena) else { return false }
        }
        return room == 0 && input == inputs.count - 1
    }
}

/// Where a rule waits for its models, in the order of its way. Immutable once made.
final class ModelSites {
    private(set) var sites: [ModelSite] = []
    /// For each step, and for each let below the window, its sites.
    private(set) var steps: [Range<Int>] = []
    private(set) var binds: [Range<Int>] = []
    private(set) var condition = 0..<0
    private(set) var publish = 0..<0
    /// The site of each call; nil: nothing asks for it.
    private(set) var siteOfCall: [Int?]
    /// Histories of each place that need no model: the others are computed behind the site.
    private(set) var plainStepHistories: [[Int]] = []
    private(set) var plainBindHistories: [[Int]] = []
    private(set) var plainConditionHistories: [Int] = []
    /// For each site, histories that the arguments of its calls read.
    private(set) var argumentHistories: [[Int]] = []
    /// For each site, the registers that what comes behind it reads, rising. Captures are always among them.
    private(set) var liveRegisters: [[Int]] = []
    /// Aggregates that an evaluation reads from its first site on.
    private(set) var aggregates: [Int] = []

    private let plan: RulePlan
    private var placed = Set<Int>()

    init(_ plan: RulePlan, _ layout: RegisterLayout) {
        self.plan = plan
        siteOfCall = Array(repeating: nil, count: plan.modelCalls.count)
        for (index, step) in plan.steps.enumerated() {
            let parts = ExpressionWalk.expressions(step)
            steps.append(add(.step(index), parts))
            plainStepHistories.append(plainHistories(parts))
        }
        let published = (plan.limit?.by ?? []) + ExpressionWalk.expressions(plan.publishes)
        let condition = ExpressionWalk.conditions(plan)
        for (index, binding) in plan.windowLets.enumerated() {
            plainBindHistories.append(plainHistories([binding.expression]))
            binds.append(add(.bind(index), [binding.expression]))
        }
        plainConditionHistories = plainHistories(condition)
        // An alarm is raised and cleared at once, also by a timer: its publishes find their results ready.
        let hasAlarm = plan.when.map { $0.forNanoseconds != nil || $0.until != nil } ?? false
        self.condition = add(.condition, condition + (hasAlarm ? published : []))
        publish = add(.publish, hasAlarm ? [] : published)
        let evaluated = plan.windowLets.map(\.expression) + condition + published
        let arguments = sites.filter { if case .step = $0.place { false } else { true } }
            .flatMap { $0.calls.flatMap { plan.modelCalls[$0].inputs.flatMap { $0 } } }
        liveRegisters = sites.indices.map { live(behind: $0, layout, published) }
        aggregates = Set((evaluated + arguments).flatMap { ExpressionWalk.aggregates($0) }).sorted()
    }

    private func live(behind index: Int, _ layout: RegisterLayout, _ published: [Expression]) -> [Int] {
        var read = published + plan.histories.map(\.argument) + ExpressionWalk.conditions(plan)
        switch sites[index].place {
        case .step(let step):
            read += plan.steps[step...].flatMap(ExpressionWalk.expressions)
            read += plan.window?.by ?? []
            read += plan.aggregates.compactMap(\.argument) + plan.windowLets.map(\.expression)
        case .bind(let bind): read += plan.windowLets[bind...].map(\.expression)
        case .condition, .publish: break
        }
        for site in sites[(index + 1)...] { read += site.calls.flatMap { plan.modelCalls[$0].inputs.joined() } }
        var live = Set(layout.captures..<layout.captures + plan.captures.count)
        for expression in read {
            ExpressionWalk.visit(expression) { part in
                switch part {
                case .path(let slot): live.insert(layout.paths + slot)
                case .payload: live.insert(layout.payload)
                case .letValue(let slot): live.insert(layout.lets + slot)
                case .history(let slot): live.insert(layout.histories + slot)
                case .modelResult(let slot): live.insert(layout.models + slot)
                default: break
                }
            }
        }
        // The site's own results come with the answers.
        for call in sites[index].calls { live.remove(layout.models + call) }
        return live.sorted()
    }

    private func plainHistories(_ expressions: [Expression]) -> [Int] {
        expressions.flatMap { ExpressionWalk.histories($0, plan) }
            .filter { calls(plan.histories[$0].argument).isEmpty }
    }

    /// Adds the sites of a place: first the calls that need no other of the place, then those that need them.
    private func add(_ place: ModelSite.Place, _ expressions: [Expression]) -> Range<Int> {
        let start = sites.count
        var open = expressions.reduce(into: Set<Int>()) { $0.formUnion(calls($1)) }.subtracting(placed)
        while !open.isEmpty {
            let ready = open.filter { arguments($0).isDisjoint(with: open) }.sorted()
            // A call comes after those that it reads, so there is always one.
            if ready.isEmpty { break }
            for call in ready { siteOfCall[call] = sites.count }
            sites.append(ModelSite(place: place, calls: ready))
            let read = ready.flatMap { plan.modelCalls[$0].inputs.joined() }
            argumentHistories.append(read.flatMap { ExpressionWalk.histories($0) })
            placed.formUnion(ready)
            open.subtract(ready)
        }
        return start..<sites.count
    }

    /// All calls that an expression needs, those of its calls' arguments included.
    private func calls(_ expression: Expression) -> Set<Int> {
        var found = Set<Int>()
        ExpressionWalk.visit(expression) { part in
            if case .modelResult(let slot) = part {
                found.insert(slot)
                found.formUnion(arguments(slot))
            }
            if case .history(let slot) = part { found.formUnion(calls(plan.histories[slot].argument)) }
        }
        return found
    }

    private func arguments(_ call: Int) -> Set<Int> {
        plan.modelCalls[call].inputs.joined().reduce(into: Set<Int>()) { $0.formUnion(calls($1)) }
    }
}
