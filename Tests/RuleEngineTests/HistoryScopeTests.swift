import RuleEngine
import Testing

/// Whose preceding event `previous`, `delta` and `changed` look at.
struct HistoryScopeTests {
    private func send(_ harness: Harness, _ messages: [(String, Int)]) -> [String] {
        for (index, message) in messages.enumerated() {
            harness.send("t/\(message.0)", "{\"v\":\(message.1)}", at: Int64(index) * 100)
        }
        harness.drain()
        return harness.take()
    }

    @Test func aWindowWithoutByRemembersPerCaptures() throws {
        let harness = try Harness(
            """
            rule r { from "t/{k}" where changed(.v) window last 9 publish "o" { k, n: count(), p: previous(.v) } }
            """)
        #expect(
            send(harness, [("a", 1), ("b", 1), ("a", 1), ("a", 2), ("b", 3)]) == [
                #"o {"k":"a","n":1,"p":null}"#, #"o {"k":"b","n":2,"p":null}"#, #"o {"k":"a","n":3,"p":1}"#,
                #"o {"k":"b","n":4,"p":1}"#,
            ])
    }

    @Test func aTimerGoesOnWithTheCapturesOfTheRun() throws {
        let harness = try Harness(
            """
            rule r {
              from "t/{k}" window last 1 when max(.v) > 5 for 250ms until max(.v) < 0
              publish "o" { k, p: previous(.v) } on clear publish "c" { k, p: previous(.v) }
            }
            """)
        let outputs = send(
            harness, [("b", 9), ("a", 7), ("b", 8), ("a", 9), ("b", -1), ("b", 7), ("a", 7), ("b", 6), ("b", 6)])
        #expect(
            outputs == [
                #"o {"k":"b","p":null}"#, #"c {"k":"b","p":null}"#, #"o {"k":"b","p":8}"#,
            ])
    }

    @Test func theyComeBackAfterARestart() throws {
        let source = "rule r { from \"t/{k}\" window last 2 publish \"o\" { k, n: count(), d: delta(.v) } }"
        let before = try Harness(source)
        _ = send(before, [("a", 1), ("b", 10)])
        let after = try Harness(source)
        after.engine.restore(before.engine.takeDirtyGroups())
        #expect(
            send(after, [("a", 3), ("b", 5)]) == [#"o {"k":"a","n":2,"d":2}"#, #"o {"k":"b","n":2,"d":-5}"#])
    }

    @Test func whatLimitHeldBackDidNotReachThePublish() throws {
        let harness = try Harness("rule r { from \"t/{k}\" limit 1 per 250ms publish \"o\" { v: .v, d: delta(.v) } }")
        #expect(
            send(harness, [("a", 1), ("a", 2), ("a", 4), ("a", 7)]) == [
                #"o {"v":1,"d":null}"#, #"o {"v":7,"d":6}"#,
            ])
    }

    @Test func aGroupBeginsWithTheFirstEventThatPassesTheSteps() throws {
        let harness = try Harness(
            """
            rule r { from "t/{k}" where .v > 0 where changed(.v) window every 1s by k publish "o/{k}" { n: count() } }
            """)
        #expect(send(harness, [("b", -1), ("a", 1), ("b", 1)]) == [#"o/a {"n":1}"#, #"o/b {"n":1}"#])
    }

    @Test func aGroupThatAPublishedMessageBeganFirstClosesFirst() throws {
        let harness = try Harness(
            """
            rule a { from "t/{k}" publish "x/{k}" {} }
            rule b { from "t/{k}" window every 1s by k publish "b" {} }
            rule c { from "x/{k}" window every 1s by k publish "c" {} }
            """)
        harness.send("t/1", "{}", at: 0)
        _ = harness.take()
        harness.drain()
        #expect(harness.take() == ["c {}", "b {}"])
    }
}
