import RuleLanguage
import Testing

@Suite("Models")
struct ModelTests {
    private func codes(_ file: String, _ clauses: String, suffix: String = "") -> String {
        ModelRule(file, clauses, suffix: suffix).codes
    }

    private func plan(_ file: String, _ clauses: String, suffix: String = "") -> RulePlan? {
        ModelRule(file, clauses, suffix: suffix).plan
    }

    // MARK: The plan

    @Test("a call becomes a slot, and equal calls share it")
    func slots() throws {
        let rule = try #require(
            plan(
                "pump",
                "let a = m(.v, 1, [2, .v]) let b = m(.v, 1, 2, .v) where m(.v, 1, 2, 3).value > 0 and a.value > b.value"
            ))
        #expect(rule.models.map(\.name) == ["m"])
        #expect(rule.models[0].path == "rules/models/pump.onnx")
        #expect(rule.models[0].results == ModelResults(label: 0, value: 1))
        #expect(rule.modelCalls.map(\.canonicalText) == ["m(.v, 1, 2, .v)", "m(.v, 1, 2, 3)"])
        #expect(rule.modelCalls.map(\.inputs.count) == [1, 1])
        #expect(rule.modelCalls[0].inputs[0].count == 4)
        #expect(rule.stateSignature.contains("let a = m(.v, 1, 2, .v)"))
    }

    @Test("inputs stand in the model's order, whatever the order of the arguments")
    func inputsByName() throws {
        let rule = try #require(
            plan("oven", "let a = m(mode_0: 3, open: [.b, true], temperatures: [.v, .v, .v, 1])"))
        let call = try #require(rule.modelCalls.first)
        #expect(call.inputs.map(\.count) == [4, 2, 1])
        #expect(call.canonicalText == "m(mode_0: [3], open: [.b, true], temperatures: [.v, .v, .v, 1])")
        #expect(
            ExpressionText(rule).text(call) == "m(temperatures: [.v, .v, .v, 1], open: [.b, true], mode_0: 3)")
        #expect(codes("load", "let a = m(X: [.v, .v, .v])") == "")
    }

    @Test("a call may take another's result, and stands behind it")
    func nested() throws {
        let rule = try #require(plan("encoder", "let a = m(m(.v, .v, .v).scores) where a.scores[0] > 1"))
        #expect(rule.modelCalls.map(\.canonicalText) == ["m(.v, .v, .v)", "m(m(.v, .v, .v).\"scores\")"])
    }

    @Test("a window that is evaluated without an event has calls of its own")
    func apart() throws {
        let both = "let h = hour(time()) let a = m(h, h, h) window every 1m by a.value let b = m(hour(time()), 1, 1)"
        #expect(try #require(plan("load", both)).modelCalls.count == 2)
        let text = "m(hour(time()), 1, 1)"
        let apart = try #require(plan("load", "let a = \(text) window every 1m by x let b = \(text)"))
        #expect(apart.modelCalls.map(\.canonicalText) == [text, text])
        let shared = try #require(plan("load", "let a = \(text) window last 10 by x let b = \(text)"))
        #expect(shared.modelCalls.count == 1)
    }

    @Test("only what a rule calls is in its plan")
    func unused() throws {
        let text = """
            model a from "m.onnx"
            model b from "models/load.onnx"
            rule r { from "in" let c = b(.x, .y, .z).value publish "out" { c } }
            rule s { from "in" publish "out" }
            """
        let compilation = compile(text)
        #expect(compilation.diagnostics.text == "")
        #expect(compilation.plan?.rules.map { $0.models.map(\.name) } == [["b"], []])
        #expect(compilation.attachmentPaths == ["rules/m.onnx", "rules/models/load.onnx"])
    }

    @Test("each file is asked for once, and a file error is told where nothing is called too")
    func asked() {
        var asked: [String] = []
        let text = """
            model a from "gone.onnx"
            model b from "gone.onnx"
            rule r { from "in" publish "out" }
            """
        let compilation = RuleCompiler.compile(
            [RuleSourceFile(name: "rules/a.rules", text: text)],
            models: { path in
                asked.append(path)
                return .unusable("there is no such file")
            })
        #expect(asked == ["rules/gone.onnx"])
        #expect(compilation.attachmentPaths == ["rules/gone.onnx"])
        #expect(compilation.diagnostics.map(\.code.name) == ["E0705", "E0705"])
    }

    @Test("without ONNX Runtime a set is refused, or taken as it is")
    func withoutRuntime() throws {
        let text = """
            model m from "a.onnx" labels "x", "y"
            rule r { from "in" let c = m(.v, 2) let d = m(a: .v, b: c.scores) where d.anything > 1 publish "out" { c } }
            """
        func compile(_ policy: MissingRuntime) -> RuleCompilation {
            RuleCompiler.compile(
                [RuleSourceFile(name: "a.rules", text: text)], models: { _ in .noRuntime("install it") },
                withoutRuntime: policy)
        }
        #expect(compile(.refused).diagnostics.map(\.code) == [.missingRuntime])
        #expect(compile(.refused).diagnostics.first?.help == "install it")
        let rule = try #require(compile(.allowed).plan?.rules.first)
        #expect(compile(.allowed).diagnostics.text == "")
        #expect(
            rule.models == [
                ModelPlan(name: "m", path: "a.onnx", signature: nil, results: ModelResults(labels: ["x", "y"]))
            ])
        #expect(rule.modelCalls.map(\.inputs.count) == [1, 2])
    }

    // MARK: Declarations

    @Test(
        "labels and logits fit the model",
        arguments: [
            ("bearing", "labels \"a\", \"b\", \"c\"", ""), ("bearing", "labels \"a\", \"b\", \"c\" logits", ""),
            ("bearing", "logits", ""), ("bearing", "labels \"a\", \"b\"", "E0708"),
            ("bearing", "labels \"a\", \"b\", \"a\"", "E0210"), ("load", "labels \"a\"", "E0708"),
            ("load", "logits", "E0708"), ("maps", "logits", "E0708"), ("maps", "labels \"a\", \"b\"", ""),
            ("texts", "", "E0707"), ("open", "", "E0707"), ("gone", "", "E0705"), ("no-runtime", "", "E0706"),
        ])
    func declarations(_ file: String, _ suffix: String, _ expected: String) {
        #expect(codes(file, "", suffix: suffix) == expected)
        // Nothing is said of a call of a model that was refused.
        if !expected.isEmpty { #expect(codes(file, "where m(.v, \"a\").odd > 1", suffix: suffix) == expected) }
    }

    @Test("a model is not named like a function")
    func functionName() {
        #expect(RuleLanguageTests.codes("model mean from \"m.onnx\" rule r { from \"t\" publish \"u\" }") == ["E0202"])
    }

    // MARK: Where a call stands

    @Test(
        "calls stand in steps and evaluations",
        arguments: [
            ("where m(.v, 1, 1).value > 1", ""), ("let a = m(.v, 1, 1) where a.value > 1", ""),
            ("dedupe m(.v, 1, 1).value within 5s", ""), ("window last 5 by x let a = m(mean(.v), 1, 1)", ""),
            ("window last 5 by x when m(.v, 1, 1).value > 5 until m(.v, 1, 1).value < 2", ""),
            ("when .v > 1 limit 1 per 5s by m(.v, 1, 1).value", ""), ("when changed(m(.v, 1, 1).value)", ""),
            ("let a = m(.v, 1, 1) window every 5s by x when mean(a.value) > 1", ""),
            ("let a = if .b then m(.v, 1, 1).value else 3", ""), ("let a = m(.v, 1, 1).value ?? 0", ""),
            ("where .b and m(.v, 1, 1).value > 1", ""),
            ("window last 5 by x when mean(m(.v, 1, 1).value) > 1", "E0511"),
            ("window last 5 by m(.v, 1, 1).value", "E0511"), ("at m(.v, 1, 1).value", "E0511"),
            ("window last 5 by x when m(mean(m(.v, 1, 1).value), 1, 1).value > 1", "E0511"),
            ("where m > 1", "E0211"), ("let m = .v where m(1, 1, 1).value > 1", "E0211"),
            ("where m(.v, 1, 1)", "E0301"),
            ("where m(.gone, 1, 1).value > 1", "E0206"),
        ])
    func places(_ clauses: String, _ expected: String) {
        #expect(codes("load", clauses) == expected, "\(ModelRule("load", clauses).compilation.diagnostics.text)")
    }

    @Test("constants and tests call no models")
    func constants() {
        let model = "model m from \"m.onnx\" "
        let rule = " rule r { from \"t\" publish \"u\" { a: 1 } }"
        #expect(RuleLanguageTests.codes(model + "let a = m(1).class" + rule) == ["E0306"])
        #expect(RuleLanguageTests.codes(model + rule + " test \"a\" { send \"t\" { v: m(1) } }") == ["E0306"])
        #expect(
            RuleLanguageTests.codes(
                model + "let a = [1]" + rule + "rule s { from \"x\" where m(a).class > 0 publish \"y\" }") == [])
    }

    @Test("a topic and a body call models, and a result is published as a whole")
    func publish() {
        let text = """
            model m from "m.onnx"
            rule r { from "t" publish "u/{m(.v).class}" { all: m(.v), one: m(.v).confidence } publish "w" payload m(.w) }
            """
        #expect(compile(text).plan?.rules.first?.modelCalls.count == 2)
    }

    @Test("a rule has only so many different calls")
    func callLimit() {
        func found(_ count: Int) -> [String] {
            let members = (0..<count).map { "a\($0): m(.a\($0)).class, b\($0): m(.a\($0)).scores" }
            return RuleLanguageTests.codes(
                "model m from \"m.onnx\" rule r { from \"t\" publish \"u\" { \(members.joined(separator: ", ")) } }")
        }
        #expect(found(RuleLimits.modelCallsMax) == [])
        #expect(found(RuleLimits.modelCallsMax + 1) == ["E0902", "E0902"])
    }
}
