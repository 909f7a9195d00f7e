import RuleLanguage
import Testing

@Suite("Limits")
struct LimitTests {
    @Test("nesting at the limit is read, beyond it is an error")
    func nesting() {
        func nested(_ depth: Int) -> [String] {
            codes(where: String(repeating: "(", count: depth) + ".x > 1" + String(repeating: ")", count: depth))
        }
        #expect(nested(RuleLimits.nestingMax - 1).isEmpty)
        #expect(nested(RuleLimits.nestingMax) == ["E0115"])
        #expect(nested(10_000) == ["E0115"])
    }

    @Test(
        "every kind of nesting is bounded",
        arguments: ["[", "{a: ", "abs(", "if ", "(", "\"{", "-", "not ", ".a[", "1 ??", "x."])
    func nestings(_ opening: String) {
        let text = "rule r { from \"t\" where " + String(repeating: opening, count: 50_000)
        #expect(!compile(text).diagnostics.isEmpty)
    }

    @Test("chains are bounded by the height of their tree")
    func chains() {
        func chain(_ count: Int) -> [String] { codes(where: (0..<count).map { ".a\($0)" }.joined(separator: " or ")) }
        #expect(chain(RuleLimits.expressionDepthMax).isEmpty)
        #expect(chain(RuleLimits.expressionDepthMax + 1) == ["E0115"])
    }

    @Test("files have a size")
    func fileSize() {
        func file(_ byteCount: Int) -> [String] { codes("#" + String(repeating: "x", count: byteCount - 1)) }
        #expect(file(RuleLimits.fileBytesMax).isEmpty)
        #expect(file(RuleLimits.fileBytesMax + 1) == ["E0902"])
    }

    @Test("a set has a number of rules")
    func ruleCount() {
        func rules(_ count: Int) -> RuleCompilation {
            compile((0..<count).map { "rule r\($0) { from \"a\" publish \"b\" }" }.joined(separator: "\n"))
        }
        // At the limit nothing is said of it: one rule more gives one finding, and that of the last.
        let diagnostics = rules(RuleLimits.ruleCountMax + 1).diagnostics
        #expect(diagnostics.map(\.code) == [.tooLarge])
        #expect(diagnostics.first?.place.line == RuleLimits.ruleCountMax + 1)
    }

    @Test("findings beyond the limit are summed up")
    func findingCount() {
        let text = (0..<250).map { "rule r\($0) { from \"a\" where x\($0) publish \"b\" }" }.joined(separator: "\n")
        let diagnostics = compile(text).diagnostics
        #expect(diagnostics.count == RuleLimits.diagnosticsMax + 1)
        #expect(diagnostics.last?.code == .tooManyFindings)
        #expect(diagnostics.last?.message == "50 more findings are not shown")
    }

    @Test("constants that grow by naming one another are refused")
    func constants() {
        var text = "let c0 = [1, 2]\n"
        for index in 1..<60 { text += "let c\(index) = [c\(index - 1), c\(index - 1)]\n" }
        #expect(codes(text).contains("E0902"))
        var deep = "let d0 = [1]\n"
        for index in 1..<400 { deep += "let d\(index) = [d\(index - 1)]\n" }
        #expect(codes(deep).contains("E0902"))
        let wide =
            "let w = [\((0..<900).map(String.init).joined(separator: ", "))]\n"
            + "rule r { from \"t\" publish \"u\" { \((0..<200).map { "m\($0): w" }.joined(separator: ", ")) } }"
        #expect(codes(wide) == ["E0902"])
    }

    @Test("long chains of lets are walked without recursion or given up")
    func lets() {
        var text = "rule r { from \"t\" let a0 = .x > 1\n"
        for index in 1..<5_000 { text += "let a\(index) = not a\(index - 1) and a\(index - 1)\n" }
        #expect(codes(text + "where a4999 publish \"u\" }").isEmpty)
        var sums = "rule r { from \"t\" let a0 = .x / 3\n"
        for index in 1..<5_000 { sums += "let a\(index) = a\(index - 1) + 1\n" }
        #expect(codes(sums + "where a4999 == 5 publish \"u\" }") == ["W0406"])
    }

    @Test("windows that overlap have at most 10,000 steps")
    func steps() {
        #expect(codes(clauses: "window every 1s over 10000s").isEmpty)
        #expect(codes(clauses: "window every 1s over 10001s") == ["E0304"])
    }

    @Test("topics that all look alike are compared in bounded time")
    func loops() {
        let level = String(repeating: "+/", count: 60)
        var text = ""
        for index in 0..<200 {
            let topic = (0..<40).map { _ in "{.x}/a" }.joined(separator: "/")
            text += "rule r\(index) { from \"{x}/\(level)b\" publish \"\(topic)/c\" }\n"
        }
        #expect(compile(text).diagnostics.allSatisfy { $0.code == .tooLarge })
    }
}
