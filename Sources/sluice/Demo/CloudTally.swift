import Foundation

/// What has come to the cloud so far, checked and counted.
struct CloudTally: Sendable {
    /// Different messages.
    private(set) var received = 0
    private(set) var summaries = 0
    private(set) var alarms = 0
    private(set) var anomalyCount = 0
    /// The first ones; a demo makes a few hundred.
    private(set) var anomalies: [Anomaly] = []
    /// Payload and topic of everything that arrived, repetitions too.
    private(set) var bytes = 0
    /// Readings that the summaries tell of, by sensor.
    private(set) var summarized: [String: Int] = [:]
    /// Messages that do not carry what a check needs.
    private(set) var unmarked = 0
    private(set) var check = DeliveryCheck()
    /// When the last message arrived; seconds of the demo's clock.
    private(set) var lastArrival = 0.0

    private static let anomalyCountMax = 100_000

    private struct Summary: Decodable {
        var sensor: String
        var n: Int
    }

    /// `properties` are the message's user properties; of a repeated name the last counts.
    mutating func note(
        topic: [UInt8], payload: [UInt8], properties: [(name: String, value: String)], atSecond second: Double
    ) {
        lastArrival = second
        bytes += topic.count + payload.count
        var marks: [String: String] = [:]
        for property in properties { marks[property.name] = property.value }
        guard let epoch = marks["x-epoch"], let lane = marks["x-lane"], let id = marks["x-mid"],
            let sequence = marks["x-seq"].flatMap({ UInt64($0) })
        else {
            unmarked += 1
            return
        }
        // NODE/KIND/SENSOR
        let levels = String(decoding: topic, as: UTF8.self).split(separator: "/", omittingEmptySubsequences: false)
        let kind = levels.count == 3 ? levels[1] : ""
        let arrival = DeliveryCheck.Arrival(
            epoch: epoch, lane: lane, sequence: sequence, id: id, topic: topic, payload: payload)
        switch check.note(arrival, isOneOfItsKind: kind == "anomalies" || kind == "alarms") {
        case .redelivered: return
        case .duplicated, .new: received += 1
        }
        switch kind {
        case "anomalies":
            anomalyCount += 1
            if anomalies.count < Self.anomalyCountMax,
                let anomaly = try? JSONDecoder().decode(Anomaly.self, from: Data(payload))
            {
                anomalies.append(anomaly)
            }
        case "summary":
            summaries += 1
            if let summary = try? JSONDecoder().decode(Summary.self, from: Data(payload)) {
                summarized[summary.sensor, default: 0] += summary.n
            }
        case "alarms": alarms += 1
        default: return
        }
    }
}
