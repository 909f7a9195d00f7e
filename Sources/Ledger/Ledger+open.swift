extension Ledger {
    /// `open` with another schema, for tests of migrations.
    static func open(
        _ options: Options, schema: Schema
    ) throws(LedgerError) -> (ledger: Ledger, recovered: RecoveredState) {
        let started = LedgerClock.monotonicNanoseconds()
        let folder = LedgerFolder(path: options.folder)
        try folder.prepare()
        let lock = try FolderLock(folder)
        let opening = Opening(folder: folder, options: options, schema: schema)
        var opened = try opening.run()
        let space = DiskSpace(folder: folder, databaseBytesMax: options.databaseBytesMax)
        space.makeBallast()
        try space.updatePageLimit(opened.connection)
        let transaction = try Transaction(
            opened.connection, contents: opened.stored, limits: options.outboxLimits,
            nowMilliseconds: options.nowMilliseconds)
        let epoch = try opened.connection.text("SELECT value FROM meta WHERE name = 'epoch'") ?? ""
        let loop = CommitLoop(opened.connection, transaction: transaction, space: space, folder: folder, lock: lock)
        let ledger = try Ledger(epoch: epoch, node: options.node, folder: folder, loop: loop)
        opened.state.report.seconds = Double(LedgerClock.monotonicNanoseconds() &- started) / 1e9
        return (ledger, opened.state)
    }
}

/// The way from a folder to a connection whose database is whole, current and loaded.
struct Opening {
    let folder: LedgerFolder
    let options: Ledger.Options
    let schema: Schema

    struct Opened {
        let connection: SQLiteConnection
        var state: RecoveredState
        let stored: StoredSessions
    }

    func run() throws(LedgerError) -> Opened {
        try finishInterruptedSalvage()
        do throws(LedgerError) {
            guard folder.bytes(of: folder.database) == 0 || folder.looksLikeDatabase(folder.database) else {
                throw LedgerError(code: .damaged, message: "\(folder.database) is not a database.")
            }
            return try openDatabase()
        } catch {
            guard error.code == .damaged else { throw error }
            let salvage = try Salvage(folder: folder, schema: schema, options: options).run(reason: error.message)
            var opened = try openDatabase()
            opened.state.report.outcome = .salvaged(salvage)
            return opened
        }
    }

    private func openDatabase() throws(LedgerError) -> Opened {
        let existed = folder.bytes(of: folder.database) > 0
        let connection = try SQLiteConnection(path: folder.database, access: .readWrite)
        try Opening.configure(connection, isNew: !existed)
        let found = try schema.migrate(connection, nowMilliseconds: options.nowMilliseconds())
        let pageCheck = try existed ? check(connection) : .complete
        var (state, stored) = try StoredState.load(connection)
        state.report.pageCheck = pageCheck
        if found == 0 {
            state.report.outcome = .created
        } else if found < schema.version {
            state.report.outcome = .migrated(from: found)
        }
        return Opened(connection: connection, state: state, stored: stored)
    }

    /// Settings of the writing connection. Those before the switch to WAL count only in a new file.
    static func configure(_ connection: SQLiteConnection, isNew: Bool) throws(LedgerError) {
        if isNew { try connection.execute("PRAGMA auto_vacuum = INCREMENTAL") }
        let mode = try connection.text("PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
            throw LedgerError(
                code: .cannotOpen,
                message: "The file system of \(connection.path) can't hold a write-ahead log (journal mode "
                    + "\(mode ?? "unknown")); use a local disk.")
        }
        // The log is copied by `CommitLoop` after completions, not by SQLite inside COMMIT. Debian's SQLite overwrites
        // deleted content with zeros unless told otherwise, which doubles what a delete writes.
        try connection.execute(
            """
            PRAGMA synchronous = FULL;
            PRAGMA wal_autocheckpoint = 0;
            PRAGMA journal_size_limit = \(LedgerLimits.logFileBytes);
            PRAGMA cache_size = -\(LedgerLimits.writerCacheKibibytes);
            PRAGMA temp_store = MEMORY;
            PRAGMA secure_delete = OFF;
            PRAGMA trusted_schema = OFF;
            PRAGMA cell_size_check = ON
            """)
        let synchronous = try connection.integer("PRAGMA synchronous")
        guard synchronous == 2 else {
            throw LedgerError(
                code: .misuse,
                message: "SQLite does not sync every commit (synchronous is \(synchronous ?? -1), not 2); "
                    + "use a build of SQLite that allows it.")
        }
    }

    private func check(_ connection: SQLiteConnection) throws(LedgerError) -> RecoveryReport.PageCheck {
        let bytes = folder.bytes(of: folder.database)
        let isRequested = folder.exists(folder.checkRequest)
        guard bytes <= LedgerLimits.quickCheckBytes || isRequested else { return .skippedLargeFile(bytes: bytes) }
        let answer = try connection.text("PRAGMA quick_check(1)") ?? "no answer"
        guard answer == "ok" else {
            throw LedgerError(
                code: .damaged,
                message: "\(folder.database) is damaged: \(answer.split(separator: "\n").joined(separator: " "))")
        }
        if isRequested { folder.removeCheckRequest() }
        return .complete
    }

    /// A crash between setting the damaged file aside and putting the salvaged one in its place.
    private func finishInterruptedSalvage() throws(LedgerError) {
        if !folder.exists(folder.database), folder.exists(folder.salvage), Salvage.isComplete(folder.salvage) {
            try folder.rename(folder.salvage, to: folder.database)
            folder.sync()
        }
        folder.remove(folder.salvage)
        // A log without its database belongs to one that was set aside.
        if !folder.exists(folder.database), folder.logBytes() > 0 {
            _ = try folder.setAside(name: "stray", atMilliseconds: options.nowMilliseconds())
        }
    }
}
