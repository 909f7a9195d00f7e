/// A model that a rule calls, under the name that its file gives it.
package struct ModelPlan: Sendable, Equatable {
    package var name: String
    /// As the compiler asked for it: the naming file's folder and the written path.
    package var path: String
    /// Nil: ONNX Runtime is not there, and the caller chose to go on without; every call gives missing.
    package var signature: ModelSignature?
    package var results: ModelResults

    package init(name: String, path: String, signature: ModelSignature?, results: ModelResults) {
        self.name = name
        self.path = path
        self.signature = signature
        self.results = results
    }
}

/// Which output of a model is what a rule calls `.scores`, `.label` and `.value`, by place among the outputs.
package struct ModelResults: Sendable, Equatable {
    /// The scores of classes, two or more for a row: `.scores`, `.class`, `.confidence`.
    package var scores: Int?
    /// The model's own label, one for a row: an integer or a text. Of `labelMaps` the key of the greatest score.
    package var label: Int?
    /// One number for a row: `.value`.
    package var value: Int?
    /// Declared labels, by class; empty: none were.
    package var labels: [String]
    /// Whether softmax makes scores of the output.
    package var isLogits: Bool

    package init(
        scores: Int? = nil, label: Int? = nil, value: Int? = nil, labels: [String] = [], isLogits: Bool = false
    ) {
        self.scores = scores
        self.label = label
        self.value = value
        self.labels = labels
        self.isLogits = isLogits
    }
}

/// A call of a model in a rule. Equal calls share a slot.
package struct ModelCallPlan: Sendable {
    /// Index in the rule's `models`.
    package var model: Int
    /// For each input of the model, in its order, what fills it; lists are flattened.
    package var inputs: [[Expression]]
    /// The call as canonical text, as in `AggregatePlan`.
    package var canonicalText: String

    package init(model: Int, inputs: [[Expression]], canonicalText: String) {
        self.model = model
        self.inputs = inputs
        self.canonicalText = canonicalText
    }
}
