extension OutboxTables {
    /// The remote broker has these rows. Deletes a first step of them; `hasRemovals` says that more are left.
    func remove(bridge: String, lane: String, through sequence: UInt64) throws(LedgerError) {
        guard let index = laneByName[LaneName(bridge: bridge, lane: lane)] else { return }
        touch(index)
        // Beyond the last row there is nothing to remove yet, and later rows must not vanish.
        let through = min(Int64(clamping: sequence), lanes[index].nextSequence - 1)
        lanes[index].removedThrough = max(lanes[index].removedThrough, through)
        lanes[index].hasRemovals = true
        _ = try removeStep(index, limit: LedgerLimits.rowsDeletedPerTransaction)
    }

    /// Deletes at most `limit` acknowledged rows of a lane; returns how many.
    func removeStep(_ index: Int, limit: Int) throws(LedgerError) -> Int {
        touch(index)
        let lane = lanes[index]
        let rows = try rows(of: lane, through: lane.removedThrough, limit: limit)
        if rows.count < limit { lanes[index].hasRemovals = false }
        try delete(rows[...], of: index)
        return rows.count
    }

    struct RowSize {
        var key: Int64
        var bytes: Int64
        var createdAt: Int64
    }

    func rows(of lane: OutboxLane, through sequence: Int64, limit: Int) throws(LedgerError) -> [RowSize] {
        selectRows.bind(1, lane.key(0))
        selectRows.bind(2, lane.key(sequence))
        selectRows.bind(3, limit)
        defer { selectRows.reset() }
        var rows: [RowSize] = []
        while try selectRows.step() {
            rows.append(
                RowSize(key: selectRows.integer(0), bytes: selectRows.integer(1), createdAt: selectRows.integer(2)))
        }
        return rows
    }

    /// Deletes rows that follow each other in a lane.
    func delete(_ rows: ArraySlice<RowSize>, of index: Int) throws(LedgerError) {
        guard let first = rows.first, let last = rows.last else { return }
        deleteRows.bind(1, first.key)
        deleteRows.bind(2, last.key)
        try deleteRows.run()
        var bytes: Int64 = 0
        for row in rows { bytes += row.bytes }
        let bridge = lanes[index].bridge
        lanes[index].rows -= Int64(rows.count)
        lanes[index].bytes -= bytes
        lanes[index].isHeadStale = true
        bridges[bridge].rows -= Int64(rows.count)
        bridges[bridge].bytes -= bytes
    }

    func head(of lane: OutboxLane) throws(LedgerError) -> Int64? {
        selectHead.bind(1, lane.key(0))
        selectHead.bind(2, lane.lastKey)
        defer { selectHead.reset() }
        return try selectHead.step() ? selectHead.integer(0) : nil
    }

    func earliestExpiry() throws(LedgerError) -> Int64? {
        defer { selectNextExpiry.reset() }
        return try selectNextExpiry.step() ? selectNextExpiry.optionalInteger(0) : nil
    }
}
