import Messages

/// Retained messages, one row per topic. The body is in the row: a retained value is replaced in place, mostly by
/// another of the same size.
final class RetainedTable {
    private let put, clear: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(LedgerError) {
        put = try connection.prepare(
            """
            INSERT INTO retained(topic, qos, expires_at, properties, payload) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT(topic) DO UPDATE SET
                qos = excluded.qos, expires_at = excluded.expires_at, properties = excluded.properties,
                payload = excluded.payload
            """)
        clear = try connection.prepare("DELETE FROM retained WHERE topic = ?")
    }

    func put(_ message: Message) throws(LedgerError) {
        put.bind(1, message.topic)
        put.bind(2, message.qos.rawValue)
        put.bind(3, message.expiresAtMilliseconds)
        put.bind(4, message.properties)
        put.bind(5, message.payload)
        try put.run()
    }

    func clear(_ topic: [UInt8]) throws(LedgerError) {
        clear.bind(1, topic)
        try clear.run()
    }
}
