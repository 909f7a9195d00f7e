import RuleEngine
import Testing

/// A watermark that ran ahead with the clock and falls back when the next event comes.
struct FallingWatermarkTests {
    @Test func aDeviceThatSpokeLateAndStoppedIsSilentAgain() throws {
        let harness = try Harness(
            "rule r { from \"t\" at .t window silent 3s publish \"o\" { t: time(), n: count() } }")
        harness.send("t", #"{"t":0}"#, at: 0)
        harness.send("t", #"{"t":1000}"#, at: 9_000)
        harness.drain()
        #expect(harness.take() == [#"o {"t":3000,"n":1}"#, #"o {"t":4000,"n":1}"#])
    }

    @Test func anOldEventDoesNotSpeakForADeviceThatWasReported() throws {
        let harness = try Harness(
            "rule r { from \"t\" at .t window silent 3s publish \"o\" { t: time(), n: count() } }")
        harness.send("t", #"{"t":5000}"#, at: 5_000)
        harness.send("t", #"{"t":1000}"#, at: 9_000)
        harness.drain()
        #expect(harness.take() == [#"o {"t":8000,"n":1}"#])
        #expect(harness.counters.lateEvents == 1)
    }

    @Test func aRunLastsUntilTheWatermarkOfNowEndsIt() throws {
        let harness = try Harness("rule r { from \"t\" at .t when .v > 5 for 2s publish \"o\" { t: time(), v: .v } }")
        harness.send("t", #"{"t":0,"v":1}"#, at: 0)
        harness.send("t", #"{"t":100,"v":8}"#, at: 9_000)
        harness.send("t", #"{"t":200,"v":9}"#, at: 9_100)
        harness.drain()
        #expect(harness.take() == [#"o {"t":2100,"v":9}"#])
    }

    @Test func aReplayThatStopsEndsItsLastInstant() throws {
        let plan = try Harness.compile(
            """
            rule r { from "t" window session 1s publish "o" { n: count() } }
            rule q { from "u" window silent 1s publish "p" {} }
            """
        )
        var run = ReplayRun(try RuleEngine(plan, options: Harness.options, clockNanoseconds: 0))
        var outputs: [RuleOutput] = []
        for line in [
            #"{"topic":"t","time":0}"#, #"{"topic":"u","time":0}"#, #"{"topic":"t","time":1000,"payload":{}}"#,
            #"{"topic":"t","time":0,"payload":{}}"#, #"{"topic":"u","time":1000,"payload":{}}"#,
            #"{"topic":"x","time":2000,"payload":{}}"#,
        ] { run.take(try ReplayLine.parse(Array(line.utf8)), into: &outputs) }
        run.finish(drain: false, into: &outputs)
        #expect(outputs.filter { !$0.isEngineTopic }.map(\.line) == [#"o {"n":2}"#, "p {}"])
    }
}
