import Ledger
import Logging
import MQTTSession
import MQTTWire
import Messages
import NIOCore
import Synchronization
import TopicRouting

/// A session on its way from one loop to another. `@unchecked Sendable`: the loop that sends it has let go of it.
private struct SessionTransfer: @unchecked Sendable {
    let session: ClientSession?
}

/// Sessions of one loop: who gets which, what happens when a connection ends, wills.
extension BrokerLoop {
    private enum Claim {
        case new(SessionKey)
        case here(SessionKey)
        case elsewhere(SessionKey, loop: Int)
        case otherIdentity
    }

    /// Finds the session of a client identifier for `connection`, which is told by `claimed`. A session belongs to the
    /// identity that made it: another certificate can't take it over by naming its client identifier.
    func claim(_ clientID: [UInt8], for connection: ClientConnection) {
        let proved = connection.identity.proved
        let loopIndex = index
        let state = state
        let claim = state.withTree { shared -> Claim in
            guard var entry = shared.clients[clientID] else {
                let key = state.makeKey()
                shared.clients[clientID] = BrokerState.ClientEntry(key: key, loop: loopIndex, proved: proved)
                shared.homes[key.value] = BrokerState.Home(loop: loopIndex, isDurable: false)
                return .new(key)
            }
            guard entry.proved == proved else { return .otherIdentity }
            if entry.loop == loopIndex { return .here(entry.key) }
            let previous = entry.loop
            entry.loop = loopIndex
            shared.clients[clientID] = entry
            shared.homes[entry.key.value]?.loop = loopIndex
            shared.tree.invalidate()
            return .elsewhere(entry.key, loop: previous)
        }
        switch claim {
        case .new(let key):
            connection.claimed(key: key, found: nil)
        case .here(let key):
            if let waiting = awaitingSessions[clientID] {
                // The session is still on its way here for an earlier connection.
                waiting.takenOver()
                awaitingSessions[clientID] = connection
                return
            }
            let found = sessions[key.value]
            if let found { detach(found) }
            connection.claimed(key: key, found: found)
        case .elsewhere(let key, let other):
            awaitingSessions[clientID] = connection
            let peer = peers[other]
            peer.eventLoop.execute { peer.surrender(clientID, key, to: self) }
        case .otherIdentity:
            connection.refuse(
                .notAuthorized, clientID, "the client identifier belongs to a session of another identity")
        }
    }

    /// Another loop has a new connection for this client.
    private func surrender(_ clientID: [UInt8], _ key: SessionKey, to other: BrokerLoop) {
        if let waiting = awaitingSessions[clientID] {
            waiting.takenOver()
            surrenders[clientID] = other
            return
        }
        let session = sessions.removeValue(forKey: key.value)
        if let session {
            detach(session)
            queuedBytes -= session.outbound.waitingBytes
        }
        let transfer = SessionTransfer(session: session)
        other.eventLoop.execute { other.received(transfer, clientID, key) }
    }

    private func received(_ transfer: SessionTransfer, _ clientID: [UInt8], _ key: SessionKey) {
        let waiting = awaitingSessions.removeValue(forKey: clientID)
        if let other = surrenders.removeValue(forKey: clientID) {
            other.eventLoop.execute { other.received(transfer, clientID, key) }
            return
        }
        if let session = transfer.session { queuedBytes += session.outbound.waitingBytes }
        guard let waiting else {
            if let session = transfer.session { adopt(session) }
            return
        }
        waiting.claimed(key: key, found: transfer.session)
        waiting.resumeReading()
    }

    /// Takes a session's connection away from it: a newer one came [MQTT-3.1.4-3].
    private func detach(_ session: ClientSession) {
        guard let connection = session.connection else { return }
        session.connection = nil
        connection.takenOver()
        if let will = session.will, will.delaySeconds == 0 || !session.isDurable { publishWill(of: session) }
    }

    /// Makes `session` the one of `connection`.
    func attach(_ session: ClientSession, to connection: ClientConnection) {
        sessions[session.key.value] = session
        session.connection = connection
        connection.session = session
        let isDurable = session.isDurable
        let key = session.key.value
        state.withTree { shared in
            shared.homes[key]?.isDurable = isDurable
            // Routes hold session objects and whether remote ones are durable.
            if !shared.tree.isEmpty { shared.tree.invalidate() }
        }
    }

    /// A session without a connection.
    func adopt(_ session: ClientSession) {
        sessions[session.key.value] = session
        connectionEnded(session, nil)
    }

    /// Clean start over an existing session: its subscriptions and queue are gone; its number goes on.
    func discard(_ session: ClientSession) {
        if session.willDueMilliseconds != nil { publishWill(of: session) }
        removeSubscriptions(session)
        sessions[session.key.value] = nil
        queuedBytes -= session.outbound.waitingBytes
        forget(session)
    }

    /// Writes the session as it is now.
    func store(_ session: ClientSession) {
        session.isStored = true
        record(.putSession(session.record))
    }

    /// Deletes what the ledger has of a session that is over.
    private func forget(_ session: ClientSession) {
        if session.isStored { record(.deleteSession(session.key)) }
        session.isStored = false
    }

    func insert(_ record: SubscriptionRecord, of session: ClientSession) {
        guard let options = SubscriptionOptions(byte: record.options) else { return }
        let subscription = Subscription(
            subscriber: session.key.value, qos: options.qos, noLocal: options.noLocal,
            retainAsPublished: options.retainAsPublished, identifier: record.identifier)
        state.withTree { _ = $0.tree.insert(subscription, filter: record.filter) }
    }

    private func removeSubscriptions(_ session: ClientSession) {
        guard !session.subscriptions.isEmpty else { return }
        let key = session.key.value
        let filters = Array(session.subscriptions.keys)
        state.withTree { shared in
            for filter in filters { shared.tree.remove(subscriber: key, filter: filter) }
        }
        session.subscriptions.removeAll()
    }

    /// The connection of a session is gone, and no other took it over.
    func connectionEnded(_ session: ClientSession, _ connection: ClientConnection?) {
        session.connection = nil
        logger.debug(
            "client disconnected",
            metadata: ["client": "\(session.name)", "reason": "\(connection?.closeReason ?? "by the client")"])
        let now = wallMilliseconds()
        if let will = session.will {
            if connection?.isWillDiscarded == true || state.isStopping.load(ordering: .relaxed) {
                session.will = nil
            } else if will.delaySeconds == 0 || !session.isDurable {
                publishWill(of: session)
            } else {
                session.willDueMilliseconds = now + Int64(will.delaySeconds) * 1_000
            }
        }
        guard session.isDurable else {
            endSession(session)
            return
        }
        session.disconnectedAtMilliseconds = now
        store(session)
    }

    func publishWill(of session: ClientSession) {
        guard let will = session.will else { return }
        session.will = nil
        session.willDueMilliseconds = nil
        publish(will.message, toStage: true)
    }

    /// The session is over: expired, or ended with its connection.
    func endSession(_ session: ClientSession) {
        if session.will != nil, session.willDueMilliseconds != nil { publishWill(of: session) }
        removeSubscriptions(session)
        sessions[session.key.value] = nil
        queuedBytes -= session.outbound.waitingBytes
        forget(session)
        let clientID = session.clientID
        let key = session.key
        state.withTree { shared in
            if shared.clients[clientID]?.key == key { shared.clients[clientID] = nil }
            shared.homes[key.value] = nil
        }
    }

    /// Puts a session back that a restart found in the ledger.
    func restore(_ recovered: RecoveredSession) {
        let record = recovered.record
        let session = ClientSession(
            key: record.key, clientID: record.clientID,
            identity: ClientIdentity(proved: record.identity, listener: record.listener), version: record.version,
            expirySeconds: record.expirySeconds,
            outbound: OutboundFlow(inFlightMax: limits.inFlightMax, waitingMax: limits.queuedMessagesMax),
            inbound: InboundFlow(receiveMax: limits.receiveMax))
        session.isStored = true
        let now = wallMilliseconds()
        session.disconnectedAtMilliseconds = record.disconnectedAtMilliseconds ?? now
        if record.will == nil, let end = session.endsAtMilliseconds, end <= now {
            // It ended while the node was down; one with a will ends within the second, by the clock.
            forget(session)
            return
        }
        if let will = record.will {
            session.will = ClientSession.Will(message: will, delaySeconds: record.willDelaySeconds)
            session.willDueMilliseconds =
                (session.disconnectedAtMilliseconds ?? now) + Int64(record.willDelaySeconds) * 1_000
        }
        for queued in recovered.queue {
            let delivery = OutboundFlow.Delivery(
                message: queued.delivery.message, qos: queued.delivery.qos, retain: queued.delivery.retain,
                subscriptionIdentifiers: queued.delivery.subscriptionIdentifiers, sequence: queued.sequence)
            let phase: OutboundFlow.Phase? =
                switch queued.state {
                case .waiting: nil
                case .sent: .sent
                case .released: .released
                }
            session.outbound.restore(delivery, packetID: queued.packetID, phase: phase)
        }
        queuedBytes += session.outbound.waitingBytes
        for packetID in recovered.received { session.inbound.restore(packetID) }
        sessions[session.key.value] = session
        let entry = BrokerState.ClientEntry(key: record.key, loop: index, proved: record.identity)
        let home = BrokerState.Home(loop: index, isDurable: true)
        state.withTree { shared in
            shared.clients[record.clientID] = entry
            shared.homes[record.key.value] = home
        }
        for subscription in recovered.subscriptions {
            session.subscriptions[subscription.filter] = subscription
            insert(subscription, of: session)
        }
    }
}

extension ClientConnection {
    /// A newer connection of the same client took the session.
    func takenOver() {
        session = nil
        disconnect(.sessionTakenOver, "another connection with this client identifier", violation: false)
    }
}
