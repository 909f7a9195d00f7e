import Foundation

/// The readings of one simulated sensor, one after another, each with the second at which it is due.
struct SimulatedSignal: Sendable {
    struct Value: Sendable, Equatable {
        var value: Double
        var members: String
    }

    private let series: RecordedSeries?
    private let seconds: [Double]
    private let rounds: Int?
    private let rate: Double
    private let phase: Double
    private let first: Int
    private var taken = 0

    /// Plays a series from its row `first`, `rounds` times over; nil: again and again. Throws when its times are needed and
    /// can't be read.
    init(
        _ series: RecordedSeries, path: String, pace: Simulation.Pace, first: Int, rounds: Int?
    ) throws(RecordedSeries.Unreadable) {
        self.series = series
        self.first = first
        self.rounds = rounds
        phase = 0
        switch pace {
        case .rate(let rate):
            self.rate = rate
            seconds = []
        case .speed(let speed):
            rate = 0
            seconds = try Self.seconds(series, path: path, speed: speed)
        }
    }

    /// A made-up signal that goes on for ever: a slow swing with noise around 20, and now and then a spike.
    init(madeUp number: Int, rate: Double) {
        series = nil
        seconds = []
        rounds = nil
        self.rate = rate
        phase = Double(number) * 0.7
        first = 0
    }

    /// Seconds after the first row, never falling. A step back in time is none at all.
    private static func seconds(
        _ series: RecordedSeries, path: String, speed: Double
    ) throws(RecordedSeries.Unreadable) -> [Double] {
        var result: [Double] = []
        var start: Int64?
        for row in series.rows {
            guard let milliseconds = row.milliseconds else {
                throw RecordedSeries.Unreadable(
                    description:
                        "\(path): \"\(row.time)\" is not a time that can be read; give --rate to play it without times")
            }
            let second = Double(milliseconds - (start ?? milliseconds)) / 1_000 / speed
            start = start ?? milliseconds
            result.append(max(second, result.last ?? 0))
        }
        return result
    }

    /// nil: there is none left.
    var nextSecond: Double? {
        guard let series else { return Double(taken) / rate }
        let count = series.rows.count
        if let rounds, taken >= rounds * count { return nil }
        guard rate == 0 else { return Double(taken) / rate }
        // A round lasts until one step of the usual length after its last row.
        let length = (seconds.last ?? 0) + (count > 1 ? (seconds.last ?? 0) / Double(count - 1) : 1)
        let round = (first + taken) / count
        return Double(round) * length + seconds[(first + taken) % count] - seconds[first]
    }

    /// The next reading. Call it only when there is one.
    mutating func take() -> Value {
        defer { taken += 1 }
        guard let series else {
            let second = Double(taken) / rate
            var value = 20 + 3 * sin(second / 9 + phase) + Double.random(in: -0.2...0.2)
            if taken % 500 == 499 { value += 15 }
            return Value(value: (value * 1_000).rounded() / 1_000, members: "\"unit\":\"C\"")
        }
        let row = series.rows[(first + taken) % series.rows.count]
        var members = row.time.isEmpty ? "" : "\"timestamp\":\(PayloadText.quoted(row.time))"
        if !row.otherMembers.isEmpty { members += (members.isEmpty ? "" : ",") + row.otherMembers }
        return Value(value: row.value, members: members)
    }
}
