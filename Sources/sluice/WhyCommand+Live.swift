import Dispatch
import Foundation
import Messages
import MosquittoClient
import RuleEngine
import RuleLanguage

// Messages as they come from a broker.

extension WhyCommand {
    /// Only the asked rule runs here: what other rules publish to it comes from the broker, as the node there computes
    /// it from windows that are full.
    func followLive(_ rule: RulePlan) throws {
        let plan = RuleSetPlan(rules: [rule])
        try checkTopic(plan, rule)
        let filters = Self.filters(of: rule)
        let connection = try client.connectionOptions()
        let queue = MessageQueue()
        let signals = EndSignals { queue.end() }
        var live = LiveWhy(
            why: try Self.why(plan, rule), rule: rule, topic: topic.map { Array($0.utf8) }, countMax: count ?? 1,
            warmCount: warm ?? 0, format: format)
        try reportingUsage {
            let session = try MosquittoSession(
                .init(connection: connection, reconnects: true),
                handlers: .init(
                    message: { queue.take($0) },
                    disconnected: { StandardError.say("\($0.message); connecting again") }))
            try session.connect()
            for filter in filters {
                do {
                    // The highest QoS, so that `qos()` is that of the message.
                    try session.subscribe(filter: filter, qos: .exactlyOnce)
                } catch let error as MosquittoError {
                    guard case .refused = error.code else { throw error }
                    session.disconnect()
                    throw CommandFailure(.notRight, error.message)
                }
            }
            StandardError.say(
                "listening to \(filters.joined(separator: ", ")) at \(connection.place); windows know only what came "
                    + "since")
            live.run(queue, afterSeconds: after ?? 0, seconds: seconds)
            session.disconnect(drainMilliseconds: 1_000)
        }
        signals.cancel()
        if queue.lostCount > 0 {
            StandardError.say("\(queue.lostCount) messages came faster than they could be taken, and were left out")
        }
        if !queue.isOver, let sentence = live.complaint(seconds: seconds ?? 0, filters) {
            throw CommandFailure(.notRight, sentence)
        }
    }

    /// A topic that the rule can't take would never come.
    private func checkTopic(_ plan: RuleSetPlan, _ rule: RulePlan) throws {
        guard let topic else { return }
        var probe = try Self.why(plan, rule)
        let report = probe.explain(ReplayLine(topic: Array(topic.utf8), payload: [], timeNanoseconds: 0))
        if report.takes.isEmpty { throw CommandFailure(.notRight, report.text) }
    }

    /// What the rule takes and what its `latest` asks for; without those that another of them covers.
    static func filters(of rule: RulePlan) -> [String] {
        let all = (rule.sources + rule.latestTopics).map(\.filter)
        var result: [String] = []
        for (index, filter) in all.enumerated() where !result.contains(filter) {
            // Of a filter as a name `+` is a level like any other, which `+` and `#` take.
            let isCovered = all.enumerated().contains { other in
                other.offset != index && other.element != filter
                    && TopicText.matches(name: Array(filter.utf8), filter: Array(other.element.utf8))
                    && !(filter.contains("#") && !other.element.hasSuffix("#"))
            }
            if !isCovered { result.append(filter) }
        }
        return result
    }
}

/// The rule that is asked about, and how far the messages have come.
struct LiveWhy {
    var why: RuleWhy
    let rule: RulePlan
    /// Only messages on this topic are shown.
    let topic: [UInt8]?
    let countMax: Int
    let warmCount: Int
    let format: CheckCommand.Format

    private(set) var arrivedCount = 0
    private(set) var takenCount = 0
    private(set) var shownCount = 0
    private var lastRefusal: String?

    init(
        why: RuleWhy, rule: RulePlan, topic: [UInt8]?, countMax: Int, warmCount: Int, format: CheckCommand.Format
    ) {
        self.why = why
        self.rule = rule
        self.topic = topic
        self.countMax = countMax
        self.warmCount = warmCount
        self.format = format
    }

    /// Takes messages until enough were shown, the time is over, or the queue is.
    mutating func run(_ queue: MessageQueue, afterSeconds: Double, seconds: Double?) {
        let showsFrom = Int64((Date().timeIntervalSince1970 + afterSeconds) * 1e9)
        let end = seconds.map { DispatchTime.now() + $0 } ?? .distantFuture
        while true {
            let batch = queue.next(until: end)
            if batch.isEmpty { return }
            for arrived in batch {
                if queue.isOver || shownCount >= countMax { return }
                if !take(arrived, isEarly: arrived.timeNanoseconds < showsFrom) {
                    queue.end()
                    return
                }
            }
            if shownCount >= countMax || DispatchTime.now() >= end { return }
        }
    }

    /// False when nobody reads any more.
    private mutating func take(_ arrived: MessageQueue.Arrived, isEarly: Bool) -> Bool {
        let message = arrived.message
        var line = ReplayLine(
            topic: message.topic, payload: message.payload, timeNanoseconds: arrived.timeNanoseconds)
        line.qos = message.qos.rawValue
        line.retained = message.retain
        for property in message.properties.user { line.append(property: property.name, property.value) }
        arrivedCount += 1
        let report = why.explain(line)
        guard !report.takes.isEmpty else {
            // What only `latest` asks for is no message that the rule refused.
            if message.retain { lastRefusal = report.refusals.first }
            return true
        }
        takenCount += 1
        guard takenCount > warmCount, !isEarly, topic == nil || topic == message.topic else { return true }
        if shownCount > 0, format == .text, !StandardOutput.write([UInt8(ascii: "\n")]) { return false }
        shownCount += 1
        return WhyCommand.write(report, format)
    }

    /// Why fewer messages were shown than asked for; nil when enough were.
    func complaint(seconds: Double, _ filters: [String]) -> String? {
        guard shownCount < countMax else { return nil }
        let time = "\(seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)) s"
        if arrivedCount == 0 {
            return "no message came on \(filters.joined(separator: ", ")) in \(time); wait longer with --seconds, or "
                + "see what there is with \"sluice sub -t '#' -v\""
        }
        let came = arrivedCount == 1 ? "1 message" : "\(arrivedCount) messages"
        if takenCount == 0 {
            return "\(came) came in \(time), and rule \(rule.name) took none" + (lastRefusal.map { ": \($0)" } ?? "")
        }
        return "\(shownCount) of \(countMax) messages to show came in \(time); rule \(rule.name) took \(takenCount)"
    }
}
