// Models in an editor: how one is called, what its result has, and what its file says of itself.

extension EditorFile {
    /// A call with a place to fill in for each input.
    func completion(ofModel name: String) -> EditorCompletion {
        let inputs = models[name]?.signature?.inputs ?? []
        var places = "$1"
        if inputs.count > 1 {
            places = inputs.enumerated()
                .map { "\(ExpressionChecker.label(for: $0.element.name)): $\($0.offset + 1)" }.joined(separator: ", ")
        }
        return EditorCompletion(
            label: name, kind: .function, detail: "model", documentation: models[name].map(described) ?? "",
            insertion: "\(name)(\(places))", isSnippet: true)
    }

    /// The parts of a result: `walk` is what stands before the dot.
    func resultParts(_ walk: [UInt8], at offset: Int) -> [EditorCompletion] {
        if walk.last == UInt8(ascii: ")") { return members(of: calledName(walk), outputs: false) }
        let start = walk.lastIndex { !CompletionPlace.isLetter($0) && $0 != UInt8(ascii: ".") }.map { $0 + 1 } ?? 0
        let parts = String(decoding: walk[start...], as: UTF8.self).split(separator: ".").map(String.init)
        guard let name = parts.first, let model = definition(of: name, at: offset)?.model else { return [] }
        switch parts.count {
        case 1: return members(of: model, outputs: false)
        case 2 where parts[1] == "outputs": return members(of: model, outputs: true)
        default: return []
        }
    }

    private func members(of model: String?, outputs: Bool) -> [EditorCompletion] {
        guard let plan = model.flatMap({ models[$0] }), let signature = plan.signature else { return [] }
        guard outputs else {
            return plan.results.kinds(of: signature).sorted { $0.key < $1.key }.map { name, kinds in
                EditorCompletion(
                    label: name, kind: .field, detail: kinds.described, documentation: WordHelp.results[name] ?? "",
                    insertion: name)
            }
        }
        return signature.outputs.map { output in
            EditorCompletion(
                label: output.name, kind: .field, detail: output.typeText,
                insertion: Self.isPlainName(output.name) ? output.name : "\"\(output.name)\"")
        }
    }

    /// The name before the bracket that the last byte closes.
    private func calledName(_ walk: [UInt8]) -> String? {
        var depth = 0
        for index in walk.indices.reversed() {
            if walk[index] == UInt8(ascii: ")") { depth += 1 }
            guard walk[index] == UInt8(ascii: "(") else { continue }
            depth -= 1
            guard depth == 0 else { continue }
            let head = walk[..<index]
            let start = head.lastIndex { !CompletionPlace.isLetter($0) }.map { $0 + 1 } ?? 0
            return String(decoding: head[start...], as: UTF8.self)
        }
        return nil
    }

    // MARK: Hover

    /// What the model's file says of itself, as Markdown.
    func described(_ model: ModelPlan) -> String {
        guard let signature = model.signature else { return "ONNX Runtime is not there, so nothing is known of it." }
        var lines = signature.inputs.map { "- takes `\($0.name)`: `\($0.typeText)`" }
        lines += signature.outputs.enumerated().map { index, output in
            let roles = model.results.members(from: index).map { "`.\($0)`" }.joined(separator: ", ")
            return "- gives `\(output.name)`: `\(output.typeText)`" + (roles.isEmpty ? "" : ", read as \(roles)")
        }
        if !model.results.labels.isEmpty {
            lines.append("- labels " + model.results.labels.prefix(20).map { "`\($0)`" }.joined(separator: ", "))
        }
        let opset = signature.opset > 0 ? "opset \(signature.opset), " : ""
        lines.append("- \(opset)\((signature.byteCount + 1023) / 1024) KB, SHA-256 `\(signature.sha256.prefix(12))`")
        return lines.joined(separator: "\n")
    }

    /// Behind a let that holds a model's result.
    func resultPart(_ index: Int, _ name: String) -> String? {
        guard index > 1, let base = word(at: index - 2), !isFieldName(index - 2),
            definition(of: base, at: tokens[index].span.start)?.model != nil
        else { return nil }
        return WordHelp.results[name]
    }
}

extension WordHelp {
    /// Of the parts of a model's result.
    static let results: [String: String] = [
        "class": "Place of the greatest score, from 0.", "label": "The name of the class.",
        "confidence": "The greatest score.", "scores": "The score of each class.",
        "value": "The number that the model gives.", "outputs": "The outputs of the model, each by its name.",
        "time_ms": "How long the run took, in milliseconds.", "model": "The name of the model in this file.",
        "sha256": "SHA-256 of the model's file: which one it was.",
    ]
}
