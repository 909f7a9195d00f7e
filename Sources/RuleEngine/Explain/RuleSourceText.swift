import RuleLanguage

/// Topics and windows of a plan as words.
enum RuleSourceText {
    static func topic(_ source: SourcePlan, _ plan: RulePlan) -> String {
        source.levels.map { level($0, plan) }.joined(separator: "/")
    }

    private static func level(_ level: SourcePlan.Level, _ plan: RulePlan) -> String {
        switch level {
        case .literal(let text): text
        case .any: "+"
        case .rest: "#"
        case .capture(let slot): "{\(plan.captures[slot])}"
        case .captureRest(let slot): "{\(plan.captures[slot])...}"
        }
    }

    /// The first place in which a topic differs from a source that does not match it.
    static func mismatch(_ source: SourcePlan, _ plan: RulePlan, _ topic: [UInt8]) -> String {
        let shown = self.topic(source, plan)
        let levels = topic.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        let text = String(decoding: topic, as: UTF8.self)
        let refusal = "\(shown) does not match \(text)"
        for (index, level) in source.levels.enumerated() {
            if case .rest = level { return "\(refusal): wildcards do not take topics that begin with `$`" }
            guard index < levels.count else { return "\(refusal), which has only \(levels.count) levels" }
            if case .literal(let literal) = level, literal != levels[index] {
                return "\(refusal): level \(index + 1) is `\(levels[index])`, not `\(literal)`"
            }
            if case .captureRest = level { return "\(refusal): wildcards do not take topics that begin with `$`" }
        }
        return levels.count > source.levels.count
            ? "\(refusal), which has \(levels.count) levels"
            : "\(refusal): wildcards do not take topics that begin with `$`"
    }

    static func window(_ window: WindowPlan, _ words: ExpressionText) -> String {
        let each = window.by.isEmpty ? "" : " of each \(window.by.map(words.text).joined(separator: ", "))"
        switch window.kind {
        case .lastCount(let count): return "the newest \(count) events\(each), evaluated at each event"
        case .lastDuration(let length):
            return "the events of the last \(words.duration(length))\(each), evaluated at each event"
        case .everyCount(let count): return "\(count) events\(each), evaluated at the last of them"
        case .every(let hop, let length, let zone):
            let place = zone.map { ", by the clock of \($0)" } ?? ""
            guard let length else {
                return "the events of \(words.duration(hop))\(each), evaluated at its end\(place)"
            }
            return "the events of \(words.duration(length))\(each), evaluated every \(words.duration(hop))\(place)"
        case .session(let gap):
            return "the events\(each) with at most \(words.duration(gap)) between them, evaluated after that pause"
        case .silent(let gap, let among):
            let which = among.map { " among the keys of \($0)" } ?? ""
            return "all events\(each)\(which), evaluated when none came for \(words.duration(gap))"
        }
    }
}
