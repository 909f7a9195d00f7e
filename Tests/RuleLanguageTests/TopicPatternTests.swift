import RuleLanguage
import Testing

@Suite("Loops")
struct LoopTests {
    /// Whether a rule from `filter` to `topic` is said to feed itself.
    private func feedsItself(from filter: String, publishing topic: String) -> Bool {
        codes("rule r { from \"\(filter)\" publish \"\(topic)\" { n: 1 } }").contains("E0404")
    }

    @Test(
        "a capture stands for one level, {x...} for several, any other value for any text",
        arguments: [
            ("a/b", "a/b", true), ("a/b", "a/c", false), ("a/+", "a/b", true), ("a/+", "a/b/c", false),
            ("a/#", "a", true),
            ("a/#", "a/b/c", true), ("a/#", "ab", false), ("#", "x", true), ("+", "x", true), ("+", "x/y", false),
            ("+/x", "$sys/x", false), ("#", "$sys/x", false), ("$sys/#", "$sys/x", true), ("{x}/in", "{x}/out", false),
            ("{x}/in", "{x}/in", true), ("{x}/in", "out/{x}", true), ("{x}/in", "out/{x}/more", false),
            ("a/{x...}", "a/{x}", true),
            ("a/{x...}", "a", false), ("a/{x...}", "a/b/c", true), ("in/{x...}", "{x}/b", true),
            ("{x}/in", "{.t}", true),
            ("in/{x}", "out/{.t}", false), ("in/{x}", "i{.t}", true), ("in/{x}/y", "in/{.t}z", false),
            ("in/{x}/y", "in/{.t}y", true),
            ("a/{x}", "a/p-{x}", true), ("a/p/{x}", "a/p-{x}/q", false), ("a/{x}/b", "a/{x}b", false),
            ("a/{x}", "a/{x}/", false),
            ("a/+/c", "a//c", true), ("in/{x}", "in/{.a}{.b}", true), ("+/b", "{x}", false),
        ])
    func reach(_ filter: String, _ topic: String, _ expected: Bool) {
        let hasCapture = filter.contains("{x") || !topic.contains("{x}")
        #expect(hasCapture ? feedsItself(from: filter, publishing: topic) == expected : true)
    }

    @Test("loops go through other rules and files, and each is reported once")
    func cycles() {
        let files = [
            RuleSourceFile(
                name: "a.rules", text: "rule a { from \"in\" publish \"one\" }\nrule x { from \"x\" publish \"y\" }"),
            RuleSourceFile(name: "b.rules", text: "rule b { from \"one\" publish \"two\" publish \"other\" }"),
            RuleSourceFile(name: "c.rules", text: "rule c { from \"two\", \"y\" publish \"in\" publish \"z\" }"),
        ]
        let diagnostics = RuleCompiler.compile(files).diagnostics
        #expect(diagnostics.map(\.message) == ["rule `a` can feed itself through others: `a` → `b` → `c` → `a`"])
        #expect(diagnostics.first?.labels.map(\.place.file) == ["b.rules", "c.rules"])
        #expect(RuleCompiler.compile(Array(files.prefix(2))).plan != nil)
    }

    @Test("two separate loops are two findings")
    func twoCycles() {
        let text = """
            rule a { from "1" publish "2" }
            rule b { from "2" publish "1" }
            rule c { from "3" publish "3" }
            rule d { from "2" publish "3" }
            """
        #expect(codes(text) == ["E0404", "E0404"])
    }

    @Test("a thousand rules over like topics take no time worth mentioning")
    func manyRules() {
        let text = (0..<1_000).map { "rule r\($0) { from \"plant/{x}/m\($0)/in\" publish \"plant/{x}/m\($0)/out\" }" }
        #expect(compile(text.joined(separator: "\n")).plan?.rules.count == 1_000)
    }
}
