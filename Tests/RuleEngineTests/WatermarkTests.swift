import RuleEngine
import Testing

/// W = M − late + (clock − arrival of M), for each group by itself.
@Suite struct WatermarkTests {
    private static let rule =
        #"rule r { from "s/{id}" at .t window every 10s by id publish "o/{id}" { n: count(), t: time(), now: now() } }"#

    @Test func mayFallAndAClosedWindowStaysClosed() throws {
        let harness = try Harness(Self.rule)
        harness.send("s/a", #"{"t":100000}"#, at: 0)
        harness.advance(to: 15_000)
        #expect(harness.take() == [#"o/a {"n":1,"t":110000,"now":10000}"#])
        // The newest event sets W back from 115 s to 101 s; its window was closed and does not open again.
        harness.send("s/a", #"{"t":101000}"#, at: 15_000)
        #expect(harness.counters.lateEvents == 1)
        harness.send("s/a", #"{"t":112000}"#, at: 15_000)
        #expect(harness.engine.nextTimerNanoseconds == 23_000_000_000)
        // Of two with the greatest time the arrival of the first counts.
        harness.send("s/a", #"{"t":112000}"#, at: 20_000)
        harness.drain()
        #expect(harness.take() == [#"o/a {"n":2,"t":120000,"now":23000}"#])
    }

    @Test func anIntervalThatWasPassedIsClosedAlsoIfItWasEmpty() throws {
        let harness = try Harness(Self.rule)
        harness.send("s/a", #"{"t":100000}"#, at: 0)
        harness.advance(to: 22_000)
        harness.send("s/a", #"{"t":111000}"#, at: 22_000)
        #expect(harness.counters.lateEvents == 1)
    }

    @Test func lateEventsMoveTimeToo() throws {
        let harness = try Harness(
            #"rule r { from "s" at .t window every 10s over 20s publish "o" { n: count(), t: time() } }"#)
        harness.send("s", #"{"t":100000}"#, at: 0)
        harness.advance(to: 60_000)
        #expect(harness.take().count == 2)
        // Late for all its windows, and still the greatest time; the window to 160 s is over before the next event.
        harness.send("s", #"{"t":130000}"#, at: 60_000)
        #expect(harness.counters.lateEvents == 1)
        harness.send("s", #"{"t":155000}"#, at: 60_001)
        #expect(harness.engine.nextTimerNanoseconds == 75_001_000_000)
    }

    @Test func oneGroupDoesNotCloseAnother() throws {
        let harness = try Harness(Self.rule)
        harness.send("s/a", #"{"t":5000}"#, at: 0)
        harness.send("s/b", #"{"t":86000000}"#, at: 0)
        #expect(harness.take() == [])
        harness.send("s/a", #"{"t":9999}"#, at: 0)
        harness.advance(to: 1)
        #expect(harness.take() == [#"o/a {"n":2,"t":10000,"now":1}"#])
    }

    @Test func aheadIsExact() throws {
        let harness = try Harness(#"rule r { from "s" at .t ahead 1s publish "o" { t: .t } }"#)
        harness.send("s", #"{"t":11000}"#, at: 10_000)
        harness.send("s", #"{"t":11001}"#, at: 10_000)
        #expect(harness.take().first == #"o {"t":11000}"#)
        #expect(harness.counters.decodeErrors == 1)
    }

    @Test func aMessageOfARuleArrivesAtTheInstantOfTheClock() throws {
        let harness = try Harness(
            """
            rule a { from "in" window every 10s publish "mid" { n: count() } }
            rule b { from "mid" window every 10s publish "out" { n: count(), s: window_start(), t: time() } }
            """)
        harness.send("in", "{}", at: 5_000)
        harness.send("in", "{}", at: 15_000)
        harness.drain()
        #expect(
            harness.take() == [
                #"mid {"n":1}"#, #"mid {"n":1}"#, #"out {"n":1,"s":10000,"t":20000}"#,
                #"out {"n":1,"s":20000,"t":30000}"#,
            ])
    }
}
