import Messages

/// Applies operations inside one transaction of the writing connection.
final class Transaction {
    let connection: SQLiteConnection
    let sessions: SessionTables
    let outbox: OutboxTables
    private let retained: RetainedTable
    private let rules: RuleTables
    private let begin, commit, rollBack: SQLiteStatement
    let nowMilliseconds: @Sendable () -> Int64
    private(set) var startedAtMilliseconds: Int64 = 0
    /// Deliveries that were enqueued and acknowledged within this transaction; they never touch the disk.
    private var elided: Set<QueuePlace> = []
    private var dequeued: Set<QueuePlace> = []

    private struct QueuePlace: Hashable {
        let session: SessionKey
        let sequence: UInt64
    }

    init(
        _ connection: SQLiteConnection, contents: StoredSessions, limits: [String: OutboxLimits],
        nowMilliseconds: @escaping @Sendable () -> Int64
    ) throws(LedgerError) {
        self.connection = connection
        self.nowMilliseconds = nowMilliseconds
        sessions = try SessionTables(connection, contents: contents)
        retained = try RetainedTable(connection)
        rules = try RuleTables(connection)
        outbox = try OutboxTables(connection, limits: limits)
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        rollBack = try connection.prepare("ROLLBACK")
    }

    /// Everything in `batches` or nothing.
    func perform(_ batches: ArraySlice<Submission>) throws(LedgerError) {
        try run { () throws(LedgerError) in
            findElided(in: batches)
            for batch in batches {
                for operation in batch.operations { try apply(operation) }
            }
            try outbox.trimTouched(
                nowMilliseconds: startedAtMilliseconds, limit: LedgerLimits.rowsDeletedPerTransaction)
        }
    }

    /// One step of deferred deletions. Returns how many rows went.
    func housekeep() throws(LedgerError) -> Int {
        var count = 0
        try run { () throws(LedgerError) in
            let limit = LedgerLimits.rowsDeletedPerTransaction
            count = try outbox.housekeep(nowMilliseconds: startedAtMilliseconds, limit: limit)
            count += try sessions.deleteEnded(limit: limit - count)
        }
        return count
    }

    /// Drops the oldest outbox rows of the bridges for which `batch` appends. Returns how many went.
    func makeRoom(for batch: Submission) throws(LedgerError) -> Int {
        var wanted: [String: Int64] = [:]
        for case .appendOutbox(let entry) in batch.operations {
            wanted[entry.bridge, default: 0] += Int64(entry.payload.count + entry.topic.count + 1_024)
        }
        var count = 0
        try run { () throws(LedgerError) in
            for (bridge, bytes) in wanted
            where outbox.bridges[outbox.bridgeIndex(bridge)].limits.whenFull == .dropOldest {
                count += try outbox.makeRoom(
                    in: bridge, bytes: max(bytes, LedgerLimits.fullDropBytes),
                    nowMilliseconds: startedAtMilliseconds)
            }
        }
        return count
    }

    private func run(_ body: () throws(LedgerError) -> Void) throws(LedgerError) {
        startedAtMilliseconds = nowMilliseconds()
        sessions.begin()
        outbox.begin()
        do throws(LedgerError) {
            try begin.run()
            try body()
            try sessions.finish()
            try outbox.finish()
            try commit.run()
        } catch {
            // SQLite has rolled back by itself after most failures of the device.
            if connection.isInTransaction { try? rollBack.run() }
            sessions.rollBack()
            outbox.rollBack()
            throw error
        }
        sessions.commit()
    }

    /// The last thing after a commit, once its outbox changes were looked at.
    func forgetOutboxChanges() { outbox.commit() }

    /// A delivery that both comes and goes in `batches` is neither stored nor deleted.
    private func findElided(in batches: ArraySlice<Submission>) {
        elided.removeAll(keepingCapacity: true)
        dequeued.removeAll(keepingCapacity: true)
        var hasEnqueue = false
        for batch in batches {
            for operation in batch.operations {
                switch operation {
                case .enqueue: hasEnqueue = true
                case .dequeue(let session, let sequence) where hasEnqueue:
                    dequeued.insert(QueuePlace(session: session, sequence: sequence))
                default: break
                }
            }
        }
    }

    private func elides(_ session: SessionKey, _ sequence: UInt64) -> Bool {
        guard !dequeued.isEmpty else { return false }
        let place = QueuePlace(session: session, sequence: sequence)
        guard dequeued.contains(place) else { return false }
        elided.insert(place)
        return true
    }

    private func isElided(_ session: SessionKey, _ sequence: UInt64) -> Bool {
        !elided.isEmpty && elided.contains(QueuePlace(session: session, sequence: sequence))
    }

    private func apply(_ operation: LedgerOperation) throws(LedgerError) {
        switch operation {
        case .putSession(let record): try sessions.put(record)
        case .deleteSession(let session): try sessions.delete(session)
        case .putSubscription(let session, let subscription): try sessions.put(subscription, of: session)
        case .deleteSubscription(let session, let filter): try sessions.deleteSubscription(filter, of: session)
        case .enqueue(let session, let sequence, let delivery):
            guard !elides(session, sequence) else { return }
            try sessions.enqueue(delivery, sequence: sequence, of: session)
        case .markDelivery(let session, let sequence, let packetID, let state):
            guard !isElided(session, sequence) else { return }
            try sessions.mark(session, sequence: sequence, packetID: packetID, state: state)
        case .dequeue(let session, let sequence):
            guard !isElided(session, sequence) else { return }
            try sessions.dequeue(session, sequence: sequence)
        case .addReceived(let session, let packetID): try sessions.addReceived(packetID, of: session)
        case .removeReceived(let session, let packetID): try sessions.removeReceived(packetID, of: session)
        case .retain(let message): try retained.put(message)
        case .clearRetained(let topic): try retained.clear(topic)
        case .ruleInputs(let inputs): try rules.append(inputs)
        case .ruleSnapshot(let snapshot):
            try rules.apply(snapshot)
            outbox.markSnapshot()
        case .appendOutbox(let entry): try outbox.append(entry, nowMilliseconds: startedAtMilliseconds)
        case .removeOutbox(let bridge, let lane, let sequence):
            try outbox.remove(bridge: bridge, lane: lane, through: sequence)
        }
    }
}
