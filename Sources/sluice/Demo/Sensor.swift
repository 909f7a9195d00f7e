import Messages
import MosquittoClient
import Synchronization

/// One sensor: an MQTT client with a certificate of its own. QoS 1; what is not acknowledged is kept and, after a
/// reconnection, sent again in order.
final class Sensor: Sendable {
    struct Counts: Sendable, Equatable {
        /// Readings taken.
        var published = 0
        var acknowledged = 0
        /// Acknowledged with a reason that is a failure.
        var refused = 0
        /// Payload and topic of the acknowledged ones.
        var bytes = 0
        /// At most so many readings can have come to the gateway twice: those under way when a connection was lost.
        var resentMax = 0
        var connections = 0
        var isConnected = false

        var outstanding: Int { published - acknowledged - refused }
    }

    let name: String
    private let topic: [UInt8]
    private let session: MosquittoSession
    private let counts: SensorCounts

    /// Readings that wait for their acknowledgement before the sampler has to wait for them.
    private static let pendingMax = 50_000
    private static let reconnectMilliseconds: Int64 = 250

    init(name: String, port: Int, certificates: DemoCertificates, window: Int) throws(MosquittoError) {
        self.name = name
        topic = Array("sensors/\(name)/reading".utf8)
        let counts = SensorCounts(window: window)
        self.counts = counts
        session = try MosquittoSession(
            .init(
                connection: ConnectionOptions(
                    host: DemoFolder.host, port: port, clientID: name, keepAliveSeconds: 30,
                    tls: certificates.tls(of: name)),
                window: window, pendingMax: Self.pendingMax, reconnects: true,
                reconnectDelayMilliseconds: Self.reconnectMilliseconds),
            handlers: .init(
                connected: { _ in counts.connected() }, disconnected: { _ in counts.disconnected() }))
    }

    var now: Counts { counts.now }

    func connect() throws(MosquittoError) { try session.connect() }

    /// The latest values, as many as the rules look at.
    var recent: [Double] { counts.recent }

    /// Called from one thread.
    func publish(_ reading: SensorReading) throws(MosquittoError) {
        let payload = reading.payload(number: counts.publish(reading.value))
        let bytes = payload.count + topic.count
        let counts = counts
        try session.publish(topic: topic, payload: payload, qos: .atLeastOnce) { counts.finished($0, bytes: bytes) }
    }

    func disconnect() { session.disconnect(drainMilliseconds: 0) }
}

/// What one sensor has published, and what of it was acknowledged.
private final class SensorCounts: Sendable {
    private let counts = Mutex(Sensor.Counts())
    private let values = Mutex<[Double]>([])
    private let window: Int

    init(window: Int) { self.window = window }

    var now: Sensor.Counts { counts.withLock { $0 } }

    var recent: [Double] { values.withLock { $0 } }

    /// The number of the reading that is published now.
    func publish(_ value: Double) -> Int {
        values.withLock { values in
            values.append(value)
            if values.count > DemoPlan.windowReadings { values.removeFirst() }
        }
        return counts.withLock { counts in
            counts.published += 1
            return counts.published
        }
    }

    func finished(_ outcome: MosquittoSession.Outcome, bytes: Int) {
        counts.withLock { counts in
            switch outcome {
            case .acknowledged(let reason) where ReasonCode.isFailure(reason): counts.refused += 1
            case .acknowledged:
                counts.acknowledged += 1
                counts.bytes += bytes
            case .failed: return
            }
        }
    }

    func connected() {
        counts.withLock { counts in
            counts.connections += 1
            counts.isConnected = true
        }
    }

    func disconnected() {
        counts.withLock { counts in
            counts.isConnected = false
            counts.resentMax += min(window, counts.outstanding)
        }
    }
}
