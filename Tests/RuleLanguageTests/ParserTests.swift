import RuleLanguage
import Testing

@Suite("Clauses")
struct ClauseTests {
    @Test("from: captures, wildcards, kinds of payload and schemas")
    func sources() {
        let plan = plan(
            """
            rule r "a title" {
              from "a/{x}/+/{rest...}" as json { value: number, "odd key": text, at: time s, when: time, tags: list, o: object, b: boolean },
                   "b/{x}/{rest...}" as text, "c/{x}/{rest...}" as number, "{x}/{rest...}"
              publish "u"
            }
            """)
        #expect(plan?.title == "a title")
        #expect(plan?.captures == ["x", "rest"])
        #expect(
            plan?.sources.map(\.levels) == [
                [.literal("a"), .capture(0), .any, .captureRest(1)], [.literal("b"), .capture(0), .captureRest(1)],
                [.literal("c"), .capture(0), .captureRest(1)], [.capture(0), .captureRest(1)],
            ])
        #expect(plan?.sources.map(\.decoding) == [.json, .text, .number, .json])
        #expect(
            plan?.sources[0].schema == [
                SchemaField(name: "value", type: .number), SchemaField(name: "odd key", type: .text),
                SchemaField(name: "at", type: .time(.s)), SchemaField(name: "when", type: .time(.ms)),
                SchemaField(name: "tags", type: .list), SchemaField(name: "o", type: .object),
                SchemaField(name: "b", type: .boolean),
            ])
        #expect(
            RuleLanguage.RulePlan.levels("rule r { from \"/a//#\" publish \"u\" }") == [
                .literal(""), .literal("a"), .literal(""), .rest,
            ])
        #expect(RuleLanguage.RulePlan.levels("rule r { from \"#\" publish \"u\" }") == nil, "it would feed itself")
        #expect(RuleLanguage.RulePlan.levels("rule r { from '+/x' publish \"u\" }") == [.any, .literal("x")])
    }

    @Test(
        "from: bad filters",
        arguments: [
            "\"\"", "\"a+/b\"", "\"a/b#\"", "\"#/a\"", "\"{x...}/a\"", "\"{x}y\"", "\"y{x}\"", "\"{x}{y}\"",
            "\"{x.y}\"", "\"{5}\"", "\"{\\u{0}}\"",
        ])
    func badFilters(_ topic: String) {
        #expect(!codes("rule r { from \(topic) publish \"u\" }").isEmpty)
    }

    @Test("at: unit, late and ahead")
    func eventTime() {
        let at = plan("rule r { from \"t\" at .ts s late 5s ahead 2h window every 1m publish \"u\" { n: count() } }")?
            .eventTime
        #expect(at?.unit == .s)
        #expect(at?.lateNanoseconds == 5_000_000_000)
        #expect(at?.aheadNanoseconds == 7_200_000_000_000)
        let plain = plan("rule r { from \"t\" at .ts publish \"u\" }")?.eventTime
        #expect(plain?.unit == .ms)
        #expect(plain?.lateNanoseconds == 0)
        #expect(plain?.aheadNanoseconds == 86_400_000_000_000)
        #expect(codes(clauses: "at 5") == ["E0301"])
        #expect(codes(clauses: "at exists(.x)") == ["E0301"])
        #expect(codes(clauses: "at time()") == ["E0510"])
        #expect(codes(clauses: "at hot let hot = .x") == ["E0209"])
    }

    @Test("steps keep their order and lets get slots")
    func steps() {
        let plan = plan(
            """
            rule r {
              from "t/{x}"
              where .a > 1
              let b = .b * 2
              where b < 10
              window last 5 by x, b
              let m = mean(b)
              when m > 3
              limit 2 per 1m
              publish "u" { b, m }
            }
            """)
        guard case .filter? = plan?.steps[0], case .bind(let b)? = plan?.steps[1],
            case .filter(.compare(.less, .letValue(0), .integer(10)))? = plan?.steps[2]
        else {
            Issue.record("the steps are others")
            return
        }
        #expect(b.slot == 0 && b.name == "b")
        #expect(plan?.windowLets.map(\.slot) == [1])
        #expect(plan?.letCount == 2)
        #expect(plan?.window?.by.count == 2)
        #expect(plan?.limit?.by == nil || plan?.limit?.by?.isEmpty == true)
        #expect(plan?.limit?.count == 2)
        #expect(plan?.limit?.perNanoseconds == 60_000_000_000)
    }

    @Test(
        "window: kinds",
        arguments: [
            ("last 100", WindowPlan.Kind.lastCount(100)), ("last 30s", .lastDuration(nanoseconds: 30_000_000_000)),
            ("last 1_000", .lastCount(1_000)), ("every 7 events", .everyCount(7)),
            ("last 1.5h", .lastDuration(nanoseconds: 5_400_000_000_000)),
            ("every 5m", .every(nanoseconds: 300_000_000_000, overNanoseconds: nil, zone: nil)),
            ("every 1m over 5m", .every(nanoseconds: 60_000_000_000, overNanoseconds: 300_000_000_000, zone: nil)),
            (
                "every 1d in \"Europe/Berlin\"",
                .every(nanoseconds: 86_400_000_000_000, overNanoseconds: nil, zone: "Europe/Berlin")
            ),
            ("session 250ms", .session(nanoseconds: 250_000_000)),
            ("silent 0.5s by x", .silent(nanoseconds: 500_000_000, among: nil)),
        ])
    func windows(_ text: String, _ kind: WindowPlan.Kind) {
        let rule = "rule r { from \"t/{x}\" window \(text) publish \"u\" { n: count() } }"
        #expect(plan(rule)?.window?.kind == kind)
    }

    @Test("publish: options and bodies")
    func publishes() {
        let plan = plan(
            """
            rule r {
              from "t/{x}"
              publish "a/{x}"
              publish "b" qos 2 retain expires 1h { x, y: .y, "odd key": [1, .z], nested: { a: 1, }, }
              publish "c" qos 0 payload .value ?? 0
            }
            """)
        #expect(plan?.publishes.map(\.qos) == [1, 2, 0])
        #expect(plan?.publishes.map(\.retain) == [false, true, false])
        #expect(plan?.publishes[1].expiresNanoseconds == 3_600_000_000_000)
        guard case .forward? = plan?.publishes[0].body, case .object(let members)? = plan?.publishes[1].body,
            case .payload(.coalesce(.path, .integer(0)))? = plan?.publishes[2].body
        else {
            Issue.record("the bodies are others")
            return
        }
        #expect(members.map(\.name) == ["x", "y", "odd key", "nested"])
    }

    @Test("words of clauses are ordinary names elsewhere")
    func contextualWords() {
        let text = """
            rule last { from "t/{qos}" as json
              let events = .from.window."at"
              let ms = .as
              where events > ms
              publish "u" { qos, if: 1, rule: .rule, retain: events, payload: .payload, every: { when: 2 } } }
            """
        #expect(codes(text).isEmpty)
    }

    @Test("comments, texts and line ends")
    func lexis() {
        #expect(codes("# only a comment").isEmpty)
        #expect(codes("").isEmpty)
        #expect(codes("rule r { from 't/#' # comment { \"\n publish \"a{ .x }}b\\{\\u{1F600}\\\"\" # end\n}").isEmpty)
        guard case .text(let text)? = letValue("\"a\\n\\t\\\\ }\\{ \\u{e9}\"") else {
            Issue.record("no text")
            return
        }
        #expect(text == "a\n\t\\ }{ é")
        #expect(codes(where: ".x == \"{ \"a{\"b{.c}\"}\" }\"").isEmpty)
    }

    @Test("every declaration and test step parses")
    func declarations() {
        let text = """
            model m from "m.onnx" labels "a", "b" logits
            table devices from "devices.csv" key id
            let limit_high = 5 * 2
            test "a" {
              send "t/a" { v: 1 } every 1s
              send 100 times "t/a" payload 5 every 1s at 10s
              send "t/a" payload 7 at "2000-01-01T00:00:00Z"
              wait 5s
              expect nothing
              expect 2 times "u" { a: 1 }
              expect "u" payload "x"
              expect "u"
            }
            rule r { from "t/{x}" let place = devices[x].place let c = m(.v).class publish "u" { place, c, limit_high } }
            """
        #expect(codes(text).isEmpty)
    }

    @Test(
        "reading goes on after each mistake",
        arguments: [
            ("rule a { from \"t\" publish \"u\" { a: 1 2 } when }\nrule b { from 5 publish \"u\" }", 4),
            ("rule a { from \"t\" publish \"u\" { a: (1 }\nrule b { where x publish }", 3),
            (
                "foo bar rule a { from } let = 3 let x 4 rule { } test { } rule b { from \"t\" where foo publish \"u\" }",
                7
            ),
            ("rule a { from \"t\" window last by x when mean(.x) > } table t from", 3),
        ])
    func recovery(_ text: String, _ count: Int) {
        #expect(codes(text).count == count, "\(compile(text).diagnostics.text)")
    }

    @Test("the first look of the contract compiles without a word")
    func firstLook() {
        #expect(compile(firstLookRules).diagnostics.text == "")
        #expect(compile(firstLookRules).plan?.rules.count == 5)
    }
}

/// The value of `let a = …` in a rule; nil when it is refused.
func letValue(_ expression: String, clauses: String = "") -> Expression? {
    guard case .bind(let binding)? = plan("rule r { from \"t/{x}\" let a = \(expression) publish \"u\" }")?.steps.first
    else { return nil }
    return binding.expression
}

extension RulePlan {
    static func levels(_ text: String) -> [SourcePlan.Level]? { plan(text)?.sources.first?.levels }
}
