import RuleEngine
import Testing

@Suite struct AlarmTests {
    @Test func forFiresByTimerAndClears() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" window last 1 by id when max(.v) > 5 for 10s publish "o/{id}" { v: .v, t: time() } on clear publish "c/{id}" { v: .v, t: time() } }"#
        )
        harness.send("s/a", #"{"v":6}"#, at: 1_000)
        harness.send("s/a", #"{"v":7}"#, at: 5_000)
        harness.advance(to: 10_999)
        #expect(harness.take() == [])
        #expect(harness.engine.nextTimerNanoseconds == 11_000_000_000)
        harness.advance(to: 20_000)
        #expect(harness.take() == [#"o/a {"v":7,"t":11000}"#])
        harness.send("s/a", #"{"v":8}"#, at: 21_000)
        #expect(harness.take() == [])
        harness.send("s/a", #"{}"#, at: 22_000)
        #expect(harness.take() == [#"c/a {"v":null,"t":22000}"#])
    }

    @Test func aRunOfOneIsDropped() throws {
        let harness = try Harness(
            #"rule r { from "s" when .v > 5 for 10s publish "o" { v: .v } }"#)
        harness.send("s", #"{"v":6}"#, at: 1_000)
        harness.advance(to: 30_000)
        harness.send("s", #"{"v":7}"#, at: 31_000)
        harness.send("s", #"{"v":8}"#, at: 31_000)
        harness.advance(to: 41_000)
        #expect(harness.take() == [#"o {"v":8}"#])
        // Again only after the condition was not true.
        harness.send("s", #"{"v":9}"#, at: 42_000)
        harness.send("s", #"{"v":9}"#, at: 43_000)
        harness.advance(to: 60_000)
        #expect(harness.take() == [])
        harness.send("s", #"{"v":0}"#, at: 61_000)
        harness.send("s", #"{"v":9}"#, at: 62_000)
        harness.send("s", #"{"v":9}"#, at: 63_000)
        harness.drain()
        #expect(harness.take() == [#"o {"v":9}"#])
    }

    @Test func untilHasHysteresis() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" when .v > 90 until .v < 85 publish "o/{id}" { v: .v } on clear publish "c/{id}" { v: .v } }"#
        )
        for v in [90, 91, 95, 85, 89, 84, 92] { harness.send("s/a", "{\"v\":\(v)}", at: 0) }
        harness.send("s/b", #"{"v":99}"#, at: 0)
        #expect(harness.take() == [#"o/a {"v":91}"#, #"c/a {"v":84}"#, #"o/a {"v":92}"#, #"o/b {"v":99}"#])
        #expect(harness.counters.activeAlarms == 2)
    }

    @Test func aRaiseHeldBackIsTriedAgain() throws {
        let harness = try Harness(
            #"rule r { from "s" when .v > 5 until .v < 2 limit 1 per 10s publish "o" { v: .v } on clear publish "c" }"#)
        for (t, v) in [(0, 6), (1_000, 1), (2_000, 7), (3_000, 1), (4_000, 8), (10_000, 9)] {
            harness.send("s", "{\"v\":\(v)}", at: Int64(t))
        }
        #expect(harness.take() == [#"o {"v":6}"#, #"c {"v":1}"#, #"o {"v":9}"#])
        #expect(harness.counters.limited == 2)
    }

    @Test func sessionsAndSilence() throws {
        let harness = try Harness(
            """
            rule v { from "s/{id}" window session 5s by id publish "v/{id}" { n: count(), s: window_start(), t: time() } }
            rule q { from "s/{id}" window silent 5s by id publish "q/{id}" { n: count(), t: time() } }
            """)
        harness.send("s/a", "{}", at: 0)
        // Exactly D after the last still belongs to the session and keeps silence from being told.
        harness.send("s/a", "{}", at: 5_000)
        harness.advance(to: 10_000)
        #expect(harness.take() == [])
        harness.advance(to: 10_001)
        #expect(harness.take() == [#"v/a {"n":2,"s":0,"t":10000}"#, #"q/a {"n":2,"t":10000}"#])
        harness.advance(to: 60_000)
        harness.send("s/a", "{}", at: 60_000)
        harness.drain()
        #expect(harness.take() == [#"v/a {"n":1,"s":60000,"t":65000}"#, #"q/a {"n":1,"t":65000}"#])
    }

    @Test func anEventJoinsTwoSessions() throws {
        let harness = try Harness(
            #"rule v { from "s" at .t late 60s window session 5s publish "v" { n: count(), s: window_start(), t: time(), f: first(.v), l: last(.v) } }"#
        )
        for (t, v) in [(100_000, 1), (108_000, 2), (104_000, 3), (130_000, 4)] {
            harness.send("s", "{\"t\":\(t),\"v\":\(v)}", at: 200_000)
        }
        harness.send("s", #"{"t":1000,"v":9}"#, at: 200_000)
        harness.drain()
        #expect(
            harness.take() == [
                #"v {"n":3,"s":100000,"t":113000,"f":1,"l":3}"#, #"v {"n":1,"s":130000,"t":135000,"f":4,"l":4}"#,
            ])
        #expect(harness.counters.lateEvents == 1)
    }

    @Test func watermarkRunsWithTheClock() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" at .t late 2s window every 10s by id publish "o/{id}" { n: count(), t: time(), now: now() } }"#
        )
        harness.send("s/a", #"{"t":5000}"#, at: 100_000)
        harness.send("s/a", #"{"t":9000}"#, at: 100_000)
        // W = 9000 − 2000 + (clock − 100000) reaches 10000 at 103000.
        #expect(harness.engine.nextTimerNanoseconds == 103_000_000_000)
        harness.send("s/b", #"{"t":50000}"#, at: 102_999)
        #expect(harness.take() == [])
        harness.advance(to: 103_000)
        #expect(harness.take() == [#"o/a {"n":2,"t":10000,"now":103000}"#])
        harness.send("s/a", #"{"t":9500}"#, at: 103_001)
        #expect(harness.counters.lateEvents == 1)
        // A jump of M closes what it passes before the event is taken in.
        harness.send("s/a", #"{"t":15000}"#, at: 103_002)
        harness.send("s/a", #"{"t":40000}"#, at: 103_003)
        #expect(harness.take() == [#"o/a {"n":1,"t":20000,"now":103003}"#])
    }

    @Test func histories() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" where .ok publish "o/{id}" { p: previous(.v), d: delta(.v), c: changed(.q) } }"#)
        for (id, payload) in [
            ("a", #"{"ok":true,"v":1,"q":1}"#), ("b", #"{"ok":true,"v":10}"#), ("a", #"{"ok":false,"v":99}"#),
            ("a", #"{"ok":true,"v":4,"q":1.0}"#), ("b", #"{"ok":true,"q":null}"#), ("b", #"{"ok":true,"v":3,"q":"x"}"#),
        ] { harness.send("s/\(id)", payload, at: 0) }
        #expect(
            harness.take() == [
                #"o/a {"p":null,"d":null,"c":true}"#, #"o/b {"p":null,"d":null,"c":true}"#,
                #"o/a {"p":1,"d":3,"c":false}"#,
                #"o/b {"p":10,"d":null,"c":false}"#, #"o/b {"p":null,"d":null,"c":true}"#,
            ])
    }

    @Test func dedupePeriodsAreHalfOpen() throws {
        let harness = try Harness(#"rule r { from "s" dedupe .v within 10s publish "o" }"#)
        for (t, payload) in [(0, "{}"), (1, "{}"), (5, #"{"v":1}"#), (6, #"{"v":1.0}"#), (9_999, "{}"), (10_000, "{}")]
        {
            harness.send("s", payload, at: Int64(t))
        }
        #expect(harness.take() == ["o {}", #"o {"v":1}"#, "o {}"])
    }

    @Test func messagesAndFacts() throws {
        let harness = try Harness(
            """
            rule r { from "s/{rest...}" publish "o" { t: topic(), q: qos(), r: retained(), c: client(), p: property("b"), rest } }
            rule plain { from "s/#" publish "p" { } }
            """)
        let properties: [UInt8] = [
            0x01, 1, 0x26, 0, 1, 0x61, 0, 1, 0x31, 0x0B, 0x80, 0x01, 0x26, 0, 1, 0x62, 0, 2, 0x32, 0x33,
        ]
        harness.send("s/x/y", "{}", at: 0, qos: 1, retained: true, client: "dev-1", properties: properties)
        #expect(harness.take() == [#"o {"t":"s/x/y","q":1,"r":true,"c":"dev-1","p":"23","rest":"x/y"}"#])
        harness.send("s", "{}", at: 0)
        #expect(harness.take() == ["p {}"])
    }
}
