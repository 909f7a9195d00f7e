import RuleLanguage

/// Turns the expressions of one rule into one flat list of instructions.
struct ProgramBuilder {
    /// Registers that an instruction can name.
    static let registersMax = 60_000

    private enum Constant {
        case value(Value)
        case text([UInt8])
    }

    private let rule: String
    private let layout: RegisterLayout
    let zones: [TimeZoneRules]
    private(set) var code: [Instruction] = []
    private(set) var patterns: [Pattern] = []
    private var constants: [Constant] = []
    private var textRegisters: [[UInt8]: UInt16] = [:]
    private var temporaries = 0
    private(set) var temporariesMax = 0
    /// Registers whose numbers are only known when all constants are: temporaries count from here.
    private static let temporaryBase = 32_768

    private let tableNames: [String]
    let tables: [RuleTable]

    init(
        rule: String, layout: RegisterLayout, zones: [TimeZoneRules] = [],
        tables: [(name: String, table: RuleTable)] = []
    ) {
        self.rule = rule
        self.zones = zones
        tableNames = tables.map(\.name)
        self.tables = tables.map(\.table)
        self.layout = layout
    }

    /// The finished code and registers. Temporaries follow the constants. The text that constants point to must be kept
    /// as long as the registers.
    func finish() throws(RuleEngineError) -> (
        code: FixedBuffer<Instruction>, registers: ValueBuffer, constantText: FixedBuffer<UInt8>
    ) {
        let temporariesStart = layout.constants + constants.count
        guard temporariesStart < ProgramBuilder.temporaryBase, temporariesMax < 16_384 else {
            throw RuleEngineError(
                .limit, rule: rule,
                message: "rule \(rule) needs more than \(ProgramBuilder.registersMax) registers: split it")
        }
        func place(_ register: UInt16) -> UInt16 {
            Int(register) < ProgramBuilder.temporaryBase
                ? register : UInt16(Int(register) - ProgramBuilder.temporaryBase + temporariesStart)
        }
        let placed = code.map { step in
            var step = step
            step.destination = place(step.destination)
            step.a = place(step.a)
            if !step.operation.countsWithB { step.b = place(step.b) }
            return step
        }
        let registers = ValueBuffer.allocate(temporariesStart + temporariesMax)
        var text: [UInt8] = []
        for case .text(let bytes) in constants { text += bytes }
        let kept = FixedBuffer(text)
        var offset = 0
        for (index, constant) in constants.enumerated() {
            switch constant {
            case .value(let value): registers[layout.constants + index] = value
            case .text(let bytes):
                registers[layout.constants + index] = .text(kept.slice(offset, count: bytes.count))
                offset += bytes.count
            }
        }
        return (FixedBuffer(placed), registers, kept)
    }

    /// `program` with the temporary in its result in its final place.
    func place(_ program: Program) -> Program {
        guard Int(program.result) >= ProgramBuilder.temporaryBase else { return program }
        var program = program
        program.result = UInt16(Int(program.result) - ProgramBuilder.temporaryBase + layout.constants + constants.count)
        return program
    }

    mutating func program(_ expression: Expression) throws(RuleEngineError) -> Program {
        temporaries = 0
        let start = Int32(code.count)
        let result = try compile(expression)
        return Program(start: start, end: Int32(code.count), result: result)
    }

    mutating func program(text parts: [TextPart]) throws(RuleEngineError) -> Program {
        try program(.interpolated(parts))
    }

    // MARK: Registers

    private mutating func constant(_ value: Value) -> UInt16 {
        constants.append(.value(value))
        return UInt16(truncatingIfNeeded: layout.constants + constants.count - 1)
    }

    private mutating func constant(_ text: String) -> UInt16 {
        let bytes = Array(text.utf8)
        if let known = textRegisters[bytes] { return known }
        constants.append(.text(bytes))
        let register = UInt16(truncatingIfNeeded: layout.constants + constants.count - 1)
        textRegisters[bytes] = register
        return register
    }

    private mutating func temporary(_ count: Int = 1) -> UInt16 {
        let first = temporaries
        temporaries += count
        // An empty list or object names a register too, though nothing is in it.
        temporariesMax = max(temporariesMax, first + max(count, 1))
        return UInt16(truncatingIfNeeded: ProgramBuilder.temporaryBase + min(first, 16_384))
    }

    private mutating func emit(
        _ operation: Instruction.Operation, _ destination: UInt16, _ a: UInt16 = 0, _ b: UInt16 = 0, target: Int = 0
    ) {
        code.append(
            Instruction(
                operation: operation, destination: destination, a: a, b: b, target: Int32(truncatingIfNeeded: target)))
    }

    // MARK: Expressions

    /// The register that will hold the value of `expression`; `into` asks for a certain one.
    private mutating func compile(_ expression: Expression, into: UInt16? = nil) throws(RuleEngineError) -> UInt16 {
        if let register = try standing(expression) {
            guard let into else { return register }
            emit(.move, into, register)
            return into
        }
        let destination = into ?? temporary()
        let mark = temporaries
        try compute(expression, destination)
        temporaries = mark
        return destination
    }

    /// The register in which the value stands already.
    private mutating func standing(_ expression: Expression) throws(RuleEngineError) -> UInt16? {
        switch expression {
        case .missing: return constant(.missing)
        case .boolean(let value): return constant(.boolean(value))
        case .integer(let value): return constant(.integer(value))
        case .double(let value): return constant(.finite(value))
        case .text(let text): return constant(text)
        case .duration(let nanoseconds): return constant(.duration(nanoseconds))
        case .path(let slot): return UInt16(layout.paths + slot)
        case .payload: return UInt16(layout.payload)
        case .capture(let slot): return UInt16(layout.captures + slot)
        case .letValue(let slot): return UInt16(layout.lets + slot)
        case .history(let slot): return UInt16(layout.histories + slot)
        case .modelResult(let slot): return UInt16(layout.models + slot)
        case .aggregate(let slot):
            let register = UInt16(layout.aggregates + slot)
            emit(.aggregate, register, target: slot)
            return register
        default: return nil
        }
    }

    private mutating func compute(_ expression: Expression, _ destination: UInt16) throws(RuleEngineError) {
        switch expression {
        case .negate(let operand): emit(.negate, destination, try compile(operand))
        case .not(let operand): emit(.not, destination, try compile(operand))
        case .arithmetic(let sign, let left, let right):
            let (a, b) = (try compile(left), try compile(right))
            emit(sign.operation, destination, a, b)
        case .compare(let sign, let left, let right):
            let (a, b) = (try compile(left), try compile(right))
            emit(sign.operation, destination, a, b)
        case .and(let left, let right): try logical(.and, .jumpIfFalse, left, right, destination)
        case .or(let left, let right): try logical(.or, .jumpIfTrue, left, right, destination)
        case .conditional(let condition, let then, let otherwise):
            try conditional(condition, then, otherwise, destination)
        case .membership(let element, let list, let negated):
            let (a, b) = (try compile(element), try compile(list))
            emit(.membership, destination, a, b)
            if negated { emit(.not, destination, destination) }
        case .between(let element, let low, let high): try between(element, low, high, destination)
        case .coalesce(let first, let second):
            _ = try compile(first, into: destination)
            let jump = code.count
            emit(.jumpIfPresent, destination, destination)
            _ = try compile(second, into: destination)
            code[jump].target = Int32(code.count)
        default: try computeParts(expression, destination)
        }
    }

    private mutating func computeParts(_ expression: Expression, _ destination: UInt16) throws(RuleEngineError) {
        switch expression {
        case .tableRow(let table, let key):
            emit(.tableRow, destination, try compile(key), target: try tableIndex(table))
        case .member(.tableRow(let table, let key), let name):
            let index = try tableIndex(table)
            guard let column = tables[index].columns.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) else {
                throw unsupported("a table")
            }
            emit(.tableCell, destination, try compile(key), UInt16(column), target: index)
        case .member(let container, let name):
            let a = try compile(container)
            emit(.member, destination, a, constant(name))
        case .subscripted(let container, let index):
            let (a, b) = (try compile(container), try compile(index))
            emit(.subscripted, destination, a, b)
        case .object(let members):
            let first = temporary(members.count * 2)
            for (index, member) in members.enumerated() {
                emit(.move, first + UInt16(index * 2), constant(member.name))
                _ = try compile(member.value, into: first + UInt16(index * 2 + 1))
            }
            emit(.makeObject, destination, first, UInt16(members.count * 2))
        case .list(let elements):
            emit(.makeList, destination, try row(elements), UInt16(elements.count))
        case .interpolated(let parts): try interpolated(parts, destination)
        case .call(let function, let arguments)
        where arguments.count == 2 && (function == .hour || function == .weekday):
            try civil(function, arguments[0], arguments[1], destination)
        case .call(let function, let arguments):
            let first = try row(arguments)
            let index = Function.allCases.firstIndex(of: function) ?? 0
            emit(.call, destination, first, UInt16(arguments.count), target: index)
        case .matches(let text, let source):
            let a = try compile(text)
            patterns.append(try Pattern.make(source, rule: rule))
            emit(.matches, destination, a, target: patterns.count - 1)
        case .messageFact(let fact): emit(.fact, destination, target: fact.index)
        case .property(let name): emit(.property, destination, constant(name))
        case .latest(let parts): emit(.latest, destination, try compile(.interpolated(parts)))
        default: throw unsupported("something")
        }
    }

    /// `hour` and `weekday` in a zone.
    private mutating func civil(
        _ function: Function, _ time: Expression, _ zone: Expression, _ destination: UInt16
    ) throws(RuleEngineError) {
        guard case .text(let name) = zone, let index = zones.firstIndex(where: { $0.name == name }) else {
            throw RuleEngineError(.unsupported, rule: rule, message: "rule \(rule) names a time zone that is not there")
        }
        emit(.civil, destination, try compile(time), function == .hour ? 0 : 1, target: index)
    }

    private func unsupported(_ what: String) -> RuleEngineError {
        RuleEngineError(.unsupported, rule: rule, message: "rule \(rule) uses \(what), which this engine cannot run")
    }

    private func tableIndex(_ name: String) throws(RuleEngineError) -> Int {
        guard let index = tableNames.firstIndex(of: name) else { throw unsupported("the table \(name)") }
        return index
    }

    private mutating func row(_ expressions: [Expression]) throws(RuleEngineError) -> UInt16 {
        let first = temporary(max(expressions.count, 1))
        for (index, expression) in expressions.enumerated() {
            _ = try compile(expression, into: first + UInt16(index))
        }
        return first
    }

    private mutating func interpolated(_ parts: [TextPart], _ destination: UInt16) throws(RuleEngineError) {
        let first = temporary(max(parts.count, 1))
        for (index, part) in parts.enumerated() {
            switch part {
            case .literal(let text): emit(.move, first + UInt16(index), constant(text))
            case .value(let expression): _ = try compile(expression, into: first + UInt16(index))
            }
        }
        emit(.joinText, destination, first, UInt16(parts.count))
    }

    /// The right side is left out when the left one decides.
    private mutating func logical(
        _ operation: Instruction.Operation, _ jump: Instruction.Operation, _ left: Expression, _ right: Expression,
        _ destination: UInt16
    ) throws(RuleEngineError) {
        let a = try compile(left)
        emit(.truth, destination, a)
        let decided = code.count
        emit(jump, destination, destination)
        let b = try compile(right)
        emit(operation, destination, destination, b)
        code[decided].target = Int32(code.count)
    }

    private mutating func conditional(
        _ condition: Expression, _ then: Expression, _ otherwise: Expression, _ destination: UInt16
    ) throws(RuleEngineError) {
        let test = try compile(condition)
        let toOtherwise = code.count
        emit(.jumpUnlessTrue, destination, test)
        _ = try compile(then, into: destination)
        let toEnd = code.count
        emit(.jump, destination)
        code[toOtherwise].target = Int32(code.count)
        _ = try compile(otherwise, into: destination)
        code[toEnd].target = Int32(code.count)
    }

    private mutating func between(
        _ element: Expression, _ low: Expression, _ high: Expression, _ destination: UInt16
    ) throws(RuleEngineError) {
        let a = try compile(element)
        let lower = try compile(low)
        let upper = try compile(high)
        let second = temporary()
        emit(.greaterOrEqual, destination, a, lower)
        emit(.lessOrEqual, second, a, upper)
        emit(.and, destination, destination, second)
    }
}

extension Instruction.Operation {
    /// Whether `b` is a number and no register.
    var countsWithB: Bool {
        switch self {
        case .makeList, .makeObject, .joinText, .call, .civil: true
        default: false
        }
    }
}

extension ArithmeticOperator {
    var operation: Instruction.Operation {
        switch self {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .remainder: .remainder
        }
    }
}

extension ComparisonOperator {
    var operation: Instruction.Operation {
        switch self {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        }
    }
}

extension MessageFact {
    static let order: [MessageFact] = [
        .topic, .qos, .retained, .client, .time, .arrived, .now, .windowStart, .windowEnd,
    ]
    var index: Int { MessageFact.order.firstIndex(of: self) ?? 0 }
}
