import RuleEngine
import Testing

/// `previous`, `delta` and `changed`.
@Suite struct HistoryTests {
    @Test func changedKnowsMissing() throws {
        let harness = try Harness(#"rule r { from "s" publish "o" { c: changed(.v), p: previous(.v) } }"#)
        for payload in ["{}", "{}", #"{"v":1}"#, #"{"v":1.0}"#, #"{"v":"1"}"#, #"{"v":null}"#] {
            harness.send("s", payload, at: 0)
        }
        #expect(
            harness.take() == [
                #"o {"c":true,"p":null}"#, #"o {"c":false,"p":null}"#, #"o {"c":true,"p":null}"#,
                #"o {"c":false,"p":1}"#, #"o {"c":true,"p":1.0}"#, #"o {"c":true,"p":"1"}"#,
            ])
    }

    /// The preceding event is the last that reached the same place.
    @Test func placesRememberForThemselves() throws {
        let harness = try Harness(
            #"rule r { from "s" let step = delta(.v) where .ok let passed = delta(.w) publish "o" { step, passed, out: delta(.v) } }"#
        )
        for payload in [
            #"{"v":1,"w":1,"ok":true}"#, #"{"v":3,"w":3,"ok":false}"#, #"{"v":10,"w":10,"ok":true}"#,
        ] { harness.send("s", payload, at: 0) }
        #expect(harness.take() == [#"o {"step":null,"passed":null,"out":null}"#, #"o {"step":7,"passed":9,"out":9}"#])
    }

    @Test func branchesThatAreNotTakenRememberToo() throws {
        let harness = try Harness(
            #"rule r { from "s" let d = if .on then delta(.v) else 0 publish "o" { d } }"#)
        for payload in [#"{"v":1,"on":true}"#, #"{"v":5,"on":false}"#, #"{"v":7,"on":true}"#] {
            harness.send("s", payload, at: 0)
        }
        #expect(harness.take() == [#"o {"d":null}"#, #"o {"d":0}"#, #"o {"d":2}"#])
    }

    @Test func groupsAreThoseOfTheWindowElseTheCaptures() throws {
        let harness = try Harness(
            """
            rule w { from "s/{a}/{b}" window last 5 by a publish "w" { d: delta(.v) } }
            rule c { from "s/{a}/{b}" publish "c" { d: delta(.v) } }
            """)
        harness.send("s/1/x", #"{"v":1}"#, at: 0)
        harness.send("s/1/y", #"{"v":3}"#, at: 0)
        harness.send("s/1/x", #"{"v":6}"#, at: 0)
        #expect(
            harness.take() == [
                #"w {"d":null}"#, #"c {"d":null}"#, #"w {"d":2}"#, #"c {"d":null}"#, #"w {"d":3}"#, #"c {"d":5}"#,
            ])
    }

    @Test func timesAndTexts() throws {
        let harness = try Harness(
            #"rule r { from "s" publish "o" { gap: delta(time()), t: previous(.t), bad: delta(.t) } }"#)
        harness.send("s", #"{"t":"a"}"#, at: 1_000)
        harness.send("s", #"{"t":"b"}"#, at: 3_500)
        #expect(harness.take() == [#"o {"gap":null,"t":null,"bad":null}"#, #"o {"gap":2.5,"t":"a","bad":null}"#])
        #expect(harness.counters.runtimeErrors == 1)
    }

    /// A `for` timer tells what the evaluation saw, whatever other groups did since.
    @Test func aTimerDoesNotMoveTheHistoryOn() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" let d = delta(.v) when .v > 5 and exists(d) for 10s publish "o/{id}" { d, p: previous(.v) } }"#
        )
        for (t, id, v) in [(0, "a", 6), (1_000, "a", 8), (2_000, "a", 11), (3_000, "b", 1), (20_000, "a", 12)] {
            harness.send("s/\(id)", "{\"v\":\(v)}", at: Int64(t))
        }
        #expect(harness.take() == [#"o/a {"d":3,"p":null}"#])
    }

    @Test func timersOfTwoGroupsWithoutAnEventBetween() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" when .v > 5 for 10s until .v < 1 publish "o/{id}" { p: previous(.v) } }"#)
        func run(_ start: Int64, _ value: Int) {
            for id in ["a", "b"] {
                harness.send("s/\(id)", #"{"v":0}"#, at: start)
                for t in [start + 1, start + 2] { harness.send("s/\(id)", "{\"v\":\(value)}", at: t) }
            }
            harness.advance(to: start + 15_000)
        }
        run(0, 7)
        #expect(harness.take() == [#"o/a {"p":null}"#, #"o/b {"p":null}"#])
        run(20_000, 9)
        // What reached this place before was the value of the first alarm.
        #expect(harness.take() == [#"o/a {"p":7}"#, #"o/b {"p":7}"#])
    }

    @Test func placesKeepTheirMemoriesOverARestart() throws {
        let text =
            #"rule r { from "s" when .on or delta(.v) > 100 publish "o" { when: previous(.v), d: delta(.v) } }"#
        let before = try Harness(text)
        before.send("s", #"{"v":1,"on":true}"#, at: 0)
        before.send("s", #"{"v":50,"on":false}"#, at: 0)
        let after = try Harness(text)
        after.engine.restore(before.engine.takeDirtyGroups())
        after.send("s", #"{"v":52,"on":true}"#, at: 0)
        after.send("s", #"{"v":153,"on":false}"#, at: 0)
        #expect(after.take() == [#"o {"when":1,"d":51}"#, #"o {"when":52,"d":101}"#])
    }

    @Test("a history of a let below the window sees the let of its own evaluation")
    func letBelowWindow() throws {
        let harness = try Harness(
            #"rule r { from "s" window last 3 let v = mean(.z) let w = v + 0 when changed(w) publish "o" { v, d: delta(v) } }"#
        )
        for (index, z) in [0, 0, 3, 3, 3, 3].enumerated() { harness.send("s", "{\"z\":\(z)}", at: Int64(index)) }
        #expect(
            harness.take() == [
                #"o {"v":0.0,"d":null}"#, #"o {"v":1.0,"d":1.0}"#, #"o {"v":2.0,"d":1.0}"#, #"o {"v":3.0,"d":1.0}"#,
            ])
    }

    @Test func aRuntimeErrorOfALetCountsOnce() throws {
        let harness = try Harness(
            #"rule r { from "s" let bad = .t + 1 where changed(.v) publish "o" { bad } }"#)
        harness.send("s", #"{"t":"x","v":1}"#, at: 0)
        #expect(harness.counters.runtimeErrors == 1)
    }
}
