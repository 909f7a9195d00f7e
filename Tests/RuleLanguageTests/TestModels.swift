import RuleLanguage

/// Models that rules of tests name: what their files would say.
let testModels: [String: ModelAttachment] = [
    "rules/m.onnx": model([tensor("x", .float32, nil, 1)], [tensor("scores", .float32, nil, 2)]),
    "rules/models/bearing.onnx": model(
        [tensor("window", .float32, nil, 64)],
        [tensor("label", .int64, nil), tensor("probabilities", .float32, nil, 3)]),
    "rules/models/bearing-int8.onnx": model(
        [tensor("window", .float32, nil, 64)], [tensor("probabilities", .float32, nil, 3)]),
    "rules/models/pump.onnx": model(
        [tensor("X", .float32, nil, 4)], [tensor("label", .int64, nil, 1), tensor("scores", .float32, nil, 1)]),
    "rules/models/load.onnx": model([tensor("X", .float64, nil, 3)], [tensor("variable", .float32, nil, 1)]),
    "rules/models/encoder.onnx": model([tensor("X", .float32, nil, 3)], [tensor("Y", .float32, nil, 3)]),
    "rules/models/oven.onnx": model(
        [tensor("temperatures", .float32, nil, 4), tensor("open", .boolean, nil, 2), tensor("mode:0", .int64, nil)],
        [tensor("quality", .float32, nil, 1), tensor("zones", .float32, nil, 4), tensor("ok", .boolean, nil, 1)]),
    "rules/models/maps.onnx": model(
        [tensor("X", .float32, nil, 2)],
        [
            tensor("output_label", .text, nil),
            ModelSignature.Tensor(name: "output_probability", kind: .labelMaps(keys: .text), shape: []),
        ]),
    "rules/models/texts.onnx": model([tensor("line", .text, nil, 1)], [tensor("Y", .float32, nil, 1)]),
    "rules/models/open.onnx": model([tensor("X", .float32, nil, nil)], [tensor("Y", .float32, nil, 1)]),
    "rules/models/no-runtime.onnx": .noRuntime(
        "install ONNX Runtime 1.17 or newer, or set ORT_DYLIB_PATH to its library"),
    "rules/models/broken.onnx": .unusable("the file ends in the middle of the graph"),
]

func tensor(_ name: String, _ element: ModelSignature.Element, _ shape: Int?...) -> ModelSignature.Tensor {
    ModelSignature.Tensor(name: name, kind: .tensor(element), shape: shape)
}

func signature(_ inputs: [ModelSignature.Tensor], _ outputs: [ModelSignature.Tensor]) -> ModelSignature {
    ModelSignature(
        inputs: inputs, outputs: outputs, isBatched: inputs.allSatisfy { $0.shape.first == .some(nil) }, opset: 17,
        byteCount: 12_345, sha256: String(repeating: "0123456789abcdef", count: 4))
}

private func model(_ inputs: [ModelSignature.Tensor], _ outputs: [ModelSignature.Tensor]) -> ModelAttachment {
    .model(signature(inputs, outputs))
}

func findModel(_ path: String) -> ModelAttachment { testModels[path] ?? .unusable("there is no such file") }
