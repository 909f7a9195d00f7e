import Foundation
import Glibc
import Synchronization

/// SIGINT, SIGTERM and SIGHUP as a question that waiting loops ask, so that ^C cleans up as a good end does.
enum StopRequest {
    private static let signalNumber = Atomic<Int32>(0)

    /// How long ^C may go unnoticed.
    private static let sliceSeconds = 0.05

    static func install() {
        // Touched here first: a signal handler must not be the one that initializes it.
        signalNumber.store(0, ordering: .relaxed)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { StopRequest.signalNumber.store($0, ordering: .relaxed) }
        }
        signal(SIGPIPE, SIG_IGN)
    }

    static var isThere: Bool { signalNumber.load(ordering: .relaxed) != 0 }

    static func check() throws(CommandFailure) {
        if isThere { throw CommandFailure(.cannotRun, "stopped before the end; nothing was checked") }
    }

    static func pause(seconds: Double = sliceSeconds) throws(CommandFailure) {
        let end = DemoClock.seconds() + seconds
        while true {
            try check()
            let left = end - DemoClock.seconds()
            if left <= 0 { return }
            usleep(UInt32(min(left, sliceSeconds) * 1_000_000))
        }
    }
}

/// The clocks of a demo.
enum DemoClock {
    private static let start = ContinuousClock.now

    /// Seconds that only go forward, from an arbitrary start.
    static func seconds() -> Double { start.duration(to: .now) / .seconds(1) }

    /// Milliseconds since the Unix epoch, as rules have them in `time()`.
    static func wallMilliseconds() -> Int64 { Int64((Date().timeIntervalSince1970 * 1_000).rounded(.down)) }
}
