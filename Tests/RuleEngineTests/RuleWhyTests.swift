import RuleEngine
import RuleLanguage
import Testing

@Suite struct RuleWhyTests {
    /// The report on the last of the messages, which come a second apart.
    private func report(_ source: String, _ messages: [(String, String)]) throws -> RuleWhy.Report {
        var why = try RuleWhy(try Harness.compile(source), rule: "r")
        var report: RuleWhy.Report?
        for (index, message) in messages.enumerated() {
            let line = ReplayLine(
                topic: Array(message.0.utf8), payload: Array(message.1.utf8),
                timeNanoseconds: 946_684_800_000_000_000 + Int64(index) * 1_000_000_000)
            if index < messages.count - 1 { why.take(line) } else { report = why.explain(line) }
        }
        return try #require(report)
    }

    private func outcome(_ source: String, _ payloads: String...) throws -> String? {
        try report(source, payloads.map { ("s/a", $0) }).takes.last?.outcome
    }

    @Test func everyStepIsShown() throws {
        let report = try report(
            """
            rule r {
              from "s/{id}"
              where .q == "good"
              let double = .v * 2
              window last 3 by id
              let m = mean(double)
              when m > 5
              limit 1 per 10s
              publish "o/{id}" retain { m }
            }
            """, [("s/a", #"{"q":"bad","v":9}"#), ("s/a", #"{"q":"good","v":2}"#), ("s/a", #"{"q":"good","v":4}"#)])
        #expect(
            report.text
                == """
                s/a
                  from      s/{id}  → matches
                              id = "a"
                  payload   18 bytes
                              .q = "good"
                              .v = 4
                  time      its arrival  → 2000-01-01T00:00:02Z
                  where     .q == "good"  → true
                              .q = "good"
                  let       double = .v * 2  → 8
                              .v = 4
                  window    the newest 3 events of each id, evaluated at each event
                              id = "a"
                              mean(double) = 6.0
                  let       m = mean(double)  → 6.0
                              mean(double) = 6.0
                  when      m > 5  → true
                              m = 6.0
                  publish   o/a {"m":6.0}  → QoS 1, retained
                  published

                """)
    }

    @Test func whereItStopped() throws {
        let filter = #"rule r { from "s/{id}" where .v > 5 publish "o" }"#
        let filtered = try report(filter, [("s/a", #"{"v":1}"#)])
        #expect(filtered.takes.first?.outcome == "`where` did not let it through")
        #expect(filtered.takes.first?.steps.last?.result == "false")
        #expect(try report(filter, [("s/a", "{}")]).takes.first?.steps.last?.result == "missing")
        #expect(
            try outcome(filter, "{") == "the payload is no event: the payload ends in the middle of a value at byte 1")
        let keyed = #"rule r { from "s/{id}" let k = .k window last 3 by k publish "o" { n: count() } }"#
        #expect(try outcome(keyed, "{}") == "a part of its key is missing, so it belongs to no group")
        let limited = #"rule r { from "s/{id}" limit 1 per 10m publish "o" }"#
        #expect(try outcome(limited, "{}", "{}") == "`limit` held it back")
        let once = #"rule r { from "s/{id}" dedupe .v within 10m publish "o" }"#
        #expect(try outcome(once, #"{"v":1}"#, #"{"v":1}"#) == "`dedupe` saw these values before")
        let broken = #"rule r { from "s/{id}" publish "o/{.x}" }"#
        #expect(
            try outcome(broken, "{}") == "nothing could be published: a topic or payload is missing or not allowed")
        let late = #"rule r { from "s/{id}" at .t window every 1s by id publish "o" { n: count() } }"#
        #expect(
            try outcome(late, #"{"t":946684800000}"#, #"{"t":946684800000}"#) == "its window had closed before it came")
    }

    @Test func windowsThatAreNotOver() throws {
        let minute = #"rule r { from "s/{id}" window every 1m by id publish "o" { m: mean(.v) } }"#
        let report = try report(minute, [("s/a", #"{"v":1}"#), ("s/b", #"{"v":9}"#), ("s/a", #"{"v":2}"#)])
        let window = try #require(report.takes.first?.steps.last)
        #expect(window.result == "2 events so far")
        #expect(window.values.map { "\($0.name) \($0.value)" } == ["id \"a\"", "mean(.v) 1.5"])
        #expect(
            report.takes.first?.outcome == "the window is evaluated when its time is over, at 2000-01-01T00:01:00Z")
        let counted = #"rule r { from "s/{id}" window every 3 events by id publish "o" { m: mean(.v) } }"#
        #expect(try outcome(counted, "{}", "{}") == "the window is evaluated when it holds 3 events")
        #expect(try outcome(counted, "{}", "{}", "{}") == "published")
    }

    @Test func alarms() throws {
        let rule =
            #"rule r { from "s/{id}" when .v > 5 for 2s until .v < 2 publish "o" { n: 1 } on clear publish "c" { n: 0 } }"#
        #expect(try outcome(rule, #"{"v":1}"#) == "`when` was not true")
        #expect(
            try outcome(rule, #"{"v":6}"#, #"{"v":7}"#)
                == "it must stay true for 2s, and has been since 2000-01-01T00:00:00Z")
        #expect(
            try outcome(rule, #"{"v":6}"#, #"{"v":7}"#, #"{"v":7}"#, #"{"v":3}"#)
                == "the alarm is active: it was published, and has not cleared")
        let cleared = try report(rule, ["6", "7", "7", "1"].map { ("s/a", "{\"v\":\($0)}") }).takes.first
        #expect(cleared?.outcome == "published")
        #expect(cleared?.steps.map(\.name).suffix(2) == ["until", "publish"])
    }

    @Test func messagesThatAreNotTaken() throws {
        let rule = #"rule r { from "s/{id}/x", "t/{id}/#" as text publish "o" }"#
        for (topic, refusals) in [
            (
                "s/a/y",
                [
                    "s/{id}/x does not match s/a/y: level 3 is `y`, not `x`",
                    "t/{id}/# does not match s/a/y: level 1 is `s`, not `t`",
                ]
            ),
            (
                "s/a",
                [
                    "s/{id}/x does not match s/a, which has only 2 levels",
                    "t/{id}/# does not match s/a: level 1 is `s`, not `t`",
                ]
            ),
            (
                "s/a/x/y",
                [
                    "s/{id}/x does not match s/a/x/y, which has 4 levels",
                    "t/{id}/# does not match s/a/x/y: level 1 is `s`, not `t`",
                ]
            ),
        ] {
            let report = try report(rule, [(topic, "{}")])
            #expect(report.refusals == refusals)
            #expect(report.json.hasPrefix("{\"rule\": \"r\", \"taken\": false, \"refusals\": [\""))
        }
        let hidden = try report(#"rule r { from "+/x" publish "o" }"#, [("$a/x", "{}")])
        #expect(hidden.refusals == ["+/x does not match $a/x: wildcards do not take topics that begin with `$`"])
    }

    @Test func messagesOfOtherRulesAreFollowedToo() throws {
        let rules = """
            rule first { from "s/{id}" publish "mid/{id}" { v: .v } }
            rule r { from "mid/{id}" where .v > 5 publish "o" }
            """
        let report = try report(rules, [("s/a", #"{"v":6}"#)])
        #expect(report.takes.map(\.topic) == ["mid/a"])
        #expect(report.takes.first?.outcome == "published")
    }

    @Test func lookingChangesNothing() throws {
        let rule = #"rule r { from "s/{id}" window last 2 by id when mean(.v) + .w > 1 publish "o" { m: mean(.v) } }"#
        let set = try Harness.compile(rule)
        var why = try RuleWhy(set, rule: "r")
        let line = ReplayLine(topic: Array("s/a".utf8), payload: Array(#"{"v":1,"w":"x"}"#.utf8), timeNanoseconds: 0)
        #expect(why.explain(line).takes == why.explain(line).takes)
        let harness = try Harness(rule)
        harness.send("s/a", #"{"v":1,"w":"x"}"#, at: 0)
        #expect(harness.counters.runtimeErrors == 1)
    }
}
