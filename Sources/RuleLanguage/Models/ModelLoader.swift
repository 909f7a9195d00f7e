/// Asks for the models that the files of one run name, each file once, and checks their declarations.
final class ModelLoader {
    private let attachments: (String) -> ModelAttachment
    private let withoutRuntime: MissingRuntime
    /// Every path that was asked for, in order.
    private(set) var paths: [String] = []
    private var found: [String: ModelAttachment] = [:]

    init(_ attachments: @escaping (String) -> ModelAttachment, withoutRuntime: MissingRuntime) {
        self.attachments = attachments
        self.withoutRuntime = withoutRuntime
    }

    /// The model of a declaration; nil when something was reported.
    func load(_ model: ModelSyntax, log: DiagnosticLog) -> ModelPlan? {
        let path = TableLoader.resolve(model.path.text, from: log.sources[model.span.file].name)
        let areLabelsSound = checkRepeats(model.labels, log)
        let signature: ModelSignature?
        switch attachment(path) {
        case .unusable(let reason):
            log.report(
                .unusableModel, model.path.span, "can't use the model `\(path)`: \(reason)",
                help: "a model is an .onnx file; its path is relative to this file's folder")
            return nil
        case .noRuntime(let advice):
            if withoutRuntime == .refused {
                log.report(
                    .missingRuntime, model.path.span, "models need ONNX Runtime, and it is not there", help: advice)
                return nil
            }
            signature = nil
        case .model(let known):
            if let problem = known.problem {
                log.report(
                    .unsupportedModel, model.path.span, "the model `\(path)` \(problem.message)", help: problem.help)
                return nil
            }
            signature = known
        }
        let labels = model.labels.map(\.text)
        let isLogits = model.logitsSpan != nil
        guard let signature else {
            let results = ModelResults(labels: labels, isLogits: isLogits)
            return ModelPlan(name: model.name.text, path: path, signature: nil, results: results)
        }
        let results = ModelResults(of: signature, labels: labels, isLogits: isLogits)
        guard checkScores(model, signature, results, log), areLabelsSound else { return nil }
        return ModelPlan(name: model.name.text, path: path, signature: signature, results: results)
    }

    private func attachment(_ path: String) -> ModelAttachment {
        if let known = found[path] { return known }
        paths.append(path)
        let attachment = attachments(path)
        found[path] = attachment
        return attachment
    }

    // MARK: Labels

    private func checkRepeats(_ labels: [PlainTextSyntax], _ log: DiagnosticLog) -> Bool {
        var seen: [[UInt8]: SourceSpan] = [:]
        var isSound = true
        for label in labels {
            guard let first = seen.updateValue(label.span, forKey: Array(label.text.utf8)) else { continue }
            log.report(
                .repeatedMember, label.span, "label `\(label.text)` is written twice", help: "name each class once",
                labels: [(first, "first written here")])
            isSound = false
        }
        return isSound
    }

    /// Labels name scores one by one, and logits are scores.
    private func checkScores(
        _ model: ModelSyntax, _ signature: ModelSignature, _ results: ModelResults, _ log: DiagnosticLog
    ) -> Bool {
        func refuse(_ span: SourceSpan, _ message: String, help: String) -> Bool {
            log.report(.labelsDoNotFit, span, message, help: help)
            return false
        }
        guard let scores = results.scores else {
            if let first = model.labels.first, let last = model.labels.last {
                return refuse(
                    first.span.to(last.span), "labels name the scores of classes, and this model has none",
                    help: "leave the labels out: \(results.described(signature))")
            }
            guard let span = model.logitsSpan else { return true }
            return refuse(
                span, "`logits` are scores of classes, and this model has none",
                help: "leave `logits` out: \(results.described(signature))")
        }
        let output = signature.outputs[scores]
        if let span = model.logitsSpan, output.isLabelMaps {
            return refuse(span, "the output `\(output.name)` holds probabilities already", help: "leave `logits` out")
        }
        guard let first = model.labels.first, let last = model.labels.last, !output.isLabelMaps,
            let count = output.outputElementCount, count != model.labels.count
        else { return true }
        let given = model.labels.count == 1 ? "1 label" : "\(model.labels.count) labels"
        return refuse(
            first.span.to(last.span), "the model has \(count) scores, and here are \(given)",
            help: "write one label for each score of `\(output.name)`, in its order")
    }
}
