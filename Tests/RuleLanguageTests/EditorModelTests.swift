import RuleLanguage
import Testing

@Suite("Editor: models")
struct EditorModelTests {
    private static let text = """
        model bearing from "models/bearing.onnx" labels "good", "worn", "bad"
        model oven from "models/oven.onnx"
        model gone from "gone.onnx"

        rule r {
          from "plant/{m}"
          let verdict = bearing(.spectrum)
          let same = verdict
          where same.label == "worn" and verdict.scores[0] > 0.5
          publish "out" { verdict }
        }
        """

    /// The file with `line` in place of the one that begins with `where`.
    private func file(_ line: String? = nil) -> (file: EditorFile, end: EditorPosition) {
        var lines = Self.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let index = lines.firstIndex { $0.hasPrefix("  where") } ?? 0
        if let line { lines[index] = line }
        let text = lines.joined(separator: "\n")
        let file = EditorFile(
            RuleSourceFile(name: "rules/a.rules", text: text), text: EditorText(text), models: findModel)
        return (file, EditorPosition(line: index, character: lines[index].utf16.count))
    }

    private func offered(_ line: String) -> [EditorCompletion] {
        let (file, end) = file(line)
        return file.completions(at: end)
    }

    @Test("models are offered like functions, with their inputs")
    func names() {
        let offered = offered("  where ")
        let bearing = offered.first { $0.label == "bearing" }
        #expect(bearing?.kind == .function)
        #expect(bearing?.insertion == "bearing($1)")
        #expect(bearing?.documentation.contains("takes `window`: `float32[N, 64]`") == true)
        let oven = offered.first { $0.label == "oven" }
        #expect(oven?.insertion == "oven(temperatures: $1, open: $2, mode_0: $3)")
        #expect(offered.first { $0.label == "gone" }?.insertion == "gone($1)")
    }

    @Test("a result's parts are those that the model gives")
    func parts() {
        let all = ["class", "confidence", "label", "model", "outputs", "scores", "sha256", "time_ms"]
        #expect(offered("  where verdict.").map(\.label) == all)
        #expect(offered("  where same.con").map(\.label) == all)
        #expect(offered("  where bearing(.spectrum).").map(\.label) == all)
        #expect(offered("  where exists(bearing((.spectrum))) and abs(.x).").isEmpty)
        #expect(offered("  where verdict.outputs.").map(\.label) == ["label", "probabilities"])
        #expect(
            offered("  where oven(open: .x).").map(\.label) == [
                "class", "confidence", "model", "outputs", "scores", "sha256", "time_ms", "value",
            ])
        #expect(offered("  where verdict.scores.").isEmpty)
        #expect(offered("  where gone(.x).").isEmpty)
        #expect(offered("  where ).").isEmpty)
        #expect(offered("  where verdict.").first { $0.label == "label" }?.detail == "a text")
    }

    @Test("hover tells what the file of a model says")
    func hover() {
        let (file, _) = file()
        func hover(_ line: Int, _ character: Int) -> String {
            file.hover(at: EditorPosition(line: line, character: character))?.markdown ?? ""
        }
        #expect(
            hover(0, 8) == """
                ```rules
                model bearing from "models/bearing.onnx"
                ```
                A model: `bearing(…)` runs it.

                - takes `window`: `float32[N, 64]`
                - gives `label`: `int64[N]`
                - gives `probabilities`: `float32[N, 3]`, read as `.scores`, `.label`
                - labels `good`, `worn`, `bad`
                - opset 17, 13 KB, SHA-256 `0123456789ab`
                """)
        #expect(hover(6, 18) == hover(0, 8))
        #expect(hover(2, 8).hasSuffix("A model: `gone(…)` runs it."))
        #expect(hover(6, 8).hasSuffix("The result of the model `bearing`."))
        #expect(hover(8, 14).hasSuffix("The name of the class."))
        #expect(hover(8, 45).hasSuffix("The score of each class."))
        #expect(hover(0, 42).contains("Names of the model's classes"))
        #expect(hover(0, 1).contains("runs it"))
    }
}
