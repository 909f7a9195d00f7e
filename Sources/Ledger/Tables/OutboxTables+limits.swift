/// What limits drop: rows too old, rows past their expiry, and the oldest rows of a full outbox.
extension OutboxTables {
    /// Rows looked at in one go; more would be read in vain where lanes alternate.
    private static let dropStepRows = 64

    /// Whether rows wait to be deleted because they were acknowledged, expired or are too many. Looks at what this
    /// transaction touched, or at everything.
    func hasHousekeeping(nowMilliseconds: Int64, everywhere: Bool) -> Bool {
        if let nextExpiry, nextExpiry <= nowMilliseconds { return true }
        if everywhere {
            return bridges.indices.contains { isOver($0, nowMilliseconds) } || lanes.contains { $0.hasRemovals }
        }
        return touchedBridges.contains { isOver($0, nowMilliseconds) }
            || touchedLanes.contains { lanes[$0].hasRemovals }
    }

    /// Deletes at most `limit` rows that were acknowledged, expired or are too many; returns how many.
    func housekeep(nowMilliseconds: Int64, limit: Int) throws(LedgerError) -> Int {
        var left = limit
        for index in lanes.indices where lanes[index].hasRemovals && left > 0 {
            left -= try removeStep(index, limit: left)
        }
        for bridge in bridges.indices where left > 0 {
            left -= try trim(bridge, nowMilliseconds: nowMilliseconds, limit: left)
        }
        if left > 0 { left -= try dropExpired(nowMilliseconds: nowMilliseconds, limit: left) }
        return limit - left
    }

    /// Brings the bridges of this transaction below their limits, as far as `limit` rows go.
    func trimTouched(nowMilliseconds: Int64, limit: Int) throws(LedgerError) {
        var left = limit
        // Trimming touches only lanes of bridges that are in the list already.
        for bridge in touchedBridges where left > 0 {
            left -= try trim(bridge, nowMilliseconds: nowMilliseconds, limit: left)
        }
        if left > 0 { _ = try dropExpired(nowMilliseconds: nowMilliseconds, limit: left) }
    }

    private func isOver(_ bridge: Int, _ now: Int64) -> Bool {
        if bridges[bridge].isFull { return true }
        guard let oldest = try? oldestLane(of: bridge), let created = lanes[oldest].headCreatedAt else { return false }
        return isAged(created, bridge, now)
    }

    private func isAged(_ createdAt: Int64, _ bridge: Int, _ now: Int64) -> Bool {
        createdAt < now &- bridges[bridge].limits.ageMilliseconds
    }

    /// The lane with the oldest first row; nil: the outbox is empty.
    private func oldestLane(of bridge: Int, except: Int? = nil) throws(LedgerError) -> Int? {
        var oldest: Int?
        var oldestCreated = Int64.max
        for index in bridges[bridge].lanes where index != except {
            if lanes[index].isHeadStale {
                lanes[index].headCreatedAt = try head(of: lanes[index])
                lanes[index].isHeadStale = false
            }
            if let created = lanes[index].headCreatedAt, oldest == nil || created < oldestCreated {
                oldest = index
                oldestCreated = created
            }
        }
        return oldest
    }

    private func trim(_ bridge: Int, nowMilliseconds now: Int64, limit: Int) throws(LedgerError) -> Int {
        var left = limit
        while left > 0, let index = try oldestLane(of: bridge), let created = lanes[index].headCreatedAt {
            guard bridges[bridge].isFull || isAged(created, bridge, now) else { break }
            let dropped = try dropHead(of: index, now: now, limit: left) { rows, bytes in
                bridges[bridge].limits.areExceeded(
                    rows: bridges[bridge].rows - rows, bytes: bridges[bridge].bytes - bytes)
            }
            guard dropped > 0 else { break }
            left -= dropped
        }
        return limit - left
    }

    /// Drops the oldest rows of a bridge whatever its limits say: the disk is full. Returns how many.
    func makeRoom(in bridge: String, bytes: Int64, nowMilliseconds now: Int64) throws(LedgerError) -> Int {
        let bridge = bridgeIndex(bridge)
        var dropped = 0
        var freed: Int64 = 0
        while dropped < LedgerLimits.rowsDeletedPerTransaction, freed < bytes, let index = try oldestLane(of: bridge) {
            let before = bridges[bridge].bytes
            let limit = LedgerLimits.rowsDeletedPerTransaction - dropped
            let count = try dropHead(of: index, now: now, limit: limit) { _, size in freed + size < bytes }
            guard count > 0 else { break }
            dropped += count
            freed += before - bridges[bridge].bytes
        }
        return dropped
    }

    /// Drops rows from the front of a lane while they are aged or `isTooMany(rows, bytes)`, given what it dropped so
    /// far, holds, and while they are older than the front of every other lane of the bridge.
    private func dropHead(
        of index: Int, now: Int64, limit: Int, isTooMany: (Int64, Int64) -> Bool
    ) throws(LedgerError) -> Int {
        touch(index)
        let bridge = lanes[index].bridge
        var otherHead = Int64.max
        if let other = try oldestLane(of: bridge, except: index) { otherHead = lanes[other].headCreatedAt ?? Int64.max }
        let rows = try rows(
            of: lanes[index], through: OutboxLane.sequenceMax, limit: min(limit, OutboxTables.dropStepRows))
        var count = 0
        var bytes: Int64 = 0
        for row in rows {
            let aged = isAged(row.createdAt, bridge, now)
            guard aged || isTooMany(Int64(count), bytes), count == 0 || row.createdAt <= otherHead else { break }
            let sequence = OutboxLane.sequence(ofKey: row.key)
            if sequence > lanes[index].removedThrough {
                let cause: OutboxGap.Cause = aged ? .expired : .full
                lanes[index].count(dropped: 1, cause: cause)
                try recordGap(in: index, from: sequence, through: sequence, cause: cause, at: now)
            }
            count += 1
            bytes += row.bytes
        }
        try delete(rows.prefix(count), of: index)
        return count
    }

    /// Deletes rows past their own expiry, wherever they are in their lane.
    private func dropExpired(nowMilliseconds now: Int64, limit: Int) throws(LedgerError) -> Int {
        guard let expiry = nextExpiry, expiry <= now else { return 0 }
        var rows = try expiredRows(now, limit: limit)
        // In order of lane and sequence, so that neighbours become one gap.
        rows.sort { $0.key < $1.key }
        for position in rows.indices {
            let key = rows[position].key
            guard let index = laneByID[OutboxLane.lane(ofKey: key)] else { continue }
            touch(index)
            let sequence = OutboxLane.sequence(ofKey: key)
            lanes[index].count(dropped: 1, cause: .expired)
            try recordGap(in: index, from: sequence, through: sequence, cause: .expired, at: now)
            try delete(rows[position...position], of: index)
        }
        nextExpiry = try earliestExpiry()
        return rows.count
    }

    private func expiredRows(_ now: Int64, limit: Int) throws(LedgerError) -> [RowSize] {
        selectExpired.bind(1, now)
        selectExpired.bind(2, limit)
        defer { selectExpired.reset() }
        var rows: [RowSize] = []
        while try selectExpired.step() {
            rows.append(RowSize(key: selectExpired.integer(0), bytes: selectExpired.integer(1), createdAt: 0))
        }
        return rows
    }
}
