import RuleEngine
import Testing

@Suite struct WindowTests {
    @Test func lastCount() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" window last 3 by id publish "o/{id}" { n: count(), mean: mean(.v), sum: sum(.v), low: min(.v), high: max(.v), f: first(.v), l: last(.v) } }"#
        )
        for (index, v) in [1, 2, 3, 4, 10].enumerated() { harness.send("s/a", "{\"v\":\(v)}", at: Int64(index)) }
        #expect(
            harness.take() == [
                #"o/a {"n":1,"mean":1.0,"sum":1,"low":1,"high":1,"f":1,"l":1}"#,
                #"o/a {"n":2,"mean":1.5,"sum":3,"low":1,"high":2,"f":1,"l":2}"#,
                #"o/a {"n":3,"mean":2.0,"sum":6,"low":1,"high":3,"f":1,"l":3}"#,
                #"o/a {"n":3,"mean":3.0,"sum":9,"low":2,"high":4,"f":2,"l":4}"#,
                #"o/a {"n":3,"mean":5.666666666666667,"sum":17,"low":3,"high":10,"f":3,"l":10}"#,
            ])
        #expect(harness.engine.counters[0].groups == 1)
    }

    @Test func everyClosesByTimer() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" window every 10s by id publish "o/{id}" { n: count(), at: time(), s: window_start(), id } }"#
        )
        harness.send("s/a", "{}", at: 1_000)
        harness.send("s/b", "{}", at: 2_000)
        harness.send("s/a", "{}", at: 9_999)
        #expect(harness.take() == [])
        #expect(harness.engine.nextTimerNanoseconds == 10_000_000_000)
        // At one instant the window closes before the event of that instant.
        harness.send("s/a", "{}", at: 10_000)
        #expect(
            harness.take() == [#"o/a {"n":2,"at":10000,"s":0,"id":"a"}"#, #"o/b {"n":1,"at":10000,"s":0,"id":"b"}"#])
        harness.drain()
        #expect(harness.take() == [#"o/a {"n":1,"at":20000,"s":10000,"id":"a"}"#])
        #expect(harness.engine.nextTimerNanoseconds == nil)
    }

    @Test func overlappingWindows() throws {
        let harness = try Harness(
            #"rule r { from "s" at .t late 1s window every 10s over 30s publish "o" { n: count(), s: window_start(), t: time(), v: collect(.v) } }"#
        )
        for (t, v) in [(5_000, 1), (12_000, 2), (31_000, 3), (8_000, 4)] {
            harness.send("s", "{\"t\":\(t),\"v\":\(v)}", at: 0)
        }
        harness.drain()
        #expect(
            harness.take() == [
                #"o {"n":1,"s":-20000,"t":10000,"v":[1]}"#, #"o {"n":2,"s":-10000,"t":20000,"v":[1,2]}"#,
                // The event of second 8 came after the windows to 30 s had closed, and no later one holds it.
                #"o {"n":2,"s":0,"t":30000,"v":[1,2]}"#, #"o {"n":2,"s":10000,"t":40000,"v":[2,3]}"#,
                #"o {"n":1,"s":20000,"t":50000,"v":[3]}"#, #"o {"n":1,"s":30000,"t":60000,"v":[3]}"#,
            ])
        #expect(harness.counters.lateEvents == 1)
        harness.send("s", #"{"t":205000,"v":5}"#, at: 100_000)
        harness.send("s", #"{"t":195000,"v":6}"#, at: 100_000)
        harness.drain()
        // Closed for the window to 200 s, open for those to 210 and 220 s.
        #expect(
            harness.take().prefix(2) == [
                #"o {"n":2,"s":180000,"t":210000,"v":[5,6]}"#, #"o {"n":2,"s":190000,"t":220000,"v":[5,6]}"#,
            ])
    }

    @Test func everyAlignsBeforeTheEpoch() throws {
        let harness = try Harness(
            #"rule r { from "s" window every 10s publish "o" { n: count(), s: window_start(), e: window_end() } }"#,
            clock: -25_000)
        harness.send("s", "{}", at: -20_001)
        harness.send("s", "{}", at: -20_000)
        harness.send("s", "{}", at: -10_001)
        harness.drain()
        #expect(
            harness.take() == [
                #"o {"n":1,"s":-30000,"e":-20000}"#, #"o {"n":2,"s":-20000,"e":-10000}"#,
            ])
    }

    @Test func lastDuration() throws {
        let harness = try Harness(
            #"rule r { from "s" at .t late 1h window last 10s publish "o" { n: count(), sum: sum(.v), f: first(.v), l: last(.v), s: window_start() } }"#
        )
        for (t, v) in [(0, 1), (5_000, 2), (10_000, 3), (4_000, 4), (0, 5), (14_001, 6)] {
            harness.send("s", "{\"t\":\(t),\"v\":\(v)}", at: 100_000)
        }
        #expect(
            harness.take() == [
                #"o {"n":1,"sum":1,"f":1,"l":1,"s":-10000}"#,
                #"o {"n":2,"sum":3,"f":1,"l":2,"s":-5000}"#,
                // The event at exactly T − D is out.
                #"o {"n":2,"sum":5,"f":2,"l":3,"s":0}"#,
                #"o {"n":3,"sum":9,"f":2,"l":4,"s":0}"#,
                #"o {"n":3,"sum":11,"f":2,"l":6,"s":4001}"#,
            ])
        #expect(harness.counters.lateEvents == 1)
    }

    @Test func zscoreAgainstOthersAndFloor() throws {
        let harness = try Harness(
            #"rule r { from "s" window last 5 publish "o" { z: zscore(.v), o: zscore(.v, against: "others"), f: zscore(.v, against: "others", floor: 2) } }"#
        )
        for v in ["10", "10", "10", "14"] { harness.send("s", "{\"v\":\(v)}", at: 0) }
        #expect(
            harness.take() == [
                #"o {"z":0.0,"o":null,"f":null}"#, #"o {"z":0.0,"o":0.0,"f":0.0}"#, #"o {"z":0.0,"o":0.0,"f":0.0}"#,
                #"o {"z":1.7320508075688774,"o":null,"f":2.0}"#,
            ])
    }

    @Test func rulesFeedRules() throws {
        let harness = try Harness(
            """
            rule a { from "in" publish "mid/1" { v: .v } publish "mid/2" { v: .v + 1 } }
            rule b { from "mid/{n}" publish "out" { n, v: .v * 10 } }
            rule c { from "in" publish "last" { v: .v } }
            """)
        harness.send("in", #"{"v":1}"#, at: 5)
        #expect(
            harness.take() == [
                #"mid/1 {"v":1}"#, #"out {"n":"1","v":10}"#, #"mid/2 {"v":2}"#, #"out {"n":"2","v":20}"#,
                #"last {"v":1}"#,
            ])
        #expect(harness.outputs.map(\.id) == ["n/e/a//1", "n/e/b//1", "n/e/a//2", "n/e/b//2", "n/e/c//1"])
    }

    @Test func limitOpensPeriods() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" limit 2 per 10s by id publish "o/{id}" }"#)
        for (t, id) in [(0, "a"), (1, "a"), (2, "a"), (3, "b"), (9_999, "a"), (10_000, "a")] {
            harness.send("s/\(id)", "\(t)", at: Int64(t))
        }
        #expect(harness.take() == ["o/a 0", "o/a 1", "o/b 3", "o/a 10000"])
        #expect(harness.counters.limited == 2)
    }

    @Test func decodeErrorsAreToldOncePerMinute() throws {
        let harness = try Harness(#"rule r { from "s" publish "o" }"#)
        harness.send("s", #"{"a":1} x"#, at: 1)
        harness.send("s", #"{"a":"#, at: 2)
        harness.send("s", #"{"a":1}"#, at: 3)
        harness.send("s", #"[1,]"#, at: 60_000)
        #expect(
            harness.take() == [
                #"$sluice/rules/r/errors {"topic":"s","reason":"text after the value","offset":8}"#, #"o {"a":1}"#,
                #"$sluice/rules/r/errors {"topic":"s","reason":"not JSON","offset":3}"#,
            ])
        #expect(harness.counters.decodeErrors == 3)
    }
}
