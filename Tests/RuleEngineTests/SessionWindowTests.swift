import RuleEngine
import Testing

/// `window session D`: what the contract says of its bounds, of late events and of order.
@Suite struct SessionWindowTests {
    private static let rule =
        #"rule v { from "s/{id}" at .t late 20s window session 5s by id publish "v/{id}" { n: count(), s: window_start(), e: window_end(), t: time(), now: now() } }"#

    @Test func anEventExactlyDLaterBelongsToTheSession() throws {
        let harness = try Harness(
            #"rule v { from "s" window session 5s publish "v" { n: count(), s: window_start(), e: window_end(), t: time() } }"#
        )
        for t in [0, 5_000, 10_000, 15_001] { harness.send("s", "{}", at: Int64(t)) }
        #expect(harness.take() == [#"v {"n":3,"s":0,"e":15000,"t":15000}"#])
        harness.drain()
        #expect(harness.take() == [#"v {"n":1,"s":15001,"e":20001,"t":20001}"#])
    }

    @Test func theClockMustPassTheEndAndNowIsTheInstantAtWhichItWasDue() throws {
        let harness = try Harness(
            #"rule v { from "s" window session 5s publish "v" { t: time(), now: now() } }"#)
        harness.send("s", "{}", at: 1_000)
        harness.advance(to: 6_000)
        #expect(harness.take() == [])
        harness.advance(to: 9_000)
        #expect(harness.take() == [#"v {"t":6000,"now":6000}"#])
    }

    @Test func twoEventsOfOneInstantAreOneSession() throws {
        let harness = try Harness(#"rule v { from "s" window session 5s publish "v" { n: count() } }"#)
        harness.send("s", "{}", at: 7)
        harness.send("s", "{}", at: 7)
        harness.drain()
        #expect(harness.take() == [#"v {"n":2}"#])
    }

    @Test func lateIsOneWhoseSessionWithItWouldHaveClosed() throws {
        let harness = try Harness(Self.rule)
        harness.send("s/a", #"{"t":100000}"#, at: 100_000)
        // W is 80 s: a session that ends there has not been passed, one that ends before has.
        harness.send("s/a", #"{"t":75000}"#, at: 100_000)
        harness.send("s/a", #"{"t":74999}"#, at: 100_000)
        harness.send("s/a", #"{"t":70000}"#, at: 100_000)
        #expect(harness.counters.lateEvents == 0)
        // 74.999 and 70 lie at most D from the open session, which they join.
        harness.send("s/a", #"{"t":64999}"#, at: 100_000)
        #expect(harness.counters.lateEvents == 1)
        harness.drain()
        #expect(
            harness.take() == [
                #"v/a {"n":3,"s":70000,"e":80000,"t":80000,"now":100000}"#,
                #"v/a {"n":1,"s":100000,"e":105000,"t":105000,"now":125000}"#,
            ])
    }

    @Test func sessionsCloseInTheOrderOfEndsThenOfGroups() throws {
        let harness = try Harness(
            #"rule v { from "s/{id}" window session 5s by id publish "v/{id}" { t: time() } }"#)
        harness.send("s/b", "{}", at: 0)
        harness.send("s/a", "{}", at: 0)
        harness.send("s/c", "{}", at: 0)
        harness.send("s/b", "{}", at: 1_000)
        harness.drain()
        #expect(harness.take() == [#"v/a {"t":5000}"#, #"v/c {"t":5000}"#, #"v/b {"t":6000}"#])
    }

    @Test func aMessageOfTheSameInstantComesBeforeTheEnd() throws {
        let harness = try Harness(
            """
            rule every { from "s" window every 5s publish "every" { n: count() } }
            rule session { from "s" window session 5s publish "session" { n: count() } }
            """)
        harness.send("s", "{}", at: 0)
        harness.send("s", "{}", at: 5_000)
        #expect(harness.take() == [#"every {"n":1}"#])
        harness.advance(to: 10_000)
        #expect(harness.take() == [#"every {"n":1}"#])
        harness.drain()
        #expect(harness.take() == [#"session {"n":2}"#])
    }

    @Test func beforeTheEpoch() throws {
        let harness = try Harness(
            #"rule v { from "s" window session 5s publish "v" { s: window_start(), t: time() } }"#, clock: -20_000)
        harness.send("s", "{}", at: -12_000)
        harness.send("s", "{}", at: -7_000)
        harness.drain()
        #expect(harness.take() == [#"v {"s":-12000,"t":-2000}"#])
    }

    /// Times at the ends of 64 bits stay where they are: they do not wrap and spoil the group.
    @Test func theOldestInstantDoesNotMoveTimeForward() throws {
        let harness = try Harness(
            #"rule v { from "s" at .t ns late 1h window session 5s publish "v" { n: count(), t: time() } }"#)
        harness.send("s", #"{"t":-9223372036854775808}"#, at: 0)
        harness.send("s", #"{"t":1000000000}"#, at: 1_000)
        harness.send("s", #"{"t":2000000000}"#, at: 2_000)
        harness.drain()
        #expect(harness.take().last == #"v {"n":2,"t":7000}"#)
        #expect(harness.counters.lateEvents == 0)
    }
}
