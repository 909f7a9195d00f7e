import Synchronization

/// Recorded series as sensors, one each, played in the time of the demo. Spikes are added where they are asked for.
struct RecordedTelemetry: SensorFeed {
    let sensorNames: [String]
    private let series: [RecordedSeries]
    private let spikes: SpikeDesk
    private var played: [Int]
    private var recent: [[Double]]
    private let rowsPerSecond: [Double]

    /// As many readings as the shipped spike rule looks at.
    private static let recentCount = 100
    /// A series shorter than this is played again from its start.
    private static let rowsPerSecondMin = Double(DemoPlan.ticksPerSecond)
    /// More of a long series is not played.
    private static let rowsPerSecondMax = 1_000.0

    init(series: [RecordedSeries], seconds: Int, reserved: [String], spikes: SpikeDesk) {
        self.series = series
        self.spikes = spikes
        var names: [String] = []
        for entry in series { names.append(entry.sensorName(besides: names + reserved)) }
        sensorNames = names
        played = series.map { _ in 0 }
        recent = series.map { _ in [] }
        rowsPerSecond = series.map {
            min(max(Double($0.rows.count) / Double(seconds), Self.rowsPerSecondMin), Self.rowsPerSecondMax)
        }
    }

    mutating func readings(atSecond second: Double) -> [SensorReading] {
        var readings: [SensorReading] = []
        for sensor in series.indices {
            let due = Int(second * rowsPerSecond[sensor])
            while played[sensor] < due { readings.append(next(of: sensor)) }
        }
        return readings
    }

    private mutating func next(of sensor: Int) -> SensorReading {
        let rows = series[sensor].rows
        let row = rows[played[sensor] % rows.count]
        played[sensor] += 1
        var value = row.value
        if recent[sensor].count == Self.recentCount, spikes.take(sensor: sensor) {
            value = Self.spike(above: recent[sensor])
            spikes.note(sensor: sensor, value: value)
        }
        recent[sensor].append(value)
        if recent[sensor].count > Self.recentCount { recent[sensor].removeFirst() }
        var members = "\"sensor\":\(PayloadText.quoted(sensorNames[sensor])),\"quality\":\"good\""
        if !row.time.isEmpty { members += ",\"recorded\":\(PayloadText.quoted(row.time))" }
        if !row.otherMembers.isEmpty { members += "," + row.otherMembers }
        return SensorReading(sensor: sensor, value: value, members: members)
    }

    /// Twelve standard deviations above what came just before: whatever the series, the newest of a hundred readings then
    /// has a z-score far above 3.
    static func spike(above recent: [Double]) -> Double {
        let mean = recent.reduce(0, +) / Double(recent.count)
        let variance = recent.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(recent.count)
        let step = max(12 * variance.squareRoot(), 0.05 * abs(mean), 1)
        return ((mean + step) * 1_000).rounded() / 1_000
    }
}

/// Where spikes are ordered, and where it is told which values they had.
final class SpikeDesk: Sendable {
    private struct State {
        var ordered: [Int] = []
        var made: [(sensor: Int, value: Double)] = []
    }
    private let state = Mutex(State())

    func order(sensor: Int) { state.withLock { $0.ordered.append(sensor) } }

    /// Whether a spike of this sensor is due; it is then no longer.
    func take(sensor: Int) -> Bool {
        state.withLock { state in
            guard let index = state.ordered.firstIndex(of: sensor) else { return false }
            state.ordered.remove(at: index)
            return true
        }
    }

    func note(sensor: Int, value: Double) { state.withLock { $0.made.append((sensor, value)) } }

    /// The value of the spike made last, once.
    func takeMade() -> (sensor: Int, value: Double)? {
        state.withLock { $0.made.isEmpty ? nil : $0.made.removeFirst() }
    }
}
