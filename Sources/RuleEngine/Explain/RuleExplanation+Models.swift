import RuleLanguage

extension RuleExplanation {
    /// For each model that the rule calls: its file, what it takes and gives, and the calls.
    var models: [String] {
        plan.models.indices.flatMap { model in
            ["\(plan.models[model].name), \(file(plan.models[model]))"] + tensors(plan.models[model]).map { "  " + $0 }
                + calls(of: model).map { "  called as \($0)" }
        }
    }

    private func calls(of model: Int) -> [String] {
        var result: [String] = []
        // A window that closes by time has calls of its own, which are written alike.
        for call in plan.modelCalls where call.model == model {
            let text = words.text(call)
            if !result.contains(text) { result.append(text) }
        }
        return result
    }

    private func file(_ model: ModelPlan) -> String {
        guard let signature = model.signature else {
            return "\(model.path): ONNX Runtime is not there, so it gives missing"
        }
        let opset = signature.opset > 0 ? ", opset \(signature.opset)" : ""
        return "\(model.path), \(Self.shown(signature.byteCount))\(opset), SHA-256 \(signature.sha256.prefix(12))"
    }

    private func tensors(_ model: ModelPlan) -> [String] {
        guard let signature = model.signature else { return [] }
        let inputs = signature.inputs.map { "takes \($0.name): \($0.typeText)" }
        let outputs = signature.outputs.enumerated().map { index, output in
            let members = model.results.members(from: index).map { ".\($0)" }.joined(separator: ", ")
            return "gives \(output.name): \(output.typeText)" + (members.isEmpty ? "" : ", read as \(members)")
        }
        let results = model.results
        let labels = results.labels.isEmpty ? [] : ["labels \(results.labels.joined(separator: ", "))"]
        return inputs + outputs + labels + (results.isLogits ? ["softmax makes probabilities of its scores"] : [])
    }

    // MARK: JSON

    var modelObjects: [String] {
        plan.models.enumerated().map { index, model in
            let signature = model.signature
            func number(_ value: Int?) -> JSONObject.Member { value.map { .number($0) } ?? .null }
            return JSONObject([
                ("model", .text(model.name)), ("path", .text(model.path)),
                ("sha256", signature.map { .text($0.sha256) } ?? .null),
                ("bytes", number(signature?.byteCount)), ("opset", number(signature?.opset)),
                ("inputs", .raw(objects(signature?.inputs ?? []) { _ in [] })),
                ("outputs", .raw(objects(signature?.outputs ?? []) { model.results.members(from: $0) })),
                ("labels", .texts(model.results.labels)), ("logits", .boolean(model.results.isLogits)),
                ("calls", .texts(calls(of: index))),
            ]).text
        }
    }

    private func objects(_ tensors: [ModelSignature.Tensor], _ members: (Int) -> [String]) -> String {
        let objects = tensors.enumerated().map { index, tensor in
            JSONObject([
                ("name", .text(tensor.name)), ("type", .text(tensor.typeText)), ("read_as", .texts(members(index))),
            ]).text
        }
        return "[" + objects.joined(separator: ", ") + "]"
    }
}
