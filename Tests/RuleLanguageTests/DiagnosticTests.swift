import RuleLanguage
import Testing

@Suite("Diagnostics")
struct DiagnosticTests {
    @Test("each finding is rendered exactly", arguments: GoldenDiagnostic.everything)
    func rendering(_ golden: GoldenDiagnostic) {
        let compilation = compile(golden.source)
        #expect(compilation.diagnostics.text == golden.expected + "\n")
        #expect(compilation.diagnostics.contains { $0.code.name == golden.code })
        let hasErrors = compilation.diagnostics.contains { $0.severity == .error }
        #expect((compilation.plan == nil) == hasErrors)
    }

    /// Those without a golden are too large to write down; `limits` has them.
    @Test("every code has a golden")
    func goldensAreComplete() {
        let shown = Set(GoldenDiagnostic.everything.map(\.code))
        let large: Set<DiagnosticCode> = [.nestedTooDeep, .tooLarge, .tooManyFindings]
        for code in DiagnosticCode.allCases where !large.contains(code) {
            #expect(shown.contains(code.name), "\(code.name) has no golden")
        }
    }

    @Test("numbers, names and titles are unique and explained")
    func registry() {
        let all = DiagnosticCode.allCases
        #expect(Set(all.map(\.rawValue)).count == all.count)
        #expect(Set(all.map(\.title)).count == all.count)
        for code in all {
            #expect(code.name.utf8.count == 5)
            #expect(code.name.hasPrefix(code.severity == .error ? "E0" : "W0"))
            #expect(!code.explanation.isEmpty)
        }
    }

    @Test("the example of the contract, to the byte")
    func contractExample() {
        let text = """
            # Pattern: edge filtering. Only anomalies leave the site.
            rule spike {
              from "sensors/{sensor}/reading"
              window last 100 by sensr
              publish "cloud/anomalies/{sensor}"
            }
            """
        let expected = """
            error[E0203]: unknown name `sensr`
              --> rules/spike.rules:4:22
               |
             4 |   window last 100 by sensr
               |                      ^^^^^ did you mean the capture `sensor`?

            """
        #expect(compile(text).diagnostics.text == expected)
        let json =
            #"{"diagnostics": [{"severity": "error", "code": "E0203", "message": "unknown name `sensr`", "#
            + #""help": "did you mean the capture `sensor`?", "file": "rules/spike.rules", "line": 4, "column": 22, "#
            + #""end_line": 4, "end_column": 27}]}"#
        #expect(compile(text).diagnostics.json == json)
    }

    @Test("without help JSON says null, and texts are escaped")
    func json() {
        let json = compile("rule r { from \"t\" where .x / 0 > 1 publish \"u\" }").diagnostics.json
        #expect(json.contains("\"help\": null"))
        let escaped = compile("rule \u{1}").diagnostics.json
        #expect(escaped.contains("U+1"))
        let quoted = compile("rule r { from \"t\" publish \"a\\\"+\" }").diagnostics.json
        #expect(quoted.contains("a published topic has no wildcards"))
        #expect([Diagnostic]().json == "{\"diagnostics\": []}")
    }

    @Test("columns are scalars, tabs stay tabs, and line numbers widen the margin")
    func placement() {
        let lines =
            String(repeating: "# line\n", count: 9) + "rule r { from \"t\"\n\twhere .größe > grösse publish \"u\" }"
        let expected = """
            error[E0203]: unknown name `grösse`
               --> rules/spike.rules:11:17
                |
             11 | \twhere .größe > grösse publish "u" }
                | \t               ^^^^^^ payload fields begin with a dot: `.grösse`

            """
        #expect(compile(lines).diagnostics.text == expected)
        #expect(compile("\u{FEFF}rule 5").diagnostics.first?.place.column == 6)
        #expect(compile("rule r {\r\n  from 5\r\n}").diagnostics.first?.text.contains("\r") == false)
    }

    @Test("findings are in the order of files and places")
    func order() {
        let first = RuleSourceFile(
            name: "a.rules", text: "rule a { from \"t\" where one publish \"u\" }\nrule b { from 1 }")
        let second = RuleSourceFile(name: "b.rules", text: "rule a { from \"t\" where two publish \"u\" }")
        for files in [[first, second], [second, first]] {
            let places = RuleCompiler.compile(files).diagnostics.map {
                "\($0.place.file):\($0.place.line) \($0.code.name)"
            }
            #expect(places == ["a.rules:1 E0203", "a.rules:2 E0110", "b.rules:1 E0201", "b.rules:1 E0203"])
        }
    }

    @Test("a long line is shown in part")
    func longLine() {
        let text = "rule r { from \"t\" where " + String(repeating: ".a or ", count: 100) + "wrong publish \"u\" }"
        let rendered = compile(text).diagnostics.text
        #expect(rendered.contains("^^^^^"))
        #expect(rendered.split(separator: "\n").allSatisfy { $0.count < 300 })
    }
}
