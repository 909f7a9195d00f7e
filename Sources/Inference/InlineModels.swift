internal import RuleEngine

/// Runs models at once, on the caller's thread. Confined to one thread.
package final class InlineModels: ModelRunner {
    private let models: [OnnxModel?]
    private var ends: [Int] = []

    /// - Parameter models: in the order of the engine's `models`; nil: not loaded.
    package init(_ models: [OnnxModel?]) {
        self.models = models
    }

    package func run(_ model: Int, _ row: UnsafeRawBufferPointer, into result: inout [UInt8]) {
        guard models.indices.contains(model), let opened = models[model] else {
            ModelResultWriter.fail(.unavailable, nanoseconds: 0, to: &result)
            return
        }
        ends.removeAll(keepingCapacity: true)
        _ = opened.run(rows: row, count: 1, results: &result, ends: &ends)
    }
}
