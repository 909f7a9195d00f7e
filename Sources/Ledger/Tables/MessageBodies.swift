import Messages

/// Bodies of queued messages and wills, each stored once however many sessions wait for it.
///
/// How often a body is referenced is kept in memory (only where it is more than once) and counted anew at open: a
/// column would cost one more statement for every delivery.
final class MessageBodies {
    private let insertBody: SQLiteStatement
    private let deleteBody: SQLiteStatement
    private var nextID: Int64
    /// Bodies with two references or more.
    private var shared: [Int64: Int]
    private var undo: [(id: Int64, references: Int?)] = []
    private var recent = RecentMessages()

    /// `shared`: bodies with two references or more, as counted at open.
    init(_ connection: SQLiteConnection, shared: [Int64: Int]) throws(LedgerError) {
        insertBody = try connection.prepare(
            """
            INSERT INTO messages(id, qos, retain, expires_at, topic, properties, payload) VALUES (?, ?, ?, ?, ?, ?, ?)
            """)
        deleteBody = try connection.prepare("DELETE FROM messages WHERE id = ?")
        nextID = (try connection.integer("SELECT max(id) FROM messages") ?? 0) + 1
        self.shared = shared
    }

    /// Stores the message if it is not stored yet and counts one more reference.
    func acquire(_ message: Message) throws(LedgerError) -> Int64 {
        if let id = recent.id(of: message) {
            setReferences(of: id, (shared[id] ?? 1) + 1)
            return id
        }
        let id = nextID
        nextID += 1
        insertBody.bind(1, id)
        insertBody.bind(2, message.qos.rawValue)
        insertBody.bind(3, message.retain ? 1 : 0)
        insertBody.bind(4, message.expiresAtMilliseconds)
        insertBody.bind(5, message.topic)
        insertBody.bind(6, message.properties)
        insertBody.bind(7, message.payload)
        try insertBody.run()
        recent.remember(message, id: id)
        return id
    }

    /// Counts one reference less; the last one deletes the body.
    func release(_ id: Int64) throws(LedgerError) {
        if let references = shared[id] {
            setReferences(of: id, references - 1)
            return
        }
        recent.forget(id)
        deleteBody.bind(1, id)
        try deleteBody.run()
    }

    func commit() { undo.removeAll(keepingCapacity: true) }

    func rollBack() {
        for (id, references) in undo.reversed() { shared[id] = references }
        undo.removeAll(keepingCapacity: true)
        // Some of what was remembered has just ceased to be stored.
        recent = RecentMessages()
    }

    private func setReferences(of id: Int64, _ references: Int) {
        undo.append((id, shared[id]))
        shared[id] = references > 1 ? references : nil
    }
}

/// The last messages that were stored, by identity. It holds them, so that an address is not taken for another message.
private struct RecentMessages {
    private var ids: [ObjectIdentifier: Int64] = [:]
    private var objects: [Int64: Message] = [:]
    /// In order of arrival from `oldest` on; forgotten ones stay here until their turn.
    private var order: [Int64] = []
    private var oldest = 0
    private var bytes = 0

    func id(of message: Message) -> Int64? { ids[ObjectIdentifier(message)] }

    mutating func remember(_ message: Message, id: Int64) {
        ids[ObjectIdentifier(message)] = id
        objects[id] = message
        order.append(id)
        bytes += message.footprintBytes
        while order.count - oldest > LedgerLimits.recentMessages || bytes > LedgerLimits.recentMessageBytes,
            oldest < order.count
        {
            forget(order[oldest])
            oldest += 1
        }
        if oldest > LedgerLimits.recentMessages {
            order.removeFirst(oldest)
            oldest = 0
        }
    }

    mutating func forget(_ id: Int64) {
        guard let message = objects.removeValue(forKey: id) else { return }
        ids[ObjectIdentifier(message)] = nil
        bytes -= message.footprintBytes
    }
}
