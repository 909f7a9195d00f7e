import Glibc
import Synchronization

/// A batch that waits for its commit.
struct Submission {
    let operations: [LedgerOperation]
    let completion: @Sendable (LedgerError?) -> Void
}

/// Batches on their way from any thread to the writer. The writer sleeps on a condition while there is nothing to do.
///
/// @unchecked Sendable: `waiting`, `isClosed` and `isWriterAsleep` are touched only under `mutex`.
final class SubmissionQueue: @unchecked Sendable {
    enum Arrival { case work, timeout, closed }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var waiting: [Submission] = []
    private var isClosed = false
    private var isWriterAsleep = false
    /// Operations submitted and not yet committed or failed.
    let queuedOperations = Atomic<Int>(0)
    /// Submissions that came while the queue was beyond its limit.
    let saturatedSubmissions = Atomic<UInt64>(0)

    init() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// False: closed, nothing was queued.
    func submit(_ submission: Submission) -> Bool {
        let count = submission.operations.count
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed else { return false }
        let before = queuedOperations.add(count, ordering: .relaxed).oldValue
        if before > LedgerLimits.queuedOperations { saturatedSubmissions.add(1, ordering: .relaxed) }
        waiting.append(submission)
        if isWriterAsleep {
            isWriterAsleep = false
            pthread_cond_signal(condition)
        }
        return true
    }

    /// Moves everything that waits into `batches`, which is empty. Sleeps until there is something, the queue is closed
    /// or `milliseconds` are over; nil: sleeps as long as it takes, 0: not at all.
    func take(into batches: inout [Submission], milliseconds: Int64?) -> Arrival {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var deadline: timespec?
        while waiting.isEmpty {
            if isClosed { return .closed }
            if let milliseconds {
                guard milliseconds > 0 else { return .timeout }
                var time = deadline ?? SubmissionQueue.deadline(milliseconds)
                deadline = time
                isWriterAsleep = true
                let code = pthread_cond_timedwait(condition, mutex, &time)
                isWriterAsleep = false
                if code == ETIMEDOUT, waiting.isEmpty, !isClosed { return .timeout }
            } else {
                isWriterAsleep = true
                pthread_cond_wait(condition, mutex)
                isWriterAsleep = false
            }
        }
        swap(&waiting, &batches)
        return .work
    }

    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    private static func deadline(_ milliseconds: Int64) -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let nanoseconds = Int(milliseconds % 1_000) * 1_000_000 + time.tv_nsec
        time.tv_sec += Int(milliseconds / 1_000) + nanoseconds / 1_000_000_000
        time.tv_nsec = nanoseconds % 1_000_000_000
        return time
    }
}
