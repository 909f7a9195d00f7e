import Synchronization

/// The one durable store of a node: sessions and their queues, retained messages, state of rules, outboxes of bridges.
///
/// SQLite in WAL mode with `synchronous=FULL`, one writing connection on one thread. A commit starts when there is work
/// and the last one is done; everything that waits goes into it. A batch is stored as a whole or not at all, and its
/// completion comes after the sync: then it survives `kill -9` and a power cut.
package final class Ledger: Sendable {
    package struct Options: Sendable {
        package var folder: String
        /// Name of the node; identifiers made by the ledger are `node/epoch/lane/sequence`.
        package var node: String
        /// How large the database may become; nil: what the file system has room for.
        package var databaseBytesMax: Int64?
        /// By name of bridge; others get `OutboxLimits.standard`.
        package var outboxLimits: [String: OutboxLimits]
        /// Wall-clock milliseconds since the Unix epoch, for age and expiry of outbox rows.
        package var nowMilliseconds: @Sendable () -> Int64 = { LedgerClock.wallMilliseconds() }

        package init(
            folder: String, node: String, databaseBytesMax: Int64? = nil, outboxLimits: [String: OutboxLimits] = [:]
        ) {
            self.folder = folder
            self.node = node
            self.databaseBytesMax = databaseBytesMax
            self.outboxLimits = outboxLimits
        }
    }

    /// 16 hexadecimal digits, made at random when the database was created.
    package let epoch: String
    private let node: String
    private let folder: LedgerFolder
    private let loop: CommitLoop
    private let thread: LedgerThread
    private let isJoined = Mutex(false)

    init(epoch: String, node: String, folder: LedgerFolder, loop: CommitLoop) throws(LedgerError) {
        self.epoch = epoch
        self.node = node
        self.folder = folder
        self.loop = loop
        thread = try LedgerThread(name: "ledger") { loop.run() }
    }

    deinit { close() }

    /// Opens the ledger of a folder or creates it, brings it to the current schema, checks it, sets a damaged file
    /// aside and salvages what can be read, and loads what is kept in memory. Blocks; called once at start.
    package static func open(
        _ options: Options
    ) throws(LedgerError) -> (ledger: Ledger, recovered: RecoveredState) {
        try open(options, schema: .current)
    }

    /// Hands a batch to the writer; returns at once. `completion` is called on the ledger's thread after the commit, or
    /// with the reason why nothing of the batch was stored; completions come in order of submission. After `close` it
    /// is called at once, on the caller's thread. A batch without operations completes after all before it.
    package func submit(_ operations: [LedgerOperation], completion: @escaping @Sendable (LedgerError?) -> Void) {
        guard loop.queue.submit(Submission(operations: operations, completion: completion)) else {
            return completion(
                LedgerError(code: .closed, message: "The ledger is closed; start the node again to store messages."))
        }
    }

    /// More operations wait than the writer should have before it: take less in from clients.
    package var isSaturated: Bool {
        loop.queue.queuedOperations.load(ordering: .relaxed) > LedgerLimits.queuedOperations
    }

    /// A reader for the bridge's own thread; made on any.
    package func makeOutboxReader(bridge: String) throws(LedgerError) -> OutboxReader {
        try OutboxReader(path: folder.database, bridge: bridge, node: node, epoch: epoch)
    }

    /// `wake` is called on the ledger's thread after each commit that appended to this bridge's outbox. It must return
    /// soon.
    package func onOutboxCommit(bridge: String, _ wake: @escaping @Sendable () -> Void) {
        loop.board.onCommit(bridge: bridge, wake)
    }

    /// As of the last commit.
    package func outboxStatus(bridge: String) -> OutboxStatus { loop.board.status(of: bridge) }

    package func statistics() -> LedgerStatistics {
        var statistics = loop.board.currentStatistics()
        statistics.queuedOperations = loop.queue.queuedOperations.load(ordering: .relaxed)
        statistics.saturatedSubmissions = loop.queue.saturatedSubmissions.load(ordering: .relaxed)
        return statistics
    }

    /// Commits what was submitted, copies the log into the database and ends the thread. Later calls do nothing. Not to
    /// be called from a completion.
    package func close() {
        loop.queue.close()
        let isLedgerThread = thread.isCurrent
        isJoined.withLock { joined in
            guard !joined else { return }
            joined = true
            // The last reference may go away in a completion; the thread then ends by itself.
            if isLedgerThread { thread.detach() } else { thread.join() }
        }
    }
}
