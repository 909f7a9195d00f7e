import Glibc

/// Keeps the ledger able to delete when the disk is full.
///
/// `max_page_count` stays below what the file system has room for, so that normally SQLite refuses to grow while
/// deleting still works. Should the file system be full all the same (another program filled it), even a DELETE fails,
/// as it writes to the log; then the ballast file goes, and until there is room for it again only what frees space is
/// accepted.
final class DiskSpace {
    private let folder: LedgerFolder
    private let databaseBytesMax: Int64?
    private(set) var isBallastSpent = false
    private(set) var pagesMax: Int64 = 0
    /// When the log is copied into the database: earlier on a small file system.
    private(set) var logPagesPerCheckpoint = LedgerLimits.logPagesPerCheckpoint

    init(folder: LedgerFolder, databaseBytesMax: Int64?) {
        self.folder = folder
        self.databaseBytesMax = databaseBytesMax
    }

    private struct Room {
        var total: Int64
        var available: Int64

        /// For the log and the ballast.
        var headroom: Int64 { min(LedgerLimits.headroomBytes, total / 2) }
        var isShort: Bool { available < min(LedgerLimits.headroomBytes / 4, total / 8) }
        var hasRoomForBallast: Bool {
            available >= Int64(LedgerLimits.ballastBytes) + min(LedgerLimits.headroomBytes / 4, total / 8)
        }
    }

    private func room() -> Room? {
        var found = statvfs()
        guard statvfs(folder.path, &found) == 0 else { return nil }
        let unit = Int64(clamping: found.f_frsize)
        let total = Int64(clamping: found.f_blocks).multipliedReportingOverflow(by: unit)
        let available = Int64(clamping: found.f_bavail).multipliedReportingOverflow(by: unit)
        return Room(
            total: total.overflow ? .max : total.partialValue,
            available: available.overflow ? .max : available.partialValue)
    }

    /// Sets `max_page_count` by the quota and by what the file system has room for now.
    func updatePageLimit(_ connection: SQLiteConnection) throws(LedgerError) {
        let pageBytes = max(try connection.integer("PRAGMA page_size") ?? 4_096, 512)
        let pages = try connection.integer("PRAGMA page_count") ?? 0
        var bytesMax = databaseBytesMax ?? .max
        if let room = room() {
            let reserved = folder.logBytes() + (folder.hasBallast ? Int64(LedgerLimits.ballastBytes) : 0)
            let growth = room.available.addingReportingOverflow(reserved - room.headroom)
            let bytes = (pages * pageBytes).addingReportingOverflow(growth.partialValue)
            if !growth.overflow, !bytes.overflow { bytesMax = min(bytesMax, bytes.partialValue) }
            let logBytes = (room.headroom - Int64(LedgerLimits.ballastBytes)) / 2
            logPagesPerCheckpoint = max(16, min(LedgerLimits.logPagesPerCheckpoint, Int(logBytes / pageBytes)))
        }
        // SQLite itself never goes below the present size.
        let limit = max(bytesMax / pageBytes, 1)
        guard limit != pagesMax else { return }
        pagesMax = try connection.integer("PRAGMA max_page_count = \(min(limit, 1_073_741_823))") ?? limit
    }

    /// Makes the ballast if it is missing and there is room.
    func makeBallast() {
        guard !folder.hasBallast else { return isBallastSpent = false }
        if let room = room(), !room.hasRoomForBallast { return }
        if folder.makeBallast(bytes: LedgerLimits.ballastBytes) { isBallastSpent = false }
    }

    /// Whether the file system itself is full, not only the quota.
    var isShort: Bool { room()?.isShort ?? false }

    /// After a write found no room: copies the log, so that the next transaction can write over it. The log keeps its
    /// blocks: given back, another program would take them. Growth then ends at `max_page_count`, deleting goes on.
    func recover(_ connection: SQLiteConnection) {
        if isShort, (try? connection.checkpoint(truncating: false)) != true { spendBallast(connection) }
        try? updatePageLimit(connection)
    }

    /// The log could not even take a deletion.
    func spendBallast(_ connection: SQLiteConnection) {
        folder.removeBallast()
        isBallastSpent = true
        _ = try? connection.checkpoint(truncating: false)
        try? updatePageLimit(connection)
    }

    /// While the ballast is spent: gives free pages back, and makes the ballast again as soon as it fits.
    func regain(_ connection: SQLiteConnection) {
        guard isBallastSpent else { return }
        try? connection.execute("PRAGMA incremental_vacuum(\(LedgerLimits.vacuumPagesPerStep))")
        _ = try? connection.checkpoint(truncating: false)
        makeBallast()
        try? updatePageLimit(connection)
    }
}
