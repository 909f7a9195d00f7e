import RuleLanguage

/// What the rest of an evaluation asks for, as the bytes in which it waits: a head of times and facts, the registers
/// that are read behind the site, the aggregates, and behind those the row of each of the site's calls.
extension RuleRuntime {
    /// What the head of a frame has besides the times; the lowest two bits are the QoS.
    private struct Facts: OptionSet {
        let rawValue: UInt8
        static let retained = Facts(rawValue: 4)
        static let hasEvent = Facts(rawValue: 8)
        /// Start and end of the window, and who sent the message, follow as values.
        static let values = Facts(rawValue: 16)
        /// Topic, payload and properties follow, as far as the rule asks for them.
        static let message = Facts(rawValue: 32)
    }

    private struct Head: BitwiseCopyable {
        var arrival: Int64
        var time: Int64
    }

    /// All but the rows.
    func beginFrame(_ site: Int, _ models: ModelSites) -> [UInt8] {
        let context = machine.context
        var frame: [UInt8] = []
        frame.reserveCapacity(160)
        var facts = Facts(rawValue: context.qos & 3)
        if context.retained { facts.insert(.retained) }
        if context.hasEvent { facts.insert(.hasEvent) }
        if !context.windowStart.isMissing || !context.windowEnd.isMissing || !context.client.isMissing {
            facts.insert(.values)
        }
        if keepsMessage { facts.insert(.message) }
        frame.append(facts.rawValue)
        let head = Head(arrival: context.arrival.littleEndian, time: context.time.littleEndian)
        unsafe Swift.withUnsafeBytes(of: head) { unsafe frame.append(contentsOf: $0) }
        if facts.contains(.values) {
            ValueCodec.append(context.windowStart, to: &frame)
            ValueCodec.append(context.windowEnd, to: &frame)
            ValueCodec.append(context.client, to: &frame)
        }
        if facts.contains(.message) {
            frame.append(sized: context.topic)
            frame.append(sized: program.forwardsPayload ? context.payload : .empty)
            frame.append(sized: usesProperties ? context.properties : .empty)
        }
        for register in models.liveRegisters[site] { ValueCodec.append(machine.registers[register], to: &frame) }
        for slot in aggregates(at: site, models) {
            ValueCodec.append(reader.value(slot, machine.arena), to: &frame)
        }
        return frame
    }

    /// Above the window there are none.
    private func aggregates(at site: Int, _ models: ModelSites) -> [Int] {
        if case .step = models.sites[site].place { return [] }
        return models.aggregates
    }

    /// Puts registers, aggregates and context back; what is not read any more is missing.
    func load(_ entry: WaitingEvaluation, _ models: ModelSites) {
        for register in 0..<program.layout.aggregates { machine.registers[register] = .missing }
        var context = EvaluationContext()
        context.now = entry.clock
        context.number = entry.messageNumber
        eventNumber = entry.eventNumber
        unsafe entry.frame.withUnsafeBytes { buffer in
            var frame = unsafe StateReader(ByteSlice(buffer))
            let sound = read(&frame, entry.site, models, into: &context)
            assert(sound, "a frame that does not read")
        }
        machine.context = context
    }

    /// Whether the bytes are a frame of the site, rows and all.
    func isSound(_ frame: ByteSlice, _ site: Int, _ models: ModelSites) -> Bool {
        var reader = StateReader(frame)
        var context = EvaluationContext()
        guard read(&reader, site, models, into: &context) else { return false }
        for _ in models.sites[site].calls {
            guard reader.slice() != nil else { return false }
        }
        return reader.isAtEnd
    }

    private func read(
        _ frame: inout StateReader, _ site: Int, _ models: ModelSites, into context: inout EvaluationContext
    ) -> Bool {
        let arena = machine.arena
        guard let byte = frame.byte(), let arrival = frame.integer(), let time = frame.integer() else { return false }
        let facts = Facts(rawValue: byte)
        context.qos = byte & 3
        context.retained = facts.contains(.retained)
        context.hasEvent = facts.contains(.hasEvent)
        context.arrival = arrival
        context.time = time
        if facts.contains(.values) {
            guard let start = ValueCodec.read(&frame, arena), let end = ValueCodec.read(&frame, arena),
                let client = ValueCodec.read(&frame, arena)
            else { return false }
            context.windowStart = start
            context.windowEnd = end
            context.client = client
        }
        if facts.contains(.message) {
            guard let topic = frame.slice(), let payload = frame.slice(), let properties = frame.slice() else {
                return false
            }
            context.topic = arena.copy(topic)
            context.payload = arena.copy(payload)
            context.properties = arena.copy(properties)
        }
        for register in models.liveRegisters[site] {
            guard let value = ValueCodec.read(&frame, arena) else { return false }
            machine.registers[register] = value
        }
        let slots = aggregates(at: site, models)
        if slots.isEmpty {
            self.reader.begin(results: [])
            return true
        }
        self.reader.begin(results: [Value](repeating: .missing, count: program.calls.count))
        for slot in slots {
            guard let value = ValueCodec.read(&frame, arena) else { return false }
            self.reader.set(slot, value)
        }
        return true
    }

    /// The rows of an entry's calls; of one that had no row, none.
    func forEachRow(_ entry: WaitingEvaluation, _ callCount: Int, _ body: (Int, ByteSlice) -> Void) {
        guard let models = program.models else { return }
        unsafe entry.frame.withUnsafeBytes { buffer in
            var frame = unsafe StateReader(ByteSlice(buffer))
            var context = EvaluationContext()
            guard read(&frame, entry.site, models, into: &context) else { return }
            for place in 0..<callCount {
                guard let row = frame.slice() else { return }
                body(place, row)
            }
        }
    }
}
