import Dispatch
import Glibc
import Messages
import Synchronization

/// What callers of a `MosquittoSession` hand to its thread.
final class SessionMailbox: Sendable {
    enum Command: Sendable {
        case publish(OutgoingMessage)
        case subscribe(filter: String, qos: QoS, Reply<Result<UInt8, MosquittoError>>)
        case unsubscribe(filter: String, Reply<Result<UInt8, MosquittoError>>)
    }

    enum Stop: Sendable, Equatable {
        case drain(milliseconds: Int64)
        case abort
    }

    private struct State {
        var commands: [Command] = []
        var stop: Stop?
        /// Set when the thread has ended: nothing is accepted any more.
        var ended: MosquittoError?
        var owner: pthread_t?
    }

    let handlers: MosquittoSession.Handlers
    let waker: Waker
    private let state = Mutex(State())
    /// Free places for unfinished messages.
    private let room: DispatchSemaphore

    init(handlers: MosquittoSession.Handlers, pendingMax: Int) throws(MosquittoError) {
        self.handlers = handlers
        waker = try Waker()
        // Started at 0 and filled: a semaphore must not be destroyed with less than it was created with.
        room = DispatchSemaphore(value: 0)
        for _ in 0..<pendingMax { room.signal() }
    }

    func reserveRoom() throws(MosquittoError) {
        let isOwner = state.withLock { state in state.owner.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
        if isOwner {
            guard room.wait(timeout: .now()) == .success else {
                throw MosquittoError(.limit, "Too many messages are unfinished; publish fewer from a message handler")
            }
        } else {
            room.wait()
        }
    }

    func freeRoom() { room.signal() }

    func submit(_ command: Command) throws(MosquittoError) {
        // Commands that are still in the mailbox were announced already: one wake-up serves many.
        let (ended, wasEmpty): (MosquittoError?, Bool) = state.withLock { state in
            let wasEmpty = state.commands.isEmpty
            if state.ended == nil { state.commands.append(command) }
            return (state.ended, wasEmpty)
        }
        if let ended {
            if case .publish = command { freeRoom() }
            throw ended
        }
        if wasEmpty { waker.wake() }
    }

    /// nil: without draining and without DISCONNECT.
    func requestStop(drainMilliseconds: Int64?) {
        state.withLock { state in
            if state.stop == nil { state.stop = drainMilliseconds.map { .drain(milliseconds: $0) } ?? .abort }
        }
        waker.wake()
    }

    func take(into commands: inout [Command]) -> Stop? {
        state.withLock { state in
            commands.append(contentsOf: state.commands)
            state.commands.removeAll(keepingCapacity: true)
            return state.stop
        }
    }

    func noteOwner() {
        let thread = pthread_self()
        state.withLock { $0.owner = thread }
    }

    /// Closes the mailbox and returns what was still in it.
    func end(_ error: MosquittoError) -> [Command] {
        state.withLock { state in
            state.ended = error
            defer { state.commands = [] }
            return state.commands
        }
    }
}
