import RuleEngine
import Testing

/// `when … for D`, `until` and `on clear`.
@Suite struct DwellTests {
    private static let plain =
        #"rule r { from "s/{id}" when .v > 5 for 10s publish "o/{id}" { v: .v, t: time(), now: now(), a: arrived() } }"#

    @Test func theTimerRunsBeforeAnEventOfItsInstant() throws {
        let harness = try Harness(Self.plain)
        harness.send("s/a", #"{"v":6}"#, at: 1_000)
        harness.send("s/a", #"{"v":7}"#, at: 1_000)
        // Exactly S + D: the run is told although this event breaks it.
        harness.send("s/a", #"{"v":0}"#, at: 11_000)
        #expect(harness.take() == [#"o/a {"v":7,"t":11000,"now":11000,"a":1000}"#])
    }

    @Test func aRunThatBreaksBeforeTheEndIsNotTold() throws {
        let harness = try Harness(Self.plain)
        harness.send("s/a", #"{"v":6}"#, at: 1_000)
        harness.send("s/a", #"{"v":7}"#, at: 10_998)
        harness.send("s/a", #"{}"#, at: 10_999)
        harness.drain()
        #expect(harness.take() == [])
    }

    @Test func aRunOfOneIsDroppedAndTheNextBeginsAnew() throws {
        let harness = try Harness(Self.plain)
        harness.send("s/a", #"{"v":6}"#, at: 0)
        harness.send("s/a", #"{"v":7}"#, at: 10_000)
        harness.send("s/a", #"{"v":8}"#, at: 12_000)
        harness.drain()
        #expect(harness.take() == [#"o/a {"v":8,"t":20000,"now":20000,"a":12000}"#])
    }

    @Test func groupsOfOneInstantInTheOrderOfTheirDeadlines() throws {
        let harness = try Harness(Self.plain)
        for (id, t) in [("b", 0), ("a", 0), ("c", 1)] {
            harness.send("s/\(id)", #"{"v":6}"#, at: Int64(t))
            harness.send("s/\(id)", #"{"v":6}"#, at: 1)
        }
        harness.drain()
        #expect(harness.take().map { $0.prefix(3) } == ["o/b", "o/a", "o/c"])
    }

    @Test func withoutABodyTheNewestEventOfTheRunIsForwarded() throws {
        let harness = try Harness(#"rule r { from "s" when .v > 5 for 10s publish "o" on clear publish "c" }"#)
        harness.send("s", #"{"v": 6}"#, at: 0)
        harness.send("s", #"{ "v" :7 }"#, at: 9_000)
        harness.advance(to: 10_000)
        #expect(harness.take() == [#"o { "v" :7 }"#])
        harness.send("s", #"{"v":  1}"#, at: 11_000)
        #expect(harness.take() == [#"c {"v":  1}"#])
    }

    /// What a timer tells of its message is that of the newest evaluation, properties included.
    @Test func factsOfTheNewestEvent() throws {
        let harness = try Harness(
            #"rule r { from "s/{x}" when .v > 5 for 10s publish "o" qos 0 { q: qos(), p: property("b"), t: topic(), c: client(), x } }"#
        )
        let properties: [UInt8] = [0x26, 0, 1, 0x62, 0, 2, 0x32, 0x33]
        harness.send("s/1", #"{"v":6}"#, at: 0)
        harness.send("s/1", #"{"v":6}"#, at: 1, qos: 2, client: "dev", properties: properties)
        let states = harness.engine.takeDirtyGroups()
        harness.drain()
        let expected = [#"o {"q":2,"p":"23","t":"s/1","c":"dev","x":"1"}"#]
        #expect(harness.take() == expected)
        let again = try Harness(
            #"rule r { from "s/{x}" when .v > 5 for 10s publish "o" qos 0 { q: qos(), p: property("b"), t: topic(), c: client(), x } }"#
        )
        again.engine.restore(states)
        again.drain()
        #expect(again.take() == expected)
    }

    @Test func limitHoldsARaiseBackUntilTheNextEvaluation() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" when .v > 5 for 10s limit 1 per 1m publish "o/{id}" { t: time(), v: .v } on clear publish "c/{id}" { t: time() } }"#
        )
        for id in ["a", "b"] {
            harness.send("s/\(id)", #"{"v":6}"#, at: 0)
            harness.send("s/\(id)", #"{"v":6}"#, at: 1_000)
        }
        harness.advance(to: 69_999)
        #expect(harness.take() == [#"o/a {"t":10000,"v":6}"#])
        harness.send("s/b", #"{"v":7}"#, at: 69_999)
        #expect(harness.take() == [])
        // One period for the whole rule: it is over 60 s after it began.
        harness.send("s/b", #"{"v":8}"#, at: 70_000)
        #expect(harness.take() == [#"o/b {"t":70000,"v":8}"#])
        harness.send("s/b", #"{"v":1}"#, at: 70_001)
        #expect(harness.take() == [#"c/b {"t":70001}"#])
    }

    @Test func whatWasHeldBackDoesNotClear() throws {
        let harness = try Harness(
            #"rule r { from "s" when .v > 5 for 10s limit 1 per 1h publish "o" { v: .v } on clear publish "c" { v: .v } }"#
        )
        for (t, v) in [(0, 6), (1, 6), (11_000, 1), (20_000, 7), (20_001, 7), (40_000, 2)] {
            harness.send("s", "{\"v\":\(v)}", at: Int64(t))
        }
        #expect(harness.take() == [#"o {"v":6}"#, #"c {"v":1}"#])
        #expect(harness.counters.limited == 1)
    }

    @Test func forAndUntilCombine() throws {
        let harness = try Harness(
            #"rule r { from "s" when .v > 85 for 10s until .v < 80 publish "o" { v: .v, t: time() } on clear publish "c" { v: .v, t: time() } }"#
        )
        for (t, v) in [(0, 86), (5_000, 90), (12_000, 82), (13_000, 99), (14_000, 79), (15_000, 86), (26_000, 86)] {
            harness.send("s", "{\"v\":\(v)}", at: Int64(t))
        }
        harness.drain()
        // The run of one from 15 s is dropped at 25 s, and the event of 26 s begins another.
        #expect(harness.take() == [#"o {"v":90,"t":10000}"#, #"c {"v":79,"t":14000}"#])
        #expect(harness.counters.activeAlarms == 0)
    }

    @Test func missingClearsWhereOnlyForIsGiven() throws {
        let only = try Harness(
            #"rule r { from "s" when .v > 5 for 1s publish "o" { v: .v } on clear publish "c" { v: .v } }"#)
        let with = try Harness(
            #"rule r { from "s" when .v > 5 for 1s until .v < 3 publish "o" { v: .v } on clear publish "c" { v: .v } }"#
        )
        for harness in [only, with] {
            for (t, payload) in [(0, #"{"v":6}"#), (1, #"{"v":6}"#), (2_000, "{}"), (2_001, #"{"v":2}"#)] {
                harness.send("s", payload, at: Int64(t))
            }
        }
        #expect(only.take() == [#"o {"v":6}"#, #"c {"v":null}"#])
        #expect(with.take() == [#"o {"v":6}"#, #"c {"v":2}"#])
    }

    @Test func overWindowsThatClose() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" window every 10s by id when mean(.v) > 5 for 20s publish "o/{id}" { m: mean(.v), t: time(), s: window_start() } }"#
        )
        for t in [1_000, 11_000, 35_000] { harness.send("s/a", "{\"v\":\(t / 1_000 + 9)}", at: Int64(t)) }
        // True at 10 s and 20 s; the timer at 30 s speaks of the newest evaluation.
        #expect(harness.take() == [#"o/a {"m":20.0,"t":30000,"s":10000}"#])
    }

    /// At one instant the window closes first: its result still counts in the run.
    @Test func aWindowThatClosesAtTheDeadlineCountsInTheRun() throws {
        let harness = try Harness(
            #"rule r { from "s" window every 10s when mean(.v) > 5 for 20s publish "o" { m: mean(.v), t: time() } }"#)
        for (t, v) in [(1_000, 6), (11_000, 6), (21_000, 0)] { harness.send("s", "{\"v\":\(v)}", at: Int64(t)) }
        harness.drain()
        #expect(harness.take() == [])
    }

    @Test func aTimerOfForComesBeforeASessionOfItsInstant() throws {
        let harness = try Harness(
            #"rule r { from "s" window session 5s when count() < 3 for 12s publish "o" { n: count(), t: time() } on clear publish "c" { n: count(), t: time() } }"#
        )
        // Sessions end at 6, 12 and 18 s, and the run that began at 6 s lasts until 18 s.
        for t in [1_000, 7_000, 13_000, 13_000, 13_000] { harness.send("s", "{}", at: Int64(t)) }
        harness.drain()
        #expect(harness.take() == [#"o {"n":1,"t":18000}"#, #"c {"n":3,"t":18000}"#])
    }

    @Test func runsByTheWatermarkOfItsGroup() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" at .t late 3s when .v > 5 for 10s publish "o/{id}" { t: time(), now: now() } }"#)
        harness.send("s/a", #"{"t":0,"v":6}"#, at: 100_000)
        harness.send("s/a", #"{"t":1000,"v":6}"#, at: 100_500)
        // W = 1000 − 3000 + (clock − 100500) reaches 10000 at 112500.
        harness.advance(to: 112_499)
        #expect(harness.take() == [])
        harness.advance(to: 112_500)
        #expect(harness.take() == [#"o/a {"t":10000,"now":112500}"#])
    }

    @Test func beforeTheEpoch() throws {
        let harness = try Harness(Self.plain, clock: -60_000)
        harness.send("s/a", #"{"v":6}"#, at: -50_000)
        harness.send("s/a", #"{"v":6}"#, at: -49_000)
        harness.drain()
        #expect(harness.take() == [#"o/a {"v":6,"t":-40000,"now":-40000,"a":-49000}"#])
    }
}
