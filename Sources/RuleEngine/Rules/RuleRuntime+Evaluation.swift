import RuleLanguage

extension RuleRuntime {
    /// Evaluates the rule for what the machine and the reader are set to.
    func evaluate(_ group: Group, hasEvent: Bool, _ emission: Emission, _ outputs: inout [RuleOutput]) {
        counters.evaluations &+= 1
        if callsModels {
            beginEvaluation(group, hasEvent: hasEvent, emission, &outputs)
            return
        }
        for (index, binding) in program.windowLets.enumerated() {
            // What a history is of may be a let above.
            if hasHistories, hasEvent { compute(program.bindHistories[index], group) }
            machine.registers[binding.target] = machine.run(binding.program)
        }
        if hasHistories, hasEvent { compute(program.conditionHistories, group) }
        if group.alarm != nil {
            evaluateAlarm(group, emission, &outputs)
            return
        }
        if let condition = program.condition, !machine.isTrue(condition) { return }
        counters.whenTrue &+= 1
        _ = raise(group, emission, &outputs)
    }

    private func beginEvaluation(
        _ group: Group, hasEvent: Bool, _ emission: Emission, _ outputs: inout [RuleOutput]
    ) {
        // The deadlines of `for` that come before this evaluation.
        let context = machine.context
        let reached =
            hasEvent
            ? group.watermark(at: context.now, late: late) ?? .min
            : closesAfterEnd ? context.time : context.time.minus(1)
        evaluate(group, from: .bind(0), site: 0, reached: reached, emission, &outputs)
    }

    /// Evaluates a rule that calls models from a place and a site on, as far as there are results.
    func evaluate(
        _ group: Group, from place: ModelSite.Place, site: Int, reached: Int64, _ emission: Emission,
        _ outputs: inout [RuleOutput]
    ) {
        guard let models = program.models else { return }
        func reach(_ sites: Range<Int>) -> Bool {
            self.reach(sites, from: site, group, reached: reached, emission)
        }
        if place != .publish {
            var bind = program.windowLets.count
            switch place {
            case .bind(let index): bind = index
            case .step, .condition, .publish: break
            }
            let hasEvent = machine.context.hasEvent
            while bind < program.windowLets.count {
                let index = bind
                bind += 1
                if hasEvent { compute(models.plainBindHistories[index], group) }
                guard reach(models.binds[index]) else { return }
                if hasEvent { compute(program.bindHistories[index], group) }
                let binding = program.windowLets[index]
                machine.registers[binding.target] = machine.run(binding.program)
            }
            if hasEvent { compute(models.plainConditionHistories, group) }
            guard reach(models.condition) else { return }
            if hasEvent { compute(program.conditionHistories, group) }
            if group.alarm != nil {
                evaluateAlarm(group, emission, &outputs)
                return
            }
            if let condition = program.condition, !machine.isTrue(condition) { return }
            counters.whenTrue &+= 1
        }
        guard reach(models.publish) else { return }
        _ = raise(group, emission, &outputs)
    }

    /// Publishes unless `limit` holds back; says whether it did.
    private func raise(_ group: Group, _ emission: Emission, _ outputs: inout [RuleOutput]) -> Bool {
        guard admits(group) else {
            counters.limited &+= 1
            return false
        }
        publish(group, onClear: false, emission, &outputs)
        return true
    }

    // MARK: Limit

    private func admits(_ group: Group) -> Bool {
        guard let limit = plan.limit else { return true }
        guard let keys = program.limitBy else {
            // Its groups are the window's; without a window there is one period for the whole rule.
            let holder = plan.window == nil ? sole : group
            markDirty(holder)
            return RuleRuntime.admit(&holder.period, limit, machine.context.time)
        }
        keyBytes.removeAll(keepingCapacity: true)
        if !program.limitHistories.isEmpty, machine.context.hasEvent { compute(program.limitHistories, group) }
        for key in keys { ValueCodec.append(key: machine.run(key), to: &keyBytes, machine.arena) }
        let slot = unsafe keyBytes.withUnsafeBytes { unsafe periodSlot(limitPeriods, ByteSlice($0), dedupe: nil) }
        guard var period = limitPeriods[slot] else { return true }
        let admitted = RuleRuntime.admit(&period, limit, machine.context.time)
        period.lastUsed = eventNumber
        if !period.isDirty {
            period.isDirty = true
            dirty.limits.append(slot)
        }
        limitPeriods[slot] = period
        return admitted
    }

    private static func admit(_ period: inout Period, _ limit: LimitPlan, _ time: Int64) -> Bool {
        if period.covers(time, limit.perNanoseconds) {
            guard period.count < limit.count else { return false }
            period.count += 1
        } else {
            period.start = time
            period.count = 1
        }
        return true
    }

    // MARK: Alarms

    private func evaluateAlarm(_ group: Group, _ emission: Emission, _ outputs: inout [RuleOutput]) {
        guard let alarm = group.alarm, let when = plan.when, let condition = program.condition else { return }
        let isTrue = machine.isTrue(condition)
        if isTrue { counters.whenTrue &+= 1 }
        if alarm.isActive {
            let ends = program.until.map { machine.isTrue($0) } ?? !isTrue
            if ends {
                group.alarm = Alarm()
                counters.activeAlarms -= 1
                publish(group, onClear: true, emission, &outputs)
            } else if hasClear {
                group.alarm?.saved = save(aggregates: program.publishAggregates)
            }
            return
        }
        guard isTrue else {
            alarm.runStart = nil
            alarm.runCount = 0
            alarm.isRipe = false
            alarm.saved = nil
            return
        }
        if when.forNanoseconds == nil || alarm.isRipe {
            activate(group, emission, &outputs)
            return
        }
        if alarm.runStart == nil {
            alarm.runStart = machine.context.time
            alarm.runCount = 0
        }
        alarm.runCount += 1
        if let start = alarm.runStart {
            counters.longestRunNanoseconds = max(counters.longestRunNanoseconds, machine.context.time &- start)
        }
        alarm.saved = save(aggregates: program.publishAggregates)
    }

    private var hasClear: Bool { plan.publishes.contains(where: \.onClear) }

    private func activate(_ group: Group, _ emission: Emission, _ outputs: inout [RuleOutput]) {
        guard raise(group, emission, &outputs) else { return }
        group.alarm = Alarm()
        group.alarm?.isActive = true
        counters.activeAlarms += 1
        if hasClear { group.alarm?.saved = save(aggregates: program.publishAggregates) }
    }

    /// S + D has come.
    func reachDeadline(_ group: Group, _ time: Int64, _ emission: Emission, _ outputs: inout [RuleOutput]) {
        guard let alarm = group.alarm else { return }
        guard alarm.runCount >= 2, let saved = alarm.saved else {
            alarm.runStart = nil
            alarm.runCount = 0
            alarm.saved = nil
            return
        }
        alarm.isRipe = true
        let before = occasion
        beginOccasion()
        load(saved)
        let holder = historyHolder
        if historiesByCaptures { historyHolder = findHistories(emission, &outputs) }
        machine.context.time = time
        activate(group, emission, &outputs)
        historyHolder = holder
        occasion = before
    }

    /// An active alarm of a group or rule that goes: its `on clear` publishes run once more.
    func clearIfActive(_ group: Group, _ emission: Emission, _ outputs: inout [RuleOutput]) {
        guard let alarm = group.alarm, alarm.isActive else { return }
        counters.activeAlarms -= 1
        group.alarm = Alarm()
        guard let saved = alarm.saved else { return }
        let held = holdAll()
        let before = occasion
        beginOccasion()
        load(saved)
        let holder = historyHolder
        if historiesByCaptures { historyHolder = group }
        publish(group, onClear: true, emission, &outputs)
        historyHolder = holder
        occasion = before
        restoreAll(held)
    }

    private func holdAll() -> (registers: [Value], context: EvaluationContext) {
        ((0..<machine.registers.count).map { machine.registers[$0] }, machine.context)
    }

    private func restoreAll(_ held: (registers: [Value], context: EvaluationContext)) {
        for (index, value) in held.registers.enumerated() { machine.registers[index] = value }
        machine.context = held.context
    }

    /// All that the rest of an evaluation asks for.
    func save(aggregates slots: [Int]) -> SavedEvaluation {
        let context = machine.context
        var aggregates = [StoredValue](repeating: .missing, count: program.calls.count)
        for slot in slots { aggregates[slot] = StoredValue(reader.value(slot, machine.arena)) }
        let forwards = program.forwardsPayload
        return SavedEvaluation(
            registers: (0..<program.layout.aggregates).map { StoredValue(machine.registers[$0]) },
            aggregates: aggregates, topic: context.topic.array, payload: forwards ? context.payload.array : [],
            properties: usesProperties ? context.properties.array : [], client: StoredValue(context.client),
            qos: context.qos, retained: context.retained,
            hasEvent: context.hasEvent, arrival: context.arrival, time: context.time,
            windowStart: StoredValue(context.windowStart), windowEnd: StoredValue(context.windowEnd))
    }

    func load(_ saved: SavedEvaluation) {
        let arena = machine.arena
        for (index, value) in saved.registers.enumerated() { machine.registers[index] = value.load(arena) }
        reader.begin(results: saved.aggregates.map { $0.load(arena) })
        var context = EvaluationContext()
        context.now = machine.context.now
        context.number = machine.context.number
        context.topic = arena.copy(saved.topic)
        context.payload = arena.copy(saved.payload)
        context.properties = arena.copy(saved.properties)
        context.client = saved.client.load(arena)
        context.qos = saved.qos
        context.retained = saved.retained
        context.hasEvent = saved.hasEvent
        context.arrival = saved.arrival
        context.time = saved.time
        context.windowStart = saved.windowStart.load(arena)
        context.windowEnd = saved.windowEnd.load(arena)
        machine.context = context
    }

    // MARK: Publishing

    private func publish(_ group: Group, onClear: Bool, _ emission: Emission, _ outputs: inout [RuleOutput]) {
        let histories = onClear ? program.clearHistories : program.raiseHistories
        if !histories.isEmpty, machine.context.hasEvent { compute(histories, group) }
        for publish in program.publishes where publish.plan.onClear == onClear {
            guard let topic = topic(publish), let payload = payload(publish) else {
                machine.runtimeErrors &+= 1
                continue
            }
            // Watched groups are made before what was used under their rule's name is known.
            if group.isWatched { group.sequence = max(group.sequence, ruleState.sequenceFloor) }
            group.sequence += 1
            markDirty(group)
            counters.published &+= 1
            let key = key(of: group)
            let output = RuleOutput(
                ruleIndex: index, rule: name, id: id(group, key), group: key, topic: topic,
                payload: payload, qos: publish.plan.qos, retain: publish.plan.retain,
                expiresNanoseconds: publish.plan.expiresNanoseconds, priority: publish.plan.priority,
                evaluationNanoseconds: machine.context.time, isEngineTopic: false)
            outputs.append(output)
            emission.engine.cascade(output, from: self, emission.depth, &outputs)
        }
    }

    private func id(_ group: Group, _ key: [UInt8]) -> String {
        var bytes = limits.idPrefix
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: "/"))
        GroupText.append(key, to: &bytes)
        bytes.append(UInt8(ascii: "/"))
        NumberText.append(Int64(bitPattern: group.sequence), to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The topic; nil when it has a missing part or is no topic name.
    private func topic(_ publish: RuleProgram.Publish) -> [UInt8]? {
        let value = machine.run(publish.topic)
        guard value.kind == .text, !value.slice.isEmpty, value.slice.count <= RuleLimits.topicBytesMax else {
            return nil
        }
        let bytes = value.slice
        var levels = 1
        for index in 0..<bytes.count {
            switch bytes[index] {
            case 0, UInt8(ascii: "+"), UInt8(ascii: "#"): return nil
            case UInt8(ascii: "/"): levels += 1
            default: break
            }
        }
        return levels <= RuleLimits.topicLevelsMax ? bytes.array : nil
    }

    private func payload(_ publish: RuleProgram.Publish) -> [UInt8]? {
        switch publish.body {
        case .forward: return machine.context.hasEvent ? machine.context.payload.array : nil
        case .value(let program):
            let value = machine.run(program)
            if value.isMissing { return nil }
            if value.kind == .text || value.kind == .bytes { return value.slice.array }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(128)
            JSONWriter.append(value, to: &bytes)
            return bytes.count <= limits.payloadBytesMax ? bytes : nil
        }
    }
}

/// The key of a group as part of an id: its values joined with commas; reserved characters as %XX, what is not a text
/// after a tilde, so that different keys read differently.
enum GroupText {
    private static let hexadecimal = Array("0123456789ABCDEF".utf8)

    static func append(_ key: [UInt8], to text: inout [UInt8]) {
        unsafe key.withUnsafeBytes { buffer in
            var reader = unsafe StateReader(ByteSlice(buffer))
            var isFirst = true
            while !reader.isAtEnd {
                if !isFirst { text.append(UInt8(ascii: ",")) }
                isFirst = false
                guard appendPart(&reader, to: &text) else { return }
            }
        }
    }

    private static func appendPart(_ reader: inout StateReader, to text: inout [UInt8]) -> Bool {
        guard let code = reader.byte(), let kind = Value.Kind(rawValue: code) else { return false }
        if kind != .text { text.append(UInt8(ascii: "~")) }
        switch kind {
        case .text, .bytes, .bigInteger, .jsonList, .jsonObject:
            guard let slice = reader.slice() else { return false }
            appendEscaped(slice, to: &text)
        case .missing: break
        case .boolean, .integer, .double, .time, .duration:
            guard let word = reader.word() else { return false }
            if kind != .integer, kind != .double { text.append(UInt8(ascii: "a") + kind.rawValue) }
            let shown: Value.Kind = kind == .time || kind == .duration ? .integer : kind
            JSONWriter.append(Value(kind: shown, bits: word), to: &text)
        case .list, .object:
            guard let count = reader.count() else { return false }
            text.append(kind == .list ? UInt8(ascii: "[") : UInt8(ascii: "{"))
            for _ in 0..<count {
                guard appendPart(&reader, to: &text) else { return false }
                text.append(UInt8(ascii: ";"))
            }
        }
        return true
    }

    private static func appendEscaped(_ slice: ByteSlice, to text: inout [UInt8]) {
        for index in 0..<slice.count {
            let byte = slice[index]
            switch byte {
            case UInt8(ascii: "%"), UInt8(ascii: "/"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "~"),
                0...0x20,
                0x7F...:
                text.append(UInt8(ascii: "%"))
                text.append(hexadecimal[Int(byte >> 4)])
                text.append(hexadecimal[Int(byte & 15)])
            default: text.append(byte)
            }
        }
    }
}
