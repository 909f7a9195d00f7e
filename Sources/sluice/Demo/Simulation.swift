import Messages
import MosquittoClient
import Synchronization

/// Many sensors that publish recorded or made-up series, each with a connection of its own.
final class Simulation {
    /// When a sensor's readings are due.
    enum Pace: Sendable, Equatable {
        /// So many readings per second.
        case rate(Double)
        /// So many times as fast as they were recorded.
        case speed(Double)
    }

    struct Station {
        let name: String
        let topic: [UInt8]
        let session: MosquittoSession
        var signal: SimulatedSignal
        var count = 0
    }

    private var stations: [Station] = []
    private let outcome = SimulationOutcome()
    private let qos: QoS

    static let sensorCountMax = 1_000
    private static let sliceSeconds = 0.05
    private static let drainMilliseconds: Int64 = 30_000

    init(qos: QoS) { self.qos = qos }

    /// Connects one more sensor.
    func add(name: String, topic: String, options: ConnectionOptions, signal: SimulatedSignal) throws(MosquittoError) {
        let session = try MosquittoSession(.init(connection: options, reconnects: true))
        try session.connect()
        stations.append(Station(name: name, topic: Array(topic.utf8), session: session, signal: signal))
    }

    /// Publishes until every signal has ended, `seconds` are over or the program is told to stop. Then waits for the
    /// acknowledgements.
    func run(seconds: Double?) throws(MosquittoError) -> SimulationOutcome.Counts {
        let start = DemoClock.seconds()
        while !StopRequest.isThere {
            let second = DemoClock.seconds() - start
            if let seconds, second >= seconds { break }
            var next: Double?
            for index in stations.indices {
                while let due = stations[index].signal.nextSecond, due <= second {
                    try publish(index)
                    if StopRequest.isThere { break }
                }
                if let due = stations[index].signal.nextSecond { next = min(next ?? due, due) }
            }
            guard let next else { break }
            let wait = min(max(0, next - (DemoClock.seconds() - start)), Self.sliceSeconds)
            try? StopRequest.pause(seconds: wait)
        }
        for station in stations { station.session.disconnect(drainMilliseconds: Self.drainMilliseconds) }
        return outcome.counts
    }

    private func publish(_ index: Int) throws(MosquittoError) {
        let value = stations[index].signal.take()
        stations[index].count += 1
        let reading = SensorReading(sensor: index, value: value.value, members: value.members)
        let outcome = outcome
        outcome.publish()
        try stations[index].session.publish(
            topic: stations[index].topic, payload: reading.payload(number: stations[index].count), qos: qos
        ) { outcome.finished($0) }
    }
}

/// What became of a simulation's readings.
final class SimulationOutcome: Sendable {
    struct Counts: Sendable, Equatable {
        var published = 0
        /// QoS 0: written.
        var acknowledged = 0
        var refused = 0
        var refusal: UInt8 = 0
        var failed: Int { published - acknowledged - refused }
        var failure: MosquittoError?
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func publish() { state.withLock { $0.published += 1 } }

    func finished(_ outcome: MosquittoSession.Outcome) {
        state.withLock { counts in
            switch outcome {
            case .acknowledged(let reason) where ReasonCode.isFailure(reason):
                counts.refused += 1
                counts.refusal = reason
            case .acknowledged: counts.acknowledged += 1
            case .failed(let error): counts.failure = error
            }
        }
    }
}
