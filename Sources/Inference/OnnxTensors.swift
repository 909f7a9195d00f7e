internal import COnnxRuntime
internal import RuleLanguage

/// Where in a row each input lies.
struct OnnxLayout {
    struct Input {
        var element: ModelSignature.Element
        /// Of one row, free lengths taken as 1.
        var shape: [Int64]
        var offset: Int
        var byteCount: Int
    }
    let inputs: [Input]
    let rowByteCount: Int

    init(_ tensors: [ModelSignature.Tensor]) throws(OnnxError) {
        var inputs: [Input] = []
        var offset = 0
        for tensor in tensors {
            guard case .tensor(let element) = tensor.kind, let count = tensor.rowElementCount,
                count <= OnnxModel.memoryMax / 8, offset <= OnnxModel.memoryMax
            else { throw OnnxError("its input `\(tensor.name)` is too large") }
            let byteCount = count * element.byteCount
            guard byteCount > 0 else { throw OnnxError("its input `\(tensor.name)` has no elements") }
            inputs.append(
                Input(
                    element: element, shape: tensor.shape.map { Int64($0 ?? 1) }, offset: offset, byteCount: byteCount))
            offset += byteCount
        }
        self.inputs = inputs
        rowByteCount = offset
    }
}

/// An output's shape for one row, where it is sure before the run; its first length grows with the rows of a batch.
struct OnnxOutputShape: Equatable {
    var element: ModelSignature.Element
    var shape: [Int64]
    /// Elements of one row.
    var count: Int

    var byteCount: Int { count * element.byteCount }
}

/// The memory that a model's runs read and write, and the library's values over it for each number of rows.
final class OnnxTensors {
    struct ValueSet {
        let inputs: UnsafeMutablePointer<OpaquePointer?>
        /// Null where the library makes the output; then it has to be taken away after each run.
        let outputs: UnsafeMutablePointer<OpaquePointer?>
    }

    let layout: OnnxLayout
    private(set) var outputShapes: [OnnxOutputShape?]
    /// Memory of the outputs whose shape is sure.
    private(set) var outputMemory: [UnsafeMutableRawPointer?]
    private let session: OnnxSession
    private let batchMax: Int
    private let inputMemory: [UnsafeMutableRawPointer]
    /// By number of rows.
    private var sets: [ValueSet?]

    init(
        _ session: OnnxSession, _ layout: OnnxLayout, _ outputShapes: [OnnxOutputShape?], batchMax: Int
    ) throws(OnnxError) {
        self.session = session
        self.layout = layout
        self.outputShapes = outputShapes
        self.batchMax = batchMax
        inputMemory = layout.inputs.map { Self.memory($0.byteCount * batchMax) }
        outputMemory = outputShapes.map { shape in shape.map { Self.memory($0.byteCount * batchMax) } }
        sets = Array(repeating: nil, count: batchMax + 1)
    }

    deinit {
        releaseSets()
        for memory in inputMemory { memory.deallocate() }
        for memory in outputMemory { memory?.deallocate() }
    }

    var ownsOutputs: Bool { outputShapes.contains { $0 != nil } }

    /// From now on the library makes every output.
    func disownOutputs() {
        releaseSets()
        for memory in outputMemory { memory?.deallocate() }
        outputShapes = outputShapes.map { _ in nil }
        outputMemory = outputMemory.map { _ in nil }
    }

    /// Copies `count` rows to the inputs.
    @inline(__always)
    func scatter(_ rows: UnsafeRawPointer, _ count: Int) {
        let rowByteCount = layout.rowByteCount
        if inputMemory.count == 1 {
            inputMemory[0].copyMemory(from: rows, byteCount: count * rowByteCount)
            return
        }
        for index in inputMemory.indices {
            let input = layout.inputs[index]
            for row in 0..<count {
                (inputMemory[index] + row * input.byteCount).copyMemory(
                    from: rows + row * rowByteCount + input.offset, byteCount: input.byteCount)
            }
        }
    }

    /// The values for `count` rows, up to `batchMax`; nil: the library refuses them.
    @inline(__always)
    func set(_ count: Int) -> ValueSet? { sets[count] ?? makeSet(count) }

    private func makeSet(_ count: Int) -> ValueSet? {
        let inputs = UnsafeMutablePointer<OpaquePointer?>.allocate(capacity: layout.inputs.count)
        let outputs = UnsafeMutablePointer<OpaquePointer?>.allocate(capacity: outputShapes.count)
        var isComplete = true
        for (index, input) in layout.inputs.enumerated() {
            let value = session.value(
                over: inputMemory[index], byteCount: input.byteCount * count, shape: Self.shape(input.shape, count),
                input.element)
            if value == nil { isComplete = false }
            (inputs + index).initialize(to: value)
        }
        for index in outputShapes.indices {
            var value: OpaquePointer?
            if let shape = outputShapes[index], let memory = outputMemory[index] {
                value = session.value(
                    over: memory, byteCount: shape.byteCount * count, shape: Self.shape(shape.shape, count),
                    shape.element)
                if value == nil { isComplete = false }
            }
            (outputs + index).initialize(to: value)
        }
        let set = ValueSet(inputs: inputs, outputs: outputs)
        guard isComplete else {
            release(set)
            return nil
        }
        sets[count] = set
        return set
    }

    private func releaseSets() {
        for index in sets.indices {
            if let set = sets[index] { release(set) }
            sets[index] = nil
        }
    }

    private func release(_ set: ValueSet) {
        for index in layout.inputs.indices { onnx_value_release(set.inputs[index]) }
        for index in outputShapes.indices { onnx_value_release(set.outputs[index]) }
        set.inputs.deallocate()
        set.outputs.deallocate()
    }

    private static func shape(_ row: [Int64], _ count: Int) -> [Int64] {
        guard count > 1, let first = row.first else { return row }
        return [first * Int64(count)] + row.dropFirst()
    }

    /// Aligned for whole vector registers and cache lines; zeros.
    private static func memory(_ byteCount: Int) -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(64, byteCount), alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: max(64, byteCount))
        return memory
    }
}
