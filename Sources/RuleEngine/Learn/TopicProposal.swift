import RuleLanguage

/// The topic that was asked for, `sensors/{sensor}/#` or `sensors/+/#`, and the one that is proposed.
struct TopicProposal: Sendable {
    private enum Asked: Equatable, Sendable {
        case literal(String)
        case any(name: String?)
        case rest(name: String?)
    }

    private let asked: [Asked]

    init(_ topic: String) {
        asked = topic.split(separator: "/", omittingEmptySubsequences: false).map { level in
            if level == "+" { return .any(name: nil) }
            if level == "#" { return .rest(name: nil) }
            guard level.hasPrefix("{"), level.hasSuffix("}") else { return .literal(String(level)) }
            let name = level.dropFirst().dropLast()
            return name.hasSuffix("...") ? .rest(name: String(name.dropLast(3))) : .any(name: String(name))
        }
    }

    /// The filter to subscribe to.
    var filter: String {
        asked.map { level in
            switch level {
            case .literal(let text): text
            case .any: "+"
            case .rest: "#"
            }
        }.joined(separator: "/")
    }

    func takes(_ topic: [String]) -> Bool {
        for (position, level) in asked.enumerated() {
            switch level {
            case .rest: return true
            case .any: if position >= topic.count { return false }
            case .literal(let text): if position >= topic.count || topic[position] != text { return false }
            }
        }
        return asked.count == topic.count
    }

    /// For each level the name of a capture, or nil where it is always the same.
    func captures(_ levels: [LearnedShape.Level]) -> [String?] {
        var used: Set<String> = []
        return levels.indices.map { position in
            let level = position < asked.count ? asked[position] : asked.last ?? .rest(name: nil)
            switch level {
            case .literal: return nil
            case .any(let name): return unused(name ?? proposed(levels, position), &used)
            case .rest:
                guard levels[position].values.count > 1 else { return nil }
                return unused(proposed(levels, position), &used)
            }
        }
    }

    /// The level before names the things where it is a plural: `sensors/{sensor}`.
    private func proposed(_ levels: [LearnedShape.Level], _ position: Int) -> String {
        guard position > 0, levels[position - 1].values.count == 1, let before = levels[position - 1].values.first,
            before.count > 2, before.hasSuffix("s"), !before.hasSuffix("ss"), LearnedText.isWord(before)
        else { return "level\(position + 1)" }
        let single = String(before.dropLast())
        return RuleWords.isReserved(single) ? single + "_" : single
    }

    private func unused(_ name: String, _ used: inout Set<String>) -> String {
        var result = name
        var number = 2
        while !used.insert(result).inserted {
            result = "\(name)\(number)"
            number += 1
        }
        return result
    }

    /// The inside of the quotes.
    func text(_ levels: [LearnedShape.Level], _ captures: [String?]) -> String {
        zip(levels, captures).map { level, capture in
            capture.map { "{\($0)}" } ?? LearnedText.escaped(level.values.first ?? "")
        }.joined(separator: "/")
    }
}
