/// Copies what can be read of a damaged database into a new one and sets the damaged file aside.
///
/// The new file is filled under another name and takes the place of the old one only when complete, so a crash on the
/// way starts over. Tables are read in order of their keys; where a page can't be read, the next key behind it is
/// searched for.
struct Salvage {
    let folder: LedgerFolder
    let schema: Schema
    let options: Ledger.Options

    typealias Report = RecoveryReport.Salvage

    func run(reason: String) throws(LedgerError) -> Report {
        let now = options.nowMilliseconds()
        var report = Report(setAsideAt: "", reason: reason)
        folder.remove(folder.salvage)
        do throws(LedgerError) {
            try copy(into: folder.salvage, &report, now)
        } catch {
            // Nothing usable: the node starts with an empty ledger.
            guard error.code == .damaged else { throw error }
            folder.remove(folder.salvage)
        }
        report.setAsideAt = try folder.setAside(name: "ledger", atMilliseconds: now)
        if folder.exists(folder.salvage) { try folder.rename(folder.salvage, to: folder.database) }
        folder.removeCheckRequest()
        folder.sync()
        return report
    }

    static func isComplete(_ path: String) -> Bool {
        guard let connection = try? SQLiteConnection(path: path, access: .readOnly) else { return false }
        return (try? connection.integer("SELECT value FROM meta WHERE name = 'salvaged'")) == 1
    }

    private func copy(into path: String, _ report: inout Report, _ now: Int64) throws(LedgerError) {
        let source = try SQLiteConnection(path: folder.database, access: .readOnly)
        // Lets SQLite read a file that is shorter than its first page says.
        try source.execute("PRAGMA writable_schema = ON")
        let application = try source.integer("PRAGMA application_id") ?? 0
        let version = try source.integer("PRAGMA user_version") ?? 0
        guard application == Schema.applicationID, version == schema.version else {
            throw LedgerError(code: .damaged, message: "The first page of \(folder.database) can't be read.")
        }
        let target = try SQLiteConnection(path: path, access: .readWrite)
        // Without a journal: until it is complete the file does not count.
        try target.execute("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
        _ = try schema.migrate(target, nowMilliseconds: now)
        try target.execute("BEGIN")
        let copier = TableCopier(source: source, target: target)
        try copier.copyMeta()
        try copier.copyLanes()
        for table in SalvagedTable.all { _ = try copier.copy(table) }
        try copier.dropDeliveriesWithoutMessage()
        try copier.copyOutbox(nowMilliseconds: now)
        try target.execute("INSERT OR REPLACE INTO meta VALUES ('salvaged', 1); COMMIT; PRAGMA synchronous = FULL")
        copier.report(into: &report)
        target.close()
        try folder.syncFile(path)
    }
}

/// A table that is copied as it is.
struct SalvagedTable: Sendable {
    let name: String
    /// An integer key by which damaged places can be passed; nil: read from both ends.
    let key: String?
    let order: String

    static let lanes = SalvagedTable(name: "lanes", key: "id", order: "id")
    static let all = [
        SalvagedTable(name: "gaps", key: nil, order: "lane, from_sequence"),
        SalvagedTable(name: "sessions", key: "key", order: "key"),
        SalvagedTable(name: "subscriptions", key: nil, order: "session, filter"),
        SalvagedTable(name: "received_ids", key: nil, order: "session, packet_id"),
        SalvagedTable(name: "queue", key: nil, order: "session, sequence"),
        SalvagedTable(name: "messages", key: "id", order: "id"),
        SalvagedTable(name: "retained", key: "id", order: "id"),
        SalvagedTable(name: "rule_state", key: "id", order: "id"),
        SalvagedTable(name: "rule_inputs", key: "seq", order: "seq"),
    ]
}
