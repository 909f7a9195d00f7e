/// The same recording through two sets of rules: what the newer one adds and what it no longer gives. Outputs are the
/// same when a subscriber could not tell them apart; the name of the rule does not count.
package struct ReplayDiff {
    private struct Key: Hashable {
        var time: Int64
        var topic: [UInt8]
        var payload: [UInt8]
        var qos: UInt8
        var retain: Bool
        var expires: Int64?
    }
    /// An output that the other set has not given (yet).
    private struct Pending {
        var output: RuleOutput
        var isNew: Bool
        var order: Int
    }

    private var old: ReplayRun
    private var new: ReplayRun
    private var pending: [Key: [Pending]] = [:]
    private var order = 0
    private let engineTopics: Bool
    package private(set) var sameCount = 0
    package private(set) var addedCount = 0
    package private(set) var removedCount = 0

    package init(old: RuleEngine, new: RuleEngine, engineTopics: Bool) {
        self.old = ReplayRun(old)
        self.new = ReplayRun(new)
        self.engineTopics = engineTopics
    }

    package var earlierLines: Int { new.earlierLines }
    /// Of the newer rules.
    package var statistics: [RuleStatistics] { new.statistics }

    package mutating func take(_ line: ReplayLine) {
        var outputs: [RuleOutput] = []
        old.take(line, into: &outputs)
        compare(outputs, isNew: false)
        outputs.removeAll(keepingCapacity: true)
        new.take(line, into: &outputs)
        compare(outputs, isNew: true)
    }

    /// Ends both runs. Appends what differs in the order of time: lines as of a replay, each behind `+ ` or `- `.
    package mutating func finish(drain: Bool, into text: inout [UInt8]) {
        var outputs: [RuleOutput] = []
        old.finish(drain: drain, into: &outputs)
        compare(outputs, isNew: false)
        outputs.removeAll(keepingCapacity: true)
        new.finish(drain: drain, into: &outputs)
        compare(outputs, isNew: true)
        let rest = pending.values.joined().sorted { left, right in
            let (first, second) = (left.output.evaluationNanoseconds, right.output.evaluationNanoseconds)
            return first == second ? left.order < right.order : first < second
        }
        for difference in rest {
            if difference.isNew { addedCount += 1 } else { removedCount += 1 }
            text += [UInt8(ascii: difference.isNew ? "+" : "-"), UInt8(ascii: " ")]
            ReplayOutput.append(difference.output, to: &text)
            text.append(UInt8(ascii: "\n"))
        }
    }

    private mutating func compare(_ outputs: [RuleOutput], isNew: Bool) {
        for output in outputs where engineTopics || !output.isEngineTopic {
            let key = Key(
                time: output.evaluationNanoseconds, topic: output.topic, payload: output.payload, qos: output.qos,
                retain: output.retain, expires: output.expiresNanoseconds)
            var waiting = pending[key] ?? []
            if let first = waiting.first, first.isNew != isNew {
                waiting.removeFirst()
                sameCount += 1
            } else {
                order += 1
                waiting.append(Pending(output: output, isNew: isNew, order: order))
            }
            pending[key] = waiting.isEmpty ? nil : waiting
        }
    }
}
