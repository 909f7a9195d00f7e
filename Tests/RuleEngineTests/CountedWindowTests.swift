import RuleEngine
import Testing

/// `window every N events`.
@Suite struct CountedWindowTests {
    @Test func evaluatesAtTheNthAndStartsAnew() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" window every 3 events by id publish "o/{id}" { n: count(), sum: sum(.v), v: .v, t: time(), l: collect(.v) } }"#
        )
        for v in 1...7 { harness.send("s/a", "{\"v\":\(v)}", at: Int64(v)) }
        harness.send("s/b", #"{"v":1}"#, at: 8)
        harness.drain()
        #expect(
            harness.take() == [
                #"o/a {"n":3,"sum":6,"v":3,"t":3,"l":[1,2,3]}"#, #"o/a {"n":3,"sum":15,"v":6,"t":6,"l":[4,5,6]}"#,
            ])
    }

    /// The order is that of arrival, nothing is late, and an event without the value counts among the N.
    @Test func nothingIsLate() throws {
        let harness = try Harness(
            #"rule r { from "s" at .t window every 3 events publish "o" { n: count(), c: count(.v), f: first(.v), l: last(.v), t: time() } }"#
        )
        for payload in [#"{"t":50000,"v":1}"#, #"{"t":10000,"v":2}"#, #"{"t":20000}"#] {
            harness.send("s", payload, at: 100_000)
        }
        #expect(harness.take() == [#"o {"n":3,"c":2,"f":1,"l":2,"t":20000}"#])
        #expect(harness.counters.lateEvents == 0)
    }

    @Test func everyOneEvent() throws {
        let harness = try Harness(
            #"rule r { from "s" window every 1 events publish "o" { n: count(), s: stddev(.v) } }"#)
        harness.send("s", #"{"v":4}"#, at: 0)
        harness.send("s", #"{"v":5}"#, at: 0)
        #expect(harness.take() == [#"o {"n":1,"s":0.0}"#, #"o {"n":1,"s":0.0}"#])
    }
}
