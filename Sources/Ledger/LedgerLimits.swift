/// Every limit of the ledger in one place. Sizes in bytes, counts in rows or operations.
enum LedgerLimits {
    /// Beyond this many queued operations `Ledger.isSaturated` is true; submissions are still accepted.
    static let queuedOperations = 65_536
    /// What one transaction takes; the rest of what waits forms the next. A larger batch goes alone, as it is atomic.
    static let operationsPerTransaction = 4_096
    static let bytesPerTransaction = 16 << 20
    /// Deleting 200,000 rows at once would grow the write-ahead log by 50 MB; this many cost about 1 ms.
    static let rowsDeletedPerTransaction = 1_000
    /// Steps of deferred work between two commits, so that a limit holds against appends at full speed.
    static let housekeepingStepsPerCommit = 8

    /// The write-ahead log is copied into the database when it holds this many pages (4 MB).
    static let logPagesPerCheckpoint = 1_000
    static let logFileBytes = 8 << 20
    static let writerCacheKibibytes = 8_192
    static let readerCacheKibibytes = 2_048
    static let busyMilliseconds: Int32 = 5_000

    /// Pages given back to the file system in one step while idle.
    static let vacuumPagesPerStep = 256
    /// Free pages that stay in the file for reuse, and the share of the file that does (one in N).
    static let freePagesKept: Int64 = 1_024
    static let freeShareKept: Int64 = 4
    static let idleMilliseconds: Int64 = 200
    static let vacuumStepMilliseconds: Int64 = 20

    static let ballastBytes = 1 << 20
    /// Left for the write-ahead log and the ballast when `max_page_count` follows the free space.
    static let headroomBytes: Int64 = 16 << 20
    /// Retries of a batch for which the oldest rows of its outboxes were dropped on a full disk.
    static let fullRetries = 4
    /// What they free at least, so that the next batch does not meet the same wall.
    static let fullDropBytes: Int64 = 64 << 10

    /// Rows of one lane carry its number in the upper bits of their key.
    static let lanes = 65_535
    static let sequenceBits: Int64 = 47
    /// Newest identified outbox rows among which a repeated identifier is recognised.
    static let outboxIdentifiers = 65_536
    static let gapRowsPerLane = 1_000
    /// What one read of the outbox returns at most (and at least one row).
    static let rowsPerRead = 10_000
    static let bytesPerRead = 4 << 20
    /// Counted for a row beside its content: keys, times, index entries.
    static let outboxRowOverheadBytes = 64
    /// How often limits by time are looked at while there is other work.
    static let expiryCheckNanoseconds: UInt64 = 1_000_000_000

    /// Message objects remembered so that one which is queued for several sessions is stored once.
    static let recentMessages = 1_024
    static let recentMessageBytes = 8 << 20
    /// Deliveries that race with the end of their session are recognised this far back.
    static let recentlyDeletedSessions = 1_024

    /// Larger files are not checked page by page at start: reading them would take longer than a start may.
    static let quickCheckBytes: Int64 = 64 << 20
    /// Unreadable places after which salvaging a table ends.
    static let damagedPlaces = 10_000
    static let lostRangesReported = 1_000
    /// Damaged databases kept in `quarantine`, newest first.
    static let quarantinedDatabases = 4
}
