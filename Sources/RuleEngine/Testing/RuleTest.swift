package import RuleLanguage

/// How a test ended.
package struct RuleTestResult: Sendable, Equatable {
    package var name: String
    package var place: SourcePlace
    /// nil: it passed.
    package var failure: RuleTestFailure?
}

/// Where and why a test failed. All texts are for people, without a full stop.
package struct RuleTestFailure: Sendable, Equatable, Error {
    package var place: SourcePlace
    package var message: String
    /// Topic and payload, as they were expected and as they came.
    package var expected: String?
    package var actual: String?
    /// The first part in which the two differ: `.mean: expected 5.0, was 4.8`.
    package var difference: String?
    /// What may help.
    package var notes: [String] = []
}

/// Runs a `test` block over the rules of its file, on a clock of its own that starts at 2000-01-01T00:00:00Z.
package struct RuleTest {
    /// Nanoseconds since the Unix epoch.
    static let startNanoseconds: Int64 = 946_684_800_000_000_000

    let engine: RuleEngine
    private let plan: TestPlan
    private let rules: RuleSetPlan
    /// Outputs of rules, and of the engine itself, that were not expected yet are behind `next`.
    private var outputs = Queue()
    private var engineOutputs = Queue()
    /// The clock of the test, which the engine's follows.
    private var clock = RuleTest.startNanoseconds

    private struct Queue {
        var outputs: [RuleOutput] = []
        var next = 0
        var rest: ArraySlice<RuleOutput> { outputs[next...] }
    }

    /// `models` makes what runs the models that the rules call; nil: their calls give missing.
    package static func run(
        _ test: TestPlan, of set: RuleSetPlan, models: ModelRunnerMaker = { _ in nil }
    ) throws(RuleEngineError) -> RuleTestResult {
        var run = try RuleTest(test, of: set)
        run.engine.runner = models(run.engine.models) ?? AbsentModels()
        var result = RuleTestResult(name: test.name, place: test.place)
        do throws(RuleTestFailure) {
            try run.run()
        } catch {
            result.failure = error
        }
        return result
    }

    private init(_ test: TestPlan, of set: RuleSetPlan) throws(RuleEngineError) {
        plan = test
        rules = RuleSetPlan(rules: Array(set.rules[test.rules]))
        engine = try RuleEngine(
            rules, options: RuleEngine.Options(node: "test", epoch: "0"), clockNanoseconds: RuleTest.startNanoseconds)
    }

    private mutating func run() throws(RuleTestFailure) {
        for step in plan.steps {
            switch step.action {
            case .send(let times, let topic, let body, let every, let at):
                if let at { try move(to: at, step.place) }
                let payload = try TestValue(body, step.place).payload
                for _ in 0..<times {
                    send(topic, payload)
                    if let every { try wait(every, step.place) }
                }
            case .wait(let length): try wait(length, step.place)
            case .expectNothing:
                guard let output = outputs.rest.first else { continue }
                throw unexpected(output, "expected nothing, and there is an output", step.place)
            case .expect(let times, let topic, let body):
                let value = try TestValue(body, step.place)
                for _ in 0..<times { try expect(topic, value, step.place) }
            }
        }
        drain()
        if let output = outputs.rest.first {
            let count = outputs.rest.count
            let text = count == 1 ? "an output is left over" : "\(count) outputs are left over, the first is"
            throw unexpected(output, text, plan.place)
        }
    }

    // MARK: Time and messages

    private mutating func keep(_ made: [RuleOutput]) {
        for output in made {
            if output.isEngineTopic { engineOutputs.outputs.append(output) } else { outputs.outputs.append(output) }
        }
    }

    private mutating func send(_ topic: String, _ payload: [UInt8]) {
        let line = ReplayLine(topic: Array(topic.utf8), payload: payload, timeNanoseconds: clock)
        let binding = unsafe line.topic.withUnsafeBytes { unsafe engine.cachedBinding(ByteSlice($0)) }
        guard let binding else { return }
        var made: [RuleOutput] = []
        line.withInput { engine.process($0, binding, into: &made) }
        keep(made)
    }

    private mutating func drain() {
        var made: [RuleOutput] = []
        engine.drain(into: &made)
        keep(made)
    }

    private mutating func wait(_ length: Int64, _ place: SourcePlace) throws(RuleTestFailure) {
        let (target, overflow) = clock.addingReportingOverflow(length)
        guard !overflow else { throw RuleTestFailure(place: place, message: "the clock of the test ends in 2262") }
        move(to: target)
    }

    private mutating func move(to target: Int64) {
        clock = target
        var made: [RuleOutput] = []
        engine.advance(toNanoseconds: target, into: &made)
        keep(made)
    }

    private mutating func move(to instant: TestPlan.Instant, _ place: SourcePlace) throws(RuleTestFailure) {
        let target: Int64?
        switch instant {
        case .after(let length):
            let (sum, overflow) = RuleTest.startNanoseconds.addingReportingOverflow(length)
            target = overflow ? nil : sum
        case .text(let text):
            target = unsafe Array(text.utf8).withUnsafeBytes { unsafe CivilTime.parse(ByteSlice($0)) }
        }
        guard let target else {
            throw RuleTestFailure(
                place: place,
                message: "`at` takes a duration from the start of the test, or a time such as "
                    + "\"2000-01-01T06:00:00Z\"")
        }
        guard target >= clock else {
            throw RuleTestFailure(
                place: place,
                message: "time does not go back: the clock of the test is at \(TestText.instant(clock)) already")
        }
        move(to: target)
    }

    // MARK: Expectations

    private mutating func expect(
        _ topic: String, _ value: TestValue, _ place: SourcePlace
    ) throws(RuleTestFailure) {
        let isEngineTopic = topic.hasPrefix("$sluice/")
        let queue = isEngineTopic ? engineOutputs : outputs
        guard let output = queue.rest.first else { throw noOutput(topic, value, place) }
        if let difference = value.difference(from: output, topic: topic) {
            var failure = RuleTestFailure(
                place: place, message: "the next output is another one than expected", difference: difference)
            failure.expected = TestText.output(topic, value.payload)
            failure.actual = TestText.output(output)
            if let later = queue.rest.dropFirst().firstIndex(where: { value.difference(from: $0, topic: topic) == nil })
            {
                failure.notes.append("what is expected comes \(later - queue.next) outputs later")
            }
            throw failure
        }
        if isEngineTopic { engineOutputs.next += 1 } else { outputs.next += 1 }
    }

    private func unexpected(_ output: RuleOutput, _ message: String, _ place: SourcePlace) -> RuleTestFailure {
        var failure = RuleTestFailure(place: place, message: message, actual: TestText.output(output))
        failure.notes.append(
            "rule \(output.rule) published it, evaluated at \(TestText.instant(output.evaluationNanoseconds))")
        return failure
    }

    private mutating func noOutput(_ topic: String, _ value: TestValue, _ place: SourcePlace) -> RuleTestFailure {
        var failure = RuleTestFailure(place: place, message: "there is no output")
        failure.expected = TestText.output(topic, value.payload)
        let counters = engine.counters
        let before = clock
        drain()
        if let later = outputs.rest.first, engine.clock > before {
            failure.notes.append(
                "the next one comes at \(TestText.instant(later.evaluationNanoseconds)), and the clock of the test is "
                    + "at \(TestText.instant(before)): `wait` before it is expected")
        }
        for (rule, counts) in zip(rules.rules, counters).prefix(8) {
            failure.notes.append("rule \(rule.name): \(StepCounts(rule, counts).line)")
        }
        if let error = engineOutputs.outputs.first {
            failure.notes.append("a payload could not be decoded: \(TestText.shortened(error.payload))")
        }
        return failure
    }
}

/// Outputs and instants as a failure shows them.
enum TestText {
    private static let bytesMax = 2_000

    static func output(_ output: RuleOutput) -> String {
        "\(String(decoding: output.topic, as: UTF8.self)) \(shortened(output.payload))"
    }

    static func output(_ topic: String, _ payload: [UInt8]) -> String {
        payload.isEmpty ? topic : "\(topic) \(shortened(payload))"
    }

    static func shortened(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(bytesMax), as: UTF8.self)
        return bytes.count > bytesMax ? text + "…" : text
    }

    /// Distance from the start of the test, in the largest units.
    static func instant(_ nanoseconds: Int64) -> String {
        let (distance, overflow) = nanoseconds.subtractingReportingOverflow(RuleTest.startNanoseconds)
        guard !overflow else { return "the end of time" }
        return (distance < 0 ? "−" : "+") + DurationText.text(distance == .min ? .max : abs(distance))
    }
}
