extension ModelResults {
    /// Which output of `signature` is what. The scores are the first output of floats, or of labels with their
    /// probabilities, that holds two or more for a row; the label an integer or a text beside other outputs; the value one
    /// number for a row, of several the first float.
    package init(of signature: ModelSignature, labels: [String] = [], isLogits: Bool = false) {
        self.init(labels: labels, isLogits: isLogits)
        let outputs = signature.outputs
        scores = outputs.firstIndex { $0.isLabelMaps || ($0.isFloat && $0.holdsMany) }
        label =
            outputs.firstIndex { outputs.count > 1 && $0.isLabel }
            ?? outputs.firstIndex { $0.element == .text && $0.holdsOne }
            ?? scores.flatMap { outputs[$0].isLabelMaps ? $0 : nil }
        value = outputs.firstIndex { $0.isFloat && $0.holdsOne } ?? onlyWhole(outputs)
    }

    /// The only integer or boolean that no other role has.
    private func onlyWhole(_ outputs: [ModelSignature.Tensor]) -> Int? {
        let found = outputs.indices.filter { index in
            guard index != label, let element = outputs[index].element else { return false }
            return outputs[index].holdsOne && !element.isFloat && element != .text
        }
        return found.count == 1 ? found[0] : nil
    }
}

extension ModelSignature.Tensor {
    /// Nil of `labelMaps`.
    var element: ModelSignature.Element? {
        if case .tensor(let element) = kind { element } else { nil }
    }

    var isFloat: Bool { element?.isFloat == true }

    var isLabelMaps: Bool { element == nil }

    /// Elements of one row of an output; nil: any number, since a dimension behind the first is free.
    var outputElementCount: Int? {
        shape.dropFirst().contains(nil) ? nil : rowElementCount
    }

    var holdsOne: Bool { !isLabelMaps && outputElementCount == 1 }

    var holdsMany: Bool { !isLabelMaps && outputElementCount.map { $0 > 1 } ?? true }

    /// What a classifier calls the class itself: scikit-learn's `label` and `output_label`.
    fileprivate var isLabel: Bool {
        switch element {
        case .int64, .int32, .text: holdsOne
        default: false
        }
    }
}
