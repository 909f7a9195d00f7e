import Glibc
import Inference
import RuleEngine
import RuleLanguage

/// Runs a scenario on this thread: messages from their bytes to the rules' decisions, nothing around them.
struct RuleBench {
    struct Result: Sendable {
        var name: String
        var messages = 0
        var seconds = 0.0
        var outputs = 0
        var rulesPerMessage = 1
        var required = 0.0

        /// Messages per second; for several rules on a topic: evaluations.
        var rate: Double { seconds > 0 ? Double(messages * rulesPerMessage) / seconds : 0 }
        var nanosecondsPerMessage: Double { messages > 0 ? seconds * 1e9 / Double(messages) : 0 }
        var isRight: Bool { rate >= required }
    }

    /// Who answers the calls of models.
    enum Models {
        case none
        /// On the way of each message.
        case single(OnnxModel)
        /// As a pool does it: for all messages of a read together, up to 256.
        case batched(OnnxModel)

        fileprivate var model: OnnxModel? {
            switch self {
            case .none: nil
            case .single(let model), .batched(let model): model
            }
        }
    }

    private let scenario: RuleScenario
    private let models: Models
    private var answers = ModelAnswers()
    private let engine: RuleEngine
    private let bindings: [RuleBinding]
    private let topics: [[UInt8]]
    /// All payloads, one behind the other, and where each begins.
    private let payloads: [UInt8]
    private let starts: [Int]
    private var clock: Int64 = 1_700_000_000_000_000_000
    private var number = 0
    private var outputs: [RuleOutput] = []
    private var outputCount = 0

    /// Messages between two looks at the clock.
    private static let batch = 8_192

    /// Messages whose calls run together.
    private static let modelBatch = 256

    init(_ scenario: RuleScenario, runsModels models: Models = .none) throws {
        self.scenario = scenario
        self.models = models
        let compilation = RuleCompiler.compile(
            [RuleSourceFile(name: "bench.rules", text: scenario.rules)],
            models: { _ in models.model.map { .model($0.signature) } ?? .unusable("there is none") })
        guard let plan = compilation.plan else { throw BenchFailure(message: compilation.diagnostics.text) }
        let engine = try RuleEngine(
            plan, options: RuleEngine.Options(node: "bench", epoch: "0"), clockNanoseconds: clock)
        if case .single(let model) = models { engine.runner = InlineModels([model]) }
        self.engine = engine
        topics = scenario.topics.map { Array($0.utf8) }
        bindings = topics.compactMap { topic in topic.withUnsafeBytes { engine.binding(forTopic: $0) } }
        guard bindings.count == topics.count else { throw BenchFailure(message: "a topic that no rule takes") }
        let make = scenario.payload
        var payloads: [UInt8] = []
        var starts = [0]
        for number in 0..<scenario.payloadCount {
            payloads += make(number).utf8
            starts.append(payloads.count)
        }
        self.payloads = payloads
        self.starts = starts
    }

    /// Takes messages for about `seconds`, the best of `rounds` counts: what disturbs a round makes it slower, never
    /// faster.
    mutating func run(seconds: Double, rounds: Int = 3) -> Result {
        warmUp()
        var best = Result(name: scenario.name)
        for _ in 0..<rounds {
            let outputsBefore = outputCount
            var taken = 0
            let begin = DemoClock.seconds()
            var passed = 0.0
            while passed < seconds / Double(rounds) {
                take(Self.batch)
                taken += Self.batch
                passed = DemoClock.seconds() - begin
            }
            if best.seconds == 0 || Double(taken) / passed > Double(best.messages) / best.seconds {
                best.messages = taken
                best.seconds = passed
                best.outputs = outputCount - outputsBefore
            }
        }
        best.rulesPerMessage = scenario.rulesPerMessage
        best.required = scenario.required
        return best
    }

    /// Fills windows and makes every group before anything is measured.
    private mutating func warmUp() {
        for _ in 0..<max(4, topics.count * 120 / Self.batch) { take(Self.batch) }
    }

    private mutating func take(_ count: Int) {
        let payloadCount = scenario.payloadCount
        payloads.withUnsafeBytes { bytes in
            for _ in 0..<count {
                let place = number % payloadCount
                let payload = UnsafeRawBufferPointer(rebasing: bytes[starts[place]..<starts[place + 1]])
                let topic = number % topics.count
                topics[topic].withUnsafeBytes { topicBytes in
                    engine.process(
                        RuleInput(topic: topicBytes, payload: payload, arrivalNanoseconds: clock), bindings[topic],
                        into: &outputs)
                }
                number &+= 1
                clock &+= scenario.step
                if case .batched(let model) = models, number % Self.modelBatch == 0 { answer(model) }
                if outputs.count >= 256 { dropOutputs() }
            }
        }
    }

    private mutating func answer(_ model: OnnxModel) {
        for batch in engine.takeBatches() {
            answers.tickets = batch.tickets
            answers.results.removeAll(keepingCapacity: true)
            answers.ends.removeAll(keepingCapacity: true)
            batch.rows.withUnsafeBytes { rows in
                _ = model.run(
                    rows: rows, count: batch.tickets.count, results: &answers.results, ends: &answers.ends)
            }
            answers.forEach { ticket, result in engine.answer(ticket, result, into: &outputs) }
        }
    }

    private mutating func dropOutputs() {
        outputCount += outputs.count
        outputs.removeAll(keepingCapacity: true)
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
}
