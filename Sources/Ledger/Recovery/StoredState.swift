import Messages

/// What the tables need to know about the stored sessions when a ledger opens.
struct StoredSessions {
    /// Bodies with two references or more.
    var sharedBodies: [Int64: Int] = [:]
    var greatestSessionKey: Int64 = 0
    /// Sessions whose queue was not deleted to the end.
    var sessionsWithoutRecord: [Int64] = []
}

/// Reads everything that is kept in memory while the node runs. The outbox is not: its reader takes what it sends.
struct StoredState {
    private let connection: SQLiteConnection
    private var bodies: [Int64: Message] = [:]
    private var references: [Int64: Int] = [:]
    private let selectBody: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(LedgerError) {
        self.connection = connection
        selectBody = try connection.prepare(
            "SELECT topic, payload, properties, qos, retain, expires_at FROM messages WHERE id = ?")
    }

    static func load(_ connection: SQLiteConnection) throws(LedgerError) -> (RecoveredState, StoredSessions) {
        var loader = try StoredState(connection)
        return try loader.load()
    }

    private mutating func load() throws(LedgerError) -> (RecoveredState, StoredSessions) {
        var state = RecoveredState()
        var stored = StoredSessions()
        var positions: [Int64: Int] = [:]
        state.sessions = try sessions()
        for (position, session) in state.sessions.enumerated() { positions[session.record.key.value] = position }
        try loadSubscriptions(into: &state.sessions, positions)
        stored.sessionsWithoutRecord = try loadQueues(into: &state.sessions, positions)
        try loadReceived(into: &state.sessions, positions)
        state.retained = try retained()
        state.ruleGroups = try ruleGroups()
        state.ruleInputs = try ruleInputs()
        let greatest = try connection.integer("SELECT value FROM meta WHERE name = 'greatest_session'") ?? 0
        state.greatestSessionKey = max(greatest, state.sessions.map(\.record.key.value).max() ?? 0)
        stored.greatestSessionKey = state.greatestSessionKey
        stored.sharedBodies = references.filter { $0.value > 1 }
        return (state, stored)
    }

    /// nil: there is no such body, which only a salvaged database can show.
    private mutating func body(_ id: Int64) throws(LedgerError) -> Message? {
        references[id, default: 0] += 1
        if let message = bodies[id] { return message }
        selectBody.bind(1, id)
        defer { selectBody.reset() }
        guard try selectBody.step() else { return nil }
        let message = Message(
            topic: selectBody.blob(0), payload: selectBody.blob(1), properties: selectBody.blob(2),
            qos: StoredState.qos(selectBody.integer(3)), retain: selectBody.integer(4) != 0,
            expiresAtMilliseconds: selectBody.optionalInteger(5))
        bodies[id] = message
        return message
    }

    static func qos(_ value: Int64) -> QoS { QoS(rawValue: UInt8(clamping: value)) ?? .atLeastOnce }

    private mutating func sessions() throws(LedgerError) -> [RecoveredSession] {
        let select = try connection.prepare(
            """
            SELECT key, client_id, version, expiry_seconds, disconnected_at, identity, listener, will,
                will_delay_seconds
            FROM sessions ORDER BY key
            """)
        var sessions: [RecoveredSession] = []
        while try select.step() {
            var will: Message?
            if let id = select.optionalInteger(7) { will = try body(id) }
            let record = SessionRecord(
                key: SessionKey(select.integer(0)), clientID: select.blob(1),
                version: ProtocolVersion(rawValue: UInt8(clamping: select.integer(2))) ?? .v5,
                expirySeconds: UInt32(clamping: select.integer(3)),
                disconnectedAtMilliseconds: select.optionalInteger(4), identity: select.text(5),
                listener: select.text(6) ?? "", will: will, willDelaySeconds: UInt32(clamping: select.integer(8)))
            sessions.append(RecoveredSession(record: record))
        }
        return sessions
    }

    private func loadSubscriptions(
        into sessions: inout [RecoveredSession], _ positions: [Int64: Int]
    ) throws(LedgerError) {
        let select = try connection.prepare("SELECT session, filter, options, identifier FROM subscriptions")
        while try select.step() {
            guard let position = positions[select.integer(0)] else { continue }
            sessions[position].subscriptions.append(
                SubscriptionRecord(
                    filter: select.blob(1), options: UInt8(clamping: select.integer(2)),
                    identifier: UInt32(clamping: select.integer(3))))
        }
    }

    /// Returns the sessions that have rows but no record.
    private mutating func loadQueues(
        into sessions: inout [RecoveredSession], _ positions: [Int64: Int]
    ) throws(LedgerError) -> [Int64] {
        let select = try connection.prepare(
            """
            SELECT session, sequence, message, qos, retain, packet_id, state, subscription_ids
            FROM queue ORDER BY session, sequence
            """)
        var without: [Int64] = []
        while try select.step() {
            let key = select.integer(0)
            guard let position = positions[key] else {
                references[select.integer(2), default: 0] += 1
                if without.last != key { without.append(key) }
                continue
            }
            guard let message = try body(select.integer(2)) else { continue }
            let delivery = QueuedDelivery(
                message: message, qos: StoredState.qos(select.integer(3)), retain: select.integer(4) != 0,
                subscriptionIdentifiers: SubscriptionIdentifiers.decode(select.blob(7)))
            sessions[position].queue.append(
                (
                    sequence: UInt64(clamping: select.integer(1)), delivery: delivery,
                    packetID: UInt16(clamping: select.integer(5)),
                    state: DeliveryState(rawValue: UInt8(clamping: select.integer(6))) ?? .waiting
                ))
        }
        return without
    }

    private func loadReceived(
        into sessions: inout [RecoveredSession], _ positions: [Int64: Int]
    ) throws(LedgerError) {
        let select = try connection.prepare("SELECT session, packet_id FROM received_ids")
        while try select.step() {
            guard let position = positions[select.integer(0)] else { continue }
            sessions[position].received.append(UInt16(clamping: select.integer(1)))
        }
    }

    private func retained() throws(LedgerError) -> [Message] {
        let select = try connection.prepare(
            "SELECT topic, payload, properties, qos, expires_at FROM retained ORDER BY id")
        var messages: [Message] = []
        while try select.step() {
            messages.append(
                Message(
                    topic: select.blob(0), payload: select.blob(1), properties: select.blob(2),
                    qos: StoredState.qos(select.integer(3)), retain: true,
                    expiresAtMilliseconds: select.optionalInteger(4)))
        }
        return messages
    }

    private func ruleGroups() throws(LedgerError) -> [RuleSnapshot.Group] {
        let select = try connection.prepare("SELECT rule, key, state FROM rule_state ORDER BY id")
        var groups: [RuleSnapshot.Group] = []
        while try select.step() {
            groups.append(RuleSnapshot.Group(rule: select.text(0) ?? "", key: select.blob(1), state: select.blob(2)))
        }
        return groups
    }

    private func ruleInputs() throws(LedgerError) -> [[UInt8]] {
        let select = try connection.prepare("SELECT inputs FROM rule_inputs ORDER BY seq")
        var inputs: [[UInt8]] = []
        while try select.step() { inputs.append(select.blob(0)) }
        return inputs
    }
}
