/// The outboxes of all bridges: appending, removing, and what their limits drop.
///
/// Totals are in memory and in the rows of `lanes`, written once per transaction with the next sequence, so that
/// opening a ledger costs the same whether it holds ten rows or ten million. A transaction that fails puts the copies
/// back that were taken when a lane or bridge was first touched.
final class OutboxTables {
    let connection: SQLiteConnection
    private let limits: [String: OutboxLimits]
    let insertRow, insertLane, selectID: SQLiteStatement
    private let updateLane: SQLiteStatement
    let selectRows, deleteRows, selectHead, selectExpired, selectNextExpiry: SQLiteStatement
    private let putGap, deleteOldestGap, countGaps: SQLiteStatement

    var lanes: [OutboxLane] = []
    var bridges: [OutboxBridge] = []
    private var bridgeByName: [String: Int] = [:]
    var laneByName: [LaneName: Int] = [:]
    var laneByID: [Int64: Int] = [:]
    var lastLane: (name: LaneName, index: Int)?

    private var lanesBefore: [OutboxLane] = []
    private var bridgesBefore: [(index: Int, bridge: OutboxBridge)] = []
    private var laneCountBefore = 0
    private var bridgeCountBefore = 0
    var touchedLanes: [Int] = []
    private(set) var touchedBridges: [Int] = []

    /// The earliest expiry of any row; nil: none expires.
    var nextExpiry: Int64?
    private var nextExpiryBefore: Int64?
    var identifiers = RecentIdentifiers()
    /// Rows whose identifier was in the lane already.
    var repeatsIgnored = 0

    struct LaneName: Hashable {
        let bridge: String
        let lane: String
    }

    init(_ connection: SQLiteConnection, limits: [String: OutboxLimits]) throws(LedgerError) {
        self.connection = connection
        self.limits = limits
        insertRow = try connection.prepare(
            """
            INSERT INTO outbox(key, bytes, created_at, expires_at, token, id, qos, retain, topic, properties, payload)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        insertLane = try connection.prepare("INSERT INTO lanes VALUES (?, ?, ?, 1, 0, 0, 0, 0, 0, 1)")
        updateLane = try connection.prepare(
            """
            UPDATE lanes SET next_sequence = ?, rows = ?, bytes = ?, dropped_full = ?, dropped_expired = ?,
                removed_through = ?, replay_from = ? WHERE id = ?
            """)
        selectRows = try connection.prepare(
            "SELECT key, bytes, created_at FROM outbox WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?")
        deleteRows = try connection.prepare("DELETE FROM outbox WHERE key BETWEEN ? AND ?")
        selectHead = try connection.prepare(
            "SELECT created_at FROM outbox WHERE key BETWEEN ? AND ? ORDER BY key LIMIT 1")
        selectExpired = try connection.prepare(
            "SELECT key, bytes FROM outbox WHERE expires_at <= ? ORDER BY expires_at LIMIT ?")
        selectNextExpiry = try connection.prepare("SELECT min(expires_at) FROM outbox WHERE expires_at IS NOT NULL")
        selectID = try connection.prepare("SELECT id FROM outbox WHERE key = ?")
        putGap = try connection.prepare("INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?, ?)")
        deleteOldestGap = try connection.prepare(
            """
            DELETE FROM gaps WHERE lane = ?1
            AND from_sequence = (SELECT min(from_sequence) FROM gaps WHERE lane = ?1)
            """)
        countGaps = try connection.prepare("SELECT count(*) FROM gaps WHERE lane = ?")
        try load()
    }

    private func load() throws(LedgerError) {
        let select = try connection.prepare(
            """
            SELECT id, bridge, lane, next_sequence, rows, bytes, dropped_full, dropped_expired, removed_through,
                replay_from
            FROM lanes ORDER BY id
            """)
        while try select.step() {
            let bridgeName = select.text(1) ?? ""
            let bridge = bridgeIndex(bridgeName)
            var lane = OutboxLane(id: select.integer(0), bridge: bridge, name: select.text(2) ?? "")
            lane.nextSequence = select.integer(3)
            lane.rows = select.integer(4)
            lane.bytes = select.integer(5)
            lane.droppedFull = select.integer(6)
            lane.droppedExpired = select.integer(7)
            lane.removedThrough = select.integer(8)
            // A step that found nothing costs one seek, so every lane gets one after a start.
            lane.hasRemovals = lane.rows > 0 && lane.removedThrough > 0
            lane.replayFrom = select.integer(9)
            lane.headCreatedAt = try head(of: lane)
            try loadIdentifiers(of: lane)
            register(lane, bridgeName: bridgeName)
            bridges[bridge].rows += lane.rows
            bridges[bridge].bytes += lane.bytes
        }
        nextExpiry = try earliestExpiry()
    }

    func bridgeIndex(_ name: String) -> Int {
        if let index = bridgeByName[name] { return index }
        bridges.append(OutboxBridge(name: name, limits: limits[name] ?? .standard))
        bridgeByName[name] = bridges.count - 1
        return bridges.count - 1
    }

    func register(_ lane: OutboxLane, bridgeName: String) {
        let index = lanes.count
        lanes.append(lane)
        bridges[lane.bridge].lanes.append(index)
        laneByName[LaneName(bridge: bridgeName, lane: lane.name)] = index
        laneByID[lane.id] = index
    }

    // MARK: Transaction

    func begin() {
        laneCountBefore = lanes.count
        bridgeCountBefore = bridges.count
        nextExpiryBefore = nextExpiry
    }

    func touchBridge(_ bridge: Int) {
        guard !bridges[bridge].isTouched else { return }
        if bridge < bridgeCountBefore { bridgesBefore.append((bridge, bridges[bridge])) }
        bridges[bridge].isTouched = true
        touchedBridges.append(bridge)
    }

    func touch(_ index: Int) {
        touchBridge(lanes[index].bridge)
        guard !lanes[index].isTouched else { return }
        if index < laneCountBefore { lanesBefore.append(lanes[index]) }
        lanes[index].isTouched = true
        touchedLanes.append(index)
    }

    /// Writes what the transaction changed in lanes and gaps: its last statements.
    func finish() throws(LedgerError) {
        for index in touchedLanes {
            if lanes[index].isHeadStale {
                lanes[index].headCreatedAt = try head(of: lanes[index])
                lanes[index].isHeadStale = false
            }
            try storeGap(of: index)
            let lane = lanes[index]
            updateLane.bind(1, lane.nextSequence)
            updateLane.bind(2, lane.rows)
            updateLane.bind(3, lane.bytes)
            updateLane.bind(4, lane.droppedFull)
            updateLane.bind(5, lane.droppedExpired)
            updateLane.bind(6, lane.removedThrough)
            updateLane.bind(7, lane.replayFrom)
            updateLane.bind(8, lane.id)
            try updateLane.run()
        }
    }

    func commit() {
        for index in touchedLanes { lanes[index].isTouched = false }
        for index in touchedBridges {
            bridges[index].isTouched = false
            bridges[index].hasAppends = false
        }
        forgetTransaction()
    }

    func rollBack() {
        for lane in lanesBefore {
            if let index = laneByID[lane.id] { lanes[index] = lane }
        }
        for index in laneCountBefore..<lanes.count {
            let lane = lanes[index]
            laneByID[lane.id] = nil
            laneByName[LaneName(bridge: bridges[lane.bridge].name, lane: lane.name)] = nil
        }
        lanes.removeLast(lanes.count - laneCountBefore)
        for (index, bridge) in bridgesBefore { bridges[index] = bridge }
        for bridge in bridges[bridgeCountBefore...] { bridgeByName[bridge.name] = nil }
        bridges.removeLast(bridges.count - bridgeCountBefore)
        nextExpiry = nextExpiryBefore
        lastLane = nil
        forgetTransaction()
    }

    private func forgetTransaction() {
        lanesBefore.removeAll(keepingCapacity: true)
        bridgesBefore.removeAll(keepingCapacity: true)
        touchedLanes.removeAll(keepingCapacity: true)
        touchedBridges.removeAll(keepingCapacity: true)
    }

    // MARK: Gaps

    /// Notes that these sequences are lost. Ranges that touch become one row.
    func recordGap(
        in index: Int, from: Int64, through: Int64, cause: OutboxGap.Cause, at now: Int64
    ) throws(LedgerError) {
        if var gap = lanes[index].openGap, gap.cause == cause, gap.through + 1 == from {
            gap.through = through
            gap.isStored = false
            lanes[index].openGap = gap
            return
        }
        try storeGap(of: index)
        lanes[index].openGap = OutboxLane.Gap(from: from, through: through, cause: cause, at: now)
    }

    private func storeGap(of index: Int) throws(LedgerError) {
        guard let gap = lanes[index].openGap, !gap.isStored else { return }
        let lane = lanes[index].id
        let isNew = gap.isNew
        putGap.bind(1, lane)
        putGap.bind(2, gap.from)
        putGap.bind(3, gap.through)
        putGap.bind(4, gap.cause.rawValue)
        putGap.bind(5, gap.at)
        try putGap.run()
        lanes[index].openGap?.isStored = true
        lanes[index].openGap?.isNew = false
        guard isNew else { return }
        countGaps.bind(1, lane)
        var count = try countGaps.step() ? countGaps.integer(0) : 0
        countGaps.reset()
        while count > LedgerLimits.gapRowsPerLane {
            deleteOldestGap.bind(1, lane)
            try deleteOldestGap.run()
            count -= 1
        }
    }

    func status(of bridge: OutboxBridge) -> OutboxStatus {
        var status = OutboxStatus()
        status.rows = bridge.rows
        status.bytes = bridge.bytes
        for index in bridge.lanes {
            let lane = lanes[index]
            status.droppedFull += lane.droppedFull
            status.droppedExpired += lane.droppedExpired
            if let created = lane.headCreatedAt {
                status.oldestCreatedAtMilliseconds = min(status.oldestCreatedAtMilliseconds ?? created, created)
            }
        }
        return status
    }
}
