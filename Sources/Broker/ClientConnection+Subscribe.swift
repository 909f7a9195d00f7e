import Identity
import Ledger
import Logging
import MQTTSession
import MQTTWire
import Messages
import NIOCore
import Telemetry
import TopicRouting

extension ClientConnection {
    func received(_ subscribe: Subscribe) {
        guard let session else { return }
        var reasons: [ReasonCode] = []
        var retainedFor: [(filter: [UInt8], options: SubscriptionOptions)] = []
        for wanted in subscribe.subscriptions {
            let (reason, sendsRetained) = self.subscribe(
                session, filter: wanted.filter, options: wanted.options, identifier: subscribe.subscriptionIdentifier)
            reasons.append(reason)
            if sendsRetained { retainedFor.append((wanted.filter, wanted.options)) }
        }
        var packet = ByteBuffer()
        SubackEncoder.write(
            Suback(packetID: subscribe.packetID, reasons: reasons), version: version, into: &packet)
        answer(packet, session)
        for (filter, options) in retainedFor {
            sendRetained(session, filter: filter, qos: options.qos, identifier: subscribe.subscriptionIdentifier)
        }
    }

    /// For a session that survives, the answer waits until the change does too.
    private func answer(_ packet: ByteBuffer, _ session: ClientSession) {
        deferredPackets.append(packet)
        let pending = AcknowledgementOrder.Pending(
            kind: .packet, packetID: 0, ticket: session.isDurable ? loop.nextTicket : 0)
        if session.isDurable || !acknowledgements.isEmpty {
            // An empty change still gives the ticket a commit to wait for.
            loop.store(session)
            waitForCommit(pending)
        } else {
            acknowledge(pending)
        }
    }

    private func subscribe(
        _ session: ClientSession, filter: [UInt8], options: SubscriptionOptions, identifier: UInt32
    ) -> (ReasonCode, sendsRetained: Bool) {
        if filter.starts(with: Array("$share/".utf8)) {
            logRefusedSubscription(filter, "shared subscriptions are not available")
            return (failure(.sharedSubscriptionsNotSupported), false)
        }
        guard TopicText.isFilter(filter) else {
            logRefusedSubscription(filter, "the filter is not well formed")
            return (failure(.topicFilterInvalid), false)
        }
        let decision = clientAccess.maySubscribe(filter)
        if case .refused(let rule) = decision {
            loop.counters.subscribeRefused.add()
            logRefusedSubscription(filter, RefusedBy.text(rule))
            return (failure(.notAuthorized), false)
        }
        let isNew = session.subscriptions[filter] == nil
        guard !isNew || session.subscriptions.count < limits.subscriptionsPerSessionMax else {
            logRefusedSubscription(filter, "the session has \(limits.subscriptionsPerSessionMax) subscriptions")
            return (failure(.quotaExceeded), false)
        }
        let record = SubscriptionRecord(filter: filter, options: options.byte, identifier: identifier)
        session.subscriptions[filter] = record
        loop.insert(record, of: session)
        if session.isDurable { loop.record(.putSubscription(session.key, record)) }
        let sendsRetained =
            switch options.retainHandling {
            case .send: true
            case .sendIfNew: isNew
            case .doNotSend: false
            }
        return (ReasonCode(rawValue: options.qos.rawValue) ?? .success, sendsRetained)
    }

    private func failure(_ reason: ReasonCode) -> ReasonCode { version == .v5 ? reason : .unspecifiedError }

    private func logRefusedSubscription(_ filter: [UInt8], _ reason: String) {
        logger.notice(
            "subscription refused",
            metadata: [
                "client": "\(session?.name ?? "")", "identity": "\(identity.proved ?? "none")", "peer": "\(peer)",
                "filter": "\(String(decoding: filter, as: UTF8.self))", "reason": "\(reason)",
            ])
    }

    /// Retained messages of a new subscription, RETAIN set [MQTT-3.3.1-8].
    private func sendRetained(_ session: ClientSession, filter: [UInt8], qos: QoS, identifier: UInt32) {
        let now = loop.wallMilliseconds()
        let messages = loop.state.withRetained { $0.matching(filter, nowMilliseconds: now) }
        for message in messages {
            _ = loop.hold(
                message, for: session, qos: min(message.qos, qos), retain: true,
                identifiers: identifier == 0 ? [] : [identifier])
        }
    }

    func received(_ unsubscribe: Unsubscribe) {
        guard let session else { return }
        let reasons = unsubscribe.filters.map { filter -> ReasonCode in
            guard session.subscriptions.removeValue(forKey: filter) != nil else { return .noSubscriptionExisted }
            loop.state.withTree { _ = $0.tree.remove(subscriber: session.key.value, filter: filter) }
            if session.isDurable { loop.record(.deleteSubscription(session.key, filter: filter)) }
            return .success
        }
        var packet = ByteBuffer()
        UnsubackEncoder.write(
            Unsuback(packetID: unsubscribe.packetID, reasons: reasons), version: version, into: &packet)
        answer(packet, session)
    }
}
