import Glibc
import MosquittoClient
import Synchronization

/// Provokes incidents. Each lasts about two seconds and runs on threads of its own.
final class Provoker: Sendable {
    enum Kind: Sendable {
        case processorBurst, memoryBurst, networkBurst
        /// A spike in a recorded series.
        case spike(sensor: Int)
    }

    private let spikes: SpikeDesk
    private let threads = Mutex<[LoopThread]>([])
    /// What computations leave behind, so that no compiler leaves them out.
    private let residue = Atomic<UInt64>(0)

    static let burstSeconds = 2.0
    /// More than there are processors on small gateways: on a machine with other work they must still get their share.
    private static let computingThreads = 8
    private static let memoryBytes = 160 * 1_048_576
    /// Sent to itself at once, and how often.
    private static let sendBytes = 1_048_576
    private static let sendsPerSecond = 40

    init(spikes: SpikeDesk) { self.spikes = spikes }

    /// Returns at once.
    func provoke(_ kind: Kind) throws(MosquittoError) {
        switch kind {
        case .processorBurst:
            for _ in 0..<Self.computingThreads { try begin("burst") { $0.compute() } }
        case .memoryBurst: try begin("burst") { $0.allocate() }
        case .networkBurst: try begin("burst") { $0.sendToItself() }
        case .spike(let sensor): spikes.order(sensor: sensor)
        }
    }

    /// Waits for the end of all that was provoked.
    func join() {
        let ended = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ended { thread.join() }
    }

    private func begin(_ name: String, _ body: @escaping @Sendable (Provoker) -> Void) throws(MosquittoError) {
        let thread = try LoopThread(name: name) { body(self) }
        threads.withLock { $0.append(thread) }
    }

    private func compute() {
        let end = DemoClock.seconds() + Self.burstSeconds
        var value: UInt64 = 88_172_645_463_325_252
        while DemoClock.seconds() < end, !StopRequest.isThere {
            for _ in 0..<100_000 {
                value ^= value << 13
                value ^= value >> 7
                value ^= value << 17
            }
        }
        residue.store(value, ordering: .relaxed)
    }

    private func allocate() {
        let memory = mmap(nil, Self.memoryBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else { return }
        // Memory counts when it is touched.
        memset(memory, 1, Self.memoryBytes)
        rest()
        munmap(memory, Self.memoryBytes)
    }

    /// Sends to itself over this machine's own network.
    private func sendToItself() {
        guard let pair = try? LoopbackSocket.connectedPair() else { return }
        defer {
            close(pair.near)
            close(pair.far)
        }
        let bytes = [UInt8](repeating: 0x55, count: 65_536)
        var received = [UInt8](repeating: 0, count: 65_536)
        let end = DemoClock.seconds() + Self.burstSeconds
        while DemoClock.seconds() < end, !StopRequest.isThere {
            var sent = 0
            while sent < Self.sendBytes {
                let count = write(pair.near, bytes, bytes.count)
                if count > 0 { sent += count } else if errno != EAGAIN { return }
                while read(pair.far, &received, received.count) > 0 { continue }
            }
            usleep(UInt32(1_000_000 / Self.sendsPerSecond))
        }
    }

    private func rest() {
        let end = DemoClock.seconds() + Self.burstSeconds
        while DemoClock.seconds() < end, !StopRequest.isThere { usleep(20_000) }
    }
}

extension Provoker {
    /// The three incidents of a demo and how to provoke them.
    static func machineIncidents() -> [(incident: Incident, kind: Kind)] {
        [
            (
                Incident(title: "a CPU burst", sensor: MachineTelemetry.Quantity.demoProcessorName, sign: .rise(10)),
                .processorBurst
            ),
            (
                Incident(
                    title: "a memory burst", sensor: MachineTelemetry.Quantity.demoMemoryName,
                    sign: .rise(Double(memoryBytes) / 2e6)),
                .memoryBurst
            ),
            (
                Incident(title: "a network burst", sensor: MachineTelemetry.Quantity.demoOutputName, sign: .rise(4)),
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
