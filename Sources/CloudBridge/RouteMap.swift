package import Messages

/// Which messages go upstream, under which topic, in which lane. Pure; asked when a message enters the outbox.
///
/// The first route whose filter matches decides. Each route is one lane, named by its filter: messages of one route are
/// carried in order. `{rest}` is what `#` matched, which may be nothing: then the `/` before it goes too.
package struct RouteMap: Sendable {
    private struct Entry: Sendable {
        var filter: [UInt8]
        var lane: String
        var parts: [Part]
        var qos: QoS
        /// Levels in front of `#`; nil: the filter has none.
        var levelsBeforeRest: Int?
    }

    private enum Part: Sendable {
        case text([UInt8])
        case topic
        case rest
    }

    /// Routes of one bridge at most.
    package static let routeCountMax = 256

    private let entries: [Entry]

    package init(
        routes: [UpstreamConfiguration.Route], node: String
    ) throws(ConfigurationProblems) {
        var problems: [String] = []
        if routes.isEmpty {
            problems.append("a bridge needs routes, such as { from: \"cloud/#\", to: \"{node}/{rest}\" }")
        }
        if routes.count > Self.routeCountMax { problems.append("a bridge has at most \(Self.routeCountMax) routes") }
        var entries: [Entry] = []
        for route in routes {
            if entries.contains(where: { $0.lane == route.from }) {
                problems.append("two routes come from '\(route.from)'; only the first would ever be used")
                continue
            }
            switch Self.entry(route, node: node) {
            case .success(let entry): entries.append(entry)
            case .failure(let problem): problems.append(problem.sentence)
            }
        }
        guard problems.isEmpty else { throw ConfigurationProblems(bridge: node, sentences: problems) }
        self.entries = entries
    }

    /// Names of the lanes, in the order of the routes.
    package var lanes: [String] { entries.map(\.lane) }

    /// The lane, the topic upstream and the highest QoS for a message of this topic; nil: no route takes it.
    package func mapped(topic: [UInt8]) -> (lane: String, topic: [UInt8], qos: QoS)? {
        let first = entries.first { TopicText.matches(name: topic, filter: $0.filter) }
        guard let entry = first else { return nil }
        var result: [UInt8] = []
        for part in entry.parts {
            switch part {
            case .text(let bytes):
                result.append(contentsOf: bytes)
            case .topic:
                result.append(contentsOf: topic)
            case .rest:
                let rest = Self.rest(of: topic, after: entry.levelsBeforeRest ?? 0)
                if rest.isEmpty, result.last == Self.separator { result.removeLast() }
                result.append(contentsOf: rest)
            }
        }
        return (entry.lane, result, entry.qos)
    }

    private static let separator = UInt8(ascii: "/")

    private static func rest(of topic: [UInt8], after levels: Int) -> ArraySlice<UInt8> {
        var position = topic.startIndex
        for _ in 0..<levels {
            guard let end = topic[position...].firstIndex(of: separator) else { return [] }
            position = end + 1
        }
        return topic[position...]
    }

    private struct Problem: Error {
        var sentence: String
    }

    private static func entry(_ route: UpstreamConfiguration.Route, node: String) -> Result<Entry, Problem> {
        let filter = Array(route.from.utf8)
        guard TopicText.isFilter(filter) else {
            return .failure(
                Problem(
                    sentence:
                        "'\(route.from)' is not a topic filter: + stands for one whole level, # for all that follow"))
        }
        let endsWithHash = filter.last == UInt8(ascii: "#")
        let levels = endsWithHash ? route.from.split(separator: "/", omittingEmptySubsequences: false).count - 1 : nil
        var parts: [Part] = []
        var text = ""
        var rest = route.to[...]
        while let open = rest.firstIndex(of: "{") {
            text += rest[..<open]
            guard let close = rest[open...].firstIndex(of: "}") else {
                return .failure(Problem(sentence: "'\(route.to)' has a { without its }"))
            }
            let placeholder = rest[rest.index(after: open)..<close]
            rest = rest[rest.index(after: close)...]
            switch placeholder {
            case "node":
                text += node
            case "topic":
                parts += [.text(Array(text.utf8)), .topic]
                text = ""
            case "rest":
                guard endsWithHash else {
                    return .failure(
                        Problem(
                            sentence: "{rest} is what # matched, and '\(route.from)' does not end with #"))
                }
                parts += [.text(Array(text.utf8)), .rest]
                text = ""
            default:
                return .failure(
                    Problem(
                        sentence: "{\(placeholder)} in '\(route.to)' is not known; known are {node}, {rest} and {topic}"
                    ))
            }
        }
        parts.append(.text(Array((text + rest).utf8)))
        let entry = Entry(
            filter: filter, lane: route.from, parts: parts, qos: route.qos, levelsBeforeRest: levels)
        let fixed = parts.flatMap { part -> [UInt8] in
            switch part {
            case .text(let bytes): bytes
            case .topic, .rest: [UInt8(ascii: "x")]
            }
        }
        guard TopicText.isName(fixed) else {
            return .failure(
                Problem(
                    sentence: "'\(route.to)' is not a topic to publish to; it must not be empty or hold + or #"))
        }
        return .success(entry)
    }
}
