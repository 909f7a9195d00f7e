import RuleLanguage

extension RuleEngine {
    /// Gives a message to the rules of its topic, in their order.
    func dispatch(
        _ message: EvaluationContext, _ binding: RuleBinding?, _ depth: Int, _ outputs: inout [RuleOutput]
    ) {
        messageCount &+= 1
        guard let binding else { return }
        var message = message
        message.number = messageCount
        if binding.isLatest { remember(message, binding) }
        let slots = arena.values(binding.slotCount)
        var fault: JSONFault?
        if binding.usesJSON {
            do throws(JSONFault) {
                try JSONScanner.scan(message.payload, binding.trieView, into: slots, arena)
            } catch {
                fault = error
            }
        }
        let cbor = scanCBOR(message, binding)
        let emission = Emission(engine: self, depth: depth)
        binding.forEachEntry { entry in
            let rule = entry.rule
            if message.retained, !rule.readsRetained { return }
            if rule.isRunning {
                rule.counters.cascadeDropped &+= 1
                return
            }
            if rule.callsModels { makeRoom(rule, &outputs) }
            rule.isRunning = true
            let trace = rule.trace
            trace?.begin(rule, outputs.count)
            prepare(entry, rule.machine, message)
            let isEvent =
                entry.isCBOR
                ? decodeCBOR(entry, rule, cbor, emission, &outputs)
                : decode(entry, rule, slots, fault, emission, &outputs)
            if isEvent {
                if rule.fieldWatch.unseen != 0 { rule.fieldWatch.note(rule.machine) }
                rule.take(entry, emission, &outputs)
            }
            trace?.finish(rule, entry, outputs)
            rule.isRunning = false
        }
    }

    /// The next place among groups. It takes a number of its own: several groups may begin with one message, also in
    /// rules that messages published meanwhile reach first.
    func nextPlace() -> UInt64 {
        messageCount &+= 1
        return messageCount
    }

    private func prepare(_ entry: RuleBinding.Entry, _ machine: ProgramMachine, _ message: EvaluationContext) {
        machine.context = message
        machine.context.hasEvent = true
        machine.context.now = clock
        machine.context.time = clock
        for register in 0..<entry.captures.count { machine.registers[register] = entry.captures[register] }
    }

    /// Fills the registers from the payload; false when it does not decode.
    private func decode(
        _ entry: RuleBinding.Entry, _ rule: RuleRuntime, _ slots: ValueBuffer, _ fault: JSONFault?,
        _ emission: Emission, _ outputs: inout [RuleOutput]
    ) -> Bool {
        guard entry.isScanned else { return decodeOther(entry, emission, &outputs) }
        if let fault {
            rule.decodeError("\(fault.reason.text)", fault.offset, emission, &outputs)
            return false
        }
        return fill(entry, rule, slots, emission, &outputs)
    }

    /// Moves what a scan found into the registers; false when it breaks the schema.
    func fill(
        _ entry: RuleBinding.Entry, _ rule: RuleRuntime, _ slots: ValueBuffer, _ emission: Emission,
        _ outputs: inout [RuleOutput]
    ) -> Bool {
        let registers = rule.machine.registers
        for index in 0..<entry.moves.count {
            let move = entry.moves[index]
            registers[Int(move.register)] = slots[Int(move.slot)]
        }
        return !entry.hasSchema || meetsSchema(entry, slots, emission, &outputs)
    }

    private func decodeOther(
        _ entry: RuleBinding.Entry, _ emission: Emission, _ outputs: inout [RuleOutput]
    ) -> Bool {
        let rule = entry.rule
        let layout = rule.program.layout
        let payload = rule.machine.context.payload
        for path in 0..<rule.plan.paths.count { rule.machine.registers[layout.paths + path] = .missing }
        switch entry.source.decoding {
        case .number:
            guard let value = NumberText.number(payload) else {
                rule.decodeError("not a number", 0, emission, &outputs)
                return false
            }
            rule.machine.registers[layout.payload] = value
        case .text:
            if let offset = UTF8Check.firstFault(payload) {
                rule.decodeError("invalid UTF-8", offset, emission, &outputs)
                return false
            }
            rule.machine.registers[layout.payload] = .text(payload)
        case .bytes, .json, .cbor: rule.machine.registers[layout.payload] = .bytes(payload)
        }
        return true
    }

    /// Whether the payload is an object whose declared fields have their types or are missing.
    private func meetsSchema(
        _ entry: RuleBinding.Entry, _ slots: ValueBuffer, _ emission: Emission, _ outputs: inout [RuleOutput]
    ) -> Bool {
        let rule = entry.rule
        let payload = rule.machine.context.payload
        guard slots[entry.rootSlot].isObject else {
            var offset = 0
            if !entry.isCBOR { JSONText.skipSpace(payload, &offset) }
            rule.decodeError("the payload is not an object, as its schema says", offset, emission, &outputs)
            return false
        }
        for (slot, field, register) in entry.schema {
            let value = slots[slot]
            if value.isMissing { continue }
            let fits: Bool
            switch field.type {
            case .number: fits = value.isNumber
            case .text: fits = value.kind == .text
            case .boolean: fits = value.kind == .boolean
            case .list: fits = value.isList
            case .object: fits = value.isObject
            case .time(let unit):
                let instant = CivilTime.instant(value, unit: unit)
                fits = instant != nil
                if let register, let instant { rule.machine.registers[register] = .time(instant) }
            }
            if !fits {
                let offset =
                    entry.isCBOR
                    ? CBORScanner.offset(of: field.name, payload, arena)
                    : JSONTree.offset(of: field.name, in: slots[entry.rootSlot], payload, arena)
                rule.decodeError("the field \(field.name) has another type than declared", offset, emission, &outputs)
                return false
            }
        }
        return true
    }

    /// The binding of a topic, from the engine's own cache.
    func cachedBinding(_ topic: ByteSlice) -> RuleBinding? {
        let hash = KeyTable<KnownBinding>.hash(topic)
        if let slot = ownBindings.find(topic, hash: hash) { return ownBindings[slot]?.binding }
        if ownBindings.count >= options.bindingCacheMax { ownBindings = KeyTable() }
        let binding = makeBinding(topic)
        _ = ownBindings.insert(topic, hash: hash) { _ in KnownBinding(binding: binding) }
        return binding
    }

    /// A message that a rule published: all rules see it before anything else happens.
    func cascade(_ output: RuleOutput, from rule: RuleRuntime, _ depth: Int, _ outputs: inout [RuleOutput]) {
        let binding = unsafe output.topic.withUnsafeBytes { unsafe cachedBinding(ByteSlice($0)) }
        guard let binding else { return }
        guard depth < options.cascadeDepthMax else {
            rule.counters.cascadeDropped &+= 1
            return
        }
        let mark = arena.mark
        var message = EvaluationContext()
        message.topic = arena.copy(output.topic)
        message.payload = arena.copy(output.payload)
        message.qos = output.qos
        message.arrival = clock
        dispatch(message, binding, depth + 1, &outputs)
        arena.release(mark)
    }
}

/// What is known of a topic that rules publish to; nil: no rule takes it.
struct KnownBinding: Ageing {
    var binding: RuleBinding?
    var lastUsed: UInt64 { 0 }
}
