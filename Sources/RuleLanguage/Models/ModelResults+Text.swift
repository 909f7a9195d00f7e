extension ModelResults {
    /// "it gives `.value`": the members that the model has, of those that not every model has.
    func described(_ signature: ModelSignature) -> String {
        var members = kinds(of: signature).keys.filter { !Self.common.contains($0) }.sorted()
        if members.isEmpty { members = signature.outputs.prefix(8).map { "outputs.\($0.name)" } }
        return "it gives " + members.map { "`.\($0)`" }.joined(separator: ", ")
    }

    /// What every result has.
    static let common: Set<String> = ["outputs", "time_ms", "model", "sha256"]
    static let all = common.union(["class", "label", "confidence", "scores", "value"])

    /// The members that a result of the model has.
    func kinds(of signature: ModelSignature) -> [String: ValueKinds] {
        var result: [String: ValueKinds] = [
            "outputs": .object, "time_ms": .number, "model": .text, "sha256": .text,
        ]
        if scores != nil {
            result["class"] = .number
            result["confidence"] = .number
            result["scores"] = .list
        }
        if !labels.isEmpty, scores != nil {
            result["label"] = .text
        } else if let label {
            result["label"] = signature.outputs[label].labelKinds
        }
        if let value { result["value"] = signature.outputs[value].element == .boolean ? .boolean : .number }
        return result
    }
}

extension ModelResults {
    /// What rules read of an output, by its place among the outputs: `scores`, `label`, `value`.
    package func members(from output: Int) -> [String] {
        let label = !labels.isEmpty && scores != nil ? scores : label
        return [("scores", scores), ("label", label), ("value", value)].filter { $0.1 == output }.map(\.0)
    }
}

extension ModelSignature.Tensor {
    fileprivate var labelKinds: ValueKinds {
        switch kind {
        case .tensor(let element), .labelMaps(keys: let element): element == .text ? .text : .number
        }
    }

    /// Of the member of `.outputs`.
    var outputKinds: ValueKinds {
        let one: ValueKinds =
            switch element {
            case nil: .object
            case .boolean: .boolean
            case .text: .text
            default: .number
            }
        // An output of any length can hold one element, too.
        return !holdsMany || isLabelMaps ? one : outputElementCount == nil ? one.union(.list) : .list
    }
}
