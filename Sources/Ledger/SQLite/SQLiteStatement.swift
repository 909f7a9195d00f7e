import CSQLite

/// A prepared statement, kept for the life of its connection. Parameters count from 1, columns from 0.
/// A failed `bind` is remembered and thrown by the next `step`.
final class SQLiteStatement {
    private let handle: OpaquePointer
    private let connection: SQLiteConnection
    private var bindFailure: Int32 = SQLITE_OK

    /// Tells SQLite to copy what it is given; the bytes may go away after the call.
    private static let copying = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(_ connection: SQLiteConnection, _ sql: String) throws(LedgerError) {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(
            connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw connection.failure(code, doing: sql) }
        self.handle = prepared
        self.connection = connection
    }

    deinit {
        if connection.isOpen { sqlite3_finalize(handle) }
    }

    private func note(_ code: Int32) {
        if code != SQLITE_OK { bindFailure = code }
    }

    func bind(_ index: Int32, _ value: Int64) { note(sqlite3_bind_int64(handle, index, value)) }
    func bind(_ index: Int32, _ value: Int) { bind(index, Int64(value)) }
    func bind(_ index: Int32, _ value: UInt8) { bind(index, Int64(value)) }
    func bindNull(_ index: Int32) { note(sqlite3_bind_null(handle, index)) }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    func bind(_ index: Int32, _ text: String?) {
        guard var text else { return bindNull(index) }
        note(
            text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    // An empty text has no address, and a null address would mean NULL.
                    guard let address = characters.baseAddress else {
                        return sqlite3_bind_text(handle, index, "", 0, SQLiteStatement.copying)
                    }
                    return sqlite3_bind_text(
                        handle, index, address, Int32(clamping: bytes.count), SQLiteStatement.copying)
                }
            })
    }

    func bind(_ index: Int32, _ blob: [UInt8]) {
        note(
            blob.withUnsafeBytes { bytes in
                guard let address = bytes.baseAddress, bytes.count > 0 else {
                    return sqlite3_bind_zeroblob(handle, index, 0)
                }
                return sqlite3_bind_blob64(handle, index, address, UInt64(bytes.count), SQLiteStatement.copying)
            })
    }

    /// True: a row is there.
    func step() throws(LedgerError) -> Bool {
        connection.assertOwner()
        guard connection.isOpen else { throw LedgerError(code: .closed, message: "The ledger is closed.") }
        if bindFailure != SQLITE_OK {
            let code = bindFailure
            bindFailure = SQLITE_OK
            throw connection.failure(code, doing: "binding \(String(cString: sqlite3_sql(handle)))")
        }
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let error = connection.failure(code, doing: String(cString: sqlite3_sql(handle)))
            sqlite3_reset(handle)
            throw error
        }
    }

    /// Runs a statement whose rows, if any, are of no interest, and makes it ready for the next use.
    func run() throws(LedgerError) {
        defer { reset() }
        while try step() {}
    }

    func reset() {
        if connection.isOpen { sqlite3_reset(handle) }
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    func text(_ column: Int32) -> String? {
        guard let characters = sqlite3_column_text(handle, column) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: characters, count: count), as: UTF8.self)
    }

    func blob(_ column: Int32) -> [UInt8] {
        // The address comes first: asking for the size of another type would convert the value.
        guard let address = sqlite3_column_blob(handle, column) else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: address, count: Int(sqlite3_column_bytes(handle, column))))
    }

    var columnCount: Int32 { sqlite3_column_count(handle) }

    /// Copies a value as it is, whatever its type, from another statement's row.
    func bind(_ index: Int32, from source: SQLiteStatement, column: Int32) {
        note(sqlite3_bind_value(handle, index, sqlite3_column_value(source.handle, column)))
    }
}
