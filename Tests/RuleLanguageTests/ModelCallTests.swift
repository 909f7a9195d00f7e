import RuleLanguage
import Testing

@Suite("Calls of models")
struct ModelCallTests {
    private func codes(_ file: String, _ clauses: String, suffix: String = "") -> String {
        ModelRule(file, clauses, suffix: suffix).codes
    }

    private func first(_ file: String, _ clauses: String, suffix: String = "") -> String {
        ModelRule(file, clauses, suffix: suffix).first
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
        #expect(codes("load", clauses) == expected, "\(ModelRule("load", clauses).compilation.diagnostics.text)")
    }

    @Test("a field can be a list where it stands alone, and counts as one number beside others")
    func unknownLengths() {
        func found(_ arguments: String) -> String {
            RuleLanguageTests.codes(
                "model m from \"models/load.onnx\" rule r { from \"t\" where m(\(arguments)).value > 1 publish \"u\" }"
            ).joined()
        }
        #expect(found(".a") == "")
        #expect(found(".a, .b, .c") == "")
        #expect(found(".a, .b, .c, .d") == "E0310")
        #expect(found(".a, .b") == "E0310")
        #expect(found("[.a, .b]") == "E0310")
        #expect(found("[.a]") == "")
        #expect(found("[[.a], [.b]]") == "E0310")
        #expect(found(".a[0], .a[1], .a[2]") == "")
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

    @Test("types are told with the input")
    func typeMessages() {
        #expect(
            first("load", "where m(.t, 1, 1).value > 1")
                == "the input `X`, float64[N, 3], takes numbers, and this is a text: `number(…)` reads a number from a text"
        )
        let fields =
            #"model m from "models/load.onnx" rule r { from "t" where m(.a, .b).value > 1 publish "u" }"#
        #expect(
            compile(fields).diagnostics.first?.help
                == "the input `X` is float64[N, 3]; a field that is a list says so in `from`: `{ name: list }`")
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
            codes(file, "where \(condition)") == expected,
            "\(ModelRule(file, "where \(condition)").compilation.diagnostics.text)")
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

    @Test("a text that is no label of the model is told")
    func unknownLabels() {
        let labels = "labels \"good\", \"worn\", \"bad\""
        func found(_ condition: String) -> String {
            codes("bearing", "let a = m(.l) let l = a.label where \(condition)", suffix: labels)
        }
        #expect(found("a.label == \"worn\" or l != \"bad\"") == "")
        #expect(found("a.label == \"wron\"") == "E0213")
        #expect(found("\"wron\" != l") == "E0213")
        #expect(found("l in [\"good\", \"worn\"]") == "")
        #expect(found("l in [\"good\", \"wron\"]") == "E0213")
        #expect(found("(l ?? \"none\") == \"none\"") == "")
        #expect(found(".t == \"wron\"") == "")
        #expect(codes("maps", "where m(.l).label == \"anything\"") == "")
        let wrong = "where m(.l).label == \"wron\""
        #expect(
            first("bearing", wrong, suffix: labels) == "the model `m` has no label `wron`: did you mean `\"worn\"`?")
        #expect(
            first("bearing", "where m(.l).label == \"x\"", suffix: labels)
                == "the model `m` has no label `x`: its labels are `\"good\"`, `\"worn\"`, `\"bad\"`")
    }

    @Test("indices beyond a model's list, and exact comparison of what it computed, are warned of")
    func warnings() {
        #expect(codes("bearing", "where m(.l).scores[3] > 0.5") == "W0309")
        #expect(codes("bearing", "let s = m(.l).outputs.probabilities where s[3] > 0.5") == "W0309")
        #expect(codes("bearing", "let s = m(.l).outputs.probabilities where s[2] > 0.5") == "")
        #expect(codes("bearing", "where m(.l).confidence == 0.5") == "W0406")
        #expect(codes("load", "let e = m(.v, 1, 1) where e.value == .v") == "W0406")
        #expect(codes("bearing", "where m(.l).class == 1") == "")
    }

    @Test("what is proven of conditions is proven of results, too")
    func proofs() {
        #expect(codes("bearing", "let a = m(.l) where a.confidence > 0.9 and a.confidence < 0.5") == "E0401")
        #expect(codes("bearing", "let a = m(.l) where a.class == 1 or a.class != 1") == "E0402")
        #expect(codes("load", "let a = m(.l) where a.value > 5 and m(.v, .v, .v).value < 5") == "")
        #expect(codes("load", "when m(.l).value > 5 until m(.l).value < 6") == "E0403")
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
