import RuleEngine
import RuleLanguage
import Testing

@Suite struct ModelExplanationTests {
    private func explanation(_ clauses: String, _ labels: String = "", runtime: Bool = true) throws -> RuleExplanation {
        func tensor(_ name: String, _ element: ModelSignature.Element, _ shape: [Int?]) -> ModelSignature.Tensor {
            ModelSignature.Tensor(name: name, kind: .tensor(element), shape: shape)
        }
        let signature = ModelSignature(
            inputs: [tensor("window", .float32, [nil, 3])],
            outputs: [tensor("label", .int64, [nil]), tensor("probabilities", .float32, [nil, 2])],
            isBatched: true, opset: 17, byteCount: 12_345, sha256: String(repeating: "0123456789abcdef", count: 4))
        let source = """
            model bearing from "models/bearing.onnx" \(labels)
            rule r { from "in/{m}" \(clauses) publish "out/{m}" { n: 1 } }
            """
        let result = RuleCompiler.compile(
            [RuleSourceFile(name: "rules/a.rules", text: source)],
            models: { _ in runtime ? .model(signature) : .noRuntime("install it") }, withoutRuntime: .allowed)
        #expect(result.diagnostics.isEmpty)
        return try RuleExplanation(try #require(result.plan?.rules.first), options: Harness.options)
    }

    private func models(_ explanation: RuleExplanation) -> String {
        let lines = explanation.text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = lines.firstIndex { $0.hasPrefix("  models") } ?? 0
        let end = lines[(start + 1)...].firstIndex { !$0.hasPrefix("   ") } ?? lines.count
        return lines[start..<end].joined(separator: "\n")
    }

    @Test func filesInputsOutputsAndCallsAreTold() throws {
        let explanation = try explanation(
            "window last 3 by m let verdict = bearing(collect(.x)) when verdict.class > 0 or bearing(1, .y, .z).class > 0",
            "labels \"good\", \"worn\" logits")
        #expect(
            models(explanation) == """
                  models     bearing, rules/models/bearing.onnx, 12.1 KB, opset 17, SHA-256 0123456789ab
                               takes window: float32[N, 3]
                               gives label: int64[N]
                               gives probabilities: float32[N, 2], read as .scores, .label
                               labels good, worn
                               softmax makes probabilities of its scores
                               called as bearing(collect(.x))
                               called as bearing(1, .y, .z)
                """)
        #expect(
            explanation.json.contains(
                #""models": [{"model": "bearing", "path": "rules/models/bearing.onnx", "sha256": "0123456789abcdef"#))
        #expect(
            explanation.json.contains(
                #""bytes": 12345, "opset": 17, "inputs": [{"name": "window", "type": "float32[N, 3]", "read_as": []}]"#)
        )
        #expect(explanation.json.contains(#""logits": true, "calls": ["bearing(collect(.x))", "bearing(1, .y, .z)"]"#))
    }

    @Test func theModelsOwnLabelIsTold() throws {
        let text = models(try explanation("let v = bearing(.x)"))
        #expect(text.contains("gives label: int64[N], read as .label"))
        #expect(text.contains("read as .scores\n"))
    }

    @Test func callsThatAreWrittenAlikeAreToldOnce() throws {
        let call = "bearing(hour(time()), 1, 2)"
        let text = models(try explanation("let a = \(call) window every 1m by m let b = \(call)"))
        #expect(text.split(separator: "\n").count { $0.contains("called as") } == 1)
    }

    @Test func withoutRuntimeThatIsTold() throws {
        let explanation = try explanation("let v = bearing(.x)", runtime: false)
        #expect(
            models(explanation) == """
                  models     bearing, rules/models/bearing.onnx: ONNX Runtime is not there, so it gives missing
                               called as bearing(.x)
                """)
        #expect(
            explanation.json.contains(#""sha256": null, "bytes": null, "opset": null, "inputs": [], "outputs": []"#))
    }

    @Test func rulesWithoutModelsSayNothingOfThem() throws {
        let explanation = try explanation("")
        #expect(!explanation.text.contains("models"))
        #expect(explanation.json.contains(#""models": []"#))
    }
}
