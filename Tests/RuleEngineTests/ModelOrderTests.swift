import RuleEngine
import RuleLanguage
import Testing

/// A rule that waits for its models publishes what it would have published had they answered at once, whenever and in
/// whatever order the answers come, also over a crash.
@Suite("Models that answer late")
struct ModelOrderTests {
    private static let declarations =
        "model plus from \"sum.onnx\" model four from \"four.onnx\" model classes from \"classes.onnx\" model vector from \"vector.onnx\" "

    static let programs = [
        "rule r { from \"in/{i}\" let y = plus(.a, .b) where y.value > 4 publish \"o/{i}\" { v: y.value, t: time() } }",
        "rule r { from \"in/{i}\" where plus(.a, 1).value > 3 let z = classes(.a, .b) where z.class != 1 publish \"o/{i}\" { l: z.label } }",
        "rule r { from \"in/{i}\" let y = plus(.a, plus(.b, 1).value) window last 4 by i publish \"o/{i}\" { m: mean(y.value), n: count() } }",
        "rule r { from \"in/{i}\" window last 4 by i let v = four(collect(.a)) when v.value > 18 publish \"o/{i}\" { v: v.value, a: .a } }",
        "rule r { from \"in/{i}\" window every 2s by i publish \"o/{i}\" { v: plus(mean(.a), count()).value, e: window_end() } }",
        "rule r { from \"in/{i}\" let y = plus(.a, .b) window every 2s by i let w = plus(mean(y.value), 1) when w.value > 9 publish \"o/{i}\" { v: w.value } }",
        "rule r { from \"in/{i}\" window session 1500ms by i publish \"o/{i}\" { v: plus(sum(.a), count()).value } }",
        "rule r { from \"in/{i}\" let y = plus(.a, 0) window silent 3s by i publish \"o/{i}\" { v: last(y.value) } }",
        "rule r { from \"in/{i}\" when plus(.a, 0).value > 4 for 2s publish \"o/{i}\" { a: .a } on clear publish \"c/{i}\" { a: .a } }",
        "rule r { from \"in/{i}\" when plus(.a, 0).value > 6 until plus(.a, 0).value < 2 publish \"o/{i}\" { a: .a } on clear publish \"c/{i}\" { a: .a, v: plus(.a, 1).value } }",
        "rule r { from \"in/{i}\" let l = classes(.a, .b).label when changed(l) publish \"o/{i}\" { l, p: previous(.a) } }",
        "rule r { from \"in/{i}\" when changed(classes(.a, .b).class) limit 2 per 5s publish \"o/{i}\" { a: .a, d: delta(.b) } }",
        "rule r { from \"in/{i}\" dedupe classes(.a, .b).class within 3s window every 3 events by i publish \"o/{i}\" { v: plus(max(.a), min(.a)).value } }",
        "rule r { from \"in/{i}\" window last 3 by i when max(.a) > 5 publish \"o/{i}\" { v: vector(mean(.a), 1).outputs.Z, s: max(.a) } }",
        "rule r { from \"in/{i}\" at .t late 1s ahead 1h let y = plus(.a, 1) window every 2s by i publish \"o/{i}\" { m: mean(y.value), e: window_end() } }",
        "rule a { from \"in/{i}\" where plus(.a, 0).value > 3 publish \"mid/{i}\" { a: .a, b: .b } } rule r { from \"mid/{i}\" window last 2 by i publish \"o/{i}\" { v: plus(mean(.a), .b).value } }",
    ]

    private struct Event {
        var topic: String
        var payload: String
        var at: Int64
    }

    private func events(_ seed: UInt64, count: Int) -> [Event] {
        var random = Seeded(seed)
        var clock: Int64 = 0
        return (0..<count).map { _ in
            clock += [0, 1, 300, 700, 1_000, 2_400].randomElement(using: &random) ?? 1
            let key = ["x", "y", "z"].randomElement(using: &random) ?? "x"
            let a = Int.random(in: 0...9, using: &random)
            var members = ["\"a\":\(a)", "\"t\":\(clock - Int64.random(in: 0...1_500, using: &random))"]
            if Int.random(in: 0...9, using: &random) > 0 {
                members.append("\"b\":\(Int.random(in: 0...14, using: &random))")
            }
            return Event(topic: "in/\(key)", payload: "{\(members.joined(separator: ","))}", at: clock)
        }
    }

    /// Outputs with their ids, by rule and group: among each other those have no order here.
    private func byGroup(_ outputs: [RuleOutput]) -> [String: [String]] {
        Dictionary(grouping: outputs) { "\($0.rule) \($0.group)" }.mapValues { $0.map { "\($0.id) \($0.line)" } }
    }

    private func expected(_ plan: RuleSetPlan, _ events: [Event]) throws -> [String: [String]] {
        let harness = try Harness(plan)
        harness.engine.runner = FakeRunner(harness.engine.models)
        for event in events { harness.send(event.topic, event.payload, at: event.at) }
        harness.drain()
        return byGroup(harness.outputs)
    }

    private func finish(_ harness: Harness, _ queue: inout FakeQueue) {
        queue.answerAll(harness)
        for _ in 0..<20 {
            harness.drain()
            queue.answerAll(harness)
        }
        #expect(harness.engine.waitingCount == 0)
    }

    @Test("answers in any order, at any time", arguments: programs)
    func late(program: String) throws {
        let plan = try FakeModels.compile(Self.declarations + program)
        for seed in 1...12 as ClosedRange<UInt64> {
            let events = events(seed, count: 60)
            let wanted = try expected(plan, events)
            let harness = try Harness(plan)
            var queue = FakeQueue()
            var random = Seeded(seed &* 77)
            for event in events {
                harness.send(event.topic, event.payload, at: event.at)
                queue.collect(harness.engine)
                while !queue.asked.isEmpty, Int.random(in: 0...9, using: &random) < 5 {
                    queue.answer(Int.random(in: 0..<queue.asked.count, using: &random), harness)
                    if Bool.random(using: &random) { harness.advance(to: event.at) }
                    queue.collect(harness.engine)
                }
            }
            finish(harness, &queue)
            #expect(byGroup(harness.outputs) == wanted, "seed \(seed)")
        }
    }

    /// A node that snapshots now and then, crashes at some point, restores, replays its log and goes on.
    @Test("a crash loses and doubles nothing", arguments: programs)
    func crash(program: String) throws {
        let plan = try FakeModels.compile(Self.declarations + program)
        for seed in 1...10 as ClosedRange<UInt64> {
            let events = events(seed &+ 500, count: 50)
            let wanted = try expected(plan, events)
            var random = Seeded(seed &* 991)
            var harness = try Harness(plan)
            var queue = FakeQueue()
            var stored: [[UInt8]: RuleGroupState] = [:]
            var log: [UInt8] = []
            var published: [RuleOutput] = []
            for event in events {
                send(event, harness, &log)
                queue.collect(harness.engine)
                while !queue.asked.isEmpty, Int.random(in: 0...9, using: &random) < 5 {
                    let index = Int.random(in: 0..<queue.asked.count, using: &random)
                    withUnsafeMutablePointer(to: &log) { queue.answer(index, harness, log: $0) }
                }
                if Int.random(in: 0...6, using: &random) == 0 {
                    for state in harness.engine.takeDirtyGroups() { keep(state, &stored) }
                    log = []
                }
                if Int.random(in: 0...9, using: &random) == 0 {
                    published += harness.outputs
                    harness = try Harness(plan)
                    harness.engine.restore(Array(stored.values))
                    var suppressed: [RuleOutput] = []
                    try RuleInputLog.replay(log, into: harness.engine, outputs: &suppressed)
                    queue = FakeQueue()
                    harness.engine.resume(atNanoseconds: harness.engine.clockNanoseconds, into: &harness.outputs)
                    queue.collect(harness.engine)
                }
            }
            finish(harness, &queue)
            #expect(byGroup(published + harness.outputs) == wanted, "seed \(seed)")
        }
    }

    private func send(_ event: Event, _ harness: Harness, _ log: inout [UInt8]) {
        Array(event.topic.utf8).withUnsafeBytes { topic in
            Array(event.payload.utf8).withUnsafeBytes { payload in
                RuleInputLog.append(
                    RuleInput(topic: topic, payload: payload, arrivalNanoseconds: event.at * 1_000_000), to: &log)
            }
        }
        harness.send(event.topic, event.payload, at: event.at)
    }

    private func keep(_ state: RuleGroupState, _ stored: inout [[UInt8]: RuleGroupState]) {
        let key = Array(state.rule.utf8) + [0] + state.key
        if state.state == nil { stored[key] = nil } else { stored[key] = state }
    }
}
