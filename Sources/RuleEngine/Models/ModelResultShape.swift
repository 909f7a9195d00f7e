import RuleLanguage

/// What is known of a model's results before there is one: which output is what, and the texts, made once: names of
/// members and outputs, labels, the model's own name. Values that point at them are valid as long as the rule is.
@safe
final class ModelResultShape {
    /// In the order in which a result has them.
    enum Member: Int, CaseIterable {
        case classIndex, label, confidence, scores, value, outputs, time, model, sha256

        var text: String {
            switch self {
            case .classIndex: "class"
            case .label: "label"
            case .confidence: "confidence"
            case .scores: "scores"
            case .value: "value"
            case .outputs: "outputs"
            case .time: "time_ms"
            case .model: "model"
            case .sha256: "sha256"
            }
        }
    }

    private let bytes: FixedBuffer<UInt8>
    private let members: [Value]
    /// Whether there is a model to run.
    let isThere: Bool
    let results: ModelResults
    /// Of each output.
    let areMaps: [Bool]
    let name: Value
    let sha256: Value
    let outputs: [Value]
    let labels: [Value]
    /// Scratch of `ModelResult`.
    @exclusivity(unchecked) @safe var parts: [ModelOutput] = []

    init(_ plan: ModelPlan) {
        var bytes: [UInt8] = []
        var ranges: [Range<Int>] = []
        func add(_ text: String) {
            ranges.append(bytes.count..<bytes.count + text.utf8.count)
            bytes += text.utf8
        }
        isThere = plan.signature != nil
        results = plan.results
        areMaps = (plan.signature?.outputs ?? []).map { if case .labelMaps = $0.kind { true } else { false } }
        for member in Member.allCases { add(member.text) }
        add(plan.name)
        add(plan.signature?.sha256 ?? "")
        let outputs = plan.signature?.outputs ?? []
        for output in outputs { add(output.name) }
        for label in plan.results.labels { add(label) }
        let kept = FixedBuffer(bytes)
        let values = ranges.map { Value.text(kept.slice($0.lowerBound, count: $0.count)) }
        self.bytes = kept
        let memberCount = Member.allCases.count
        members = Array(values[..<memberCount])
        name = values[memberCount]
        sha256 = values[memberCount + 1]
        self.outputs = Array(values[(memberCount + 2)..<(memberCount + 2 + outputs.count)])
        labels = Array(values[(memberCount + 2 + outputs.count)...])
    }

    deinit { bytes.deallocate() }

    subscript(_ member: Member) -> Value { members[member.rawValue] }
}
