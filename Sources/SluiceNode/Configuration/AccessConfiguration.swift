import Messages

/// One access rule. It fits a client when `identity` and `listener`, where given, both fit.
///
/// Keys: `identity` (a name, or with `*` for any part of one), `listener` (a name), `publish` and `subscribe` (topic
/// filters; `{identity}` stands for the name that the client's certificate proved), `deny` (default no: with it, what the
/// filters match is refused).
package struct AccessConfiguration: Sendable, Equatable {
    package var identity: String?
    package var listener: String?
    package var publish: [String]
    package var subscribe: [String]
    package var deny: Bool

    package init(
        identity: String? = nil, listener: String? = nil, publish: [String] = [], subscribe: [String] = [],
        deny: Bool = false
    ) {
        self.identity = identity
        self.listener = listener
        self.publish = publish
        self.subscribe = subscribe
        self.deny = deny
    }
}

extension AccessConfiguration {
    /// Everything, the node's own topics included, for clients of `listener`.
    static func open(_ listener: String) -> AccessConfiguration {
        AccessConfiguration(listener: listener, publish: ["#"], subscribe: ["#", "$SYS/#", "$sluice/#"])
    }

    /// `listenerNames` is nil when the listeners are themselves wrong: then their names are not compared.
    static func read(_ section: ConfigurationSection, listenerNames: [String]?) -> AccessConfiguration {
        let rule = AccessConfiguration(
            identity: section.text("identity")?.text,
            listener: section.text("listener")?.text,
            publish: filters("publish", in: section),
            subscribe: filters("subscribe", in: section),
            deny: section.flag("deny") ?? false)
        section.finish()
        if let listener = rule.listener, let listenerNames, !listenerNames.contains(listener) {
            let hint = NearestName.of(listener, among: listenerNames).map { "; did you mean \"\($0)\"?" } ?? ""
            section.problem("no listener is called \"\(listener)\"\(hint)", at: "listener")
        }
        if !section.has("publish") && !section.has("subscribe") {
            section.problem("an access rule needs \"publish\" or \"subscribe\": a list of topic filters")
        }
        return rule
    }

    private static func filters(_ key: String, in section: ConfigurationSection) -> [String] {
        section.texts(key).compactMap { value in
            let example = value.text.replacing("{identity}", with: "x")
            if let brace = example.firstIndex(where: { $0 == "{" || $0 == "}" }) {
                section.problem(
                    "\"\(value.text)\": only {identity} can stand for a part of a topic here, not \"\(example[brace...])\"",
                    at: value.place)
                return nil
            }
            guard TopicText.isFilter(Array(example.utf8)) else {
                section.problem(
                    "\"\(value.text)\" is not a topic filter: \"+\" stands for one whole level, \"#\" for all that follow",
                    at: value.place)
                return nil
            }
            return value.text
        }
    }
}
