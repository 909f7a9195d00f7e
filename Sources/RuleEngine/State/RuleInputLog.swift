/// Inputs as compact records. Replayed into a restored engine they give the same state and the same outputs.
package enum RuleInputLog {
    private enum Record: UInt8 { case message = 1, advance = 2, answer = 3 }

    private struct Flags: OptionSet {
        let rawValue: UInt8
        static let retained = Flags(rawValue: 4)
        static let client = Flags(rawValue: 8)
        static let properties = Flags(rawValue: 16)
    }

    /// Appends one message: kind, flags with QoS, arrival, topic, payload, and what else it has.
    package static func append(_ input: borrowing RuleInput, to blob: inout [UInt8]) {
        var flags = Flags(rawValue: input.qos & 3)
        if input.retained { flags.insert(.retained) }
        if input.client != nil { flags.insert(.client) }
        let properties = unsafe ByteSlice(input.properties)
        if !properties.isEmpty { flags.insert(.properties) }
        blob.append(Record.message.rawValue)
        blob.append(flags.rawValue)
        blob.append(integer: input.arrivalNanoseconds)
        unsafe blob.append(sized: ByteSlice(input.topic))
        unsafe blob.append(sized: ByteSlice(input.payload))
        if !properties.isEmpty { blob.append(sized: properties) }
        if let client = input.client { blob.append(sized: Array(client.utf8)) }
    }

    /// Appends that the clock moved without a message.
    package static func appendAdvance(toNanoseconds target: Int64, to blob: inout [UInt8]) {
        blob.append(Record.advance.rawValue)
        blob.append(integer: target)
    }

    /// Appends the result of a model's call. The rule is named, since a restart may number rules otherwise.
    package static func append(
        answer result: UnsafeRawBufferPointer, to ticket: ModelTicket, ofRule rule: [UInt8], to blob: inout [UInt8]
    ) {
        blob.append(Record.answer.rawValue)
        blob.append(sized: rule)
        blob.append(count: Int(ticket.call))
        blob.append(word: ticket.number)
        unsafe blob.append(sized: ByteSlice(result))
    }

    /// Gives the records of a blob to the engine, in order. A damaged blob is refused at its first bad record; the
    /// records
    /// before it have been taken.
    package static func replay(
        _ blob: [UInt8], into engine: RuleEngine, outputs: inout [RuleOutput]
    ) throws(RuleEngineError) {
        var bindings: [[UInt8]: RuleBinding?] = [:]
        let places = Dictionary(
            engine.rules.enumerated().map { ($0.element.nameBytes, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        // The closure must not be one of typed throws (compiler trap), so the failure leaves as a value.
        let failedAt: Int? = unsafe blob.withUnsafeBytes { buffer in
            var reader = unsafe StateReader(ByteSlice(buffer))
            while !reader.isAtEnd {
                let start = reader.index
                guard let code = reader.byte(), let record = Record(rawValue: code) else { return start }
                switch record {
                case .advance:
                    guard let target = reader.integer() else { return start }
                    engine.advance(toNanoseconds: target, into: &outputs)
                case .answer:
                    guard replayAnswer(&reader, engine, places, &outputs) else { return start }
                case .message:
                    guard replayMessage(&reader, engine, &bindings, &outputs) else { return start }
                }
            }
            return nil
        }
        if let failedAt {
            throw RuleEngineError(
                .damaged,
                message: "the log of rule inputs is damaged at byte \(failedAt): restore from the last snapshot")
        }
    }

    private static func replayAnswer(
        _ reader: inout StateReader, _ engine: RuleEngine, _ places: [[UInt8]: Int],
        _ outputs: inout [RuleOutput]
    ) -> Bool {
        guard let rule = reader.slice(), let call = reader.count(bytesEach: 0), let number = reader.word(),
            let result = reader.slice()
        else { return false }
        // A rule that is gone waits for nothing.
        guard let index = places[rule.array] else { return true }
        let ticket = ModelTicket(
            rule: Int32(truncatingIfNeeded: index), call: Int32(truncatingIfNeeded: call), number: number)
        unsafe engine.answer(ticket, result.buffer, into: &outputs)
        return true
    }

    private static func replayMessage(
        _ reader: inout StateReader, _ engine: RuleEngine, _ bindings: inout [[UInt8]: RuleBinding?],
        _ outputs: inout [RuleOutput]
    ) -> Bool {
        guard let raw = reader.byte(), let arrival = reader.integer(), let topic = reader.slice(),
            let payload = reader.slice()
        else { return false }
        let flags = Flags(rawValue: raw)
        var properties = ByteSlice.empty
        var client: String?
        if flags.contains(.properties) {
            guard let slice = reader.slice() else { return false }
            properties = slice
        }
        if flags.contains(.client) {
            guard let slice = reader.slice() else { return false }
            client = slice.string
        }
        let key = topic.array
        let binding: RuleBinding?
        if let known = bindings[key] {
            binding = known
        } else {
            if bindings.count >= engine.options.bindingCacheMax { bindings = [:] }
            binding = engine.makeBinding(topic)
            bindings[key] = .some(binding)
        }
        let input = unsafe RuleInput(
            topic: topic.buffer, payload: payload.buffer, properties: properties.buffer, qos: raw & 3,
            retained: flags.contains(.retained), client: client, arrivalNanoseconds: arrival)
        if let binding {
            engine.process(input, binding, into: &outputs)
        } else {
            engine.advance(toNanoseconds: arrival, into: &outputs)
        }
        return true
    }
}
