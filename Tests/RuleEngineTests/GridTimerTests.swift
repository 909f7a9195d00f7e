import RuleEngine
import Testing

/// Windows that all end at one bound of the clock's grid.
@Suite struct GridTimerTests {
    private static func rule(_ name: String, _ clauses: String, topic: String = "s/{id}") -> String {
        #"rule \#(name) { from "\#(topic)" \#(clauses) by id publish "\#(name)/{id}" { n: count(), t: time() } }"#
            + "\n"
    }

    @Test("at one instant: by end, then groups in the order of their creation, then rules")
    func order() throws {
        let harness = try Harness(
            Self.rule("a", "window every 10s") + Self.rule("b", "at .t window every 10s")
                + Self.rule("c", "window every 10s over 20s") + Self.rule("d", "window every 5s"))
        for (id, ms) in [("y", 1_000), ("x", 2_000), ("z", 3_000)] {
            harness.send("s/\(id)", "{\"t\":\(ms)}", at: Int64(ms))
        }
        harness.advance(to: 5_000)
        #expect(harness.take().map { $0.prefix(3) } == ["d/y", "d/x", "d/z"])
        harness.send("s/z", "{\"t\":6000}", at: 6_000)
        harness.send("s/y", "{\"t\":6000}", at: 6_000)
        harness.advance(to: 10_000)
        #expect(
            harness.take().map { $0.prefix(3) } == [
                "a/y", "b/y", "c/y", "d/y", "a/x", "b/x", "c/x", "a/z", "b/z", "c/z", "d/z",
            ])
        harness.drain()
        #expect(harness.take().map { $0.prefix(3) } == ["c/y", "c/x", "c/z"])
        #expect(harness.engine.nextTimerNanoseconds == nil)
    }

    @Test("a restart finds the same order, whichever group was used last")
    func orderAfterARestart() throws {
        let source = Self.rule("a", "window every 10s") + Self.rule("b", "window every 10s")
        let before = try Harness(source)
        let ids = (0..<200).map { "g\($0)" }
        for id in ids { before.send("s/\(id)", "{}", at: 1_000) }
        for id in ids.reversed() { before.send("s/\(id)", "{}", at: 2_000) }
        let after = try Harness(source)
        after.engine.restore(before.engine.takeDirtyGroups())
        after.send("s/new", "{}", at: 3_000)
        after.advance(to: 10_000)
        let expected = ids.flatMap { ["a/\($0) {\"n\":2,\"t\":10000}", "b/\($0) {\"n\":2,\"t\":10000}"] }
        #expect(after.take() == expected + ["a/new {\"n\":1,\"t\":10000}", "b/new {\"n\":1,\"t\":10000}"])
    }

    @Test("an event between two windows that end closes its group's first")
    func anEventAtTheBound() throws {
        let harness = try Harness(
            Self.rule("a", "window every 10s")
                + #"rule next { from "a/{id}" where id == "x" publish "late/z" { from: id } }"#
                + Self.rule("w", "window every 10s", topic: "late/{id}"))
        harness.send("late/v", "{}", at: 1_000)
        for id in ["x", "y"] { harness.send("s/\(id)", "{}", at: 2_000) }
        harness.send("late/z", "{}", at: 3_000)
        harness.advance(to: 10_000)
        let first = [
            #"w/v {"n":1,"t":10000}"#, #"a/x {"n":1,"t":10000}"#, #"late/z {"from":"x"}"#, #"w/z {"n":1,"t":10000}"#,
            #"a/y {"n":1,"t":10000}"#,
        ]
        #expect(harness.take().sorted() == first.sorted())
        harness.advance(to: 20_000)
        #expect(harness.take() == [#"w/z {"n":1,"t":20000}"#])
    }

    @Test("a group that goes while windows end does not close, and one that comes waits for its own end")
    func evictionWhileWindowsEnd() throws {
        var options = Harness.options
        options.groupsMax = 2
        let harness = try Harness(
            Self.rule("a", "window every 10s")
                + #"rule next { from "a/{id}" publish "late/{id}" { from: id } }"#
                + Self.rule("w", "window every 10s", topic: "late/{id}"), options: options)
        harness.send("s/x", "{}", at: 1_000)
        harness.send("late/u", "{}", at: 2_000)
        harness.send("late/v", "{}", at: 3_000)
        harness.advance(to: 10_000)
        #expect(
            harness.take() == [#"a/x {"n":1,"t":10000}"#, #"late/x {"from":"x"}"#, #"w/v {"n":1,"t":10000}"#])
        #expect(harness.engine.counters[2].groupsEvicted == 1)
        harness.advance(to: 20_000)
        #expect(harness.take() == [#"w/x {"n":1,"t":20000}"#])
    }

    @Test func aReloadKeepsWhatWaits() throws {
        let harness = try Harness(Self.rule("a", "window every 10s") + Self.rule("b", "window every 10s"))
        harness.send("s/x", "{}", at: 1_000)
        let plan = try Harness.compile(Self.rule("b", "window every 10s") + Self.rule("c", "window every 10s"))
        _ = try harness.engine.reload(plan, into: &harness.outputs)
        harness.send("s/y", "{}", at: 2_000)
        harness.drain()
        #expect(
            harness.take() == [
                #"b/x {"n":1,"t":10000}"#, #"b/y {"n":1,"t":10000}"#, #"c/y {"n":1,"t":10000}"#,
            ])
    }

    @Test("clocks that were restored far ahead do not keep windows open")
    func boundsBehindTheClock() throws {
        let before = try Harness(Self.rule("a", "window every 10s"))
        before.send("s/x", "{}", at: 1_000)
        let states = before.engine.takeDirtyGroups()
        let after = try Harness(Self.rule("a", "window every 10s"), clock: 95_000)
        // Without the state of the engine its clock stays where it is.
        after.engine.restore(states.filter { !$0.rule.isEmpty })
        after.send("s/y", "{}", at: 96_000)
        after.drain()
        #expect(after.take() == [#"a/x {"n":1,"t":10000}"#, #"a/y {"n":1,"t":100000}"#])
    }
}
