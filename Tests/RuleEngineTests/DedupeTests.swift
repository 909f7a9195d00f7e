import RuleEngine
import Testing

@Suite struct DedupeTests {
    @Test func periodsAreHalfOpenAndAnEarlierEventBelongsToThem() throws {
        let harness = try Harness(#"rule r { from "s" at .t dedupe .v within 10s publish "o" { t: .t } }"#)
        for t in [20_000, 29_999, 5_000, 30_000, 39_999, 40_001] {
            harness.send("s", "{\"t\":\(t),\"v\":1}", at: 100_000)
        }
        #expect(harness.take() == [#"o {"t":20000}"#, #"o {"t":30000}"#, #"o {"t":40001}"#])
    }

    @Test func twoOfOneInstantAreOne() throws {
        let harness = try Harness(#"rule r { from "s" dedupe .v within 1ms publish "o" }"#)
        for t: Int64 in [5, 5, 6, 6] { harness.send("s", #"{"v":"x"}"#, at: t) }
        #expect(harness.take().count == 2)
    }

    @Test func keysOfSeveralPartsAndTypes() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" dedupe id, .v within 10s publish "o/{id}" payload .v ?? "none" }"#)
        for (id, v) in [
            ("a", "1"), ("b", "1"), ("a", "1.0"), ("a", "\"1\""), ("a", "true"), ("a", "null"), ("a", "null"),
            ("a", "[1,2]"), ("a", "[1, 2.0]"), ("a", #"{"x":1,"y":2}"#), ("a", #"{"y":2,"x":1}"#),
        ] {
            harness.send("s/\(id)", "{\"v\":\(v)}", at: 0)
        }
        #expect(
            harness.take() == [
                "o/a 1", "o/b 1", "o/a 1", "o/a true", "o/a none", "o/a [1,2]", #"o/a {"x":1,"y":2}"#,
            ])
    }

    /// One memory for the whole rule, at its place among the steps.
    @Test func standsInTheOrderOfTheSteps() throws {
        let harness = try Harness(
            #"rule r { from "s" where .ok dedupe .v within 10s where .loud publish "o" { n: .n } }"#)
        for payload in [
            #"{"n":1,"ok":false,"loud":true,"v":1}"#, #"{"n":2,"ok":true,"loud":false,"v":1}"#,
            #"{"n":3,"ok":true,"loud":true,"v":1}"#, #"{"n":4,"ok":true,"loud":true,"v":2}"#,
        ] { harness.send("s", payload, at: 0) }
        #expect(harness.take() == [#"o {"n":4}"#])
        #expect(harness.counters.afterStep == [3, 2, 1])
    }

    @Test func removedEventsDoNotMoveTime() throws {
        let harness = try Harness(
            #"rule r { from "s" at .t dedupe .v within 1d window every 10s publish "o" { n: count() } }"#)
        harness.send("s", #"{"t":1000,"v":1}"#, at: 1_000)
        harness.send("s", #"{"t":50000,"v":1}"#, at: 1_000)
        harness.send("s", #"{"t":2000,"v":2}"#, at: 1_000)
        harness.drain()
        #expect(harness.take() == [#"o {"n":2}"#])
        #expect(harness.counters.lateEvents == 0)
    }
}
