import Synchronization

/// Counts since the ledger was opened.
package struct LedgerStatistics: Sendable, Equatable {
    package var commits: UInt64 = 0
    package var operations: UInt64 = 0
    package var batches: UInt64 = 0
    /// Written to the write-ahead log; the database file gets about as much again.
    package var bytes: UInt64 = 0
    package var lastCommitNanoseconds: UInt64 = 0
    package var greatestCommitNanoseconds: UInt64 = 0
    package var checkpoints: UInt64 = 0
    /// Batches that were not stored.
    package var failures: UInt64 = 0
    /// Submitted and not yet committed or failed.
    package var queuedOperations: Int = 0
    /// Submissions that came when more operations waited than the limit.
    package var saturatedSubmissions: UInt64 = 0
    /// Outbox entries whose identifier was in their lane already.
    package var repeatsIgnored = 0
    /// Deliveries for sessions that had been deleted.
    package var lateDeliveries = 0
    /// The disk was full and the reserve had to be used; only what frees space is accepted until it is back.
    package var isReserveSpent = false

    package init() {}
}

/// What the writer tells everybody else.
final class LedgerBoard: Sendable {
    /// A closure in a class: a `Mutex` must not hold closures themselves (swiftlang #91348).
    private final class Wake: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let statistics = Mutex(LedgerStatistics())
    private let outboxes = Mutex<[String: OutboxStatus]>([:])
    private let wakes = Mutex<[String: [Wake]]>([:])

    func currentStatistics() -> LedgerStatistics { statistics.withLock { $0 } }
    func update(_ body: (inout LedgerStatistics) -> Void) { statistics.withLock { body(&$0) } }

    func status(of bridge: String) -> OutboxStatus { outboxes.withLock { $0[bridge] ?? OutboxStatus() } }
    func set(_ status: OutboxStatus, of bridge: String) { outboxes.withLock { $0[bridge] = status } }

    func onCommit(bridge: String, _ run: @escaping @Sendable () -> Void) {
        let wake = Wake(run)
        wakes.withLock { $0[bridge, default: []].append(wake) }
    }

    func wake(_ bridge: String) {
        for wake in wakes.withLock({ $0[bridge] ?? [] }) { wake.run() }
    }
}
