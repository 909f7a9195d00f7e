/// The tables, and the way from any older version to this one.
///
/// Version 1. `STRICT` everywhere; times are wall-clock milliseconds since the Unix epoch. Every table that can grow
/// has an integer key, so that what lies behind a damaged page can still be reached by seeking past it.
struct Schema {
    /// "Slui": says that a file is a ledger (`PRAGMA application_id`).
    static let applicationID: Int64 = 0x536C_7569
    static let current = Schema(steps: [Schema.version1])

    /// `steps[n]` is the SQL that leads from version n to version n + 1.
    let steps: [String]

    var version: Int { steps.count }

    /// Brings a database to this version, each step in a transaction of its own; returns the version it had.
    func migrate(_ connection: SQLiteConnection, nowMilliseconds: Int64) throws(LedgerError) -> Int {
        let found = Int(try connection.integer("PRAGMA user_version") ?? 0)
        let application = try connection.integer("PRAGMA application_id") ?? 0
        let tables = try connection.integer("SELECT count(*) FROM sqlite_schema") ?? 0
        guard application == Schema.applicationID || (application == 0 && found == 0 && tables == 0) else {
            throw LedgerError(
                code: .cannotOpen,
                message:
                    "\(connection.path) is an SQLite database of another program; move it away or set another folder.")
        }
        guard found <= version else {
            throw LedgerError(
                code: .newerSchema(found: found),
                message: "\(connection.path) has schema version \(found), this program knows up to \(version); "
                    + "run the newer program or set another folder.")
        }
        for index in found..<version {
            try connection.execute("BEGIN IMMEDIATE")
            do throws(LedgerError) {
                try connection.execute(steps[index])
                try connection.execute(
                    """
                    INSERT INTO schema_versions(version, applied_at) VALUES (\(index + 1), \(nowMilliseconds));
                    PRAGMA application_id = \(Schema.applicationID);
                    PRAGMA user_version = \(index + 1);
                    COMMIT
                    """)
            } catch {
                if connection.isInTransaction { try? connection.execute("ROLLBACK") }
                throw error
            }
        }
        return found
    }

    static let version1 = """
        CREATE TABLE schema_versions(version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT;
        CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO meta(name, value) VALUES ('epoch', lower(hex(randomblob(8)))), ('greatest_session', 0);
        \(sessionTables)
        \(ruleTables)
        \(outboxTables)
        """

    private static let sessionTables = """
        CREATE TABLE sessions(
            key INTEGER PRIMARY KEY, client_id BLOB NOT NULL, version INTEGER NOT NULL, expiry_seconds INTEGER NOT NULL,
            disconnected_at INTEGER, identity TEXT, listener TEXT NOT NULL, will INTEGER,
            will_delay_seconds INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE subscriptions(
            session INTEGER NOT NULL, filter BLOB NOT NULL, options INTEGER NOT NULL, identifier INTEGER NOT NULL,
            PRIMARY KEY (session, filter)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE messages(
            id INTEGER PRIMARY KEY, qos INTEGER NOT NULL, retain INTEGER NOT NULL, expires_at INTEGER,
            topic BLOB NOT NULL, properties BLOB NOT NULL, payload BLOB NOT NULL
        ) STRICT;
        CREATE TABLE queue(
            session INTEGER NOT NULL, sequence INTEGER NOT NULL, message INTEGER NOT NULL, qos INTEGER NOT NULL,
            retain INTEGER NOT NULL, packet_id INTEGER NOT NULL, state INTEGER NOT NULL, subscription_ids BLOB,
            PRIMARY KEY (session, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE received_ids(
            session INTEGER NOT NULL, packet_id INTEGER NOT NULL, PRIMARY KEY (session, packet_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE retained(
            id INTEGER PRIMARY KEY, topic BLOB NOT NULL UNIQUE, qos INTEGER NOT NULL, expires_at INTEGER,
            properties BLOB NOT NULL, payload BLOB NOT NULL
        ) STRICT;
        """

    private static let ruleTables = """
        CREATE TABLE rule_state(
            id INTEGER PRIMARY KEY, rule TEXT NOT NULL, key BLOB NOT NULL, state BLOB NOT NULL, UNIQUE (rule, key)
        ) STRICT;
        CREATE TABLE rule_inputs(seq INTEGER PRIMARY KEY, inputs BLOB NOT NULL) STRICT;
        """

    /// `outbox.key` is `lane << 47 | sequence`: one integer key makes appending to a lane and seeking in it cheap.
    /// `epoch` is null in rows of this database's own epoch, `id` where it follows from epoch, lane and sequence.
    /// `lanes.replay_from` is the first row that a replay of rule inputs could repeat.
    private static let outboxTables = """
        CREATE TABLE lanes(
            id INTEGER PRIMARY KEY, bridge TEXT NOT NULL, lane TEXT NOT NULL, next_sequence INTEGER NOT NULL,
            rows INTEGER NOT NULL, bytes INTEGER NOT NULL, dropped_full INTEGER NOT NULL,
            dropped_expired INTEGER NOT NULL, removed_through INTEGER NOT NULL, replay_from INTEGER NOT NULL,
            UNIQUE (bridge, lane)
        ) STRICT;
        CREATE TABLE outbox(
            key INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER,
            epoch TEXT, token INTEGER NOT NULL, id TEXT, qos INTEGER NOT NULL, retain INTEGER NOT NULL,
            topic BLOB NOT NULL, properties BLOB NOT NULL, payload BLOB NOT NULL,
            lane INTEGER GENERATED ALWAYS AS (key >> \(LedgerLimits.sequenceBits)) VIRTUAL,
            sequence INTEGER GENERATED ALWAYS AS (key & \((1 << LedgerLimits.sequenceBits) - 1)) VIRTUAL
        ) STRICT;
        CREATE INDEX outbox_expiry ON outbox(expires_at) WHERE expires_at IS NOT NULL;
        CREATE TABLE gaps(
            lane INTEGER NOT NULL, from_sequence INTEGER NOT NULL, through_sequence INTEGER NOT NULL,
            cause INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (lane, from_sequence)
        ) STRICT, WITHOUT ROWID;
        """
}
