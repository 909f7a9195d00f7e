import CSQLite
import Glibc

/// Owns one SQLite connection, opened without SQLite's own mutex: it belongs to one thread at a time, which is
/// asserted.
final class SQLiteConnection {
    enum Access { case readWrite, readOnly }

    let handle: OpaquePointer
    let path: String
    private var owner: pthread_t
    private(set) var isOpen = true
    /// Pages in the write-ahead log after the last commit, told by SQLite's hook.
    fileprivate(set) var logPages: Int = 0

    init(path: String, access: Access) throws(LedgerError) {
        let flags: Int32 =
            switch access {
            case .readWrite: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .readOnly: SQLITE_OPEN_READONLY
            }
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw LedgerError(sqlite: code, path: path, doing: "opening")
        }
        self.handle = opened
        self.path = path
        self.owner = pthread_self()
        sqlite3_busy_timeout(opened, LedgerLimits.busyMilliseconds)
    }

    deinit { close() }

    /// Hands the connection to the calling thread. The former owner must not use it any more.
    func adopt() { owner = pthread_self() }

    func assertOwner() {
        precondition(pthread_equal(owner, pthread_self()) != 0, "a ledger connection was used outside its thread")
    }

    /// Ends every statement and gives up the file. Later use of a statement throws `.closed`.
    func close() {
        guard isOpen else { return }
        isOpen = false
        while let statement = sqlite3_next_stmt(handle, nil) { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// Runs statements that give no rows.
    func execute(_ sql: String) throws(LedgerError) {
        assertOwner()
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code, doing: sql) }
    }

    /// The first column of the first row, or nil without rows.
    func integer(_ sql: String) throws(LedgerError) -> Int64? {
        let statement = try prepare(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : nil
    }

    func text(_ sql: String) throws(LedgerError) -> String? {
        let statement = try prepare(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.text(0) : nil
    }

    func prepare(_ sql: String) throws(LedgerError) -> SQLiteStatement {
        assertOwner()
        return try SQLiteStatement(self, sql)
    }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    var changes: Int32 { sqlite3_changes(handle) }

    func failure(_ code: Int32, doing action: String) -> LedgerError {
        LedgerError(
            sqlite: code, path: path, doing: String(action.prefix(80)), detail: String(cString: sqlite3_errmsg(handle)))
    }

    /// Keeps `logPages` current. The hook replaces SQLite's own checkpoint inside COMMIT, so that acknowledgements
    /// leave before the log is copied. It points to this object, which outlives the handle.
    func watchLog() {
        sqlite3_wal_hook(
            handle,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                Unmanaged<SQLiteConnection>.fromOpaque(context).takeUnretainedValue().logPages = Int(pages)
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Copies the log into the database. True if nothing is left in it.
    func checkpoint(truncating: Bool) throws(LedgerError) -> Bool {
        assertOwner()
        var logFrames: Int32 = -1
        var copied: Int32 = -1
        let mode = truncating ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        let code = sqlite3_wal_checkpoint_v2(handle, nil, mode, &logFrames, &copied)
        if code & 0xFF == SQLITE_BUSY { return false }
        guard code == SQLITE_OK else { throw failure(code, doing: "checkpoint") }
        return logFrames == copied
    }
}

extension LedgerError {
    /// What an SQLite result code means for the one who runs the program.
    init(sqlite code: Int32, path: String, doing action: String, detail: String = "") {
        let name = detail.isEmpty ? String(cString: sqlite3_errstr(code)) : detail
        let what = "\(name) (SQLite \(code), \(action)) in \(path)"
        switch code & 0xFF {
        case SQLITE_FULL:
            self.init(
                code: .full,
                message: "No room for more in the ledger: free space on its file system, raise its quota or let the "
                    + "bridge drain: \(what)", sqliteCode: code)
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            self.init(
                code: .damaged,
                message: "The ledger is damaged; restart to have it set aside and its readable rows salvaged: \(what)",
                sqliteCode: code)
        case SQLITE_BUSY, SQLITE_LOCKED:
            self.init(
                code: .locked, message: "Another program has the ledger open; close it: \(what)", sqliteCode: code)
        case SQLITE_IOERR, SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH, SQLITE_PROTOCOL, SQLITE_NOLFS:
            self.init(
                code: .inputOutput,
                message: "The ledger can't be read or written; look at the device and its file system: \(what)",
                sqliteCode: code)
        case SQLITE_CANTOPEN:
            self.init(
                code: .cannotOpen,
                message: "The ledger can't be opened; see that its folder is readable and writable: \(what)",
                sqliteCode: code)
        default:
            self.init(code: .misuse, message: "The ledger refused an operation: \(what)", sqliteCode: code)
        }
    }
}
