import RuleLanguage

/// Makes the object that a rule sees out of a result's bytes.
struct ModelResult {
    private let shape: ModelResultShape
    private let arena: Arena
    private let members: ValueBuffer
    private var count = 0

    /// The object, or why there is none. What does not read counts as failed.
    static func read(
        _ bytes: ByteSlice, _ shape: ModelResultShape, _ arena: Arena
    ) -> Result<Value, ModelCallError> {
        var reader = StateReader(bytes)
        guard let code = reader.byte(), let nanoseconds = reader.integer(), let count = reader.byte() else {
            return .failure(ModelCallError(failure: .failed))
        }
        if code != 0 { return .failure(ModelCallError(failure: ModelFailure(rawValue: code) ?? .failed)) }
        guard shape.areMaps.count == Int(count) else { return .failure(ModelCallError(failure: .failed)) }
        shape.parts.removeAll(keepingCapacity: true)
        for isMap in shape.areMaps {
            guard let output = ModelOutput.read(&reader, arena, isMap: isMap) else {
                return .failure(ModelCallError(failure: .failed))
            }
            shape.parts.append(output)
        }
        var result = ModelResult(shape: shape, arena: arena)
        result.add(shape.parts, nanoseconds)
        return .success(.object(result.members.slice(0, count: result.count)))
    }

    private init(shape: ModelResultShape, arena: Arena) {
        self.shape = shape
        self.arena = arena
        members = arena.values(ModelResultShape.Member.allCases.count * 2)
    }

    @inline(__always)
    private mutating func add(_ member: ModelResultShape.Member, _ value: Value) {
        members[count] = shape[member]
        members[count + 1] = value
        count += 2
    }

    private mutating func add(_ outputs: [ModelOutput], _ nanoseconds: Int64) {
        let results = shape.results
        if let place = results.scores {
            let scores = softmaxed(outputs[place].elements)
            let best = ModelResult.greatest(scores)
            if let best { add(.classIndex, .integer(Int64(best))) }
            if let label = label(outputs, best) { add(.label, label) }
            if let best { add(.confidence, scores[best]) }
            add(.scores, .list(scores))
        } else if let label = label(outputs, nil) {
            add(.label, label)
        }
        if let place = results.value, outputs[place].elements.count == 1 { add(.value, outputs[place].elements[0]) }
        let named = arena.values(outputs.count * 2)
        for (index, output) in outputs.enumerated() {
            named[index * 2] = shape.outputs[index]
            named[index * 2 + 1] = output.value(arena)
        }
        add(.outputs, .object(named))
        add(.time, .double(Double(nanoseconds) / 1e6))
        add(.model, shape.name)
        add(.sha256, shape.sha256)
    }

    /// A declared label; else what the model itself says.
    private func label(_ outputs: [ModelOutput], _ best: Int?) -> Value? {
        if !shape.labels.isEmpty {
            guard let best, best < shape.labels.count else { return nil }
            return shape.labels[best]
        }
        guard let place = shape.results.label else { return nil }
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
        guard shape.results.isLogits, let best = ModelResult.greatest(scores) else { return scores }
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
struct ModelOutput: BitwiseCopyable {
    var elements: ValueBuffer
    /// Of a map from labels to scores.
    var keys: ValueBuffer?

    static func read(
        _ reader: inout StateReader, _ arena: Arena, isMap: Bool
    ) -> ModelOutput? {
        guard let first = values(&reader, arena) else { return nil }
        if isMap {
            guard let scores = values(&reader, arena), scores.count == first.count else { return nil }
            return ModelOutput(elements: scores, keys: first)
        }
        return ModelOutput(elements: first)
    }

    private static func values(_ reader: inout StateReader, _ arena: Arena) -> ValueBuffer? {
        guard let code = reader.byte(), let element = ModelSignature.Element(rawValue: code) else { return nil }
        guard let count = reader.count(bytesEach: element == .text ? 4 : element.byteCount) else { return nil }
        let values = arena.values(count)
        if element == .text {
            for index in 0..<count {
                guard let text = reader.slice() else { return nil }
                values[index] = UTF8Check.firstFault(text) == nil ? .text(arena.copy(text)) : .missing
            }
            return values
        }
        guard let raw = reader.raw(count * element.byteCount) else { return nil }
        for index in 0..<count { values[index] = number(raw, index, element) }
        return values
    }

    @inline(__always)
    private static func number(_ raw: ByteSlice, _ index: Int, _ element: ModelSignature.Element) -> Value {
        let offset = index * element.byteCount
        precondition(offset + element.byteCount <= raw.count, "element outside the output")
        switch element {
        case .float32: return unsafe .finite(Double(raw.start.loadUnaligned(fromByteOffset: offset, as: Float.self)))
        case .float64: return unsafe .finite(raw.start.loadUnaligned(fromByteOffset: offset, as: Double.self))
        case .int64: return unsafe .integer(raw.start.loadUnaligned(fromByteOffset: offset, as: Int64.self))
        case .int32: return unsafe .integer(Int64(raw.start.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
        case .int8: return .integer(Int64(Int8(bitPattern: raw[offset])))
        case .uint8: return .integer(Int64(raw[offset]))
        case .boolean: return .boolean(raw[offset] != 0)
        case .text: return .missing
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
