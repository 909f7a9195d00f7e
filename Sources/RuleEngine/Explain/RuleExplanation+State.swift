import RuleLanguage

extension RuleExplanation {
    /// Bytes that a rule keeps, and their bound.
    struct State {
        /// With one event in a window that is bounded by time.
        var bytesPerGroup: Int
        /// What each further event adds, at most.
        var bytesPerEvent: Int
        var groupsMax: Int
        /// nil: `bytesPerEvent` and the limit of events decide.
        var bytesMax: Int?
    }

    var stateSize: State? {
        guard size.hasGroups else { return nil }
        let groups = options.groupsMax
        let bytes = size.bytesPerGroup(groups: groups, events: 1)
        guard size.growsWithEvents else {
            return State(bytesPerGroup: bytes, bytesPerEvent: 0, groupsMax: groups, bytesMax: bytes * groups)
        }
        // Memory doubles when it is full, so right after that an event has taken twice what it needs.
        let many = 1 << 16
        let more = size.bytesPerGroup(groups: groups, events: many + 2) - bytes
        let perEvent = (more + many - 1) / many
        return State(bytesPerGroup: bytes, bytesPerEvent: perEvent, groupsMax: groups, bytesMax: nil)
    }

    var state: [String] {
        guard let state = stateSize else { return ["none: each event is judged by itself"] }
        var text = "about \(state.bytesPerGroup) bytes for each group"
        if state.bytesPerEvent > 0 { text += ", and up to \(state.bytesPerEvent) for each event in its window" }
        let groups = "at most \(state.groupsMax) groups"
        let bound =
            state.bytesMax.map { "\(groups), so at most \(RuleExplanation.shown($0))" }
            ?? "\(groups), with at most \(options.windowValuesMax) events each"
        return [text, bound]
    }

    /// Bytes in the largest unit of which there is at least one.
    static func shown(_ bytes: Int) -> String {
        let units = ["bytes", "KB", "MB", "GB", "TB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let rounded = unit == 0 || value >= 100 ? "\(Int(value.rounded()))" : "\((value * 10).rounded() / 10)"
        return "\(rounded) \(units[unit])"
    }

    // MARK: JSON

    /// One object; what the rule does not have is null or an empty list.
    package var json: String {
        func text(_ text: String?) -> JSONObject.Member { text.map { .text($0) } ?? .null }
        return JSONObject([
            ("rule", .text(plan.name)), ("title", text(plan.title)),
            ("sources", .raw(list(plan.sources.map(json)))), ("reads", .texts(reads)),
            ("at", text(plan.eventTime.map { words.text($0.expression) })),
            ("steps", .texts(plan.steps.map(step))), ("window", text(window)), ("aggregates", .texts(aggregates)),
            ("models", .raw(list(modelObjects))),
            ("lets", .texts(plan.windowLets.map { "\($0.name) = \(words.text($0.expression))" })),
            ("when", text(when)), ("limit", text(limit)), ("publishes", .raw(list(plan.publishes.map(json)))),
            ("state", stateSize.map { .raw(json($0)) } ?? .null),
        ]).text
    }

    private func list(_ objects: [String]) -> String { "[" + objects.joined(separator: ", ") + "]" }

    private func json(_ source: SourcePlan) -> String {
        JSONObject([
            ("topic", .text(RuleSourceText.topic(source, plan))), ("as", .text("\(source.decoding)")),
            ("fields", .texts(source.schema?.map(\.name) ?? [])),
        ]).text
    }

    private func json(_ publish: PublishPlan) -> String {
        JSONObject([
            ("topic", .text(words.text(publish.topic))), ("qos", .number(Int(publish.qos))),
            ("retain", .boolean(publish.retain)), ("on_clear", .boolean(publish.onClear)),
            ("payload", .text(body(publish))),
        ]).text
    }

    private func json(_ state: State) -> String {
        JSONObject([
            ("bytes_per_group", .number(state.bytesPerGroup)), ("bytes_per_event", .number(state.bytesPerEvent)),
            ("groups_max", .number(state.groupsMax)), ("bytes_max", state.bytesMax.map { .number($0) } ?? .null),
        ]).text
    }
}
