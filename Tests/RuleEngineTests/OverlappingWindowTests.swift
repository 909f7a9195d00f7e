import RuleEngine
import Testing

/// `window every D over L`.
@Suite struct OverlappingWindowTests {
    private static let rule =
        #"rule r { from "s/{id}" window every 10s over 30s by id publish "o/{id}" { n: count(), s: window_start(), e: window_end(), t: time() } }"#

    @Test func boundsAreHalfOpen() throws {
        let harness = try Harness(Self.rule)
        harness.send("s/a", "{}", at: 10_000)
        harness.send("s/a", "{}", at: 19_999)
        // The window to 20 s closes before the event of that instant is taken in.
        harness.send("s/a", "{}", at: 20_000)
        #expect(harness.take() == [#"o/a {"n":2,"s":-10000,"e":20000,"t":20000}"#])
        harness.drain()
        #expect(
            harness.take() == [
                #"o/a {"n":3,"s":0,"e":30000,"t":30000}"#, #"o/a {"n":3,"s":10000,"e":40000,"t":40000}"#,
                #"o/a {"n":1,"s":20000,"e":50000,"t":50000}"#,
            ])
    }

    @Test func emptyWindowsAreNotEvaluated() throws {
        let harness = try Harness(Self.rule)
        harness.send("s/a", "{}", at: 5_000)
        harness.send("s/a", "{}", at: 95_000)
        harness.drain()
        let ends = [10, 20, 30, 100, 110, 120]
        let lines = harness.take()
        #expect(lines.count == ends.count)
        for (line, end) in zip(lines, ends) { #expect(line.hasSuffix("\"t\":\(end)000}")) }
    }

    @Test func aLateEventCountsInTheWindowsThatAreOpen() throws {
        let harness = try Harness(
            #"rule r { from "s" at .t window every 10s over 30s publish "o" { e: window_end(), v: collect(.v) } }"#)
        harness.send("s", #"{"t":45000,"v":1}"#, at: 0)
        // Windows to 40 s are closed; 22 s lies in those to 50 s, 12 s in none that is open.
        harness.send("s", #"{"t":22000,"v":2}"#, at: 0)
        harness.send("s", #"{"t":12000,"v":3}"#, at: 0)
        #expect(harness.counters.lateEvents == 1)
        harness.drain()
        #expect(
            harness.take() == [
                #"o {"e":50000,"v":[1,2]}"#, #"o {"e":60000,"v":[1]}"#, #"o {"e":70000,"v":[1]}"#,
            ])
    }

    @Test func beforeTheEpoch() throws {
        let harness = try Harness(Self.rule, clock: -100_000)
        harness.send("s/a", "{}", at: -11_000)
        harness.drain()
        #expect(
            harness.take() == [
                #"o/a {"n":1,"s":-40000,"e":-10000,"t":-10000}"#, #"o/a {"n":1,"s":-30000,"e":0,"t":0}"#,
                #"o/a {"n":1,"s":-20000,"e":10000,"t":10000}"#,
            ])
    }

    @Test func oneStepLongIsEvery() throws {
        let harness = try Harness(
            """
            rule a { from "s" window every 10s publish "a" { n: count(), s: window_start() } }
            rule b { from "s" window every 10s over 10s publish "b" { n: count(), s: window_start() } }
            """)
        for t in [1_000, 9_999, 10_000, 55_000] { harness.send("s", "{}", at: Int64(t)) }
        harness.drain()
        let lines = harness.take()
        func bodies(_ prefix: Character) -> [Substring] { lines.filter { $0.first == prefix }.map { $0.dropFirst() } }
        #expect(bodies("a") == bodies("b"))
        #expect(lines.count == 6)
    }

    /// Aggregates over windows that are put together from steps give what the events give.
    @Test func aggregatesOfMergedSteps() throws {
        let harness = try Harness(
            #"rule r { from "s" at .t late 1m window every 10s over 30s publish "o" { e: window_end(), f: first(.v), l: last(.v), m: median(.v), w: ewma(.v, 0.5), r: rate(.v), s: slope(.v), z: round(zscore(.v), 9), d: distinct(.v) } }"#
        )
        for (t, v) in [(11_000, 4), (1_000, 2), (21_000, 8)] {
            harness.send("s", "{\"t\":\(t),\"v\":\(v)}", at: 60_000)
        }
        harness.drain()
        let line = harness.take().first { $0.contains("\"e\":30000") }
        // In the order of arrival 4, 2, 8: ewma 4, 3, 5.5; rate (8 − 4) / 10 s; slope of 2, 4, 8 at 1, 11, 21 s.
        #expect(
            line == #"o {"e":30000,"f":4,"l":8,"m":4.0,"w":5.5,"r":0.4,"s":0.3,"z":1.33630621,"d":3}"#)
    }
}
