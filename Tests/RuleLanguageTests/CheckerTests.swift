import RuleLanguage
import Testing

@Suite("Checker")
struct CheckerTests {
    @Test(
        "accepted conditions",
        arguments: [
            ".x > 5", ".x between 1 and 5 and .y", "not .a", ".a in [1, 2, \"x\"]", ".a not in [1]",
            ".a.b[0].\"odd key\" == \"v\"", ".[0] > 1",
            ".a[.b] > 1", ".a[\"k\"] > 1", "exists(.x)", ".x ?? 0 > 5", "matches(.x, '^a\\d+$')",
            "contains(x, \"a\") or starts_with(x, 'b')",
            "length(.list) > 3", "abs(.x - 3) < 0.001", "time() - arrived() > 5s", "(time() - arrived()) / 1s > 0.5",
            "time() + 5s > now()",
            "hour(time()) between 8 and 17", "weekday(time()) in [6, 7]", "retained()", "qos() > 0",
            "client() == \"c\"", "topic() != x",
            "property(\"unit\") == \"C\"", "if .a then .b > 1 else .c", ".a == .b", "least(.a, .b, 3) > 1",
            "clamp(.a, 0, 10) > 5",
            "number(.a) > 1", "text(.a) == \"1\"", "boolean(.a)", "substring(x, 0, 2) == \"ab\"",
            "split(x, \"-\")[1] == \"a\"",
            "round(.a, 2) == 1.5", "round(.a, digits: 2) == 1.5", "error(.a, .b) > 0.1", "pow(.a, 2) > 4", "-.a < 3",
            "- - 3 < .a",
            ".a == -9223372036854775808", ". == .a", "{ a: 1 }.a == .a", "[1, 2][.i] == 1", "sign(.a) == 1",
            "1 < .x and .x < 5",
            ".a == true", "\"{x}-{.a}\" == \"a-1\"", "not not .a", "5s < 1m or .a", "lower(trim(.a)) == upper(x)",
            "-5s < time() - now()",
            "(if .a then 1 else \"b\") == 1", ".a % 2 == 0", ".a * 2 + 1 == 7",
        ])
    func accepted(_ condition: String) {
        let clause = condition == "5s < 1m or .a" ? "let c = \(condition)" : "where \(condition)"
        #expect(
            codes(clauses: clause).isEmpty,
            "\(compile("rule r { from \"in/{x}\" \(clause) publish \"out\" }").diagnostics.text)")
    }

    @Test(
        "wrong types that are known",
        arguments: [
            ".x + \"a\"", "\"a\" * 2", "x - 1", "1 + true", "5s + 1", "5s * 5s", "1 / 5s", "now() + now()", "-x",
            "not 5", "5 and .a", ".a or \"b\"",
            "now() > 5", "5s == 5", "x == 5", "x > 5", "[1] < [2]", "true > false", "abs(x) > 1", "lower(5) == x",
            "contains([1], \"a\")",
            "hour(.x) == 5", "hour(5) == 5", "x.y == 1", "x[0] == 1", "5[0] == 1", "[1][\"a\"] == 1", "5 in x",
            "x in [1, 2]", "length(5) == 1",
            "matches(5, 'a')", "least(1, \"a\") == 1", "error(1, 2) > 0", "5", "\"a\"", "round(x) == 1",
            "time() - .x > 1s",
            "number(.x) == \"5\"", "if 5 then true else false", "clamp(x, 1, 2) == 1",
        ])
    func wrongTypes(_ condition: String) {
        #expect(
            codes(where: condition) == ["E0301"],
            "\(compile("rule r { from \"in/{x}\" where \(condition) publish \"out\" }").diagnostics.text)")
    }

    @Test(
        "always missing",
        arguments: [
            "missing + 1 > .x", ".x / 0 > 1", ".x % 0 > 1", "1e308 * 10 > .x", "abs(missing) > 1", "\"{missing}\" == x",
            "sqrt(-1) > .x",
            "split(x, \"\")[0] == x", "substring(x, -1, 2) == x", "-missing > 1",
        ])
    func alwaysMissing(_ condition: String) {
        #expect(
            codes(where: condition) == ["E0308"],
            "\(compile("rule r { from \"in/{x}\" where \(condition) publish \"out\" }").diagnostics.text)")
    }

    @Test(
        "one mistake, one message",
        arguments: [
            ("where sensr > 3 and sensr < 4", ["E0203", "E0203"]),
            ("let a = sensr where a > 3 and round(a) == 2", ["E0203"]),
            ("window las 5 when mean(.x) > 3", ["E0110"]), ("let a = foo(1) + bar(2) where a", ["E0204", "E0204"]),
            ("let a where a > 3", ["E0110"]),
            ("where abs(abs(abs(y))) > 3", ["E0203"]),
        ])
    func noCascades(_ clauses: String, _ expected: [String]) {
        #expect(codes(clauses: clauses) == expected)
    }

    @Test("a source that was refused leaves its captures unknown without further words")
    func unknownCaptures() {
        #expect(codes("rule r { from \"a/{line}x\" window last 5 by line publish \"u/{line}\" }") == ["E0601"])
        #expect(codes("rule r { from 5 window last 5 by line publish \"u/{line}\" }") == ["E0110"])
    }

    // MARK: Folding

    @Test(
        "literals are folded as the engine would compute them",
        arguments: [
            ("1 + 2", "3"), ("7 / 2", "3.5"), ("4 / 2", "2.0"), ("7 % -3", "1"), ("-7 % 3", "-1"),
            ("9223372036854775807 + 1", "9.223372036854776e+18"),
            ("--9223372036854775808", "9.223372036854776e+18"), ("-9223372036854775808", "-9223372036854775808"),
            ("-9223372036854775808 % -1", "0"),
            ("2.5 % 1", "0.5"), ("1h - 30m", "1800000000000ns"), ("1h / 30m", "2.0"), ("1 == 1.0", "true"),
            ("9007199254740993 == 9007199254740992.0", "false"),
            ("\"a\" < \"b\"", "true"), ("\"Z\" < \"a\"", "true"), ("\"\u{10000}\" > \"\u{FFFF}\"", "true"),
            ("not (1 > 2)", "true"),
            ("true and false", "false"), ("missing ?? 5", "5"), ("5 ?? 6", "5"), ("\"a{1 + 1}b{true}\"", "\"a2btrue\""),
            ("3 between 1 and 5", "true"), ("1 in []", "false"), ("\"é\" == \"e\u{301}\"", "false"),
            ("1_000 * 1e-3", "1.0"),
        ])
    func folding(_ text: String, _ expected: String) {
        let constant = plan("let c = \(text)\nrule r { from \"t\" let a = c publish \"u\" { a } }")
        #expect(constant?.stateSignature == "from \"t\" as json\nlet a = \(expected)")
    }

    @Test("constants name constants, and nothing else")
    func constants() {
        #expect(codes("let a = 2\nlet b = a * 3 + abs(-1)\nrule r { from \"t\" where .x > b publish \"u\" }").isEmpty)
        for text in [
            ".x", "time()", "now()", "mean(.x)", "topic()", "x()", "b", "previous(.x)", "latest(\"t\")",
            "property(\"a\")",
        ] {
            #expect(!codes("let a = \(text)").isEmpty)
        }
        #expect(codes("let a = b\nlet b = 1") == ["E0209"])
        #expect(codes("let a = a") == ["E0209"])
        #expect(codes("let index = 0\nrule r { from \"t\" where .list[index] > 1 publish \"u\" }").isEmpty)
    }

    // MARK: Slots

    @Test("paths, aggregates and facts share slots")
    func slots() {
        let plan = plan(
            """
            let first = 0
            rule r {
              from "t/{x}"
              where .a > 1 and .a < 9 and .b.c[0] > 1 and .b["c"][first] < 9
              window last 10 by x
              when mean(.a) > 1 and mean(.a) < 2 and mean(.b.c[0]) > 1
              publish "u" { m: mean(.a), z: zscore(.a, floor: 1), z2: zscore(.a), z3: zscore(.a, floor: 1.0), p: percentile(.a, 95), m2: median(.a) }
            }
            """)
        #expect(
            plan?.paths == [
                PayloadPath(steps: [.member("a")]), PayloadPath(steps: [.member("b"), .member("c"), .element(0)]),
            ])
        #expect(
            plan?.aggregates.map(\.canonicalText) == [
                "mean(.a)", "mean(.b.c[0])", "zscore(.a, floor: 1.0)", "zscore(.a)", "percentile(.a, 95.0)",
                "median(.a)",
            ])
        #expect(plan?.readsWholePayload == false)
        #expect(plan?.readsRetained == false)
        let other = RuleLanguageTests.plan("rule r { from \"t\" where retained() publish \"u\" payload . }")
        #expect(other?.readsWholePayload == true)
        #expect(other?.readsRetained == true)
    }

    @Test("zscore: options")
    func zscore() {
        let text = "zscore(.v, against: \"others\", floor: 0.5)"
        let plan = plan("rule r { from \"t\" window last 10 when \(text) > 3 publish \"u\" }")
        #expect(plan?.aggregates.first?.againstOthers == true)
        #expect(plan?.aggregates.first?.floor == 0.5)
        func codes(_ options: String) -> [String] {
            RuleLanguageTests.codes(
                "rule r { from \"t\" window last 100 when zscore(.v, \(options)) > 3 publish \"u\" }")
        }
        #expect(codes("baseline: \"rolling\"").isEmpty)
        #expect(codes("baseline: \"frozen\"").isEmpty)
        #expect(codes("baseline: \"gated\", gate: 4").isEmpty)
        #expect(codes("baseline: \"gated\"") == ["E0302"])
        #expect(codes("gate: 4") == ["E0205"])
        #expect(codes("against: \"other\"") == ["E0304"])
        #expect(codes("floor: 0") == ["E0304"])
        #expect(codes("floor: .x") == ["E0303"])
        #expect(codes("floor: 1, floor: 2") == ["E0210"])
    }

    // MARK: Signatures

    @Test("the state's signature follows from, at, where, let and window; the other follows when")
    func signatures() {
        func plan(_ text: String) -> RulePlan? {
            RuleLanguageTests.plan("let c = 3\nrule r { from \"t/{x}\" \(text) }")
        }
        let base = plan("where .a>c window last 10 by x let m=mean(.v) when m > 1 publish \"u\" { m }")
        let same = plan(
            "where (.a > 3) # comment\n window last 10 by x let m = mean( .v ) when m>1 limit 1 per 1m publish \"w\"")
        let otherWhen = plan("where .a > c window last 10 by x let m = mean(.v) when m > 2 publish \"u\" { m }")
        let otherWindow = plan("where .a > c window last 11 by x let m = mean(.v) when m > 1 publish \"u\" { m }")
        #expect(
            base != nil && base?.stateSignature == same?.stateSignature && base?.whenSignature == same?.whenSignature)
        #expect(base?.stateSignature == otherWhen?.stateSignature && base?.whenSignature != otherWhen?.whenSignature)
        #expect(base?.stateSignature != otherWindow?.stateSignature)
        #expect(plan("publish \"u\"")?.whenSignature == "")
        let swapped = plan("where .b > 1 and .a > 1 publish \"u\"")?.stateSignature
        #expect(swapped != plan("where .a > 1 and .b > 1 publish \"u\"")?.stateSignature)
    }

    // MARK: Windows

    @Test("names of a window that closes by time are its keys")
    func keys() {
        func codes(_ clauses: String) -> [String] {
            RuleLanguageTests.codes("rule r { from \"t/{x}/{y}\" \(clauses) }")
        }
        #expect(
            codes(
                "let d = .device window every 1m by x, d publish \"u/{x}/{d}\" { n: count(), l: last(.v), at: time(), s: window_start() }"
            ).isEmpty)
        #expect(codes("let d = .device window every 1m by x publish \"u/{d}\" { n: count() }") == ["E0504"])
        #expect(codes("window every 1m by x publish \"u/{y}\" { n: count() }") == ["E0504"])
        #expect(codes("window every 1m by x let m = mean(.v) publish \"u\" { m, l: last(y) }").isEmpty)
        #expect(codes("window every 1m by .device publish \"u\" { n: .device }") == ["E0503"])
        #expect(codes("window every 1m by lower(x) publish \"u\" { x }") == ["E0504"])
        #expect(codes("window every 1m publish \"u\" { c: client() }") == ["E0510"])
        #expect(codes("window every 1m publish \"u\" { c: last(client()), n: now() }").isEmpty)
        #expect(codes("window every 1m by 5 publish \"u\" { n: count() }") == ["E0405"])
        #expect(codes("window every 1m by mean(.v) publish \"u\" { n: count() }") == ["E0502"])
        #expect(codes("window last 30s publish \"u\" { a: window_start(), b: window_end() }").isEmpty)
        #expect(codes("publish \"u\" { a: window_end() }") == ["E0505"])
        #expect(codes("window last 30s publish \"u\" { a: mean(window_end()) }") == ["E0505"])
    }

    @Test("histories are for events")
    func histories() {
        func codes(_ clauses: String) -> [String] {
            RuleLanguageTests.codes("rule r { from \"t/{x}\" \(clauses) }")
        }
        #expect(codes("where changed(.v) let d = delta(.v) publish \"u\" { p: previous(.v), d }").isEmpty)
        #expect(codes("window every 1m by x when changed(mean(.v)) publish \"u\" { n: count() }") == ["E0510"])
        #expect(codes("window last 5 by previous(x) publish \"u\"") == ["E0510"])
        #expect(codes("where delta(x) > 1 publish \"u\"") == ["E0301"])
    }
}
