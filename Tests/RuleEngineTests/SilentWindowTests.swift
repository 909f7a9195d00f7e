import RuleEngine
import Testing

/// `window silent D`: once, when D has passed with none; the next event arms it again.
@Suite struct SilentWindowTests {
    private static let rule =
        #"rule q { from "s/{id}" window silent 60s by id publish "q/{id}" { n: count(), seen: last(time()), s: window_start(), e: window_end(), t: time() } }"#

    @Test func tellsOnceAndIsArmedByTheNextEvent() throws {
        let harness = try Harness(Self.rule)
        harness.send("s/a", "{}", at: 0)
        harness.send("s/a", "{}", at: 1_000)
        harness.advance(to: 61_000)
        #expect(harness.take() == [])
        harness.advance(to: 61_001)
        #expect(harness.take() == [#"q/a {"n":2,"seen":1000,"s":null,"e":61000,"t":61000}"#])
        harness.advance(to: 1_000_000)
        #expect(harness.take() == [])
        harness.send("s/a", "{}", at: 2_000_000)
        harness.drain()
        // What it holds begins anew behind the report.
        #expect(harness.take() == [#"q/a {"n":1,"seen":2000000,"s":null,"e":2060000,"t":2060000}"#])
    }

    @Test func anEventExactlyDLaterKeepsItQuiet() throws {
        let harness = try Harness(Self.rule)
        harness.send("s/a", "{}", at: 0)
        harness.send("s/a", "{}", at: 60_000)
        harness.advance(to: 120_000)
        #expect(harness.take() == [])
        harness.send("s/a", "{}", at: 120_000)
        harness.advance(to: 180_000)
        #expect(harness.take() == [])
    }

    @Test func anOldEventDoesNotShortenTheWait() throws {
        let harness = try Harness(
            #"rule q { from "s" at .t late 30s window silent 10s publish "q" { n: count(), low: min(.t), t: time() } }"#
        )
        harness.send("s", #"{"t":100000}"#, at: 100_000)
        harness.send("s", #"{"t":90000}"#, at: 100_000)
        #expect(harness.engine.nextTimerNanoseconds == 140_000_000_001)
        harness.drain()
        #expect(harness.take() == [#"q {"n":2,"low":90000,"t":110000}"#])
    }

    @Test func groupsOfOneInstantReportInTheOrderInWhichTheyWereSeen() throws {
        let harness = try Harness(Self.rule)
        for id in ["c", "a", "b"] { harness.send("s/\(id)", "{}", at: 5) }
        harness.drain()
        #expect(harness.take().map { $0.prefix(3) } == ["q/c", "q/a", "q/b"])
    }

    @Test func numbersOfALongSilence() throws {
        let harness = try Harness(
            #"rule q { from "s" window silent 10s publish "q" { f: first(.v), l: last(.v), low: min(.v), high: max(.v), sum: sum(.v), m: mean(.v), d: stddev(.v), r: range(.v) } }"#
        )
        for v in [2, 4, 9] { harness.send("s", "{\"v\":\(v)}", at: Int64(v)) }
        harness.drain()
        #expect(
            harness.take() == [
                #"q {"f":2,"l":9,"low":2,"high":9,"sum":15,"m":5.0,"d":2.943920288775949,"r":7}"#
            ])
    }

    @Test func downtimeDoesNotCount() throws {
        let before = try Harness(Self.rule)
        before.send("s/a", "{}", at: 0)
        before.advance(to: 30_000)
        let after = try Harness(Self.rule)
        after.engine.restore(before.engine.takeDirtyGroups())
        after.resume(at: 500_000)
        #expect(after.take() == [])
        after.advance(to: 560_000)
        #expect(after.take() == [])
        after.advance(to: 560_001)
        #expect(after.take().count == 1)
    }
}
