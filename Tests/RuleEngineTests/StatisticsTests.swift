import RuleEngine
import RuleLanguage
import Testing

@Suite struct StatisticsTests {
    private func engine(_ source: String) throws -> RuleEngine {
        try RuleEngine(try Harness.compile(source), options: Harness.options, clockNanoseconds: 0)
    }

    /// Messages on `s/a`, a second apart.
    private func lines(_ payloads: [String], topic: String = "s/a") -> [ReplayLine] {
        payloads.enumerated().map { index, payload in
            ReplayLine(
                topic: Array(topic.utf8), payload: Array(payload.utf8),
                timeNanoseconds: Int64(index) * 1_000_000_000)
        }
    }

    private func statistics(_ source: String, _ lines: [ReplayLine]) throws -> RuleStatistics {
        var run = ReplayRun(try engine(source))
        var outputs: [RuleOutput] = []
        for line in lines { run.take(line, into: &outputs) }
        run.finish(drain: true, into: &outputs)
        return try #require(run.statistics.first)
    }

    @Test func countsPerStep() throws {
        let source = """
            rule r {
              from "s/{id}"
              where .q == 1
              let x = .v
              dedupe .n within 1h
              window last 2 by id
              when mean(x) > 1
              limit 1 per 1h
              publish "o" { n: 1 }
              publish "p" { n: 1 }
            }
            """
        let payloads = [
            #"{"q":0}"#, #"{"q":1,"v":0,"n":1}"#, #"{"q":1,"v":5,"n":1}"#, #"{"q":1,"v":5,"n":2}"#,
            #"{"q":1,"v":9,"n":3}"#,
        ]
        let found = try statistics(source, lines(payloads))
        #expect(
            found.text
                == "rule r: from 5 → where 4 → dedupe 3 → window 3 → when 2 → limit 1 → published 2\n")
        #expect(found.steps.end == nil)
    }

    @Test func fieldsThatNeverOccur() throws {
        let source = #"rule r { from "s/{id}" where .valeu > 1 or .a.Temp > 1 or .list[0] > 1 or .ok > 1 publish "o" }"#
        let found = try statistics(source, lines([#"{"value":1,"a":{"temp":2}}"#, #"{"value":1,"ok":1,"x":null}"#]))
        #expect(found.missingFields.map(\.field) == [".valeu", ".a.Temp", ".list[0]"])
        #expect(found.missingFields.map(\.nearest) == [".value", ".a.temp", nil])
        #expect(
            found.text == """
                rule r: from 2 → where 0 → published 0
                  .valeu was missing in every event; did you mean .value?
                  .a.Temp was missing in every event; did you mean .a.temp?
                  .list[0] was missing in every event

                """)
        #expect(try statistics(source, []).missingFields == [])
    }

    @Test func aFieldBeyondTheSamplesIsStillSeen() throws {
        let source = #"rule r { from "s/{id}" where .late > 1 publish "o" }"#
        let payloads = Array(repeating: "{}", count: 200) + [#"{"late":2}"#]
        #expect(try statistics(source, lines(payloads)).missingFields == [])
    }

    @Test func manyFieldsAreNoTrap() throws {
        let condition = (0..<70).map { ".f\($0) > 1" }.joined(separator: " or ")
        let found = try statistics("rule r { from \"s/{id}\" where \(condition) publish \"o\" }", lines(["{}"]))
        #expect(found.missingFields.count == 64)
    }

    @Test func longestRun() throws {
        let source = #"rule r { from "s/{id}" when .v > 5 for 10s publish "o" { n: 1 } }"#
        let found = try statistics(source, lines(["6", "6", "6", "0", "6", "6", "0"].map { "{\"v\":\($0)}" }))
        #expect(found.counters.longestRunNanoseconds == 2_000_000_000)
        #expect(
            found.text == """
                rule r: from 7 → when 5 → published 0
                  `when` was true for 2s at most, and `for` asks for 10s

                """)
    }

    @Test func topicsThatDoNotMatch() throws {
        let found = try statistics(#"rule r { from "s/{id}/x" publish "o" }"#, lines(["{}"]))
        #expect(
            found.text == """
                rule r: from 0 → published 0
                  s/{id}/x does not match s/a, which has only 2 levels

                """)
        let broken = try statistics(#"rule r { from "s/{id}" publish "o" }"#, lines(["{"]))
        #expect(broken.text == "rule r: from 0 → published 0\n  payloads that could not be decoded: 1\n")
    }

    // MARK: Differences

    private func difference(_ old: String, _ new: String, _ payloads: [String]) throws -> (text: [String], ReplayDiff) {
        var run = ReplayDiff(old: try engine(old), new: try engine(new), engineTopics: false)
        for line in lines(payloads) { run.take(line) }
        var text: [UInt8] = []
        run.finish(drain: true, into: &text)
        return (String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init), run)
    }

    @Test func whatAChangeAddsAndRemoves() throws {
        let payloads = (1...4).map { "{\"v\":\($0)}" }
        let (text, run) = try difference(
            #"rule a { from "s/{id}" where .v > 1 publish "o" { v: .v } }"#,
            #"rule b { from "s/{id}" where .v < 4 publish "o" { v: .v } }"#, payloads)
        #expect(
            text == [
                #"+ {"time":0,"rule":"b","topic":"o","qos":1,"retain":false,"payload":{"v":1}}"#,
                #"- {"time":3000,"rule":"a","topic":"o","qos":1,"retain":false,"payload":{"v":4}}"#,
            ])
        #expect((run.sameCount, run.addedCount, run.removedCount) == (2, 1, 1))
    }

    @Test func outputsThatComeLaterAreTheSame() throws {
        func rule(_ late: String) -> String {
            #"rule r { from "s/{id}" at .t s late \#(late) window every 1s by id publish "o" { n: count() } }"#
        }
        let (text, run) = try difference(rule("1s"), rule("3s"), (0..<9).map { "{\"t\":\($0)}" })
        #expect(text == [])
        #expect(run.sameCount == 9)
    }

    @Test func repeatedOutputsAreCounted() throws {
        let once = #"rule r { from "s/{id}" publish "o" { n: 1 } }"#
        let twice = #"rule r { from "s/{id}" publish "o" { n: 1 } publish "o" { n: 1 } }"#
        #expect(try difference(once, twice, ["{}", "{}"]).text.map { $0.prefix(1) } == ["+", "+"])
        #expect(try difference(twice, once, ["{}", "{}"]).text.map { $0.prefix(1) } == ["-", "-"])
    }
}
