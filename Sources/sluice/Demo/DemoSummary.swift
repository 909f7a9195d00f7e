/// How a demo ended, for people and for programs.
struct DemoSummary: Sendable, Equatable {
    struct Report: Sendable, Equatable {
        var title: String
        var sensor: String
        /// From the provocation to the reading that gave it away; `nil`: it was missed.
        var seconds: Double?
        var score: Double?
    }

    var sensors = 0
    var published = 0
    var acknowledged = 0
    var refused = 0
    var bytesIn = 0
    var bytesUp = 0
    var incidents: [Report] = []
    var cloudReceived = 0
    var summaries = 0
    var anomalies = 0
    var alarms = 0
    var lost = 0
    var duplicated = 0
    var outOfOrder = 0
    var redelivered = 0
    /// Messages at the cloud without the marks by which they are checked.
    var unmarked = 0
    var outageSeconds = 0.0
    var restarts = 0
    /// From start to end.
    var seconds = 0.0

    var incidentsReported: Int { incidents.count { $0.seconds != nil } }

    /// 100 when nothing had to go up.
    var savedPercent: Double {
        bytesIn > 0 ? ((1 - Double(bytesUp) / Double(bytesIn)) * 1_000).rounded() / 10 : 0
    }

    var isRight: Bool { wrong.isEmpty }

    /// What is not as it should be, each as a part of a sentence.
    var wrong: [String] {
        var wrong: [String] = []
        if lost > 0 { wrong.append("\(lost) lost") }
        if duplicated > 0 { wrong.append("\(duplicated) duplicated") }
        if outOfOrder > 0 { wrong.append("\(outOfOrder) out of order") }
        if unmarked > 0 { wrong.append("\(unmarked) without sequence numbers") }
        if refused > 0 { wrong.append("\(refused) readings refused") }
        for incident in incidents where incident.seconds == nil { wrong.append("\(incident.title) missed") }
        if cloudReceived == 0 { wrong.append("nothing came to the cloud") }
        return wrong
    }

    /// One line.
    var json: String {
        let members: [(String, String)] = [
            ("sensors", "\(sensors)"), ("published", "\(published)"), ("acknowledged", "\(acknowledged)"),
            ("bytes_in", "\(bytesIn)"), ("bytes_up", "\(bytesUp)"), ("saved_percent", "\(savedPercent)"),
            ("incidents_provoked", "\(incidents.count)"), ("incidents_reported", "\(incidentsReported)"),
            ("cloud_received", "\(cloudReceived)"), ("lost", "\(lost)"), ("duplicated", "\(duplicated)"),
            ("out_of_order", "\(outOfOrder)"), ("outage_seconds", DemoNumbers.oneDecimal(outageSeconds)),
            ("restarts", "\(restarts)"), ("redelivered", "\(redelivered)"), ("summaries", "\(summaries)"),
            ("anomalies", "\(anomalies)"), ("alarms", "\(alarms)"), ("refused", "\(refused)"),
            ("seconds", DemoNumbers.oneDecimal(seconds)),
        ]
        return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    var text: String {
        let alarmCount = alarms == 1 ? "1 alarm" : "\(alarms) alarms"
        let passed = "\(summaries) summaries, \(anomalies) anomalies, \(alarmCount)"
        var lines = [
            "",
            "What came in   \(DemoNumbers.grouped(published)) readings of \(sensors) sensors, "
                + "\(DemoNumbers.grouped(acknowledged)) acknowledged, each after it was stored: \(DemoNumbers.kilobytes(bytesIn))",
            "What went up   \(DemoNumbers.grouped(cloudReceived)) messages (\(passed)): \(DemoNumbers.kilobytes(bytesUp)), "
                + "\(savedPercent) % saved",
        ]
        for (number, incident) in incidents.enumerated() {
            let outcome: String
            if let seconds = incident.seconds, let score = incident.score {
                outcome =
                    "found at \(incident.sensor), z-score \(score), "
                    + "\(DemoNumbers.oneDecimal(max(seconds, 0))) s after it began"
            } else {
                outcome = "MISSED at \(incident.sensor)"
            }
            lines.append((number == 0 ? "Provoked       " : "               ") + "\(incident.title): \(outcome)")
        }
        let cut = outageSeconds > 0 ? "the cloud was cut off for \(DemoNumbers.oneDecimal(outageSeconds)) s, " : ""
        let again = redelivered > 0 ? ", sent again and dropped by its number \(redelivered)" : ""
        lines += [
            "Endured        \(cut)the gateway was ended with kill -9 and started again",
            "Checked        lost \(lost), duplicated \(duplicated), out of order \(outOfOrder)\(again)",
            "",
            isRight
                ? "All is well: every acknowledged reading is accounted for at the cloud, once and in order."
                : "NOT RIGHT: \(wrong.joined(separator: ", ")).",
        ]
        return lines.joined(separator: "\n")
    }
}
