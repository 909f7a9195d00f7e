import Glibc
import MosquittoClient
import Synchronization

/// Provokes incidents. Each lasts about two seconds, longer when its sensor is late, and runs on threads of its own.
final class Provoker: Sendable {
    enum Kind: Sendable {
        case processorBurst, memoryBurst, networkBurst
        /// A spike in a recorded series.
        case spike(sensor: Int)
    }

    private let spikes: SpikeDesk
    private let threads = Mutex<[LoopThread]>([])
    private let runningThreads = Atomic<Int>(0)
    /// What computations leave behind, so that no compiler leaves them out.
    private let residue = Atomic<UInt64>(0)

    private static let burstSeconds = 2.0
    private static let burstSecondsMax = 12.0
    /// Fewer readings of a burst would not show it for sure.
    private static let burstReadings = 15
    /// More than there are processors on small gateways.
    private static let computingThreads = 6
    private static let memoryBytes = 160 * 1_048_576
    /// Sent to itself at once, and how often.
    private static let sendBytes = 1_048_576
    private static let sendsPerSecond = 40

    init(spikes: SpikeDesk) { self.spikes = spikes }

    /// Returns at once. `sensor` is the one that must notice.
    func provoke(_ kind: Kind, sensor: Sensor) throws(MosquittoError) {
        let burst = Burst(
            sensor: sensor, seconds: Self.burstSeconds...Self.burstSecondsMax, readings: Self.burstReadings)
        switch kind {
        case .processorBurst:
            for _ in 0..<Self.computingThreads { try begin { $0.compute(burst) } }
        case .memoryBurst: try begin { $0.allocate(burst) }
        case .networkBurst: try begin { $0.sendToItself(burst) }
        case .spike(let sensor): spikes.order(sensor: sensor)
        }
    }

    /// No burst is under way.
    var isQuiet: Bool { runningThreads.load(ordering: .relaxed) == 0 }

    /// Waits for the end of all that was provoked.
    func join() {
        let ended = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ended { thread.join() }
    }

    private func begin(_ body: @escaping @Sendable (Provoker) -> Void) throws(MosquittoError) {
        runningThreads.add(1, ordering: .relaxed)
        do {
            let thread = try LoopThread(name: "burst") {
                body(self)
                self.runningThreads.subtract(1, ordering: .relaxed)
            }
            threads.withLock { $0.append(thread) }
        } catch {
            runningThreads.subtract(1, ordering: .relaxed)
            throw error
        }
    }

    private func compute(_ burst: Burst) {
        var value: UInt64 = 88_172_645_463_325_252
        while !burst.isOver {
            for _ in 0..<1_000_000 {
                value ^= value << 13
                value ^= value >> 7
                value ^= value << 17
            }
        }
        residue.store(value, ordering: .relaxed)
    }

    private func allocate(_ burst: Burst) {
        // Memory counts when it is there; the kernel fills it at once, also where many others want the processor.
        let memory = mmap(
            nil, Self.memoryBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)
        guard let memory, memory != MAP_FAILED else { return }
        while !burst.isOver { usleep(20_000) }
        munmap(memory, Self.memoryBytes)
    }

    /// Sends to itself over this machine's own network.
    private func sendToItself(_ burst: Burst) {
        guard let pair = try? LoopbackSocket.connectedPair() else { return }
        defer {
            close(pair.near)
            close(pair.far)
        }
        let bytes = [UInt8](repeating: 0x55, count: 65_536)
        var received = [UInt8](repeating: 0, count: 65_536)
        while !burst.isOver {
            var sent = 0
            while sent < Self.sendBytes {
                let count = write(pair.near, bytes, bytes.count)
                if count > 0 { sent += count } else if errno != EAGAIN { return }
                while read(pair.far, &received, received.count) > 0 { continue }
            }
            usleep(UInt32(1_000_000 / Self.sendsPerSecond))
        }
    }
}

/// How long a burst lasts: some seconds, and until its sensor has taken enough readings of it.
private struct Burst: Sendable {
    private let sensor: Sensor
    private let readings: Int
    private let earliest: Double
    private let latest: Double

    init(sensor: Sensor, seconds: ClosedRange<Double>, readings: Int) {
        self.sensor = sensor
        self.readings = sensor.now.published + readings
        let now = DemoClock.seconds()
        earliest = now + seconds.lowerBound
        latest = now + seconds.upperBound
    }

    var isOver: Bool {
        let now = DemoClock.seconds()
        return StopRequest.isThere || now >= latest || (now >= earliest && sensor.now.published >= readings)
    }
}

extension Provoker {
    /// The three incidents of a demo and how to provoke them.
    static func machineIncidents() -> [(incident: Incident, kind: Kind)] {
        [
            (
                Incident(
                    title: "a CPU burst", sensor: MachineTelemetry.Quantity.demoProcessorName, sign: .rise(100),
                    height: Double(computingThreads) * 80),
                .processorBurst
            ),
            (
                Incident(
                    title: "a memory burst", sensor: MachineTelemetry.Quantity.demoMemoryName, sign: .rise(10),
                    height: Double(memoryBytes) / 1e6),
                .memoryBurst
            ),
            (
                Incident(
                    title: "a network burst", sensor: MachineTelemetry.Quantity.demoOutputName, sign: .rise(2),
                    height: Double(sendBytes * sendsPerSecond) / 1.3e6),
                .networkBurst
            ),
        ]
    }

    /// With recorded series: spikes, in turn. Their values are known when they were made.
    static func recordedIncidents(sensors: [String]) -> [(incident: Incident, kind: Kind)] {
        (0..<DemoPlan.incidentCount).map { number in
            let sensor = number % sensors.count
            return (
                Incident(title: "a spike in the recording", sensor: sensors[sensor], sign: .value(.nan)),
                .spike(sensor: sensor)
            )
        }
    }
}
