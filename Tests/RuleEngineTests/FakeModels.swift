import RuleEngine
import RuleLanguage
import Testing

/// Models computed here, of 64-bit floats: what a library would do, without one.
enum FakeModels {
    static let signatures: [String: ModelSignature] = [
        // y = x0 + 2·x1
        "sum.onnx": signature([2], [("Y", .float64, 1)]),
        // The sum of four.
        "four.onnx": signature([4], [("Y", .float64, 1)]),
        // Scores x0, x1 and 1; fails for x0 = 13.
        "classes.onnx": signature([2], [("label", .int64, 1), ("scores", .float64, 3)]),
        // Halves of its input.
        "vector.onnx": signature([2], [("Z", .float64, 2)]),
    ]

    private static func signature(
        _ widths: [Int], _ outputs: [(String, ModelSignature.Element, Int)]
    ) -> ModelSignature {
        ModelSignature(
            inputs: widths.enumerated().map {
                ModelSignature.Tensor(name: "x\($0.offset)", kind: .tensor(.float64), shape: [nil, $0.element])
            },
            outputs: outputs.map { ModelSignature.Tensor(name: $0.0, kind: .tensor($0.1), shape: [nil, $0.2]) },
            isBatched: true, opset: 17, byteCount: 100, sha256: String(repeating: "ab", count: 32))
    }

    static func compile(_ source: String) throws -> RuleSetPlan {
        let result = RuleCompiler.compile(
            [RuleSourceFile(name: "t.rules", text: source)],
            models: { signatures[$0].map { .model($0) } ?? .unusable("there is no such file") }, zones: TestZones.find)
        for diagnostic in result.diagnostics where diagnostic.severity == .error {
            Issue.record("\(diagnostic.code): \(diagnostic.message)")
        }
        return try #require(result.plan)
    }

    /// The result of one row.
    static func run(_ path: String, _ row: [UInt8]) -> [UInt8] {
        var x: [Double] = []
        row.withUnsafeBytes { bytes in
            for offset in stride(from: 0, to: bytes.count, by: 8) {
                x.append(bytes.loadUnaligned(fromByteOffset: offset, as: Double.self))
            }
        }
        var result: [UInt8] = []
        func append(_ values: [Double]) {
            values.withUnsafeBytes { ModelResultWriter.append(.float64, count: values.count, $0, to: &result) }
        }
        switch path {
        case "sum.onnx":
            ModelResultWriter.begin(nanoseconds: 2_000_000, outputCount: 1, to: &result)
            append([x[0] + 2 * x[1]])
        case "four.onnx":
            ModelResultWriter.begin(nanoseconds: 0, outputCount: 1, to: &result)
            append([x.reduce(0, +)])
        case "classes.onnx":
            if x[0] == 13 { return ModelResultWriter.failure(.failed) }
            ModelResultWriter.begin(nanoseconds: 0, outputCount: 2, to: &result)
            let scores = [x[0], x[1], 1]
            let best = Int64(scores.firstIndex(of: scores.max() ?? 0) ?? 0)
            withUnsafeBytes(of: best) { ModelResultWriter.append(.int64, count: 1, $0, to: &result) }
            append(scores)
        default:
            ModelResultWriter.begin(nanoseconds: 0, outputCount: 1, to: &result)
            append(x.map { $0 / 2 })
        }
        return result
    }
}

/// Answers on the engine's thread.
final class FakeRunner: ModelRunner {
    private let paths: [String]

    init(_ models: [ModelPlan]) { paths = models.map(\.path) }

    func run(_ model: Int, _ row: UnsafeRawBufferPointer, into result: inout [UInt8]) {
        result += FakeModels.run(paths[model], Array(row))
    }
}

/// Keeps what the engine asks until the test answers.
struct FakeQueue {
    var asked: [(ticket: ModelTicket, path: String, row: [UInt8])] = []

    mutating func collect(_ engine: RuleEngine) {
        for batch in engine.takeBatches() {
            let size = batch.rows.count / max(batch.tickets.count, 1)
            for (index, ticket) in batch.tickets.enumerated() {
                asked.append(
                    (ticket, engine.models[batch.model].path, Array(batch.rows[index * size..<(index + 1) * size])))
            }
        }
    }

    /// Answers one of what was asked, logged as a node does it.
    mutating func answer(_ index: Int, _ harness: Harness, log: UnsafeMutablePointer<[UInt8]>? = nil) {
        let question = asked.remove(at: index)
        FakeModels.run(question.path, question.row).withUnsafeBytes { result in
            if let log, let rule = harness.engine.ruleName(of: question.ticket) {
                RuleInputLog.append(answer: result, to: question.ticket, ofRule: rule, to: &log.pointee)
            }
            harness.engine.answer(question.ticket, result, into: &harness.outputs)
        }
        collect(harness.engine)
    }

    /// Answers all, and what they lead to.
    mutating func answerAll(_ harness: Harness) {
        collect(harness.engine)
        while !asked.isEmpty { answer(0, harness) }
        harness.engine.advance(toNanoseconds: harness.engine.clockNanoseconds, into: &harness.outputs)
        collect(harness.engine)
        if !asked.isEmpty { answerAll(harness) }
    }
}
