/// What of a model can't be served.
struct ModelProblem: Equatable {
    /// The end of a sentence about the model.
    var message: String
    var help: String
}

extension ModelSignature {
    /// The first thing that rules can't serve; nil: all is well.
    var problem: ModelProblem? {
        if inputs.isEmpty { return ModelProblem(message: "has no input", help: "export it with its inputs") }
        if outputs.isEmpty { return ModelProblem(message: "has no output", help: "export it with its outputs") }
        if inputs.count > RuleLimits.modelInputsMax {
            return ModelProblem(
                message: "has \(inputs.count) inputs, and at most \(RuleLimits.modelInputsMax) can be filled",
                help: "join inputs of one type into one")
        }
        if outputs.count > RuleLimits.modelOutputsMax {
            return ModelProblem(
                message: "has \(outputs.count) outputs, and at most \(RuleLimits.modelOutputsMax) are read",
                help: "export it with fewer outputs")
        }
        for tensor in inputs + outputs where !tensor.hasPlainName {
            return ModelProblem(
                message: "has an input or output whose name can't be shown",
                help: "names have at most \(RuleLimits.modelNameBytesMax) bytes and no control characters")
        }
        for input in inputs {
            if let problem = Self.problem(ofInput: input) { return problem }
        }
        for output in outputs where !output.isLabelMaps {
            if let problem = Self.problem(ofSize: output, "output") { return problem }
        }
        return nil
    }

    private static func problem(ofInput input: Tensor) -> ModelProblem? {
        let shown = "the input `\(input.name)`"
        switch input.element {
        case .none:
            return ModelProblem(message: "takes maps in \(shown)", help: "export it with tensors of numbers as inputs")
        case .text:
            return ModelProblem(
                message: "takes texts (`string`) in \(shown), and rules fill inputs with numbers",
                help: "encode the texts as numbers before the model, or in a table")
        default: break
        }
        guard input.shape.count(where: { $0 == nil }) <= 1 else {
            return ModelProblem(
                message: "leaves more than one length open in \(shown): \(input.typeText)",
                help: "export it with a fixed length: only the first dimension, of rows, may be open")
        }
        return problem(ofSize: input, "input")
    }

    private static func problem(ofSize tensor: Tensor, _ role: String) -> ModelProblem? {
        guard let count = tensor.rowElementCount, count <= RuleLimits.modelRowElementsMax,
            tensor.shape.allSatisfy({ $0 ?? 1 >= 0 })
        else {
            return ModelProblem(
                message: "has too large an \(role) `\(tensor.name)`: \(tensor.typeText)",
                help: "at most \(RuleLimits.modelRowElementsMax) numbers in a row are taken")
        }
        guard count > 0 else {
            return ModelProblem(
                message: "has an \(role) `\(tensor.name)` that holds nothing: \(tensor.typeText)",
                help: "export it with the lengths that it was trained with")
        }
        return nil
    }
}

extension ModelSignature.Tensor {
    /// Whether a terminal shows the name as it is.
    fileprivate var hasPlainName: Bool {
        name.utf8.count <= RuleLimits.modelNameBytesMax
            && name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}
