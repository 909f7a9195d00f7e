import Dispatch
import Foundation
import MosquittoClient
import Synchronization

/// Messages on their way from a session's thread, which must not wait, to the command's thread. Bounded: what finds no
/// room is counted and gone.
final class MessageQueue: Sendable {
    struct Arrived: Sendable {
        var message: ReceivedMessage
        /// Nanoseconds since 1970.
        var timeNanoseconds: Int64
    }

    private struct State {
        var waiting: [Arrived] = []
        var byteCount = 0
        var lostCount = 0
        var isOver = false
    }

    private static let countMax = 10_000
    private static let bytesMax = 64 << 20

    private let state = Mutex(State())
    private let more = DispatchSemaphore(value: 0)

    func take(_ message: ReceivedMessage) {
        let now = Int64(Date().timeIntervalSince1970 * 1e9)
        let size = message.topic.count + message.payload.count
        let isTaken = state.withLock { state in
            if state.isOver { return false }
            guard state.waiting.count < Self.countMax, state.byteCount + size <= Self.bytesMax else {
                state.lostCount += 1
                return false
            }
            state.byteCount += size
            state.waiting.append(Arrived(message: message, timeNanoseconds: now))
            return true
        }
        if isTaken { more.signal() }
    }

    /// Somebody asked for the end: nothing is given out any more.
    func end() {
        state.withLock { state in
            state.isOver = true
            state.waiting = []
        }
        more.signal()
    }

    var isOver: Bool { state.withLock { $0.isOver } }
    var lostCount: Int { state.withLock { $0.lostCount } }

    /// All that came since it was last asked; waits until there is something. Empty: the time or the queue is over.
    func next(until end: DispatchTime) -> [Arrived] {
        while true {
            let (isOver, batch) = state.withLock { state in
                let batch = state.waiting
                state.waiting = []
                state.byteCount = 0
                return (state.isOver, batch)
            }
            if isOver || !batch.isEmpty { return batch }
            if more.wait(timeout: end) == .timedOut { return [] }
        }
    }
}
