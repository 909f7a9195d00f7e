package import RuleLanguage

// What goes to a model and comes back, as bytes: they are queued, batched and logged as they are.
//
// A row holds the elements of every input, in the order of the model's inputs, each in the machine's byte order.
// A result holds a head and, where the run succeeded, every output in the model's order.

/// Why a call of a model gave nothing. The raw value is stored.
package enum ModelFailure: UInt8, Sendable, Equatable, CaseIterable {
    /// An argument is missing, or a list has another length than the model takes.
    case input = 1
    /// ONNX Runtime refused the run.
    case failed = 2
    /// No answer within the deadline.
    case timedOut = 3
    /// Too many rows wait already.
    case queueFull = 4
    /// The model failed several times in a row and is left alone for a while.
    case suspended = 5
    /// There is no ONNX Runtime, or the model is not loaded.
    case unavailable = 6

    /// In words, for counts.
    var text: String {
        switch self {
        case .input: "an argument was missing or did not fit"
        case .failed: "the model failed"
        case .timedOut: "no answer came in time"
        case .queueFull: "too many were waiting"
        case .suspended: "the model was left alone after failures"
        case .unavailable: "the model or ONNX Runtime was not there"
        }
    }
}

/// Puts one result together.
package enum ModelResultWriter {
    /// Appends the head of a result with outputs. `nanoseconds`: how long the run took.
    package static func begin(nanoseconds: Int64, outputCount: Int, to bytes: inout [UInt8]) {
        bytes.append(0)
        bytes.append(integer: nanoseconds)
        bytes.append(UInt8(truncatingIfNeeded: outputCount))
    }

    /// Appends a result without outputs.
    package static func fail(_ failure: ModelFailure, nanoseconds: Int64, to bytes: inout [UInt8]) {
        bytes.append(failure.rawValue)
        bytes.append(integer: nanoseconds)
        bytes.append(0)
    }

    /// A result without outputs, of a call that was not run.
    package static func failure(_ failure: ModelFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        fail(failure, nanoseconds: 0, to: &bytes)
        return bytes
    }

    /// Appends an output of elements of fixed size; `elements` holds `count` of them in the machine's byte order.
    package static func append(
        _ element: ModelSignature.Element, count: Int, _ elements: UnsafeRawBufferPointer, to bytes: inout [UInt8]
    ) {
        bytes.append(element.rawValue)
        bytes.append(count: count)
        unsafe bytes.append(contentsOf: elements)
    }

    /// Appends an output of texts.
    package static func append(texts: [[UInt8]], to bytes: inout [UInt8]) {
        bytes.append(ModelSignature.Element.text.rawValue)
        bytes.append(count: texts.count)
        for text in texts { bytes.append(sized: text) }
    }

    /// Appends one map of labels to scores, in the model's order: an output of keys and an output of 32-bit floats.
    package static func append(keys: [Int64], scores: [Float], to bytes: inout [UInt8]) {
        bytes.append(ModelSignature.Element.int64.rawValue)
        bytes.append(count: keys.count)
        for key in keys { bytes.append(integer: key) }
        append(scores: scores, to: &bytes)
    }

    package static func append(keys: [[UInt8]], scores: [Float], to bytes: inout [UInt8]) {
        append(texts: keys, to: &bytes)
        append(scores: scores, to: &bytes)
    }

    private static func append(scores: [Float], to bytes: inout [UInt8]) {
        unsafe scores.withUnsafeBytes { unsafe append(.float32, count: scores.count, $0, to: &bytes) }
    }
}

/// Rows for one model, from the engine to whoever runs it.
package struct ModelBatch: Sendable {
    /// Index in the engine's `models`.
    package var model: Int
    /// One for each row; handed back with its result.
    package var tickets: [ModelTicket]
    /// The rows, one after the other; all of one size.
    package var rows: [UInt8]

    package init(model: Int, tickets: [ModelTicket], rows: [UInt8]) {
        self.model = model
        self.tickets = tickets
        self.rows = rows
    }
}

/// Names one call that waits for its result.
package struct ModelTicket: Sendable, Hashable {
    /// Place of the rule in the running set.
    package var rule: Int32
    /// Slot among the rule's calls.
    package var call: Int32
    /// Number of what waits, counted up within the rule.
    package var number: UInt64

    package init(rule: Int32, call: Int32, number: UInt64) {
        self.rule = rule
        self.call = call
        self.number = number
    }
}

/// Makes what runs the models of an engine, given in the engine's order.
package typealias ModelRunnerMaker = ([ModelPlan]) -> (any ModelRunner)?

/// Runs one row at once, for replays, tests and benchmarks. Confined to the engine's thread.
package protocol ModelRunner: AnyObject {
    /// Appends the result of one row of the model (index in the engine's `models`); a failure is a result too.
    func run(_ model: Int, _ row: UnsafeRawBufferPointer, into result: inout [UInt8])
}

/// Answers every call with a failure.
package final class AbsentModels: ModelRunner {
    package init() {}

    package func run(_ model: Int, _ row: UnsafeRawBufferPointer, into result: inout [UInt8]) {
        ModelResultWriter.fail(.unavailable, nanoseconds: 0, to: &result)
    }
}
