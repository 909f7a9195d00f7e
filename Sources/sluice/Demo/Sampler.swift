import Glibc
import MosquittoClient
import Synchronization

/// Takes readings from a feed at even ticks and gives each to its sensor. Has a thread of its own, so that nothing that
/// the demo does delays a reading.
final class Sampler: Sendable {
    private let isStopping = Atomic<Bool>(false)
    private let failure = Mutex<MosquittoError?>(nil)
    private let thread: Mutex<LoopThread?>

    init(_ feed: any SensorFeed, sensors: [Sensor]) {
        thread = Mutex(nil)
        self.feed = feed
        self.sensors = sensors
    }
    private let feed: any SensorFeed
    private let sensors: [Sensor]

    func start() throws(MosquittoError) {
        let created = try LoopThread(name: "sampler") { self.run() }
        thread.withLock { $0 = created }
    }

    /// Ends the sampling and waits for the last tick. Returns why it ended before, if it did.
    @discardableResult
    func stop() -> MosquittoError? {
        isStopping.store(true, ordering: .relaxed)
        thread.withLock {
            $0?.join()
            $0 = nil
        }
        return failure.withLock { $0 }
    }

    private func run() {
        var feed = feed
        let start = DemoClock.seconds()
        var tick = 0
        while !isStopping.load(ordering: .relaxed) {
            let due = start + Double(tick) / Double(DemoPlan.ticksPerSecond)
            let now = DemoClock.seconds()
            if now < due { usleep(UInt32((due - now) * 1_000_000)) }
            // A machine that is too busy leaves ticks out rather than making up for them in a burst.
            let second = DemoClock.seconds() - start
            for reading in feed.readings(atSecond: second) {
                do {
                    try sensors[reading.sensor].publish(reading)
                } catch {
                    failure.withLock { $0 = error }
                    return
                }
            }
            tick = max(tick + 1, Int(second * Double(DemoPlan.ticksPerSecond)))
        }
    }
}
