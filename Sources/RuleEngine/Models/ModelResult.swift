import RuleLanguage

/// Makes the object that a rule sees out of a result's bytes.
struct ModelResult {
    private let plan: ModelPlan
    private let arena: Arena
    private var members: [Value] = []

    /// The object, or why there is none. What does not read counts as failed.
    static func read(_ bytes: ByteSlice, _ plan: ModelPlan, _ arena: Arena) -> Result<Value, ModelCallError> {
        var reader = StateReader(bytes)
        guard let code = reader.byte(), let nanoseconds = reader.integer(), let count = reader.byte() else {
            return .failure(ModelCallError(failure: .failed))
        }
        if code != 0 { return .failure(ModelCallError(failure: ModelFailure(rawValue: code) ?? .failed)) }
        var outputs: [Output] = []
        for _ in 0..<count {
            guard let output = Output.read(&reader, arena, plan.signature?.outputs, outputs.count) else {
                return .failure(ModelCallError(failure: .failed))
            }
            outputs.append(output)
        }
        guard outputs.count == plan.signature?.outputs.count else {
            return .failure(ModelCallError(failure: .failed))
        }
        var result = ModelResult(plan: plan, arena: arena)
        result.add(outputs, nanoseconds)
        return .success(result.object)
    }

    private init(plan: ModelPlan, arena: Arena) {
        self.plan = plan
        self.arena = arena
    }

    private mutating func add(_ name: StaticString, _ value: Value) {
        members.append(
            .text(unsafe ByteSlice(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))))
        members.append(value)
    }

    private mutating func add(_ outputs: [Output], _ nanoseconds: Int64) {
        let results = plan.results
        var best: Int?
        if let place = results.scores {
            let scores = softmaxed(outputs[place].elements)
            best = ModelResult.greatest(scores)
            if let best { add("class", .integer(Int64(best))) }
            if let label = label(outputs, best) { add("label", label) }
            if let best { add("confidence", scores[best]) }
            add("scores", .list(scores))
        } else if let label = label(outputs, nil) {
            add("label", label)
        }
        if let place = results.value, outputs[place].elements.count == 1 { add("value", outputs[place].elements[0]) }
        let named = arena.values(outputs.count * 2)
        for (index, output) in outputs.enumerated() {
            named[index * 2] = .text(arena.copy(Array((plan.signature?.outputs[index].name ?? "").utf8)))
            named[index * 2 + 1] = output.value(arena)
        }
        add("outputs", .object(named))
        add("time_ms", .double(Double(nanoseconds) / 1e6))
        add("model", .text(arena.copy(Array(plan.name.utf8))))
        add("sha256", .text(arena.copy(Array((plan.signature?.sha256 ?? "").utf8))))
    }

    private var object: Value {
        let values = arena.values(members.count)
        for (index, member) in members.enumerated() { values[index] = member }
        return .object(values)
    }

    /// A declared label; else what the model itself says.
    private func label(_ outputs: [Output], _ best: Int?) -> Value? {
        let labels = plan.results.labels
        if !labels.isEmpty {
            guard let best, best < labels.count else { return nil }
            return .text(arena.copy(Array(labels[best].utf8)))
        }
        guard let place = plan.results.label else { return nil }
        if let keys = outputs[place].keys {
            guard let best, best < keys.count else { return nil }
            return keys[best]
        }
        return outputs[place].elements.count == 1 ? outputs[place].elements[0] : nil
    }

    /// The first of the greatest; nil where a score is no number.
    private static func greatest(_ scores: ValueBuffer) -> Int? {
        var best: Int?
        for index in 0..<scores.count {
            guard scores[index].isNumber else { return nil }
            if let known = best, scores[index].asDouble <= scores[known].asDouble { continue }
            best = index
        }
        return best
    }

    private func softmaxed(_ scores: ValueBuffer) -> ValueBuffer {
        guard plan.results.isLogits, let best = ModelResult.greatest(scores) else { return scores }
        let top = scores[best].asDouble
        let result = arena.values(scores.count)
        var sum = 0.0
        for index in 0..<scores.count { sum += RealFunctions.exp(scores[index].asDouble - top) }
        for index in 0..<scores.count {
            result[index] = .finite(RealFunctions.exp(scores[index].asDouble - top) / sum)
        }
        return result
    }
}

/// Why a call gave nothing.
struct ModelCallError: Error {
    var failure: ModelFailure
}

/// One output of a result.
private struct Output {
    var elements: ValueBuffer
    /// Of a map from labels to scores.
    var keys: ValueBuffer?

    static func read(
        _ reader: inout StateReader, _ arena: Arena, _ signature: [ModelSignature.Tensor]?, _ index: Int
    ) -> Output? {
        guard let signature, index < signature.count, let first = values(&reader, arena) else { return nil }
        if case .labelMaps = signature[index].kind {
            guard let scores = values(&reader, arena), scores.count == first.count else { return nil }
            return Output(elements: scores, keys: first)
        }
        return Output(elements: first)
    }

    private static func values(_ reader: inout StateReader, _ arena: Arena) -> ValueBuffer? {
        guard let code = reader.byte(), let element = ModelSignature.Element(rawValue: code) else { return nil }
        guard let count = reader.count(bytesEach: max(element.byteCount, 4 * (element == .text ? 1 : 0))) else {
            return nil
        }
        let values = arena.values(count)
        for index in 0..<count {
            if element == .text {
                guard let text = reader.slice() else { return nil }
                values[index] = UTF8Check.firstFault(text) == nil ? .text(arena.copy(text)) : .missing
            } else {
                guard let raw = reader.raw(element.byteCount) else { return nil }
                values[index] = number(raw, element)
            }
        }
        return values
    }

    private static func number(_ raw: ByteSlice, _ element: ModelSignature.Element) -> Value {
        switch element {
        case .float32: unsafe .finite(Double(raw.start.loadUnaligned(as: Float.self)))
        case .float64: unsafe .finite(raw.start.loadUnaligned(as: Double.self))
        case .int64: unsafe .integer(raw.start.loadUnaligned(as: Int64.self))
        case .int32: unsafe .integer(Int64(raw.start.loadUnaligned(as: Int32.self)))
        case .int8: .integer(Int64(Int8(bitPattern: raw[0])))
        case .uint8: .integer(Int64(raw[0]))
        case .boolean: .boolean(raw[0] != 0)
        case .text: .missing
        }
    }

    /// One element as it is, more as a flat list; of a map an object of its labels.
    func value(_ arena: Arena) -> Value {
        guard let keys else { return elements.count == 1 ? elements[0] : .list(elements) }
        let pairs = arena.values(keys.count * 2)
        for index in 0..<keys.count {
            var text: [UInt8] = []
            JSONWriter.append(plain: keys[index], to: &text)
            pairs[index * 2] = keys[index].kind == .text ? keys[index] : .text(arena.copy(text))
            pairs[index * 2 + 1] = elements[index]
        }
        return .object(pairs)
    }
}
