extension SourcePlan {
    /// The MQTT topic filter that brings every message of the source. `{name...}` takes one level or more, for which
    /// MQTT has no word: `+/#` stands for it.
    package var filter: String {
        levels.map { level in
            switch level {
            case .literal(let text): text
            case .any, .capture: "+"
            case .rest: "#"
            case .captureRest: "+/#"
            }
        }.joined(separator: "/")
    }
}
