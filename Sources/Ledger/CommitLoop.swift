import Synchronization

/// The writer: takes what waits, commits it in one transaction, tells those who waited; between commits it copies the
/// log into the database and does deferred deletions.
///
/// @unchecked Sendable: built on the opening thread, then used by the ledger's thread alone (`SQLiteConnection` asserts
/// it); `queue` and `board` are Sendable themselves.
final class CommitLoop: @unchecked Sendable {
    let queue = SubmissionQueue()
    let board = LedgerBoard()
    private let connection: SQLiteConnection
    private let transaction: Transaction
    private let space: DiskSpace
    private let folder: LedgerFolder
    private let lock: FolderLock
    private var pagesAtCheckpoint = 0
    private var hasHousekeeping = false
    /// Something was committed since free pages were last looked at.
    private var isVacuumDue = false
    private var isShrinking = false
    private var lastTick: UInt64 = 0

    init(
        _ connection: SQLiteConnection, transaction: Transaction, space: DiskSpace, folder: LedgerFolder,
        lock: FolderLock
    ) {
        self.lock = lock
        self.connection = connection
        self.transaction = transaction
        self.space = space
        self.folder = folder
        connection.watchLog()
        hasHousekeeping =
            transaction.sessions.hasEndedSessions
            || transaction.outbox.hasHousekeeping(nowMilliseconds: transaction.nowMilliseconds(), everywhere: true)
        for bridge in transaction.outbox.bridges { board.set(transaction.outbox.status(of: bridge), of: bridge.name) }
    }

    func run() {
        connection.adopt()
        var batches: [Submission] = []
        while true {
            batches.removeAll(keepingCapacity: true)
            switch queue.take(into: &batches, milliseconds: waitMilliseconds) {
            case .work: commitAll(batches)
            case .timeout: if hasHousekeeping { housekeep() } else { giveBackPages() }
            case .closed: return finish()
            }
        }
    }

    private func finish() {
        _ = try? connection.checkpoint(truncating: true)
        connection.close()
        lock.release()
    }

    // MARK: Commits

    private func commitAll(_ batches: [Submission]) {
        var start = 0
        while start < batches.count {
            var end = start
            var operations = 0
            var bytes = 0
            while end < batches.count {
                operations += batches[end].operations.count
                for operation in batches[end].operations { bytes += operation.footprintBytes }
                if end > start,
                    operations > LedgerLimits.operationsPerTransaction
                        || bytes > LedgerLimits.bytesPerTransaction
                {
                    break
                }
                end += 1
            }
            commit(batches[start..<end])
            start = end
            tidyUp()
        }
    }

    private func commit(_ batches: ArraySlice<Submission>) {
        if space.isBallastSpent { space.makeBallast() }
        guard !space.isBallastSpent else {
            for index in batches.indices { commitAlone(batches[index...index]) }
            return space.regain(connection)
        }
        do throws(LedgerError) {
            try perform(batches)
        } catch {
            // One bad batch must not spoil the others: each gets its own transaction.
            guard batches.count > 1 else { return settle(batches, error) }
            note(error)
            if error.code == .full { space.recover(connection) }
            for index in batches.indices { commitAlone(batches[index...index]) }
        }
    }

    private func commitAlone(_ batch: ArraySlice<Submission>) {
        if space.isBallastSpent, !batch.allSatisfy({ $0.operations.allSatisfy(\.isAllowedOnFullDisk) }) {
            return fail(batch, CommitLoop.fullDisk)
        }
        do throws(LedgerError) {
            try perform(batch)
        } catch {
            settle(batch, error)
        }
    }

    /// A single batch failed. When there was no room: makes some, and tries again.
    private func settle(_ batch: ArraySlice<Submission>, _ error: LedgerError) {
        note(error)
        guard error.code == .full, let submission = batch.first else { return fail(batch, error) }
        let makesRoom = submission.operations.allSatisfy(\.isAllowedOnFullDisk)
        space.recover(connection)
        var last = error
        for _ in 0...LedgerLimits.fullRetries {
            if space.isBallastSpent, !makesRoom { break }
            do throws(LedgerError) {
                return try perform(batch)
            } catch {
                last = error
            }
            guard last.code == .full else { break }
            if makesRoom, space.isShort, !space.isBallastSpent {
                space.spendBallast(connection)
                continue
            }
            guard let dropped = try? transaction.makeRoom(for: submission), dropped > 0 else { break }
            publishOutboxes()
        }
        fail(batch, last)
    }

    private static let fullDisk = LedgerError(
        code: .full,
        message: "The disk is full; until space is freed the ledger takes only what makes room.")

    private func perform(_ batches: ArraySlice<Submission>) throws(LedgerError) {
        let operations = batches.reduce(0) { $0 + $1.operations.count }
        let logBefore = connection.logPages
        let started = LedgerClock.monotonicNanoseconds()
        if operations > 0 { try transaction.perform(batches) }
        let nanoseconds = LedgerClock.monotonicNanoseconds() &- started
        let pages = connection.logPages >= logBefore ? connection.logPages - logBefore : connection.logPages
        board.update { statistics in
            statistics.commits += operations > 0 ? 1 : 0
            statistics.operations += UInt64(operations)
            statistics.batches += UInt64(batches.count)
            statistics.bytes += UInt64(pages * 4_120)
            statistics.lastCommitNanoseconds = nanoseconds
            statistics.greatestCommitNanoseconds = max(statistics.greatestCommitNanoseconds, nanoseconds)
            statistics.repeatsIgnored = transaction.outbox.repeatsIgnored
            statistics.lateDeliveries = transaction.sessions.lateDeliveries
            statistics.isReserveSpent = space.isBallastSpent
        }
        queue.queuedOperations.subtract(operations, ordering: .relaxed)
        let appended = publishOutboxes()
        for batch in batches { batch.completion(nil) }
        for bridge in appended { board.wake(bridge) }
        isVacuumDue = true
    }

    /// Shows what the last transaction changed in the outboxes; returns the bridges that got rows.
    @discardableResult
    private func publishOutboxes() -> [String] {
        let outbox = transaction.outbox
        guard !outbox.touchedBridges.isEmpty else { return [] }
        var appended: [String] = []
        for index in outbox.touchedBridges {
            let bridge = outbox.bridges[index]
            board.set(outbox.status(of: bridge), of: bridge.name)
            if bridge.hasAppends { appended.append(bridge.name) }
        }
        if outbox.hasHousekeeping(nowMilliseconds: transaction.startedAtMilliseconds, everywhere: false) {
            hasHousekeeping = true
        }
        transaction.forgetOutboxChanges()
        return appended
    }

    private func fail(_ batches: ArraySlice<Submission>, _ error: LedgerError) {
        board.update { statistics in
            statistics.failures += UInt64(batches.count)
            statistics.isReserveSpent = space.isBallastSpent
        }
        for batch in batches {
            queue.queuedOperations.subtract(batch.operations.count, ordering: .relaxed)
            batch.completion(error)
        }
    }

    private func note(_ error: LedgerError) {
        if error.code == .damaged { folder.requestCheck() }
    }

    // MARK: Between commits

    private func tidyUp() {
        checkpointIfDue()
        if transaction.sessions.hasEndedSessions { hasHousekeeping = true }
        let now = LedgerClock.monotonicNanoseconds()
        if now &- lastTick >= LedgerLimits.expiryCheckNanoseconds {
            lastTick = now
            giveBackPages()
            hasHousekeeping = hasHousekeeping || hasHousekeepingAnywhere()
        }
        var steps = 0
        while hasHousekeeping, steps < LedgerLimits.housekeepingStepsPerCommit {
            housekeep()
            steps += 1
        }
    }

    private func hasHousekeepingAnywhere() -> Bool {
        transaction.sessions.hasEndedSessions
            || transaction.outbox.hasHousekeeping(
                nowMilliseconds: transaction.startedAtMilliseconds, everywhere: true)
    }

    private func housekeep() {
        do throws(LedgerError) {
            let count = try transaction.housekeep()
            publishOutboxes()
            isVacuumDue = true
            hasHousekeeping = count > 0 && hasHousekeepingAnywhere()
        } catch {
            note(error)
            if error.code == .full { space.recover(connection) }
            // Tried again at the next tick, when there is other work.
            hasHousekeeping = false
        }
        checkpointIfDue()
    }

    private func checkpointIfDue() {
        if connection.logPages < pagesAtCheckpoint { pagesAtCheckpoint = 0 }
        guard connection.logPages >= pagesAtCheckpoint + space.logPagesPerCheckpoint else { return }
        pagesAtCheckpoint = connection.logPages
        do throws(LedgerError) {
            _ = try connection.checkpoint(truncating: false)
            board.update { $0.checkpoints += 1 }
            try space.updatePageLimit(connection)
        } catch {
            // What was committed is in the log; the next checkpoint takes it along.
            note(error)
            if error.code == .full { space.recover(connection) }
        }
    }

    /// Shrinks the database by one small step if far more pages are free than the ledger needs soon. The file itself
    /// becomes shorter with the checkpoint after the last step.
    private func giveBackPages() {
        isVacuumDue = false
        guard let free = try? connection.integer("PRAGMA freelist_count"), free > LedgerLimits.freePagesKept,
            let pages = try? connection.integer("PRAGMA page_count"), free > pages / LedgerLimits.freeShareKept,
            (try? connection.execute("PRAGMA incremental_vacuum(\(LedgerLimits.vacuumPagesPerStep))")) != nil
        else {
            if isShrinking { _ = try? connection.checkpoint(truncating: false) }
            isShrinking = false
            return
        }
        isVacuumDue = true
        isShrinking = true
        checkpointIfDue()
    }

    /// How long to wait for work: not at all, until pages may be given back, or as long as it takes.
    private var waitMilliseconds: Int64? {
        if hasHousekeeping { return 0 }
        guard isVacuumDue else { return nil }
        return isShrinking ? LedgerLimits.vacuumStepMilliseconds : LedgerLimits.idleMilliseconds
    }
}
