/// Something unusual, done on purpose, which the rules must find and whose report must reach the cloud.
struct Incident: Sendable, Equatable {
    enum Sign: Sendable, Equatable {
        /// A value so much above the mean of those before.
        case rise(Double)
        /// Exactly this value.
        case value(Double)
    }

    /// As in a sentence: "a CPU burst".
    var title: String
    /// Name of the sensor that must notice.
    var sensor: String
    var sign: Sign
    /// How far the sensor's values move; `nil`: far, whatever they were before.
    var height: Double?
    /// Milliseconds since the Unix epoch; `nil`: not provoked yet.
    var beganAt: Int64?

    /// A report may be so much later than the start: the burst, a gateway that is down, a machine that is busy.
    private static let reportMilliseconds: Int64 = 25_000
    /// Readings taken just before the start were on their way.
    private static let toleranceMilliseconds: Int64 = 50

    /// A window whose values vary more than this part of the height would swallow it.
    private static let steadyPart = 0.15

    /// Whether `readings`, the sensor's latest, are steady enough for the incident to stand out.
    func standsOut(of readings: [Double]) -> Bool {
        guard let height else { return true }
        guard !readings.isEmpty else { return false }
        let mean = readings.reduce(0, +) / Double(readings.count)
        let variance = readings.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(readings.count)
        return variance.squareRoot() <= Self.steadyPart * height
    }

    /// A spike whose value is not known yet.
    var isOpen: Bool {
        if case .value(let value) = sign { return value.isNaN }
        return false
    }

    /// Whether `anomaly` is the report of this incident and not of something else.
    func isReported(by anomaly: Anomaly) -> Bool {
        guard let beganAt, anomaly.sensor == sensor else { return false }
        switch sign {
        case .value(let value): return anomaly.value == value
        case .rise(let step):
            let isInTime =
                anomaly.timestamp >= beganAt - Self.toleranceMilliseconds
                && anomaly.timestamp <= beganAt + Self.reportMilliseconds
            return isInTime && anomaly.value >= anomaly.mean + step
        }
    }

    /// The first report among those that arrived.
    func report(among anomalies: [Anomaly]) -> Anomaly? {
        anomalies.first { isReported(by: $0) }
    }
}

/// What the spike rule says of one reading.
struct Anomaly: Sendable, Equatable, Decodable {
    var sensor: String
    var value: Double
    var score: Double
    var mean: Double
    /// Milliseconds since the Unix epoch at which the reading came to the gateway.
    var timestamp: Int64

    private enum CodingKeys: String, CodingKey {
        case sensor = "sensor_id"
        case value
        case score = "z_score"
        case mean
        case timestamp
    }
}
