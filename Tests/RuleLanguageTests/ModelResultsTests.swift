import RuleLanguage
import Testing

@Suite("Roles of a model's outputs")
struct ModelResultsTests {
    private func roles(_ outputs: ModelSignature.Tensor...) -> [Int?] {
        let results = ModelResults(of: signature([tensor("X", .float32, nil, 4)], outputs))
        return [results.scores, results.label, results.value]
    }

    private func maps(_ name: String, _ keys: ModelSignature.Element) -> ModelSignature.Tensor {
        ModelSignature.Tensor(name: name, kind: .labelMaps(keys: keys), shape: [])
    }

    @Test("classifiers")
    func classifiers() {
        #expect(roles(tensor("label", .int64, nil), tensor("probabilities", .float32, nil, 3)) == [1, 0, nil])
        #expect(roles(tensor("output_label", .text, nil), maps("output_probability", .text)) == [1, 0, nil])
        #expect(roles(maps("output_probability", .int64)) == [0, 0, nil])
        #expect(roles(tensor("probabilities", .float32, nil, 3)) == [0, nil, nil])
        #expect(roles(tensor("logits", .float32, 1, 2)) == [0, nil, nil])
        #expect(roles(tensor("scores", .float64, nil, nil)) == [0, nil, nil])
        #expect(roles(tensor("label", .text, nil)) == [nil, 0, nil])
        #expect(roles(tensor("p", .float32, nil, 3), tensor("label", .int32, nil, 1)) == [0, 1, nil])
    }

    @Test("one number")
    func values() {
        #expect(roles(tensor("variable", .float32, nil, 1)) == [nil, nil, 0])
        #expect(roles(tensor("variable", .float64)) == [nil, nil, 0])
        #expect(roles(tensor("label", .int64, nil, 1), tensor("scores", .float32, nil, 1)) == [nil, 0, 1])
        #expect(roles(tensor("count", .int64, nil)) == [nil, nil, 0])
        #expect(roles(tensor("ok", .boolean, nil, 1)) == [nil, nil, 0])
        #expect(roles(tensor("a", .boolean, nil), tensor("b", .boolean, nil)) == [nil, nil, nil])
        #expect(roles(tensor("mean", .float32, nil), tensor("spread", .float32, nil)) == [nil, nil, 0])
        #expect(roles(tensor("ok", .boolean, nil), tensor("y", .float32, nil)) == [nil, nil, 1])
    }

    @Test("vectors, and what has no role")
    func others() {
        #expect(roles(tensor("Y", .float32, nil, 8)) == [0, nil, nil])
        #expect(roles(tensor("Y", .uint8, nil, 8)) == [nil, nil, nil])
        #expect(roles(tensor("Y", .float32, nil, 0)) == [nil, nil, nil])
        #expect(roles() == [nil, nil, nil])
        #expect(
            roles(tensor("q", .float32, nil, 1), tensor("zones", .float32, nil, 4), tensor("ok", .boolean, nil, 1))
                == [1, nil, 0])
    }

    @Test("labels and logits are kept as they are declared")
    func declaration() {
        let model = signature([tensor("X", .float32, nil, 4)], [tensor("p", .float32, nil, 2)])
        let results = ModelResults(of: model, labels: ["a", "b"], isLogits: true)
        #expect(results == ModelResults(scores: 0, labels: ["a", "b"], isLogits: true))
    }

    @Test(
        "shapes as text",
        arguments: [
            (tensor("X", .float32, nil, 8), "float32[N, 8]"), (tensor("X", .boolean), "boolean[]"),
            (tensor("X", .int64, 1, nil), "int64[1, ?]"),
            (
                ModelSignature.Tensor(name: "p", kind: .labelMaps(keys: .text), shape: []),
                "probabilities by label (text)"
            ),
        ])
    func text(_ tensor: ModelSignature.Tensor, _ expected: String) {
        #expect(tensor.typeText == expected)
    }

    // MARK: What is refused

    private func problem(
        _ inputs: [ModelSignature.Tensor], _ outputs: [ModelSignature.Tensor] = [tensor("Y", .float32, nil, 1)]
    ) -> String {
        RuleCompiler.compile(
            [RuleSourceFile(name: "a.rules", text: "model m from \"m.onnx\" rule r { from \"t\" publish \"u\" }")],
            models: { _ in .model(signature(inputs, outputs)) }
        ).diagnostics.map { "\($0.code.name) \($0.message)" }.joined()
    }

    @Test("models that can be served")
    func served() {
        #expect(problem([tensor("X", .float32, nil, 4)]) == "")
        #expect(problem([tensor("X", .float32, 4)]) == "")
        #expect(problem([tensor("X", .float32)]) == "")
        #expect(problem([tensor("X", .float32, 1, nil)]) == "")
        #expect(problem([tensor("X", .float32, nil, 1024, 1024)]) == "")
        #expect(problem((0..<64).map { tensor("x\($0)", .uint8, nil, 1) }) == "")
        let outputs = [maps("m", .int64), tensor("Y", .float32, nil, nil, nil)]
        #expect(problem([tensor("X", .float32, nil, 4)], outputs) == "")
    }

    @Test("models that can't")
    func refused() {
        let one = [tensor("X", .float32, nil, 4)]
        #expect(problem([]) == "E0707 the model `m.onnx` has no input")
        #expect(problem(one, []) == "E0707 the model `m.onnx` has no output")
        #expect(problem([tensor("X", .text, nil, 4)]).contains("takes texts (`string`) in the input `X`"))
        #expect(problem([maps("X", .text)]).contains("takes maps"))
        #expect(
            problem([tensor("X", .float32, nil, nil)]).contains(
                "more than one length open in the input `X`: float32[N, ?]"))
        #expect(problem([tensor("X", .float32, nil, 0)]).contains("holds nothing"))
        #expect(problem([tensor("X", .float32, nil, 1024, 1025)]).contains("too large an input"))
        #expect(problem([tensor("X", .float32, .max, .max)]).contains("too large an input"))
        #expect(problem([tensor("X", .float32, -1, -4)]).contains("too large an input"))
        #expect(problem(one, [tensor("Y", .float32, nil, 1 << 21)]).contains("too large an output"))
        #expect(problem((0...64).map { tensor("x\($0)", .uint8, nil, 1) }).contains("65 inputs"))
        #expect(problem(one, [tensor("a\u{1B}[2J", .float32, nil, 1)]).contains("can't be shown"))
        #expect(problem([tensor(String(repeating: "x", count: 257), .float32, nil, 1)]).contains("can't be shown"))
        #expect(problem(one, (0...64).map { tensor("x\($0)", .uint8, nil, 1) }).contains("65 outputs"))
    }
}
