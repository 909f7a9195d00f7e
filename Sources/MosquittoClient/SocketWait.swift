import CMosquitto
import Glibc

/// Waits for a socket and for other threads. `poll`, not `select`: file descriptors may be 1,024 and above.
package enum SocketWait {
    package struct Ready: Sendable, Equatable {
        package var readable: Bool
        package var writable: Bool
        package var woken: Bool
    }

    /// Waits until the socket is ready, the waker was signalled or the time is over (negative: no limit). The waker is
    /// reset. An error or hang-up on the socket counts as readable and writable, so that the next call reports it.
    package static func wait(
        socket: Int32?, wantsWrite: Bool, waker: Waker?, timeoutMilliseconds: Int64
    ) -> Ready {
        // poll ignores entries with a negative descriptor.
        let socketEvents = Int16(POLLIN) | (wantsWrite ? Int16(POLLOUT) : 0)
        var entries = (
            pollfd(fd: socket ?? -1, events: socketEvents, revents: 0),
            pollfd(fd: waker?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
        )
        let timeout = Int32(clamping: timeoutMilliseconds)
        let count = withUnsafeMutablePointer(to: &entries) { pair in
            pair.withMemoryRebound(to: pollfd.self, capacity: 2) { poll($0, 2, timeout) }
        }
        guard count > 0 else { return Ready(readable: false, writable: false, woken: false) }
        let failed = entries.0.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
        let woken = entries.1.revents & Int16(POLLIN) != 0
        if woken { waker?.reset() }
        return Ready(
            readable: failed || entries.0.revents & Int16(POLLIN) != 0,
            writable: failed || entries.0.revents & Int16(POLLOUT) != 0,
            woken: woken)
    }

    /// The error that a connection attempt ended with; 0: none.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 else { return errno }
        guard error == 0 else { return error }
        // OpenSSL writes its first bytes right after `connect`. When that is refused at once, as on this machine, the write
        // takes the error away with it; what is left to see is that there is no peer.
        var address = sockaddr_storage()
        var addressSize = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &addressSize) }
        }
        return result == 0 || errno != ENOTCONN ? 0 : ECONNREFUSED
    }

    static func setUserTimeout(_ descriptor: Int32, milliseconds: UInt32) {
        var value = milliseconds
        let option: Int32 = 18  // TCP_USER_TIMEOUT of Linux
        _ = setsockopt(
            descriptor, Int32(IPPROTO_TCP), option, &value, socklen_t(MemoryLayout<UInt32>.size))
    }
}

/// Lets other threads wake the one that waits with `SocketWait`. Signals that come before the wait are not lost, and
/// many of them are one.
package final class Waker: Sendable {
    fileprivate let descriptor: Int32

    package init() throws(MosquittoError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard descriptor >= 0 else {
            throw MosquittoError(
                .limit, "No file descriptor left (\(String(cString: strerror(errno)))); raise the limit of open files")
        }
    }

    deinit { close(descriptor) }

    package func wake() { _ = eventfd_write(descriptor, 1) }

    fileprivate func reset() {
        var count: eventfd_t = 0
        _ = eventfd_read(descriptor, &count)
    }
}

/// Time that only goes forward, also while the machine sleeps.
package enum MonotonicClock {
    package static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// Milliseconds since the Unix epoch as the machine's clock has them.
package enum WallClock {
    package static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
