import RuleEngine
import RuleLanguage
import Testing

/// `silent … among`: the keys of a table are watched.
@Suite struct AmongTests {
    private func plan(_ keys: [String], _ clauses: String = "by id", at: String = "") throws -> RuleSetPlan {
        try TableTests.compile(
            """
            table t from "t.csv" key id
            rule r { from "s/{id}" \(at) window silent 10s among t \(clauses)
              publish "o/{id}" { n: count(), last: last(time()), at: time(), start: window_start(), end: window_end() } }
            """, ["t.csv": "id\n" + keys.map { $0 + "\n" }.joined()])
    }

    private func line(_ key: String, _ count: Int, _ last: Int?, _ at: Int) -> String {
        "o/\(key) {\"n\":\(count),\"last\":\(last.map { "\($0)" } ?? "null"),\"at\":\(at),\"start\":null,\"end\":\(at)}"
    }

    @Test func whoNeverSpokeIsReportedInTheOrderOfTheTable() throws {
        let harness = try Harness(plan(["c", "a", "b"]), clock: 5_000)
        harness.send("s/a", "{}", at: 6_000)
        harness.advance(to: 15_000)
        #expect(harness.take() == [])
        harness.engine.advance(toNanoseconds: 15_000_000_001, into: &harness.outputs)
        #expect(harness.take() == [line("c", 0, nil, 15_000), line("b", 0, nil, 15_000)])
        harness.advance(to: 100_000)
        #expect(harness.take() == [line("a", 1, 6_000, 16_000)])
        // Once, and again after it spoke.
        harness.send("s/b", "{}", at: 101_000)
        harness.advance(to: 200_000)
        #expect(harness.take() == [line("b", 1, 101_000, 111_000)])
    }

    @Test func theOrderOfTheTableLastsWhenKeysSpeak() throws {
        let harness = try Harness(plan(["c", "a", "b"]))
        for key in ["b", "a", "c"] { harness.send("s/\(key)", "{}", at: 1_000) }
        harness.drain()
        #expect(harness.take() == ["c", "a", "b"].map { line($0, 1, 1_000, 11_000) })
    }

    @Test func anEventAtTheLastInstantKeepsItQuiet() throws {
        let harness = try Harness(plan(["a", "b"]))
        harness.send("s/a", "{}", at: 10_000)
        harness.send("s/b", "{}", at: 10_001)
        #expect(harness.take() == [line("b", 0, nil, 10_000)])
        harness.drain()
        #expect(harness.take() == [line("a", 1, 10_000, 20_000), line("b", 1, 10_001, 20_001)])
    }

    @Test func onlyKeysOfTheTable() throws {
        let harness = try Harness(plan(["a"]))
        harness.send("s/x", "{}", at: 1_000)
        harness.send("s/a", "{}", at: 2_000)
        harness.drain()
        #expect(harness.take() == [line("a", 1, 2_000, 12_000)])
        #expect(harness.counters.noGroup == 1)
        #expect(harness.counters.groups == 1)
    }

    @Test func keysAreComparedAsText() throws {
        let plan = try TableTests.compile(
            """
            table t from "t.csv" key id
            rule r { from "s" let device = .d window silent 10s among t by device publish "o/{device}" { n: count(), device } }
            """, ["t.csv": "id\n7\n8\ntrue\n"])
        let harness = try Harness(plan)
        for key in ["7", "\"8\"", "8", "true", "8.5", "null"] { harness.send("s", "{\"d\":\(key)}", at: 0) }
        harness.drain()
        #expect(
            harness.take() == [
                #"o/7 {"n":1,"device":"7"}"#, #"o/8 {"n":2,"device":"8"}"#, #"o/true {"n":1,"device":"true"}"#,
            ])
        #expect(harness.counters.noGroup == 2)
    }

    @Test func itsOwnClockDecidesOnceADeviceSpeaks() throws {
        // The device's clock is years behind; it is watched by the node's clock until then.
        let harness = try Harness(plan(["a", "b"], at: "at .t late 2s"), clock: 1_000_000)
        harness.send("s/a", "{\"t\":5000}", at: 1_004_000)
        harness.advance(to: 1_012_000)
        #expect(harness.take() == [])
        harness.advance(to: 1_012_001)
        #expect(harness.take() == [line("b", 0, nil, 1_010_000)])
        harness.send("s/b", "{\"t\":9000}", at: 1_012_500)
        harness.drain()
        #expect(harness.take() == [line("a", 1, 5_000, 15_000), line("b", 1, 9_000, 19_000)])
    }

    @Test func aReplayWatchesFromItsFirstLine() throws {
        let engine = try RuleEngine(try plan(["a", "b"]), options: Harness.options, clockNanoseconds: 0)
        var run = ReplayRun(engine)
        var outputs: [RuleOutput] = []
        let start: Int64 = 1_700_000_000_000
        for (id, seconds) in [("a", 0), ("a", 9), ("x", 11)] as [(String, Int64)] {
            run.take(
                ReplayLine(
                    topic: Array("s/\(id)".utf8), payload: Array("{}".utf8),
                    timeNanoseconds: (start + seconds * 1000) * 1_000_000), into: &outputs)
        }
        run.finish(drain: true, into: &outputs)
        #expect(
            outputs.map(\.line) == [
                line("b", 0, nil, Int(start) + 10_000), line("a", 2, Int(start) + 9_000, Int(start) + 19_000),
            ])
    }

    @Test func aReloadWatchesNewKeysFromThenAndForgetsOldOnes() throws {
        let harness = try Harness(plan(["a", "b"]))
        harness.send("s/a", "{}", at: 3_000)
        harness.advance(to: 4_000)
        let report = try harness.engine.reload(plan(["c", "b", "a"]), into: &harness.outputs)
        #expect(report.kept == ["r"])
        harness.advance(to: 60_000)
        #expect(harness.take() == [line("b", 0, nil, 10_000), line("a", 1, 3_000, 13_000), line("c", 0, nil, 14_000)])
        _ = harness.engine.takeDirtyGroups()
        _ = try harness.engine.reload(plan(["a"]), into: &harness.outputs)
        #expect(harness.engine.takeDirtyGroups().filter { $0.state == nil && $0.key.count > 1 }.count == 2)
        harness.send("s/b", "{}", at: 61_000)
        harness.send("s/a", "{}", at: 61_000)
        harness.drain()
        #expect(harness.take() == [line("a", 1, 61_000, 71_000)])
        // A key that comes back does not repeat numbers.
        _ = try harness.engine.reload(plan(["a", "b", "c"]), into: &harness.outputs)
        harness.drain()
        #expect(harness.take().count == 2)
        #expect(Set(harness.outputs.map(\.id)).count == harness.outputs.count)
    }

    @Test func aKeyThatLeavesTheTableClears() throws {
        func plan(_ keys: String) throws -> RuleSetPlan {
            try TableTests.compile(
                """
                table t from "t.csv" key id
                rule r { from "s/{id}" window silent 10s among t by id when count() == 0 until count() > 0
                  publish "o/{id}" { raised: true } on clear publish "o/{id}" { raised: false } }
                """, ["t.csv": "id\n" + keys])
        }
        let harness = try Harness(plan("a\nb\n"))
        harness.advance(to: 11_000)
        _ = try harness.engine.reload(plan("b\n"), into: &harness.outputs)
        #expect(
            harness.take() == [#"o/a {"raised":true}"#, #"o/b {"raised":true}"#, #"o/a {"raised":false}"#])
        #expect(harness.counters.activeAlarms == 1)
    }

    @Test func downtimeDoesNotCount() throws {
        let harness = try Harness(plan(["a", "b"]))
        harness.send("s/b", "{}", at: 4_000)
        let states = harness.engine.takeDirtyGroups()
        // The table has gained a key while the node was down.
        let again = try Harness(plan(["c", "b", "a"]), clock: 50_000)
        again.engine.restore(states)
        #expect(again.engine.restoreSkipped == 0 && again.engine.restoreDamaged == 0)
        again.advance(to: 9_000)
        #expect(again.take() == [])
        again.engine.resume(atNanoseconds: 60_000_000_000, into: &again.outputs)
        again.advance(to: 70_000)
        #expect(again.take() == [])
        again.advance(to: 70_001)
        #expect(again.take() == [line("c", 0, nil, 70_000), line("b", 1, 4_000, 70_000), line("a", 0, nil, 70_000)])
    }

    @Test func whatAnEventDiffersFromIsRememberedOfEach() throws {
        let plan = try TableTests.compile(
            """
            table t from "t.csv" key id
            rule r { from "s/{id}" where changed(.v) window silent 1s among t by id
              publish "o/{id}" { n: count(), last: last(.v) } }
            """, ["t.csv": "id\na\nb\n"])
        let harness = try Harness(plan)
        for (ms, value) in [(100, 1), (200, 1), (300, 2), (400, 3)] {
            harness.send("s/a", "{\"v\":\(value)}", at: Int64(ms))
        }
        harness.advance(to: 5_000)
        #expect(harness.take() == [#"o/b {"n":0,"last":null}"#, #"o/a {"n":3,"last":3}"#])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func restoredEnginesGiveTheSame(_ seed: UInt64) throws {
        var random = Seeded(seed)
        let keys = ["d", "a", "c", "b"]
        let straight = try Harness(plan(keys))
        var engine = try RuleEngine(try plan(keys), options: Harness.options, clockNanoseconds: 0)
        var outputs: [RuleOutput] = []
        var store = StateTests.Store()
        var ms: Int64 = 0
        for _ in 0..<300 {
            ms += Int64.random(in: 0..<8_000, using: &random)
            let topic = "s/\(["a", "b", "c", "d", "e"].randomElement(using: &random) ?? "a")"
            straight.send(topic, "{}", at: ms)
            let line = ReplayLine(
                topic: Array(topic.utf8), payload: Array("{}".utf8), timeNanoseconds: ms * 1_000_000)
            line.withInput { input in
                guard let binding = line.topic.withUnsafeBytes({ engine.binding(forTopic: $0) }) else { return }
                engine.process(input, binding, into: &outputs)
            }
            guard Int.random(in: 0..<6, using: &random) == 0 else { continue }
            store.take(engine.takeDirtyGroups())
            engine = try RuleEngine(try plan(keys), options: Harness.options, clockNanoseconds: 0)
            engine.restore(store.groups.shuffled(using: &random))
        }
        straight.drain()
        engine.drain(into: &outputs)
        #expect(outputs.count > 50)
        #expect(outputs == straight.outputs)
    }
}
