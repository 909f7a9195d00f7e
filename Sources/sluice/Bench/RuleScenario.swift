import RuleEngine
import RuleLanguage

/// What `sluice bench rules` measures: rules, and recorded messages for them that are made before the clock runs.
struct RuleScenario: Sendable {
    var name: String
    var rules: String
    /// Topics in the order in which messages come; each gets as many as the others.
    var topics: [String]
    /// Of one message: its payload, from its number.
    var payload: @Sendable (Int) -> String
    /// Different payloads; more than the first-level cache holds, so that no branch is learnt by heart.
    var payloadCount = 4_096
    /// Nanoseconds of the engine's clock between two messages.
    var step: Int64 = 1_000_000
    /// Evaluations that one message causes.
    var rulesPerMessage = 1
    /// Least messages (or evaluations) per second that the product promises; 0: nothing promised.
    var required: Double = 0

    /// A JSON object of about 120 bytes with six members, as sensors send them. `value` lies in 0 ..< 100.
    static func reading(_ number: Int, value: Double) -> String {
        let text = String(Double(Int(value * 1_000)) / 1_000)
        let machine = "hall-3/press-\(number % 1_000 + 1_000)/bearing"
        return "{\"id\":\"\(machine)\",\"seq\":\(100_000 + number),\"value\":\(text),"
            + "\"unit\":\"C\",\"quality\":\"good\",\"time\":\(1_700_000_000_000 + number * 10)}"
    }

    /// Even, and the same in each run.
    static func value(_ number: Int) -> Double {
        var bits = UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15
        bits = (bits ^ bits >> 29) &* 0xBF58_476D_1CE4_E5B9
        return Double(bits >> 40) / Double(1 << 24) * 100
    }

    static func sensors(_ count: Int) -> [String] { (0..<count).map { "sensors/s\($0)/reading" } }
}

extension RuleScenario {
    static let filter = RuleScenario(
        name: "filter on one field",
        rules: """
            rule hot { from "sensors/{sensor}/reading" where .value > 99 publish "cloud/hot/{sensor}" { v: .value } }
            """,
        topics: sensors(1), payload: { reading($0, value: value($0)) }, required: 2_000_000)

    static let zscore = RuleScenario(
        name: "z-score over last 100, 1,000 groups",
        rules: """
            rule spike {
              from "sensors/{sensor}/reading"
              window last 100 by sensor
              when count() >= 10 and abs(zscore(.value)) > 3
              publish "cloud/anomalies/{sensor}" { v: .value, z: zscore(.value) }
            }
            """,
        topics: sensors(1_000), payload: { reading($0, value: value($0)) }, required: 1_000_000)

    /// A hundred messages per group and window.
    static let summary = RuleScenario(
        name: "every 10s mean min max p95, 10,000 groups",
        rules: """
            rule summary {
              from "sensors/{sensor}/reading"
              window every 10s by sensor
              publish "cloud/summary/{sensor}" {
                mean: mean(.value), low: min(.value), high: max(.value), p95: percentile(.value, 95)
              }
            }
            """,
        topics: sensors(10_000), payload: { reading($0, value: value($0)) }, step: 10_000, required: 800_000)

    static let hundred = RuleScenario(
        name: "100 filters on one topic",
        rules: (0..<100).map {
            "rule r\($0) { from \"sensors/{sensor}/reading\" where .value > 99.\($0 + 100) "
                + "publish \"cloud/r\($0)/{sensor}\" { v: .value } }\n"
        }.joined(),
        topics: sensors(1), payload: { reading($0, value: value($0)) }, rulesPerMessage: 100, required: 10_000_000)

    /// So many rules, each on a topic of its own; messages come on one of them.
    static func many(_ count: Int) -> RuleScenario {
        RuleScenario(
            name: "\(count) rules on \(count) topics, messages on one",
            rules: (0..<count).map {
                "rule r\($0) { from \"plant/\($0)/reading\" where .value > 99 publish \"cloud/r\($0)\" { v: .value } }\n"
            }.joined(),
            topics: ["plant/\(count / 2)/reading"], payload: { reading($0, value: value($0)) })
    }

    /// A window of so many messages, of one group.
    static func last(_ count: Int) -> RuleScenario {
        RuleScenario(
            name: "mean over last \(count)", rules: slidingRule("last \(count)"), topics: sensors(1),
            payload: { reading($0, value: value($0)) })
    }

    /// A window that holds so many messages by its length in time.
    static func lastMilliseconds(_ count: Int) -> RuleScenario {
        RuleScenario(
            name: "mean over last \(count)ms", rules: slidingRule("last \(count)ms"), topics: sensors(1),
            payload: { reading($0, value: value($0)) })
    }

    private static func slidingRule(_ window: String) -> String {
        """
        rule m {
          from "sensors/{sensor}/reading"
          window \(window) by sensor
          when mean(.value) > 99 or max(.value) < 1
          publish "cloud/m/{sensor}" { v: mean(.value) }
        }
        """
    }
}
