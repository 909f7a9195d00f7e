/// Reads one bridge's outbox through a read-only connection of its own, meant for the bridge's own thread. It is not
/// Sendable: the compiler sees to it that only one thread at a time uses it. Every call sees the last commit and holds no
/// snapshot after it returns, so that the writer can always start its log anew.
package final class OutboxReader {
    package let bridge: String
    private let node: String
    private let epoch: String
    private let connection: SQLiteConnection
    private let selectLanes, selectLane, selectRows, selectGaps: SQLiteStatement
    private var laneIDs: [String: Int64] = [:]

    init(path: String, bridge: String, node: String, epoch: String) throws(LedgerError) {
        self.bridge = bridge
        self.node = node
        self.epoch = epoch
        connection = try SQLiteConnection(path: path, access: .readOnly)
        // A read-only connection never copies the log: only the writer does (SQLite's WAL-reset defect needs two).
        try connection.execute("PRAGMA cache_size = -\(LedgerLimits.readerCacheKibibytes); PRAGMA query_only = 1")
        selectLanes = try connection.prepare("SELECT lane FROM lanes WHERE bridge = ? ORDER BY id")
        selectLane = try connection.prepare("SELECT id FROM lanes WHERE bridge = ? AND lane = ?")
        selectRows = try connection.prepare(
            """
            SELECT key, epoch, id, created_at, expires_at, token, qos, retain, topic, properties, payload FROM outbox
            WHERE key > max(?1,
                (?2 << \(LedgerLimits.sequenceBits)) + (SELECT removed_through FROM lanes WHERE id = ?2))
            AND key <= (?2 << \(LedgerLimits.sequenceBits)) + \(OutboxLane.sequenceMax) ORDER BY key LIMIT ?3
            """)
        selectGaps = try connection.prepare(
            "SELECT from_sequence, through_sequence, cause, at FROM gaps WHERE lane = ? ORDER BY from_sequence")
    }

    /// The lanes of the bridge in the order in which they came to be, empty ones too.
    package func lanes() throws(LedgerError) -> [String] {
        connection.adopt()
        selectLanes.bind(1, bridge)
        defer { selectLanes.reset() }
        var lanes: [String] = []
        while try selectLanes.step() { lanes.append(selectLanes.text(0) ?? "") }
        return lanes
    }

    /// Rows with a greater sequence than `sequence`, in order, at most `limit` of them and about 4 MB: fewer than
    /// `limit` rows do not mean that there are no more, none does. Expired rows are there until the writer deletes
    /// them.
    package func rows(lane: String, after sequence: UInt64, limit: Int) throws(LedgerError) -> [OutboxRow] {
        connection.adopt()
        guard limit > 0, sequence < UInt64(OutboxLane.sequenceMax), let id = try laneID(lane) else { return [] }
        selectRows.bind(1, OutboxLane.key(id, Int64(sequence)))
        selectRows.bind(2, id)
        selectRows.bind(3, min(limit, LedgerLimits.rowsPerRead))
        defer { selectRows.reset() }
        var rows: [OutboxRow] = []
        var bytes = 0
        while bytes < LedgerLimits.bytesPerRead, try selectRows.step() {
            let row = row(lane: lane)
            bytes += row.payload.count + row.topic.count + row.properties.count
            rows.append(row)
        }
        return rows
    }

    /// Sequences of the lane that were given out and will not come, oldest first.
    package func gaps(lane: String) throws(LedgerError) -> [OutboxGap] {
        connection.adopt()
        guard let id = try laneID(lane) else { return [] }
        selectGaps.bind(1, id)
        defer { selectGaps.reset() }
        var gaps: [OutboxGap] = []
        while try selectGaps.step() {
            gaps.append(
                OutboxGap(
                    lane: lane, from: UInt64(clamping: selectGaps.integer(0)),
                    through: UInt64(clamping: selectGaps.integer(1)),
                    cause: OutboxGap.Cause(rawValue: selectGaps.integer(2)) ?? .damaged,
                    atMilliseconds: selectGaps.integer(3)))
        }
        return gaps
    }

    private func laneID(_ lane: String) throws(LedgerError) -> Int64? {
        if let id = laneIDs[lane] { return id }
        selectLane.bind(1, bridge)
        selectLane.bind(2, lane)
        defer { selectLane.reset() }
        guard try selectLane.step() else { return nil }
        let id = selectLane.integer(0)
        laneIDs[lane] = id
        return id
    }

    private func row(lane: String) -> OutboxRow {
        let sequence = UInt64(OutboxLane.sequence(ofKey: selectRows.integer(0)))
        let epoch = selectRows.text(1) ?? self.epoch
        return OutboxRow(
            bridge: bridge, lane: lane, sequence: sequence, epoch: epoch,
            id: selectRows.text(2) ?? "\(node)/\(epoch)/\(lane)/\(sequence)", topic: selectRows.blob(8),
            payload: selectRows.blob(10), properties: selectRows.blob(9), qos: StoredState.qos(selectRows.integer(6)),
            retain: selectRows.integer(7) != 0, createdAtMilliseconds: selectRows.integer(3),
            expiresAtMilliseconds: selectRows.optionalInteger(4), fencingToken: selectRows.integer(5))
    }
}
