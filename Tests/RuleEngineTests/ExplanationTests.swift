import RuleEngine
import RuleLanguage
import Testing

@Suite struct ExplanationTests {
    private func explanation(_ source: String) throws -> RuleExplanation {
        try RuleExplanation(try Harness.compile(source).rules[0], options: Harness.options)
    }

    @Test func everyClauseIsToldInOrder() throws {
        let source = """
            rule hot "Too hot" {
              from "plant/{m}/t" as json { v: number, ts: time s }, "lab/{m}/#" as json { v: number, ts: time s }
              at .ts s late 5s ahead 1h
              where not (.v > 1 or .v < -1)
              let c = (.v - 32) * 5 / 9
              window last 30s by m
              let avg = mean(c)
              when avg > 85 for 10s until avg < 80
              limit 2 per 10m by m
              publish "out/{m}" qos 2 retain expires 1h { m, avg }
              on clear publish "out/{m}" payload "cleared {m}"
            }
            """
        let text = try explanation(source).text
        #expect(
            text.split(separator: "\n").dropLast(2).joined(separator: "\n") == """
                rule hot "Too hot"
                  takes      plant/{m}/t, payloads are JSON, with 2 declared fields
                             lab/{m}/#, payloads are JSON, with 2 declared fields
                  reads      .ts, .v
                  time       .ts, a number in s or RFC 3339 text; up to 5s late; at most 1h ahead of the clock
                  steps      where not (.v > 1 or .v < -1)
                             let c = (.v - 32) * 5 / 9
                  window     the events of the last 30s of each m, evaluated at each event
                  computes   mean(c)
                  lets       avg = mean(c)
                  when       avg > 85 for 10s until avg < 80
                  limit      2 per 10m of each m
                  publishes  out/{m}, QoS 2, retained, expires after 1h: { m, avg }
                             on clear: out/{m}, QoS 1: "cleared {m}"
                """)
        #expect(text.contains("  state      about "))
        #expect(text.contains(" for each event in its window\n             at most 100000 groups"))
    }

    @Test func windowsInWords() throws {
        for (window, words) in [
            ("last 10", "the newest 10 events, evaluated at each event"),
            ("every 5 events", "5 events, evaluated at the last of them"),
            ("every 5m", "the events of 5m, evaluated at its end"),
            ("every 5m over 1h", "the events of 1h, evaluated every 5m"),
            ("session 90s", "the events with at most 90s between them, evaluated after that pause"),
            ("silent 1d", "all events, evaluated when none came for 1d"),
        ] {
            let text = try explanation("rule r { from \"t\" window \(window) publish \"o\" { n: count() } }").text
            #expect(text.contains("  window     \(words)\n"))
        }
    }

    @Test(arguments: ["every 1ms over 10000ms", "every 0.000001ms", "last 1000000", "every 1000000 events"])
    func extremeWindowsAreBounded(_ window: String) throws {
        let late = window == "every 0.000001ms" ? "at .t late 100000d" : ""
        let text = try explanation("rule r { from \"t\" \(late) window \(window) publish \"o\" { n: median(.v) } }")
            .text
        #expect(text.contains("  state      about "))
    }

    @Test func stateHasItsBound() throws {
        let stateless = try explanation("rule r { from \"t\" publish \"o\" }")
        #expect(stateless.text.hasSuffix("  state      none: each event is judged by itself\n"))
        #expect(stateless.json.hasSuffix("\"state\": null}"))
        let counted = try explanation("rule r { from \"t/{x}\" window last 5 by x publish \"o\" { m: mean(.v) } }")
        #expect(counted.json.contains("\"bytes_per_event\": 0, \"groups_max\": 100000, \"bytes_max\": "))
        let listed = try explanation("rule r { from \"t/{x}\" window every 1m by x publish \"o\" { m: median(.v) } }")
        #expect(listed.json.contains("\"bytes_per_event\": 16, \"groups_max\": 100000, \"bytes_max\": null"))
        let totals = try explanation("rule r { from \"t/{x}\" window every 1m by x publish \"o\" { m: mean(.v) } }")
        #expect(totals.json.contains("\"bytes_per_event\": 0, "))
    }

    @Test(
        "expressions read as they are written, with no bracket too many",
        arguments: [
            ".a.b[0].\"odd key\" + 1", "(.a + .b) * -.c", ".a - (.b - .c)", ".a - .b - .c", "not .a and (.b or .c)",
            "not (.a and .b)", ".x between 1 and .y + 2", ".s not in [\"a\", \"b\"]", ".x ?? .y ?? 0",
            "(if .a then 1 else 2) + 1", "if .a then 1 else .b", "round(.x, 2) > 1.5", "\"a{.x + 1}b\" == x",
            "matches(.s, 'a+')", "(.a > 1) == (.b > 1)", ".x * (.y / 2)", "{ x, y: .y }.x == x",
            "time() - arrived() > 90s",
        ])
    func expressionsAsWritten(_ expression: String) throws {
        let plan = try Harness.compile("rule r { from \"t/{x}\" publish \"o\" payload \(expression) }").rules[0]
        guard case .payload(let checked) = plan.publishes[0].body else { return }
        #expect(ExpressionText(plan).text(checked) == expression)
    }
}
