import Messages

/// Sessions, their subscriptions, queues and received packet identifiers.
///
/// The queue of a deleted session goes in steps: its first rows in the transaction that deletes the session, the rest
/// in later ones. Rows whose session is gone are ignored at open and deleted then.
final class SessionTables {
    let bodies: MessageBodies
    private let connection: SQLiteConnection
    private let selectWill, putSession, deleteSession, putSubscription, deleteSubscription,
        deleteSubscriptions: SQLiteStatement
    private let enqueue, mark, dequeue, selectQueue, deleteQueue: SQLiteStatement
    private let addReceived, removeReceived, deleteReceived, putGreatestSession: SQLiteStatement

    private var greatestSession: Int64
    private var committedGreatestSession: Int64
    /// Deleted sessions that still have rows in the queue.
    private var ended: [Int64]
    private var endedBefore: [Int64] = []
    private var deleted = RecentlyDeletedSessions()
    /// Deliveries for sessions that had just been deleted; they are not stored.
    private(set) var lateDeliveries = 0

    init(_ connection: SQLiteConnection, contents: StoredSessions) throws(LedgerError) {
        self.connection = connection
        bodies = try MessageBodies(connection, shared: contents.sharedBodies)
        greatestSession = contents.greatestSessionKey
        committedGreatestSession = greatestSession
        ended = contents.sessionsWithoutRecord
        selectWill = try connection.prepare("SELECT will FROM sessions WHERE key = ?")
        putSession = try connection.prepare("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        deleteSession = try connection.prepare("DELETE FROM sessions WHERE key = ?")
        putSubscription = try connection.prepare("INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?)")
        deleteSubscription = try connection.prepare("DELETE FROM subscriptions WHERE session = ? AND filter = ?")
        deleteSubscriptions = try connection.prepare("DELETE FROM subscriptions WHERE session = ?")
        enqueue = try connection.prepare("INSERT INTO queue VALUES (?, ?, ?, ?, ?, 0, 0, ?)")
        mark = try connection.prepare("UPDATE queue SET packet_id = ?, state = ? WHERE session = ? AND sequence = ?")
        dequeue = try connection.prepare("DELETE FROM queue WHERE session = ? AND sequence = ? RETURNING message")
        selectQueue = try connection.prepare(
            "SELECT sequence, message FROM queue WHERE session = ? ORDER BY sequence LIMIT ?")
        deleteQueue = try connection.prepare("DELETE FROM queue WHERE session = ? AND sequence <= ?")
        addReceived = try connection.prepare("INSERT OR IGNORE INTO received_ids VALUES (?, ?)")
        removeReceived = try connection.prepare("DELETE FROM received_ids WHERE session = ? AND packet_id = ?")
        deleteReceived = try connection.prepare("DELETE FROM received_ids WHERE session = ?")
        putGreatestSession = try connection.prepare("INSERT OR REPLACE INTO meta VALUES ('greatest_session', ?)")
    }

    var hasEndedSessions: Bool { !ended.isEmpty }

    func begin() { endedBefore = ended }

    /// The last statements of a transaction.
    func finish() throws(LedgerError) {
        guard greatestSession > committedGreatestSession else { return }
        putGreatestSession.bind(1, greatestSession)
        try putGreatestSession.run()
    }

    func commit() {
        committedGreatestSession = greatestSession
        deleted.commit()
        bodies.commit()
    }

    func rollBack() {
        greatestSession = committedGreatestSession
        ended = endedBefore
        deleted.rollBack()
        bodies.rollBack()
    }

    // MARK: Sessions

    func put(_ record: SessionRecord) throws(LedgerError) {
        let key = record.key.value
        let formerWill = try will(of: key)
        var will: Int64?
        if let message = record.will { will = try bodies.acquire(message) }
        if let formerWill { try bodies.release(formerWill) }
        putSession.bind(1, key)
        putSession.bind(2, record.clientID)
        putSession.bind(3, record.version.rawValue)
        putSession.bind(4, Int64(record.expirySeconds))
        putSession.bind(5, record.disconnectedAtMilliseconds)
        putSession.bind(6, record.identity)
        putSession.bind(7, record.listener)
        putSession.bind(8, will)
        putSession.bind(9, Int64(record.willDelaySeconds))
        try putSession.run()
        greatestSession = max(greatestSession, key)
        deleted.remove(key)
    }

    func delete(_ session: SessionKey) throws(LedgerError) {
        let key = session.value
        if let will = try will(of: key) { try bodies.release(will) }
        for statement in [deleteSession, deleteSubscriptions, deleteReceived] {
            statement.bind(1, key)
            try statement.run()
        }
        let count = try deleteQueueRows(of: key, limit: LedgerLimits.rowsDeletedPerTransaction)
        if count == LedgerLimits.rowsDeletedPerTransaction { ended.append(key) }
        deleted.insert(key)
    }

    private func will(of key: Int64) throws(LedgerError) -> Int64? {
        selectWill.bind(1, key)
        defer { selectWill.reset() }
        return try selectWill.step() ? selectWill.optionalInteger(0) : nil
    }

    /// Deletes up to `limit` rows of sessions that are gone; returns how many.
    func deleteEnded(limit: Int) throws(LedgerError) -> Int {
        var deleted = 0
        while deleted < limit, let key = ended.last {
            let wanted = limit - deleted
            let count = try deleteQueueRows(of: key, limit: wanted)
            deleted += count
            if count < wanted { ended.removeLast() }
        }
        return deleted
    }

    private func deleteQueueRows(of key: Int64, limit: Int) throws(LedgerError) -> Int {
        let rows = try queueRows(of: key, limit: limit)
        guard let last = rows.last else { return 0 }
        for row in rows { try bodies.release(row.message) }
        deleteQueue.bind(1, key)
        deleteQueue.bind(2, last.sequence)
        try deleteQueue.run()
        return rows.count
    }

    private func queueRows(
        of key: Int64, limit: Int
    ) throws(LedgerError) -> [(sequence: Int64, message: Int64)] {
        selectQueue.bind(1, key)
        selectQueue.bind(2, limit)
        defer { selectQueue.reset() }
        var rows: [(sequence: Int64, message: Int64)] = []
        while try selectQueue.step() { rows.append((selectQueue.integer(0), selectQueue.integer(1))) }
        return rows
    }

    // MARK: Subscriptions

    func put(_ subscription: SubscriptionRecord, of session: SessionKey) throws(LedgerError) {
        putSubscription.bind(1, session.value)
        putSubscription.bind(2, subscription.filter)
        putSubscription.bind(3, subscription.options)
        putSubscription.bind(4, Int64(subscription.identifier))
        try putSubscription.run()
    }

    func deleteSubscription(_ filter: [UInt8], of session: SessionKey) throws(LedgerError) {
        deleteSubscription.bind(1, session.value)
        deleteSubscription.bind(2, filter)
        try deleteSubscription.run()
    }

    // MARK: Queue

    func enqueue(_ delivery: QueuedDelivery, sequence: UInt64, of session: SessionKey) throws(LedgerError) {
        guard !deleted.contains(session.value) else {
            lateDeliveries += 1
            return
        }
        let message = try bodies.acquire(delivery.message)
        enqueue.bind(1, session.value)
        enqueue.bind(2, Int64(clamping: sequence))
        enqueue.bind(3, message)
        enqueue.bind(4, delivery.qos.rawValue)
        enqueue.bind(5, delivery.retain ? 1 : 0)
        if delivery.subscriptionIdentifiers.isEmpty {
            enqueue.bindNull(6)
        } else {
            enqueue.bind(6, SubscriptionIdentifiers.encode(delivery.subscriptionIdentifiers))
        }
        try enqueue.run()
    }

    func mark(_ session: SessionKey, sequence: UInt64, packetID: UInt16, state: DeliveryState) throws(LedgerError) {
        mark.bind(1, Int64(packetID))
        mark.bind(2, state.rawValue)
        mark.bind(3, session.value)
        mark.bind(4, Int64(clamping: sequence))
        try mark.run()
    }

    func dequeue(_ session: SessionKey, sequence: UInt64) throws(LedgerError) {
        dequeue.bind(1, session.value)
        dequeue.bind(2, Int64(clamping: sequence))
        if let message = try dequeuedMessage() { try bodies.release(message) }
    }

    private func dequeuedMessage() throws(LedgerError) -> Int64? {
        defer { dequeue.reset() }
        var message: Int64?
        // A statement with RETURNING is done only when stepped to its end.
        while try dequeue.step() { message = dequeue.integer(0) }
        return message
    }

    // MARK: Received packet identifiers

    func addReceived(_ packetID: UInt16, of session: SessionKey) throws(LedgerError) {
        addReceived.bind(1, session.value)
        addReceived.bind(2, Int64(packetID))
        try addReceived.run()
    }

    func removeReceived(_ packetID: UInt16, of session: SessionKey) throws(LedgerError) {
        removeReceived.bind(1, session.value)
        removeReceived.bind(2, Int64(packetID))
        try removeReceived.run()
    }
}

/// The last sessions that were deleted: deliveries that were on their way to them are not stored.
private struct RecentlyDeletedSessions {
    private var keys: Set<Int64> = []
    private var order: [Int64] = []
    private var committedCount = 0

    func contains(_ key: Int64) -> Bool { keys.contains(key) }

    mutating func insert(_ key: Int64) {
        if keys.insert(key).inserted { order.append(key) }
    }

    mutating func remove(_ key: Int64) { keys.remove(key) }

    mutating func commit() {
        let surplus = order.count - LedgerLimits.recentlyDeletedSessions
        if surplus > 0 {
            for key in order.prefix(surplus) { keys.remove(key) }
            order.removeFirst(surplus)
        }
        committedCount = order.count
    }

    /// Sessions deleted by the transaction that failed are still there.
    mutating func rollBack() {
        for key in order.dropFirst(committedCount) { keys.remove(key) }
        order.removeLast(order.count - committedCount)
    }
}

/// Four bytes each, least significant first.
enum SubscriptionIdentifiers {
    static func encode(_ identifiers: [UInt32]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(identifiers.count * 4)
        for identifier in identifiers {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: identifier >> shift))
            }
        }
        return bytes
    }

    /// A remainder of less than four bytes is ignored.
    static func decode(_ bytes: [UInt8]) -> [UInt32] {
        var identifiers: [UInt32] = []
        identifiers.reserveCapacity(bytes.count / 4)
        for start in stride(from: 0, to: bytes.count - bytes.count % 4, by: 4) {
            var identifier: UInt32 = 0
            for offset in 0..<4 { identifier |= UInt32(bytes[start + offset]) << UInt32(8 * offset) }
            identifiers.append(identifier)
        }
        return identifiers
    }
}
