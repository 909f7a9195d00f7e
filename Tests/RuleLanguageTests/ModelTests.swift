import RuleLanguage
import Testing

@Suite("Models")
struct ModelTests {
    /// The findings of a rule that declares `m` from models/`file`.onnx.
    private func codes(_ file: String, _ clauses: String, suffix: String = "") -> String {
        compiled(file, clauses, suffix: suffix).diagnostics.map(\.code.name).joined(separator: " ")
    }

    private func compiled(_ file: String, _ clauses: String, suffix: String = "") -> RuleCompilation {
        compile(
            """
            model m from "models/\(file).onnx" \(suffix)
            rule r { from "in/{x}" { v: number, t: text, b: boolean, l: list, any: object } \(clauses) publish "out" { n: 1 } }
            """, hasAllFeatures: true)
    }

    private func first(_ file: String, _ clauses: String, suffix: String = "") -> String {
        let diagnostic = compiled(file, clauses, suffix: suffix).diagnostics.first
        return "\(diagnostic?.message ?? ""): \(diagnostic?.help ?? "")"
    }

    private func plan(_ file: String, _ clauses: String, suffix: String = "") -> RulePlan? {
        compiled(file, clauses, suffix: suffix).plan?.rules.first
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
            ExpressionText(rule).text(call).hasPrefix("m(temperatures: [.v, .v, .v, 1], open: [.b, true], mode"))
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
        #expect(codes("load", clauses) == expected, "\(compiled("load", clauses).diagnostics.text)")
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

    // MARK: Lengths

    @Test(
        "as many numbers as the model takes, as far as that is known",
        arguments: [
            ("where m(.v, .v, .v).value > 1", ""), ("where m([.v, .v], .v).value > 1", ""),
            ("where m([[.v], [.v, .v]]).value > 1", ""), ("where m(.v, .v).value > 1", "E0310"),
            ("where m(.v, .v, .v, .v).value > 1", "E0310"), ("where m().value > 1", "E0310"),
            ("where m(.l).value > 1", ""), ("where m(.l, .l, .v).value > 1", ""),
            ("where m(.l, .v, .v, .v).value > 1", "E0310"), ("let a = [.v, .v] where m(a, .v).value > 1", ""),
            ("let a = [.v, .v] let b = a where m(b, a).value > 1", "E0310"),
            ("let a = [.v, .v] let b = [a, a] where m(b).value > 1", "E0310"),
            ("window last 3 by x when m(collect(.v)).value > 1", ""),
            ("window every 3 events by x when m(collect(.v)).value > 1", ""),
            ("window last 4 by x when m(collect(.v)).value > 1", "E0310"),
            ("window last 4s by x when m(collect(.v)).value > 1", ""),
            ("window last 2 by x when m(collect(.v), .v).value > 1", ""),
            ("let a = [.v, .v, .v] window last 1 by x when m(collect(a)).value > 1", ""),
            ("let a = [.v, .v, .v] window last 2 by x when m(collect(a)).value > 1", "E0310"),
            ("window last 3 by x let a = collect(.v) when m(a ?? [1, 2, 3]).value > 1", ""),
            ("window last 3 by x let a = collect(.v) when m(if .b then a else [1, 2]).value > 1", ""),
            ("window last 2 by x let a = collect(.v) when m(if .b then a else [1, 2]).value > 1", "E0310"),
            ("window last 3 by x when m(collect([])).value > 1", "E0310"),
        ])
    func lengths(_ clauses: String, _ expected: String) {
        #expect(codes("load", clauses) == expected, "\(compiled("load", clauses).diagnostics.text)")
    }

    @Test("what can be one number or a list of them is no error while it may fit")
    func unknownLengths() {
        func found(_ arguments: String) -> String {
            RuleLanguageTests.codes(
                "model m from \"models/load.onnx\" rule r { from \"t\" where m(\(arguments)).value > 1 publish \"u\" }"
            ).joined()
        }
        #expect(found(".a") == "")
        #expect(found(".a, .b, .c") == "")
        #expect(found(".a, .b, .c, .d") == "E0310")
        #expect(found("number(.a), number(.b)") == "E0310")
    }

    @Test("messages of lengths say what to do")
    func lengthMessages() {
        #expect(
            first("load", "window last 4 by x when m(collect(.v)).value > 1")
                == "`m` takes 3 numbers, and these are 4: write `window last 3`")
        #expect(
            first("load", "window every 5 events by x when m(collect(.v)).value > 1")
                == "`m` takes 3 numbers, and these are 5: write `window every 3 events`")
        #expect(
            first("load", "where m(.l, .l, .l, .l).value > 1")
                == "`m` takes 3 numbers, and these are at least 4: the input `X` is float64[N, 3]")
        #expect(
            first("load", "where m(.v).value > 1")
                == "`m` takes 3 numbers, and this is 1: the input `X` is float64[N, 3]")
        #expect(
            first("oven", "let a = m(temperatures: .l, open: [.b], mode_0: 1)")
                == "the input `open` takes 2 numbers, and this is 1: the input `open` is boolean[N, 2]")
    }

    // MARK: Types

    @Test(
        "numbers of the right type",
        arguments: [
            ("\"a\"", "E0310"), (".t", "E0310"), (".any", "E0310"), ("time()", "E0310"), ("5s", "E0310"),
            ("true", "E0310"), (".b", "E0310"), ("missing", "E0308"), ("3.5", ""), ("1e300", "E0310"),
            ("if .b then 1 else 0", ""), ("number(.t)", ""), ("[\"a\"]", "E0310"), ("x", "E0310"),
        ])
    func floats(_ argument: String, _ expected: String) {
        let text = "model m from \"m.onnx\" rule r { from \"in/{x}\" { v: number, t: text, b: boolean, any: object } "
        #expect(
            RuleLanguageTests.codes("\(text) where m(\(argument)).class > 0 publish \"out\" }").joined() == expected)
    }

    @Test(
        "integer and boolean inputs take what they can hold",
        arguments: [
            ("3", "true, false", ""), ("3.0", "1, 0", ""), ("3.5", "1, 0", "E0310"), ("true", "1, 0", "E0310"),
            (".v", ".v, .b", ""), ("3", "2, 0", "E0310"), ("3", "\"a\", 0", "E0310"),
            ("9223372036854775807", "1, 1", ""),
            ("1e19", "1, 1", "E0310"), ("-9223372036854775808", "1, 1", ""),
        ])
    func integers(_ mode: String, _ open: String, _ expected: String) {
        let found = codes("oven", "let a = m(temperatures: .l, open: [\(open)], mode_0: \(mode))")
        #expect(found == expected)
    }

    @Test(
        "inputs are filled by name, each once",
        arguments: [
            ("temperatures: .l, open: [.b, .b], mode_0: 1", ""), ("temperatures: .l, open: [.b, .b]", "E0310"),
            (".l, [.b, .b], 1", "E0310 E0310 E0310"), ("temperatures: .l, opne: [.b, .b], mode_0: 1", "E0310"),
            ("temperatures: .l, temperatures: .l, open: [.b, .b], mode_0: 1", "E0310"), ("", "E0310"),
        ])
    func names(_ arguments: String, _ expected: String) {
        #expect(codes("oven", "let a = m(\(arguments))") == expected)
        #expect(codes("load", "let a = m(Y: [.v, .v, .v])") == "E0310")
        #expect(codes("load", "let a = m(X: .v, .v, .v)") == "E0310 E0310")
    }

    // MARK: Results

    @Test(
        "a result has what the model gives",
        arguments: [
            ("load", "m(.v, 1, 1).value > 1", ""), ("load", "m(.v, 1, 1).class > 1", "E0213"),
            ("load", "m(.v, 1, 1).label == \"a\"", "E0213"), ("load", "m(.v, 1, 1).valeu > 1", "E0213"),
            ("load", "m(.v, 1, 1).variable > 1", "E0213"), ("load", "m(.v, 1, 1).outputs.variable > 1", ""),
            ("load", "m(.v, 1, 1).outputs.varaible > 1", "E0213"), ("load", "m(.v, 1, 1).time_ms > 1", ""),
            ("load", "m(.v, 1, 1).model == \"m\" and m(.v, 1, 1).sha256 == \"0\"", ""),
            ("load", "m(.v, 1, 1)[\"value\"] > 1", ""), ("load", "m(.v, 1, 1)[\"valeu\"] > 1", "E0213"),
            ("load", "m(.v, 1, 1).value == \"a\"", "E0301"),
            ("load", "m(.v, 1, 1).outputs[\"variable\"] == \"a\"", "E0301"),
            ("load", "m(.v, 1, 1) > 1", "E0301"), ("load", "exists(m(.v, 1, 1))", ""),
            ("pump", "m(.v, 1, 1, 1).label == -1", ""), ("pump", "m(.v, 1, 1, 1).label == \"a\"", "E0301"),
            ("pump", "m(.v, 1, 1, 1).value < 0", ""), ("pump", "m(.v, 1, 1, 1).confidence < 0", "E0213"),
            ("bearing", "m(.l).class == 2", ""), ("bearing", "m(.l).label == 2", ""),
            ("bearing", "m(.l).confidence > 0.5", ""), ("bearing", "m(.l).scores[2] > 0.5", ""),
            ("bearing", "m(.l).scores > 0.5", "E0301"), ("bearing", "m(.l).value > 1", "E0213"),
            ("bearing-int8", "m(.l).label == \"worn\"", "E0213"),
            ("maps", "m(.l).label == \"worn\"", ""), ("maps", "m(.l).outputs.output_probability.worn > 0.5", ""),
            ("maps", "m(.l).class == 1", ""), ("encoder", "error(.l, m(.l).scores) > 1", ""),
            ("encoder", "m(.l).outputs.Y[0] > 1", ""),
        ])
    func members(_ file: String, _ condition: String, _ expected: String) {
        #expect(
            codes(file, "where \(condition)") == expected, "\(compiled(file, "where \(condition)").diagnostics.text)")
    }

    @Test("declared labels are texts, and lets pass a result on")
    func labels() {
        let labels = "labels \"good\", \"worn\", \"bad\""
        #expect(codes("bearing", "let a = m(.l) let b = a where b.label == \"worn\"", suffix: labels) == "")
        #expect(codes("bearing", "let a = m(.l) let b = a where b.label == 1", suffix: labels) == "E0301")
        #expect(codes("bearing", "let a = m(.l) let b = a where b.labl == \"a\"", suffix: labels) == "E0213")
        #expect(
            codes("oven", "let o = m(temperatures: .l, open: .l, mode_0: 1).outputs where o.ok and o.zones[1] > 2")
                == "")
        #expect(codes("oven", "let o = m(temperatures: .l, open: .l, mode_0: 1).outputs where o.okay") == "E0213")
    }

    @Test("what is not there is told with what is")
    func memberMessages() {
        #expect(
            first("load", "where m(.v, 1, 1).class > 1") == "the model `m` gives no `.class`: it gives `.value`")
        #expect(first("load", "where m(.v, 1, 1).valeu > 1").hasSuffix(": did you mean `.value`?"))
        #expect(
            first("load", "where m(.v, 1, 1).variable > 1").hasSuffix(": an output by its name: `.outputs.variable`"))
        #expect(first("bearing-int8", "where m(.l).label == \"a\"").hasSuffix("labels \"good\", \"worn\"`"))
        #expect(first("pump", "where m(.l).class > 1").hasSuffix(": it gives `.label`, `.value`"))
        #expect(first("pump", "where m(.l).outputs.other > 1").hasSuffix(": its outputs are `label`, `scores`"))
    }
}
