import Ledger
import MosquittoClient
import Synchronization

/// What other threads tell the bridge's thread.
final class BridgeMailbox: Sendable {
    struct Letters: Sendable {
        var stop = false
        var outboxGrew = false
        var removals: [(lane: Int, failure: String?)] = []
    }

    let waker: Waker
    private let letters = Mutex(Letters())

    init() throws(MosquittoError) { waker = try Waker() }

    func requestStop() {
        letters.withLock { $0.stop = true }
        waker.wake()
    }

    /// Commits that come while one is announced already do not wake again.
    func noteGrowth() {
        let isFirst = letters.withLock { letters in
            defer { letters.outboxGrew = true }
            return !letters.outboxGrew
        }
        if isFirst { waker.wake() }
    }

    /// At most one per lane is on its way, so there are never more than lanes.
    func noteRemoval(lane: Int, failure: String?) {
        letters.withLock { $0.removals.append((lane, failure)) }
        waker.wake()
    }

    func take() -> Letters {
        letters.withLock { letters in
            defer { letters = Letters() }
            return letters
        }
    }
}
