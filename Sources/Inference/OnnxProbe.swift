internal import COnnxRuntime
internal import Foundation
internal import RuleLanguage

/// Trial runs at opening: whether rows can be run together, and which shapes the outputs have.
struct OnnxProbe {
    /// Why the first trial run failed; nil: it did not.
    private(set) var warning: String?
    private(set) var isBatched = false
    private let declared: [ModelSignature.Tensor]
    /// Of one row; empty where the trial run failed.
    private var single: [Output] = []

    /// Trials that take longer are ended.
    static let timeMax: Int64 = 3_000_000_000
    /// If the first takes longer there is no other, and rows are run alone: together they would miss deadlines.
    static let timeMaxBatched: Int64 = 500_000_000

    private struct Output {
        var shape: [Int]
        /// Of outputs of floating-point numbers.
        var numbers: [Double]
    }

    init(_ session: OnnxSession, _ signature: ModelSignature, _ layout: OnnxLayout) {
        declared = signature.outputs
        let nothing: [OnnxOutputShape?] = signature.outputs.map { _ in nil }
        guard let tensors = try? OnnxTensors(session, layout, nothing, batchMax: 2) else {
            warning = "there is no memory for its inputs"
            return
        }
        let timer = OnnxTimer(session, Self.timeMax)
        defer { timer.stop() }
        let zeros = [UInt8](repeating: 0, count: layout.rowByteCount)
        let begin = PoolLock.now()
        guard let first = Self.run(session, tensors, declared, zeros, 1) else {
            warning = timer.hasEnded ? "it takes more than \(Self.timeMax / 1_000_000_000) s" : session.reason
            return
        }
        single = first
        guard PoolLock.now() - begin <= Self.timeMaxBatched,
            signature.inputs.allSatisfy({ $0.shape.first == .some(nil) })
        else { return }
        let halves = Self.halves(layout)
        guard let second = Self.run(session, tensors, declared, halves, 1),
            let both = Self.run(session, tensors, declared, zeros + halves, 2)
        else { return }
        isBatched = declared.indices.allSatisfy { Self.isJoined(both[$0], first[$0], second[$0]) }
    }

    /// For each output its shape if that is sure for every run and its memory is at most `memoryMax` for a row.
    func outputShapes(memoryMax: Int) -> [OnnxOutputShape?] {
        guard single.count == declared.count else { return declared.map { _ in nil } }
        return declared.indices.map { index in
            let probed = single[index].shape
            guard case .tensor(let element) = declared[index].kind, element != .text,
                probed.count == declared[index].shape.count
            else { return nil }
            for (place, length) in declared[index].shape.enumerated() {
                let isFree = isBatched && place == 0
                guard isFree ? length == nil : length == probed[place] else { return nil }
            }
            let count = probed.reduce(1, *)
            guard count > 0, count * element.byteCount <= memoryMax else { return nil }
            return OnnxOutputShape(element: element, shape: probed.map(Int64.init), count: count)
        }
    }

    /// Zeros, and 0.5 in inputs of floating-point numbers.
    private static func halves(_ layout: OnnxLayout) -> [UInt8] {
        var row: [UInt8] = []
        for input in layout.inputs {
            let count = input.byteCount / input.element.byteCount
            switch input.element {
            case .float32: for _ in 0..<count { withUnsafeBytes(of: Float(0.5)) { row.append(contentsOf: $0) } }
            case .float64: for _ in 0..<count { withUnsafeBytes(of: 0.5) { row.append(contentsOf: $0) } }
            default: row.append(contentsOf: repeatElement(0, count: input.byteCount))
            }
        }
        return row
    }

    private static func run(
        _ session: OnnxSession, _ tensors: OnnxTensors, _ declared: [ModelSignature.Tensor], _ rows: [UInt8],
        _ count: Int
    ) -> [Output]? {
        rows.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { tensors.scatter(base, count) }
        }
        guard let set = tensors.set(count) else { return nil }
        let succeeded = session.run(set.inputs, set.outputs)
        defer {
            for index in declared.indices {
                onnx_value_release(set.outputs[index])
                set.outputs[index] = nil
            }
        }
        guard succeeded else { return nil }
        var outputs: [Output] = []
        for index in declared.indices {
            guard let value = set.outputs[index], let output = output(value, declared[index].kind) else { return nil }
            outputs.append(output)
        }
        return outputs
    }

    private static func output(_ value: OpaquePointer, _ kind: ModelSignature.Tensor.Kind) -> Output? {
        guard case .tensor(let element) = kind else {
            var count = 0
            return onnx_value_part_count(value, &count, nil) == 0 ? Output(shape: [count], numbers: []) : nil
        }
        guard let tensor = OnnxReading.tensor(value) else { return nil }
        let shape = OnnxReading.shape(tensor)
        switch element {
        case .float32:
            let numbers = OnnxReading.elements(value, element, as: Float.self) ?? []
            return Output(shape: shape, numbers: numbers.map(Double.init))
        case .float64:
            return Output(shape: shape, numbers: OnnxReading.elements(value, element, as: Double.self) ?? [])
        default: return Output(shape: shape, numbers: [])
        }
    }

    /// Whether the output of two rows is those of the rows one after the other.
    private static func isJoined(_ both: Output, _ first: Output, _ second: Output) -> Bool {
        guard let length = first.shape.first, first.shape == second.shape, both.shape.count == first.shape.count,
            both.shape[0] == 2 * length, both.shape.dropFirst() == first.shape.dropFirst()
        else { return false }
        let alone = first.numbers + second.numbers
        return both.numbers.count == alone.count
            && zip(both.numbers, alone).allSatisfy { together, alone in
                together == alone || (together.isNaN && alone.isNaN)
                    || abs(together - alone) <= 1e-5 + 1e-3 * abs(alone)
            }
    }
}

/// Ends a session's runs after some time, unless it is stopped before.
///
/// `@unchecked Sendable`: what changes is guarded by `lock`; `terminate` and `resume` of a session may come from any thread.
private final class OnnxTimer: @unchecked Sendable {
    private let session: OnnxSession
    private let lock = NSLock()
    /// Guarded by `lock`.
    private var isStopped = false
    private var ended = false

    init(_ session: OnnxSession, _ nanoseconds: Int64) {
        self.session = session
        DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(Int(nanoseconds))) { [weak self] in
            self?.end()
        }
    }

    var hasEnded: Bool { lock.withLock { ended } }

    func stop() {
        lock.withLock { isStopped = true }
        session.resume()
    }

    private func end() {
        lock.withLock {
            if isStopped { return }
            ended = true
            session.terminate()
        }
    }
}
