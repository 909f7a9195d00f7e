/// Copies rows from a damaged database, passing what can't be read.
final class TableCopier {
    private let source: SQLiteConnection
    private let target: SQLiteConnection
    private var rows = 0
    private var unreadablePlaces = 0
    private var deliveriesLost = 0
    private var outboxRowsLost: Int64?
    private var lostRanges: [OutboxGap] = []
    private var formerEpoch: String?
    private var areLanesWhole = false

    init(source: SQLiteConnection, target: SQLiteConnection) {
        self.source = source
        self.target = target
    }

    func report(into report: inout RecoveryReport.Salvage) {
        report.rowsSalvaged = rows
        report.unreadablePlaces = unreadablePlaces
        report.outboxRowsLost = outboxRowsLost
        report.deliveriesLost = deliveriesLost
        report.lostRanges = lostRanges
    }

    /// The new database has its own epoch; rows that got their sequence in the old one keep that.
    func copyMeta() throws(LedgerError) {
        formerEpoch = try? source.text("SELECT value FROM meta WHERE name = 'epoch'")
        if let greatest = try? source.integer("SELECT value FROM meta WHERE name = 'greatest_session'") {
            try target.execute("INSERT OR REPLACE INTO meta VALUES ('greatest_session', \(greatest))")
        }
    }

    /// Whether the whole table could be read.
    func copy(_ table: SalvagedTable) throws(LedgerError) -> Bool {
        let columns = try target.prepare("SELECT * FROM \(table.name)").columnCount
        let marks = Array(repeating: "?", count: Int(columns)).joined(separator: ", ")
        let insert = try target.prepare("INSERT OR IGNORE INTO \(table.name) VALUES (\(marks))")
        if let key = table.key {
            return try copyByKey("SELECT *, \(key) FROM \(table.name) NOT INDEXED", key: key, columns: columns, insert)
        }
        if try copyRows("SELECT * FROM \(table.name) ORDER BY \(table.order)", columns: columns, insert) { return true }
        unreadablePlaces += 1
        let descending = table.order.split(separator: ",").map { $0 + " DESC" }.joined(separator: ",")
        _ = try copyRows("SELECT * FROM \(table.name) ORDER BY \(descending)", columns: columns, insert)
        return false
    }

    /// The names of lanes are in an index too.
    func copyLanes() throws(LedgerError) {
        areLanesWhole = try copy(.lanes)
        guard !areLanesWhole else { return }
        let insert = try target.prepare("INSERT OR IGNORE INTO lanes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        let names = "SELECT id, bridge, lane, 1, 0, 0, 0, 0, 0, 1 FROM lanes ORDER BY bridge, lane"
        _ = try copyRows(names, columns: 10, insert)
    }

    /// Copies rows to the end; false: something could not be read.
    private func copyRows(_ sql: String, columns: Int32, _ insert: SQLiteStatement) throws(LedgerError) -> Bool {
        guard let select = try? source.prepare(sql) else { return false }
        while let isRow = try? select.step() {
            guard isRow else { return true }
            try copyRow(of: select, columns: columns, insert)
        }
        return false
    }

    private func copyRow(of select: SQLiteStatement, columns: Int32, _ insert: SQLiteStatement) throws(LedgerError) {
        for column in 0..<columns { insert.bind(column + 1, from: select, column: column) }
        do throws(LedgerError) {
            try insert.run()
            if target.changes == 1 { rows += 1 }
        } catch {
            // A value that its column does not take is damage; anything else is the new file's trouble.
            guard error.code == .misuse else { throw error }
            unreadablePlaces += 1
        }
    }

    /// Copies a table in order of an integer key, which `select` gives as its last column, passing places that can't be
    /// read. True: there were none.
    private func copyByKey(
        _ select: String, key: String, columns: Int32, _ insert: SQLiteStatement
    ) throws(LedgerError) -> Bool {
        guard let scan = try? source.prepare("\(select) WHERE \(key) >= ? ORDER BY \(key)"),
            let probe = try? source.prepare("\(select) WHERE \(key) >= ? ORDER BY \(key) LIMIT 1")
        else {
            unreadablePlaces += 1
            return false
        }
        var start = Int64.min
        var places = 0
        while true {
            var last = start
            scan.bind(1, start)
            while let isRow = try? scan.step() {
                guard isRow else { return places == 0 }
                last = scan.integer(columns)
                try copyRow(of: scan, columns: columns, insert)
            }
            scan.reset()
            places += 1
            unreadablePlaces += 1
            // Keys begin with 0 or more, so the search behind the first place need not begin below.
            guard places < LedgerLimits.damagedPlaces, let next = TableCopier.firstReadable(after: max(last, -1), probe)
            else { return false }
            start = next
        }
    }

    /// The smallest start above `key` from which a row can be read, found by doubling the distance and then halving it.
    private static func firstReadable(after key: Int64, _ probe: SQLiteStatement) -> Int64? {
        func isReadable(_ start: Int64) -> Bool {
            probe.bind(1, start)
            defer { probe.reset() }
            return (try? probe.step()) != nil
        }
        var unreadable = key
        var distance: Int64 = 1
        while true {
            let (start, overflow) = key.addingReportingOverflow(distance)
            if overflow { return nil }
            if isReadable(start) {
                var readable = start
                while readable - unreadable > 1 {
                    let middle = unreadable + (readable - unreadable) / 2
                    if isReadable(middle) { readable = middle } else { unreadable = middle }
                }
                return readable
            }
            unreadable = start
            let (doubled, tooFar) = distance.multipliedReportingOverflow(by: 2)
            if tooFar { return nil }
            distance = doubled
        }
    }

    /// Deliveries are worth nothing without their message or session, and messages nothing without either.
    func dropDeliveriesWithoutMessage() throws(LedgerError) {
        let lost = "message NOT IN (SELECT id FROM messages) OR session NOT IN (SELECT key FROM sessions)"
        deliveriesLost = Int(try target.integer("SELECT count(*) FROM queue WHERE \(lost)") ?? 0)
        try target.execute(
            """
            DELETE FROM queue WHERE \(lost);
            UPDATE sessions SET will = NULL WHERE will NOT IN (SELECT id FROM messages);
            DELETE FROM messages WHERE id NOT IN (SELECT message FROM queue)
                AND id NOT IN (SELECT will FROM sessions WHERE will IS NOT NULL)
            """)
    }

    /// Outbox rows get the epoch they were made in; then the lanes are counted anew and what is missing is noted.
    func copyOutbox(nowMilliseconds now: Int64) throws(LedgerError) {
        let columns = "key, bytes, created_at, expires_at, epoch, token, id, qos, retain, topic, properties, payload"
        let insert = try target.prepare(
            "INSERT OR IGNORE INTO outbox(\(columns)) VALUES (?, ?, ?, ?, coalesce(?, '\(formerEpoch ?? "unknown")'), "
                + "?, ?, ?, ?, ?, ?, ?)")
        _ = try copyByKey("SELECT \(columns), key FROM outbox NOT INDEXED", key: "key", columns: 12, insert)
        if areLanesWhole {
            let expected = try target.integer("SELECT coalesce(sum(rows), 0) FROM lanes") ?? 0
            let found = try target.integer("SELECT count(*) FROM outbox") ?? 0
            outboxRowsLost = max(expected - found, 0)
        }
        let bits = LedgerLimits.sequenceBits
        let ofLane = """
            FROM outbox WHERE key BETWEEN lanes.id << \(bits) AND (lanes.id << \(bits)) + \(OutboxLane.sequenceMax)
            """
        try target.execute(
            """
            INSERT OR IGNORE INTO lanes
                SELECT DISTINCT lane, 'unknown', 'lane-' || lane, 1, 0, 0, 0, 0, 0, 1 FROM outbox;
            UPDATE lanes SET rows = (SELECT count(*) \(ofLane)), bytes = (SELECT coalesce(sum(bytes), 0) \(ofLane)),
                next_sequence = max(next_sequence,
                    (SELECT coalesce(max(key) & \(OutboxLane.sequenceMax), 0) \(ofLane)) + 1)
            """)
        try recordLostRanges(now)
    }

    /// Sequences of a lane that were given out, were not acknowledged, are in no gap and have no row now.
    private func recordLostRanges(_ now: Int64) throws(LedgerError) {
        let lanes = try target.prepare("SELECT id, lane, removed_through, next_sequence FROM lanes ORDER BY id")
        let keys = try target.prepare("SELECT key FROM outbox WHERE key BETWEEN ? AND ? ORDER BY key")
        while try lanes.step() {
            let id = lanes.integer(0)
            var expected = lanes.integer(2) + 1
            keys.bind(1, OutboxLane.key(id, 0))
            keys.bind(2, OutboxLane.key(id, OutboxLane.sequenceMax))
            while try keys.step() {
                let sequence = OutboxLane.sequence(ofKey: keys.integer(0))
                try noteLost(lane: id, name: lanes.text(1) ?? "", expected, sequence - 1, now)
                expected = max(expected, sequence + 1)
            }
            keys.reset()
            try noteLost(lane: id, name: lanes.text(1) ?? "", expected, lanes.integer(3) - 1, now)
        }
    }

    private func noteLost(lane: Int64, name: String, _ from: Int64, _ through: Int64, _ now: Int64) throws(LedgerError)
    {
        guard from <= through, lostRanges.count < LedgerLimits.lostRangesReported else { return }
        let explained = try target.integer(
            """
            SELECT 1 FROM gaps WHERE lane = \(lane) AND from_sequence <= \(from) AND through_sequence >= \(through)
            """)
        guard explained == nil else { return }
        try target.execute(
            """
            INSERT OR REPLACE INTO gaps
            VALUES (\(lane), \(from), \(through), \(OutboxGap.Cause.damaged.rawValue), \(now))
            """)
        lostRanges.append(
            OutboxGap(
                lane: name, from: UInt64(clamping: from), through: UInt64(clamping: through), cause: .damaged,
                atMilliseconds: now))
    }
}
