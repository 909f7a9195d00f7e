import Glibc
import MosquittoClient
import Synchronization

/// The wire between gateway and cloud: passes bytes on, and can be cut. While it is cut, its connections are closed and new
/// ones refused, as when the site's line is down. Lives until `stop`.
final class TCPRelay: Sendable {
    private struct State {
        var isWanted = true
        var isThere = false
        var isStopping = false
        var failure: Int32 = 0
    }

    let port: Int
    private let target: RelayTarget
    private let state = Mutex(State())
    private let thread = Mutex<LoopThread?>(nil)

    /// Further connections are refused.
    private static let connectionCountMax = 32
    private static let waitMilliseconds: Int32 = 20

    init(port: Int, target: RelayTarget) {
        self.port = port
        self.target = target
    }

    func start() throws {
        let created = try LoopThread(name: "relay") {
            var connections: [RelayConnection] = []
            var listener: Int32 = -1
            while self.step(&listener, &connections) {}
            for connection in connections { connection.end() }
            if listener >= 0 { close(listener) }
        }
        thread.withLock { $0 = created }
        try wait(until: true)
    }

    /// Closes everything; returns when that is done.
    func cut() throws {
        state.withLock { $0.isWanted = false }
        try wait(until: false)
    }

    func restore() throws {
        state.withLock { $0.isWanted = true }
        try wait(until: true)
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        thread.withLock {
            $0?.join()
            $0 = nil
        }
    }

    private func wait(until isThere: Bool) throws {
        while true {
            let now = state.withLock { $0 }
            if now.failure != 0 {
                throw CommandFailure(
                    .cannotRun,
                    "port \(port) of 127.0.0.1 can't be listened on: \(String(cString: strerror(now.failure)))")
            }
            if now.isThere == isThere { return }
            try StopRequest.pause(seconds: 0.005)
        }
    }

    /// One round of the thread. False: it is to end.
    private func step(_ listener: inout Int32, _ connections: inout [RelayConnection]) -> Bool {
        let wanted = state.withLock { $0 }
        if wanted.isStopping { return false }
        if !wanted.isWanted, listener >= 0 {
            close(listener)
            listener = -1
            for connection in connections { connection.end() }
            connections.removeAll()
            state.withLock { $0.isThere = false }
        }
        if wanted.isWanted, listener < 0, wanted.failure == 0 {
            do {
                listener = try LoopbackSocket.listen(port: port)
                state.withLock { $0.isThere = true }
            } catch {
                state.withLock { $0.failure = error.number }
            }
        }
        guard listener >= 0 else {
            usleep(UInt32(Self.waitMilliseconds) * 1_000)
            return true
        }
        var polls = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        for connection in connections { polls += connection.polls }
        guard poll(&polls, nfds_t(polls.count), Self.waitMilliseconds) > 0 else { return true }
        for (index, connection) in connections.enumerated() {
            connection.pass(near: polls[1 + 2 * index].revents, far: polls[2 + 2 * index].revents)
        }
        connections.removeAll { $0.hasEnded }
        if polls[0].revents != 0 { accept(listener, &connections) }
        return true
    }

    private func accept(_ listener: Int32, _ connections: inout [RelayConnection]) {
        let near = Glibc.accept(listener, nil, nil)
        guard near >= 0 else { return }
        _ = fcntl(near, F_SETFD, FD_CLOEXEC)
        _ = fcntl(near, F_SETFL, O_NONBLOCK)
        guard connections.count < Self.connectionCountMax, let far = target.connect() else {
            close(near)
            return
        }
        connections.append(RelayConnection(near: near, far: far))
    }
}
