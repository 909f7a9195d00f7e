/// Where sensors have their readings from.
protocol SensorFeed: Sendable {
    /// Names of the sensors, which their certificates prove; their places are the numbers of the sensors.
    var sensorNames: [String] { get }

    /// What there is to publish at a tick, in order. `second` counts from the first tick.
    mutating func readings(atSecond second: Double) -> [SensorReading]
}

/// One value of one sensor.
struct SensorReading: Sendable, Equatable {
    /// Number of the sensor.
    var sensor: Int
    var value: Double
    /// Members of the payload besides the value and its number, as JSON without braces.
    var members: String

    /// The payload that is published: `number` counts a sensor's readings from 1.
    func payload(number: Int) -> [UInt8] {
        Array("{\"value\":\(value),\"n\":\(number)\(members.isEmpty ? "" : ",")\(members)}".utf8)
    }
}

/// A counter's rise per second over the time just past.
struct TrailingRate: Sendable {
    private let spanSeconds: Double
    private var samples: [(second: Double, counter: UInt64)] = []
    /// More samples are not kept, whatever the span.
    private static let sampleCountMax = 1_000

    init(spanSeconds: Double) { self.spanSeconds = spanSeconds }

    /// `nil` until half of the span is known. A counter that falls (an interface went away) begins anew.
    mutating func add(_ counter: UInt64, atSecond second: Double) -> Double? {
        if let last = samples.last, counter < last.counter { samples.removeAll() }
        samples.append((second, counter))
        // The newest sample that is a span old or more is where the rise begins.
        while samples.count > 2, second - samples[1].second >= spanSeconds || samples.count > Self.sampleCountMax {
            samples.removeFirst()
        }
        guard let first = samples.first, second - first.second >= spanSeconds / 2 else { return nil }
        return Double(counter - first.counter) / (second - first.second)
    }
}
