internal import Foundation

/// A mutex with conditions whose times are those of the monotonic clock.
///
/// `@unchecked Sendable`: its pointers are set once, and what they point at is made for several threads.
final class PoolLock: @unchecked Sendable {
    struct Condition {
        fileprivate let pointer: UnsafeMutablePointer<pthread_cond_t>

        /// Call with the lock held.
        func signal() { pthread_cond_signal(pointer) }
        func broadcast() { pthread_cond_broadcast(pointer) }
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    /// Something to run may be there; the next deadline may be earlier; a thread is gone.
    let work: Condition
    let watch: Condition
    let gone: Condition

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        work = Self.condition()
        watch = Self.condition()
        gone = Self.condition()
    }

    deinit {
        for condition in [work, watch, gone] {
            pthread_cond_destroy(condition.pointer)
            condition.pointer.deallocate()
        }
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(mutex) }
    func unlock() { pthread_mutex_unlock(mutex) }

    func locked<Result>(_ body: () -> Result) -> Result {
        lock()
        defer { unlock() }
        return body()
    }

    /// Waits with the lock held, which is free meanwhile, at most until `time` (nil: for ever).
    func wait(_ condition: Condition, until time: Int64?) {
        guard let time else {
            pthread_cond_wait(condition.pointer, mutex)
            return
        }
        var limit = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
        pthread_cond_timedwait(condition.pointer, mutex, &limit)
    }

    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func condition() -> Condition {
        let pointer = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        pointer.initialize(to: pthread_cond_t())
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(pointer, &attributes)
        pthread_condattr_destroy(&attributes)
        return Condition(pointer: pointer)
    }
}
