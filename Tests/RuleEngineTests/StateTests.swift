import RuleEngine
import RuleLanguage
import Testing

@Suite struct StateTests {
    /// Rules of every kind, so that every part of the state is in play.
    static let source = """
        rule sliding { from "s/{id}" window last 9 by id when abs(zscore(.v)) > 1.2 limit 3 per 5s
          publish "o/{id}" { z: zscore(.v, against: "others", floor: 0.5), m: mean(.v), e: ewma(.v, 0.3), c: collect(.t), d: distinct(.q) } }
        rule recent { from "s/{id}" at .ts late 4s window last 5s by id
          publish "r/{id}" payload [count(), mean(.v), min(.v), max(.t), slope(.v), rate(.v), first(.q), sum(.n), ewma(.v, 0.5)] }
        rule summary { from "s/{id}" at .ts late 2s window every 3s by .q ?? "none"
          publish "sum" { n: count(), s: sum(.n), sd: stddev(.v), p: percentile(.v, 75), l: last(.t), at: time() } }
        rule hops { from "s/{id}" at .ts late 1s window every 1s over 4s by id
          publish "hop/{id}" payload [count(), mean(.v), first(.n), last(.n), ewma(.v, 0.5), window_start()] }
        rule fives { from "s/{id}" window every 5 events by id publish "five/{id}" payload [sum(.v), range(.v)] }
        rule visits { from "s/{id}" window session 700ms by id publish "visit/{id}" { n: count(), from: window_start(), to: time() } }
        rule quiet { from "s/{id}" window silent 900ms by id publish "quiet/{id}" { last: last(time()), n: count() } }
        rule hot { from "s/{id}" window last 3 by id when mean(.v) > 4 for 800ms until mean(.v) < 2
          publish "alarm/{id}" retain { m: mean(.v), v: .v, t: time() } on clear publish "alarm/{id}" retain { cleared: mean(.v) } }
        rule changes { from "s/{id}" where changed(.q) limit 2 per 2s by .q ?? "?" publish "ch/{id}" { q: .q, was: previous(.q), d: delta(.n) } }
        rule firsts { from "s/{id}" dedupe .q, .n within 3s publish "first/{id}" { q: .q, n: .n } }
        rule chained { from "sum" window last 4 publish "chain" { m: mean(.n), s: sum(.s) } }
        rule asking { from "s/{id}" where .n != latest("s/{id}").n publish "as/{id}" payload [latest("five/{id}"), latest("sum").s] }
        rule spread { from "s/{id}" window last 67 by id when stddev(.v) > 0.1
          publish "sp/{id}" payload [mean(.v), stddev(.v), count(.v), zscore(.v), mean(.n), count()] }
        rule frozen { from "s/{id}" at .ts late 2s window last 4s by id
          publish "fr/{id}" payload [zscore(.v, baseline: "frozen", floor: 0.1), zscore(.v, baseline: "gated", gate: 1.5)] }
        rule gated { from "s/{id}" window last 5 by id when zscore(.v, baseline: "gated", gate: 1.2) < 9 or .n > 1
          publish "ga/{id}" payload [zscore(.v, baseline: "frozen", against: "others"), zscore(.n, baseline: "gated", gate: 1)] }
        """

    struct Message { var topic: String, payload: String, ms: Int64 }

    static func messages(_ seed: UInt64, _ count: Int) -> [Message] {
        var random = Seeded(seed)
        var ms: Int64 = 1_000
        return (0..<count).map { _ in
            ms +=
                Int64.random(in: 0..<10, using: &random) == 0
                ? Int64.random(in: 0..<3000, using: &random)
                : Int64.random(in: 0..<120, using: &random)
            func maybe(_ text: String) -> String { Int.random(in: 0..<8, using: &random) == 0 ? "null" : text }
            let v = maybe("\(Double.random(in: -3...9, using: &random))")
            let n = maybe("\(Int.random(in: 0...3, using: &random))")
            let q = maybe(["\"good\"", "\"bad\"", "1", "1.0", "[1]", "true"].randomElement(using: &random) ?? "null")
            let t = maybe("\"text \(Int.random(in: 0...9, using: &random))\"")
            let ts = ms - Int64.random(in: -500..<3500, using: &random)
            let broken = Int.random(in: 0..<60, using: &random) == 0 ? "]" : ""
            return Message(
                topic: "s/\("abcd".randomElement(using: &random) ?? "a")",
                payload: "{\"v\":\(v),\"n\":\(n),\"q\":\(q),\"t\":\(t),\"ts\":\(ts)\(broken)}", ms: ms)
        }
    }

    /// What a node keeps: the newest state per rule and key.
    struct Store {
        var states: [[UInt8]: RuleGroupState] = [:]
        mutating func take(_ groups: [RuleGroupState]) {
            for group in groups { states[Array(group.rule.utf8) + [0] + group.key] = group.state == nil ? nil : group }
        }
        /// In no particular order: the engine must not depend on it.
        var groups: [RuleGroupState] { Array(states.values) }
    }

    private func feed(
        _ engine: RuleEngine, _ message: Message, _ outputs: inout [RuleOutput],
        log: UnsafeMutablePointer<[UInt8]>? = nil
    ) {
        let line = ReplayLine(
            topic: Array(message.topic.utf8), payload: Array(message.payload.utf8),
            timeNanoseconds: message.ms * 1_000_000)
        line.withInput { input in
            if let log { RuleInputLog.append(input, to: &log.pointee) }
            if let binding = line.topic.withUnsafeBytes({ engine.binding(forTopic: $0) }) {
                engine.process(input, binding, into: &outputs)
            }
        }
    }

    @Test(arguments: 1...6)
    func restoredEnginesGiveTheSameBytes(_ seed: UInt64) throws {
        let plan = try Harness.compile(StateTests.source)
        var options = Harness.options
        if seed > 3 { options.groupsMax = 3 }
        let messages = StateTests.messages(seed, 900)
        let straight = try RuleEngine(plan, options: options, clockNanoseconds: 0)
        var expected: [RuleOutput] = []
        for message in messages { feed(straight, message, &expected) }
        straight.drain(into: &expected)
        #expect(expected.count > 1000)
        for rule in straight.counters where rule.rule != "chained" { #expect(rule.published > 0, "\(rule.rule)") }

        var random = Seeded(seed &* 77)
        var engine = try RuleEngine(plan, options: options, clockNanoseconds: 0)
        var store = Store()
        var outputs: [RuleOutput] = []
        for message in messages {
            feed(engine, message, &outputs)
            if Int.random(in: 0..<20, using: &random) == 0 { store.take(engine.takeDirtyGroups()) }
            if Int.random(in: 0..<40, using: &random) == 0 {
                store.take(engine.takeDirtyGroups())
                engine = try RuleEngine(plan, options: options, clockNanoseconds: 0)
                engine.restore(store.groups.shuffled(using: &random))
                #expect(engine.restoreSkipped == 0)
                #expect(engine.restoreDamaged == 0)
            }
        }
        engine.drain(into: &outputs)
        let difference = zip(outputs, expected).first { $0 != $1 }
        #expect(
            difference == nil,
            "\(difference.map { "\($0.0.rule): \($0.0.line) instead of \($0.1.rule): \($0.1.line)" } ?? "")")
        #expect(outputs.count == expected.count)
    }

    @Test(arguments: 1...3)
    func theLogOfInputsGivesTheSameOutputsAgain(_ seed: UInt64) throws {
        let plan = try Harness.compile(StateTests.source)
        let messages = StateTests.messages(seed &+ 100, 600)
        let engine = try RuleEngine(plan, options: Harness.options, clockNanoseconds: 0)
        var store = Store()
        var before: [RuleOutput] = []
        for message in messages[..<300] { feed(engine, message, &before) }
        store.take(engine.takeDirtyGroups())
        var log: [UInt8] = []
        var after: [RuleOutput] = []
        for message in messages[300...] { feed(engine, message, &after, log: &log) }
        let end = messages[599].ms * 1_000_000 + 5_000_000_000
        RuleInputLog.appendAdvance(toNanoseconds: end, to: &log)
        engine.advance(toNanoseconds: end, into: &after)

        let again = try RuleEngine(plan, options: Harness.options, clockNanoseconds: 0)
        again.restore(store.groups)
        var replayed: [RuleOutput] = []
        try RuleInputLog.replay(log, into: again, outputs: &replayed)
        #expect(replayed == after)
        #expect(Set((before + after).map(\.id)).count == before.count + after.count)
        #expect(throws: RuleEngineError.self) {
            try RuleInputLog.replay(Array(log.dropLast()), into: again, outputs: &replayed)
        }
    }

    @Test func damagedStateIsRefused() throws {
        let plan = try Harness.compile(StateTests.source)
        let engine = try RuleEngine(plan, options: Harness.options, clockNanoseconds: 0)
        var outputs: [RuleOutput] = []
        for message in StateTests.messages(9, 200) { feed(engine, message, &outputs) }
        let states = engine.takeDirtyGroups()
        var random = Seeded(21)
        for round in 0..<600 {
            guard var state = states.randomElement(using: &random), var bytes = state.state else { continue }
            switch round % 4 {
            case 0: bytes = Array(bytes.dropLast(Int.random(in: 1...bytes.count, using: &random)))
            case 1:
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            default:
                // A wrong content under a right check sum.
                var body = Array(bytes.dropLast(8))
                for _ in 0...2 {
                    body[Int.random(in: 1..<body.count, using: &random)] =
                        [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
                }
                if round % 8 == 3 { body.removeSubrange(Int.random(in: 1..<body.count, using: &random)...) }
                bytes = RuleGroupState.sealed(body)
            }
            state.state = bytes
            let victim = try RuleEngine(plan, options: Harness.options, clockNanoseconds: 0)
            victim.restore([state])
            if round % 4 < 2 { #expect(victim.restoreDamaged == 1) }
            if victim.restoreDamaged == 0 {
                // What was let in must not trap later.
                var ignored: [RuleOutput] = []
                for message in StateTests.messages(UInt64(round), 20) { feed(victim, message, &ignored) }
            }
        }
    }

    @Test func foreignStateIsSkippedAndItsNumbersNotUsedAgain() throws {
        let first = try Harness(#"rule r { from "s/{id}" window last 3 by id publish "o" { n: count() } }"#)
        for _ in 0..<5 { first.send("s/a", "{}", at: 0) }
        #expect(first.outputs.last?.id == "n/e/r/a/5")
        let second = try Harness(#"rule r { from "s/{id}" window last 4 by id publish "o" { n: count() } }"#)
        second.engine.restore(first.engine.takeDirtyGroups())
        #expect(second.engine.restoreSkipped == 1)
        second.send("s/a", "{}", at: 0)
        #expect(second.outputs.map(\.line) == [#"o {"n":1}"#])
        #expect(second.outputs.last?.id == "n/e/r/a/6")
    }

    @Test func evictedGroupsDoNotRepeatIds() throws {
        var options = Harness.options
        options.groupsMax = 2
        let harness = try Harness(
            #"rule r { from "s/{id}" window last 3 by id publish "o" { n: count() } }"#, options: options)
        for id in ["a", "a", "b", "a", "c", "b", "a"] { harness.send("s/\(id)", "{}", at: 0) }
        #expect(harness.outputs.map(\.text) == [1, 2, 1, 3, 1, 1, 1].map { "{\"n\":\($0)}" })
        #expect(Set(harness.outputs.map(\.id)).count == 7)
        #expect(harness.counters.groupsEvicted == 3)
    }

    @Test func reloadKeepsWhatDidNotChange() throws {
        let harness = try Harness(
            """
            rule a { from "s/{id}" window last 3 by id when count() > 1 publish "oa" { n: count(), m: mean(.v) } }
            rule b { from "s/{id}" window last 3 by id publish "ob" { n: count() } }
            rule c { from "s/{id}" window last 3 by id publish "oc" { n: count() } }
            """)
        harness.send("s/x", #"{"v":1}"#, at: 0)
        harness.send("s/x", #"{"v":3}"#, at: 0)
        _ = harness.take()
        let plan = try Harness.compile(
            """
            rule a { from "s/{id}" window last 3 by id when count() > 2 publish "oa" { high: max(.v), n: count(), m: mean(.v) } }
            rule b { from "s/{id}" window last 4 by id publish "ob" { n: count() } }
            rule d { from "s/{id}" publish "od" { } }
            """)
        var outputs: [RuleOutput] = []
        let report = try harness.engine.reload(plan, into: &outputs)
        #expect(
            report
                == {
                    var report = ReloadReport()
                    (report.added, report.removed, report.kept, report.lost) = (["d"], ["c"], ["a"], ["b"])
                    return report
                }())
        harness.send("s/x", #"{"v":2}"#, at: 0)
        #expect(harness.take() == [#"oa {"high":3,"n":3,"m":2.0}"#, #"ob {"n":1}"#, "od {}"])
        #expect(harness.outputs.suffix(3).map(\.id) == ["n/e/a/x/2", "n/e/b/x/3", "n/e/d//3"])
        // What the store holds of removed rules goes.
        let gone = harness.engine.takeDirtyGroups().filter { $0.state == nil }.map(\.rule)
        #expect(Set(gone) == ["b", "c"])
    }

    @Test func aRemovedRuleClearsItsAlarms() throws {
        let harness = try Harness(
            #"rule a { from "s/{id}" window last 1 by id when max(.v) > 5 until max(.v) < 2 publish "al/{id}" { v: .v } on clear publish "al/{id}" { cleared: id } }"#
        )
        harness.send("s/x", #"{"v":9}"#, at: 0)
        harness.send("s/y", #"{"v":1}"#, at: 0)
        #expect(harness.counters.activeAlarms == 1)
        var outputs: [RuleOutput] = []
        _ = try harness.engine.reload(try Harness.compile(#"rule z { from "q" publish "z" }"#), into: &outputs)
        #expect(outputs.map(\.line) == [#"al/x {"cleared":"x"}"#])
    }
}
