/// Why the ledger could not do something. `message` is one sentence that says what to do.
package struct LedgerError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The folder or the file can't be created, read or written.
        case cannotOpen
        /// The file system or the quota is full. What frees space is still accepted.
        case full
        /// The device or the file system refused a read, a write or a sync.
        case inputOutput
        /// The file is not what was written to it.
        case damaged
        /// The database was written by a newer version of this program.
        case newerSchema(found: Int)
        /// Another process owns the folder.
        case locked
        /// The ledger was closed.
        case closed
        /// The caller asked for something that the ledger does not allow.
        case misuse
    }

    package let code: Code
    package let message: String
    /// SQLite's extended result code; 0 if SQLite was not involved.
    package let sqliteCode: Int32

    package init(code: Code, message: String, sqliteCode: Int32 = 0) {
        self.code = code
        self.message = message
        self.sqliteCode = sqliteCode
    }

    package var description: String { message }
}
