import Glibc

/// A thread with a name that can be joined. Signals are left to the other threads.
final class LedgerThread: @unchecked Sendable {
    // @unchecked: `thread` is written before the object is shared, and joined once by the owner.
    private let thread: pthread_t

    private final class Body {
        let name: String
        let run: @Sendable () -> Void
        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    init(name: String, _ run: @escaping @Sendable () -> Void) throws(LedgerError) {
        var created = pthread_t()
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        // Released by the thread itself.
        let body = Unmanaged.passRetained(Body(name, run))
        let code = pthread_create(
            &created, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                LedgerThread.setName(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            body.release()
            throw LedgerError(
                code: .cannotOpen,
                message:
                    "The ledger's thread can't be started (\(String(cString: strerror(code)))); raise the limit of "
                    + "threads of this process.")
        }
        thread = created
    }

    /// For `top` and debuggers. The function for it is not in Swift's Glibc module.
    private static func setName(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, name, name.utf8.count)
        close(file)
    }

    var isCurrent: Bool { pthread_equal(thread, pthread_self()) != 0 }

    func detach() { pthread_detach(thread) }

    func join() { pthread_join(thread, nil) }
}

enum LedgerClock {
    /// Nanoseconds that never go back.
    static func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// Wall-clock milliseconds since the Unix epoch.
    static func wallMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
