import Messages

extension OutboxTables {
    func append(_ entry: OutboxEntry, nowMilliseconds: Int64) throws(LedgerError) {
        let index = try laneIndex(bridge: entry.bridge, lane: entry.lane)
        touch(index)
        let bridge = lanes[index].bridge
        let size = Int64(
            entry.topic.count + entry.payload.count + entry.properties.count + (entry.id?.utf8.count ?? 0)
                + LedgerLimits.outboxRowOverheadBytes)
        let sequence = lanes[index].nextSequence
        guard sequence < OutboxLane.sequenceMax else {
            throw LedgerError(code: .misuse, message: "Lane \(entry.lane) has used up its sequence numbers.")
        }
        if bridges[bridge].limits.whenFull == .dropNewest,
            bridges[bridge].limits.areExceeded(rows: bridges[bridge].rows + 1, bytes: bridges[bridge].bytes + size)
        {
            lanes[index].nextSequence += 1
            lanes[index].count(dropped: 1, cause: .full)
            return try recordGap(in: index, from: sequence, through: sequence, cause: .full, at: nowMilliseconds)
        }
        let key = lanes[index].key(sequence)
        if let id = entry.id {
            let hash = RecentIdentifiers.hash(lane: lanes[index].id, id)
            guard try !isStored(id, hash) else {
                repeatsIgnored += 1
                return
            }
            identifiers.remember(hash, key: key)
        } else if lanes[index].replayFrom == sequence {
            lanes[index].replayFrom += 1
        }
        insertRow.bind(1, key)
        insertRow.bind(2, size)
        insertRow.bind(3, entry.createdAtMilliseconds)
        insertRow.bind(4, entry.expiresAtMilliseconds)
        insertRow.bind(5, 0)
        insertRow.bind(6, entry.id)
        insertRow.bind(7, entry.qos.rawValue)
        insertRow.bind(8, entry.retain ? 1 : 0)
        insertRow.bind(9, entry.topic)
        insertRow.bind(10, entry.properties)
        insertRow.bind(11, entry.payload)
        try insertRow.run()
        lanes[index].nextSequence += 1
        lanes[index].rows += 1
        lanes[index].bytes += size
        if lanes[index].headCreatedAt == nil { lanes[index].headCreatedAt = entry.createdAtMilliseconds }
        bridges[bridge].rows += 1
        bridges[bridge].bytes += size
        bridges[bridge].hasAppends = true
        if let expiry = entry.expiresAtMilliseconds { nextExpiry = min(nextExpiry ?? expiry, expiry) }
    }

    /// Whether a row with this identifier is in its lane.
    private func isStored(_ id: String, _ hash: UInt64) throws(LedgerError) -> Bool {
        guard let key = identifiers.key(hash) else { return false }
        selectID.bind(1, key)
        defer { selectID.reset() }
        return try selectID.step() && selectID.text(0) == id
    }

    func loadIdentifiers(of lane: OutboxLane) throws(LedgerError) {
        guard lane.replayFrom < lane.nextSequence else { return }
        let select = try connection.prepare(
            "SELECT key, id FROM outbox WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT ?")
        select.bind(1, lane.key(lane.replayFrom))
        select.bind(2, lane.lastKey)
        select.bind(3, LedgerLimits.outboxIdentifiers)
        while try select.step() {
            guard let id = select.text(1) else { continue }
            identifiers.remember(RecentIdentifiers.hash(lane: lane.id, id), key: select.integer(0))
        }
    }

    /// Inputs before this operation will not be replayed, so their outputs will not be repeated.
    func markSnapshot() {
        for index in lanes.indices where lanes[index].replayFrom != lanes[index].nextSequence {
            touch(index)
            lanes[index].replayFrom = lanes[index].nextSequence
        }
    }

    private func laneIndex(bridge: String, lane: String) throws(LedgerError) -> Int {
        let name = LaneName(bridge: bridge, lane: lane)
        if let lastLane, lastLane.name == name { return lastLane.index }
        if let index = laneByName[name] {
            lastLane = (name, index)
            return index
        }
        let id = (lanes.last?.id ?? 0) + 1
        guard id <= LedgerLimits.lanes else {
            throw LedgerError(
                code: .misuse,
                message: "More than \(LedgerLimits.lanes) outbox lanes; use fewer routes or ordering keys.")
        }
        insertLane.bind(1, id)
        insertLane.bind(2, bridge)
        insertLane.bind(3, lane)
        try insertLane.run()
        let bridgeIndex = bridgeIndex(bridge)
        touchBridge(bridgeIndex)
        register(OutboxLane(id: id, bridge: bridgeIndex, name: lane), bridgeName: bridge)
        lastLane = (name, lanes.count - 1)
        return lanes.count - 1
    }
}
