import RuleLanguage

/// Runs the programs of one rule over its registers. Confined to the engine's thread.
@safe
final class ProgramMachine {
    /// The longest text that a rule may put together.
    static let textBytesMax = 1 << 20

    private static let functions = Function.allCases

    let arena: Arena
    let layout: RegisterLayout
    let registers: ValueBuffer
    private let code: FixedBuffer<Instruction>
    private let constantText: FixedBuffer<UInt8>
    private let patterns: [Pattern]
    private let zones: [TimeZoneRules]
    private let tables: [RuleTable]
    @exclusivity(unchecked) @safe var latest: LatestMessages?
    private var keyText: [UInt8] = []
    @exclusivity(unchecked) @safe var context = EvaluationContext()
    @exclusivity(unchecked) @safe var runtimeErrors: UInt64 = 0
    /// Where the values of aggregates come from while an evaluation over a window runs.
    let aggregates: AggregateReader

    /// Takes what `builder` gathered; all programs must have been made.
    init(
        _ builder: ProgramBuilder, layout: RegisterLayout, arena: Arena, aggregates: AggregateReader
    ) throws(RuleEngineError) {
        self.aggregates = aggregates
        let parts = try builder.finish()
        code = parts.code
        registers = parts.registers
        constantText = parts.constantText
        patterns = builder.patterns
        zones = builder.zones
        tables = builder.tables
        self.layout = layout
        self.arena = arena
    }

    deinit {
        code.deallocate()
        registers.deallocate()
        constantText.deallocate()
    }

    /// The value of a program.
    @inline(__always)
    func run(_ program: Program) -> Value {
        if program.start != program.end { execute(program) }
        return registers[Int(program.result)]
    }

    /// Whether a condition is true. What is no boolean counts as missing, with a runtime error.
    @inline(__always)
    func isTrue(_ program: Program) -> Bool {
        let value = run(program)
        if value.kind == .boolean { return value.isTrue }
        if !value.isMissing { runtimeErrors &+= 1 }
        return false
    }

    private func execute(_ program: Program) {
        var counter = program.start
        let registers = registers
        while counter < program.end {
            let step = code[Int(counter)]
            counter &+= 1
            switch step.operation {
            case .move: registers[Int(step.destination)] = registers[Int(step.a)]
            case .less: order(step, registers) { $0 < 0 }
            case .lessOrEqual: order(step, registers) { $0 <= 0 }
            case .greater: order(step, registers) { $0 > 0 }
            case .greaterOrEqual: order(step, registers) { $0 >= 0 }
            case .add: arithmetic(.add, step, registers)
            case .subtract: arithmetic(.subtract, step, registers)
            case .multiply: arithmetic(.multiply, step, registers)
            case .divide: arithmetic(.divide, step, registers)
            case .remainder: arithmetic(.remainder, step, registers)
            case .jump: counter = step.target
            case .jumpIfTrue: if registers[Int(step.a)].isTrue { counter = step.target }
            case .jumpIfFalse: if registers[Int(step.a)].isFalse { counter = step.target }
            case .jumpIfPresent: if !registers[Int(step.a)].isMissing { counter = step.target }
            case .jumpUnlessTrue: if !truth(registers[Int(step.a)]).isTrue { counter = step.target }
            case .aggregate: registers[Int(step.destination)] = aggregates.value(Int(step.target), arena)
            default: registers[Int(step.destination)] = other(step, registers)
            }
        }
    }

    @inline(__always)
    private func order(_ step: Instruction, _ registers: ValueBuffer, _ test: (Int) -> Bool) {
        let left = registers[Int(step.a)]
        let right = registers[Int(step.b)]
        if let order = ValueOrder.compare(left, right) {
            registers[Int(step.destination)] = .boolean(test(order))
        } else {
            registers[Int(step.destination)] = .missing
            if !left.isMissing, !right.isMissing { runtimeErrors &+= 1 }
        }
    }

    @inline(__always)
    private func arithmetic(_ sign: ArithmeticOperator, _ step: Instruction, _ registers: ValueBuffer) {
        let left = registers[Int(step.a)]
        let right = registers[Int(step.b)]
        if left.isMissing || right.isMissing {
            registers[Int(step.destination)] = .missing
        } else if let value = Arithmetic.apply(sign, left, right) {
            registers[Int(step.destination)] = value
        } else {
            registers[Int(step.destination)] = .missing
            runtimeErrors &+= 1
        }
    }

    private func truth(_ value: Value) -> Value {
        if value.kind == .boolean || value.isMissing { return value }
        runtimeErrors &+= 1
        return .missing
    }

    private func other(_ step: Instruction, _ registers: ValueBuffer) -> Value {
        let a = registers[Int(step.a)]
        switch step.operation {
        case .truth: return truth(a)
        case .and:
            let b = truth(registers[Int(step.b)])
            return a.isFalse || b.isFalse ? .boolean(false) : a.isMissing || b.isMissing ? .missing : .boolean(true)
        case .or:
            let b = truth(registers[Int(step.b)])
            return a.isTrue || b.isTrue ? .boolean(true) : a.isMissing || b.isMissing ? .missing : .boolean(false)
        case .not:
            let value = truth(a)
            return value.isMissing ? .missing : .boolean(!value.isTrue)
        case .negate: return a.isMissing ? .missing : checked(Arithmetic.negate(a))
        case .equal, .notEqual:
            let b = registers[Int(step.b)]
            if a.isMissing || b.isMissing { return .missing }
            return .boolean(ValueOrder.equal(a, b, arena) == (step.operation == .equal))
        case .member: return member(a, registers[Int(step.b)].slice)
        case .subscripted: return element(a, registers[Int(step.b)])
        case .membership: return membership(a, registers[Int(step.b)])
        case .makeList, .makeObject, .joinText, .call:
            return gather(step, registers.slice(Int(step.a), count: Int(step.b)))
        case .matches: return matches(a, patterns[Int(step.target)])
        case .civil:
            if a.isMissing { return .missing }
            return checked(CivilTime.part(a, zones[Int(step.target)], isHour: step.b == 0))
        case .fact: return context.fact(Int(step.target))
        case .property: return context.property(a.slice)
        case .latest:
            return a.kind == .text ? latest?.value(a.slice, before: context.number, arena) ?? .missing : .missing
        case .tableRow: return lookUp(a) { tables[Int(step.target)].row($0, arena) }
        case .tableCell: return lookUp(a) { tables[Int(step.target)].cell($0, Int(step.b)) }
        default: return .missing
        }
    }

    private func checked(_ value: Value?) -> Value {
        if let value { return value }
        runtimeErrors &+= 1
        return .missing
    }

    private func gather(_ step: Instruction, _ parts: ValueBuffer) -> Value {
        switch step.operation {
        case .makeList, .makeObject:
            let kept = arena.values(parts.count)
            for index in 0..<parts.count { kept[index] = parts[index] }
            return step.operation == .makeList ? .list(kept) : .object(kept)
        case .joinText: return joined(parts)
        default:
            let function = ProgramMachine.functions[Int(step.target)]
            if case .exists = function { return .boolean(!parts[0].isMissing) }
            for index in 0..<parts.count where parts[index].isMissing { return .missing }
            return checked(Functions.call(function, parts, arena))
        }
    }

    /// A text of parts; missing if one is missing.
    private func joined(_ parts: ValueBuffer) -> Value {
        if parts.count == 1, parts[0].kind == .text { return parts[0] }
        var bytes: [UInt8] = []
        for index in 0..<parts.count {
            if parts[index].isMissing { return .missing }
            JSONWriter.append(plain: parts[index], to: &bytes)
            if bytes.count > ProgramMachine.textBytesMax { return checked(nil) }
        }
        if let fault = unsafe bytes.withUnsafeBytes({ UTF8Check.firstFault(unsafe ByteSlice($0)) }) {
            // Only raw bytes in a text can do this.
            bytes.removeSubrange(fault...)
            return checked(nil)
        }
        return .text(arena.copy(bytes))
    }

    /// Looks in a table by the text of a key.
    private func lookUp(_ key: Value, _ find: (ByteSlice) -> Value) -> Value {
        if key.isMissing { return .missing }
        if key.kind == .text { return find(key.slice) }
        keyText.removeAll(keepingCapacity: true)
        JSONWriter.append(plain: key, to: &keyText)
        return unsafe keyText.withUnsafeBytes { unsafe find(ByteSlice($0)) }
    }

    /// A value as text, as it reads in a text.
    func text(of value: Value) -> Value {
        if value.kind == .text || value.isMissing { return value }
        keyText.removeAll(keepingCapacity: true)
        JSONWriter.append(plain: value, to: &keyText)
        return .text(arena.copy(keyText))
    }

    // MARK: Parts of values

    private func member(_ container: Value, _ name: ByteSlice) -> Value {
        switch container.kind {
        case .object: return ValueOrder.member(of: container.values, name) ?? .missing
        case .jsonObject: return JSONTree.member(container, name, arena)
        default: return .missing
        }
    }

    private func element(_ container: Value, _ index: Value) -> Value {
        if index.kind == .text { return member(container, index.slice) }
        let position: Int64
        switch index.kind {
        case .integer: position = index.integer
        case .double:
            guard let whole = Int64(exactly: index.double) else { return .missing }
            position = whole
        default: return .missing
        }
        switch container.kind {
        case .list where position >= 0 && position < Int64(container.length): return container.values[Int(position)]
        case .jsonList where position >= 0: return JSONTree.element(container, position, arena)
        default: return .missing
        }
    }

    /// Elements compared as by `==` and joined as by `or`.
    private func membership(_ element: Value, _ list: Value) -> Value {
        if list.isMissing { return .missing }
        guard list.isList else { return checked(nil) }
        let values = JSONTree.expand(list, arena).values
        var sawMissing = false
        for index in 0..<values.count {
            if element.isMissing || values[index].isMissing {
                sawMissing = true
            } else if ValueOrder.equal(element, values[index], arena) {
                return .boolean(true)
            }
        }
        return sawMissing ? .missing : .boolean(false)
    }

    private func matches(_ text: Value, _ pattern: Pattern) -> Value {
        if text.isMissing { return .missing }
        guard text.kind == .text else { return checked(nil) }
        return .boolean(pattern.isFound(in: text.slice))
    }
}
