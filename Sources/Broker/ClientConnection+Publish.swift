import DequeModule
import Identity
import Ledger
import Logging
import MQTTSession
import MQTTWire
import Messages
import NIOCore
import Synchronization
import Telemetry

/// PUBLISH and its acknowledgements, both ways.
extension ClientConnection {
    func received(_ header: PublishHeader, _ bytes: UnsafeRawBufferPointer) {
        guard let session else { return }
        loop.counters.messagesReceived.add()
        loop.counters.bytesReceived.add(header.payloadByteCount)
        guard header.payloadByteCount <= limits.payloadBytesMax else {
            disconnect(
                .packetTooLarge, "a payload of \(header.payloadByteCount) bytes, \(limits.payloadBytesMax) are allowed")
            return
        }
        var topic = UnsafeRawBufferPointer(rebasing: bytes[header.topic])
        if header.topicAlias != 0 {
            guard let resolved = resolveAlias(header.topicAlias, topic) else { return }
            if topic.isEmpty {
                // The alias stands for the topic: the packet can't be passed on as it came.
                resolved.withUnsafeBytes { received(header, bytes, topic: $0, session) }
                return
            }
        }
        topic = UnsafeRawBufferPointer(rebasing: bytes[header.topic])
        received(header, bytes, topic: topic, session)
    }

    private func received(
        _ header: PublishHeader, _ bytes: UnsafeRawBufferPointer, topic: UnsafeRawBufferPointer,
        _ session: ClientSession
    ) {
        let qos = header.qos
        if header.packetID != 0 {
            switch session.inbound.arrive(qos: qos, packetID: header.packetID) {
            case .take: break
            case .repeated:
                settle(qos, header.packetID, reason: 0, BrokerLoop.Distribution())
                return
            case .overQuota:
                disconnect(.receiveMaximumExceeded, "more unacknowledged messages than Receive Maximum allows")
                return
            }
        }
        let route = route(for: topic)
        guard clientAccess.allowsAllPublishes && topic.first != UInt8(ascii: "$") || mayPublish(topic) else {
            refused(header, topic: topic, session)
            return
        }
        // Re-encoding strips what belongs to the publisher's connection; most packets hold nothing of that kind.
        if header.propertyFlags.isDisjoint(with: .hopByHop) {
            let properties = UnsafeRawBufferPointer(rebasing: bytes[header.properties])
            distribute(header, bytes, topic: topic, properties: properties, route: route, session, isForwardable: true)
        } else {
            let raw = UnsafeRawBufferPointer(rebasing: bytes[header.properties])
            let stripped = PublishProperties.forwardable(raw, flags: header.propertyFlags) ?? [UInt8](raw)
            stripped.withUnsafeBytes {
                distribute(header, bytes, topic: topic, properties: $0, route: route, session, isForwardable: false)
            }
        }
    }

    @inline(__always)
    private func distribute(
        _ header: PublishHeader, _ bytes: UnsafeRawBufferPointer, topic: UnsafeRawBufferPointer,
        properties: UnsafeRawBufferPointer, route: Route, _ session: ClientSession, isForwardable: Bool
    ) {
        let frame = PublishFrame(
            packet: UnsafeRawBufferPointer(rebasing: bytes[header.packet]), packetIDOffset: header.packetIDOffset ?? 0,
            topic: topic, payload: UnsafeRawBufferPointer(rebasing: bytes[header.payload]), properties: properties,
            version: version, qos: header.qos, retain: header.retain, isForwardable: isForwardable,
            expirySeconds: header.propertyFlags.contains(.messageExpiry) ? header.messageExpirySeconds : nil,
            publisher: session.key.value)
        let distribution = loop.distribute(
            frame, route: route, client: identity.proved, mark: nil, message: nil, toStage: true)
        guard header.packetID != 0 else { return }
        if case .exactlyOnce = header.qos, session.isDurable {
            loop.record(.addReceived(session.key, packetID: header.packetID))
            var durable = distribution
            durable.isDurable = true
            settle(header.qos, header.packetID, reason: reason(of: distribution), durable)
        } else {
            settle(header.qos, header.packetID, reason: reason(of: distribution), distribution)
        }
    }

    @inline(__always)
    private func reason(of distribution: BrokerLoop.Distribution) -> UInt8 {
        if distribution.isRefused { return ReasonCode.quotaExceeded.rawValue }
        return distribution.hasTakers ? 0 : ReasonCode.noMatchingSubscribers.rawValue
    }

    /// The route of a topic; a publisher that stays with its topic pays one comparison.
    @inline(__always)
    private func route(for topic: UnsafeRawBufferPointer) -> Route {
        if let lastRoute, lastRouteGeneration == loop.state.generation.load(ordering: .acquiring),
            lastRoute.isRoute(of: topic)
        {
            return lastRoute
        }
        let generation = loop.state.generation.load(ordering: .acquiring)
        let route = loop.route(for: topic)
        lastRoute = route
        lastRouteGeneration = generation
        return route
    }

    private func mayPublish(_ topic: UnsafeRawBufferPointer) -> Bool { clientAccess.mayPublish(topic).isAllowed }

    /// Refused by an access rule: MQTT 5 clients are told, 3.1.1 clients get the acknowledgement the protocol demands
    /// [MQTT-3.3.5-2 of 3.1.1]; the message goes nowhere.
    private func refused(_ header: PublishHeader, topic: UnsafeRawBufferPointer, _ session: ClientSession) {
        loop.counters.publishRefused.add()
        lastRoute = nil
        // At most one line a second and client: a device that is wrong is wrong often.
        if lastRefusalSecond != loop.coarseSeconds, case .refused(let rule) = clientAccess.mayPublish(topic) {
            lastRefusalSecond = loop.coarseSeconds
            logger.notice(
                "publish refused",
                metadata: [
                    "client": "\(session.name)", "identity": "\(identity.proved ?? "none")", "peer": "\(peer)",
                    "listener": "\(listener.name)", "topic": "\(String(decoding: topic, as: UTF8.self))",
                    "reason": "\(RefusedBy.text(rule))",
                ])
        }
        settle(header.qos, header.packetID, reason: ReasonCode.notAuthorized.rawValue, BrokerLoop.Distribution())
    }

    /// Sends PUBACK or PUBREC now, or when what the message caused is committed.
    @inline(__always)
    private func settle(_ qos: QoS, _ packetID: UInt16, reason: UInt8, _ distribution: BrokerLoop.Distribution) {
        let kind: AcknowledgementOrder.Kind
        switch qos {
        case .atMostOnce: return
        case .atLeastOnce: kind = .puback
        case .exactlyOnce: kind = .pubrec
        }
        let needsCommit = (distribution.isDurable || distribution.token != 0) && listener.acknowledgesAfterCommit
        let pending = AcknowledgementOrder.Pending(
            kind: kind, packetID: packetID, reason: reason,
            ticket: needsCommit && distribution.isDurable ? loop.nextTicket : 0,
            token: needsCommit ? distribution.token : 0)
        if needsCommit || !acknowledgements.isEmpty { waitForCommit(pending) } else { acknowledge(pending) }
    }

    /// Writes an acknowledgement that nothing holds back any more.
    func acknowledge(_ pending: AcknowledgementOrder.Pending) {
        switch pending.kind {
        case .puback:
            session?.inbound.acknowledged()
            write {
                AcknowledgementEncoder.write(
                    .puback, packetID: pending.packetID, reason: ReasonCode(rawValue: pending.reason) ?? .success,
                    version: version, into: &$0)
            }
        case .pubrec:
            if pending.reason >= 0x80 { session?.inbound.refused(pending.packetID) }
            write {
                AcknowledgementEncoder.write(
                    .pubrec, packetID: pending.packetID, reason: ReasonCode(rawValue: pending.reason) ?? .success,
                    version: version, into: &$0)
            }
        case .pubcomp:
            write {
                AcknowledgementEncoder.write(
                    .pubcomp, packetID: pending.packetID, reason: ReasonCode(rawValue: pending.reason) ?? .success,
                    version: version, into: &$0)
            }
        case .pubrel:
            write {
                AcknowledgementEncoder.write(
                    .pubrel, packetID: pending.packetID, reason: .success, version: version, into: &$0)
            }
        case .packet:
            if var packet = deferredPackets.popFirst() { write { $0.writeBuffer(&packet) } }
        }
    }

    /// What the acknowledgement stands for could not be stored: it is never sent. MQTT 5 clients are told; for 3.1.1 the
    /// only way to say it is to end the connection, so that the client sends the message again.
    func failed(_ pending: AcknowledgementOrder.Pending) {
        switch pending.kind {
        case .puback, .pubrec:
            if version == .v5 {
                acknowledge(
                    AcknowledgementOrder.Pending(
                        kind: pending.kind, packetID: pending.packetID, reason: ReasonCode.quotaExceeded.rawValue))
            } else {
                end("the message could not be stored")
            }
        case .pubcomp, .pubrel, .packet:
            end("the session could not be stored")
        }
    }

    // MARK: Deliveries to this client

    func receivedPuback(_ acknowledgement: Acknowledgement) {
        guard let session else { return }
        if case .completed(let sequence) = session.outbound.acknowledge(acknowledgement.packetID) {
            if sequence != 0 { loop.record(.dequeue(session.key, sequence: sequence)) }
            sendWaiting()
        }
    }

    func receivedPubrec(_ acknowledgement: Acknowledgement) {
        guard let session else { return }
        let packetID = acknowledgement.packetID
        switch session.outbound.receive(packetID, failed: acknowledgement.reason.rawValue >= 0x80) {
        case .completed(let sequence):
            if sequence != 0 { loop.record(.dequeue(session.key, sequence: sequence)) }
            sendWaiting()
        case .release(let sequence):
            if sequence != 0 {
                // After a crash the message must not be sent again once PUBREL left: the step is stored first.
                loop.record(.markDelivery(session.key, sequence: sequence, packetID: packetID, state: .released))
                waitForCommit(
                    AcknowledgementOrder.Pending(kind: .pubrel, packetID: packetID, ticket: loop.nextTicket))
            } else {
                write {
                    AcknowledgementEncoder.write(
                        .pubrel, packetID: packetID, reason: .success, version: version, into: &$0)
                }
            }
        case .unknown:
            write {
                AcknowledgementEncoder.write(
                    .pubrel, packetID: packetID, reason: .packetIdentifierNotFound, version: version, into: &$0)
            }
        }
    }

    func receivedPubcomp(_ acknowledgement: Acknowledgement) {
        guard let session else { return }
        if case .completed(let sequence) = session.outbound.complete(acknowledgement.packetID) {
            if sequence != 0 { loop.record(.dequeue(session.key, sequence: sequence)) }
            sendWaiting()
        }
    }

    func receivedPubrel(_ acknowledgement: Acknowledgement) {
        guard let session else { return }
        let packetID = acknowledgement.packetID
        let isKnown = session.inbound.release(packetID)
        let reason = isKnown ? 0 : ReasonCode.packetIdentifierNotFound.rawValue
        var ticket: UInt64 = 0
        if isKnown, session.isDurable {
            // Until the identifier is forgotten on disk, a new message under it would be taken for a repetition.
            loop.record(.removeReceived(session.key, packetID: packetID))
            ticket = loop.nextTicket
        }
        let pending = AcknowledgementOrder.Pending(kind: .pubcomp, packetID: packetID, reason: reason, ticket: ticket)
        if ticket != 0 || !acknowledgements.isEmpty { waitForCommit(pending) } else { acknowledge(pending) }
    }

    /// Sends what waits for this client as far as its window and its buffer allow.
    func sendWaiting() {
        guard phase == .open, let session, session.outbound.waitingCount > 0 else { return }
        let now = loop.wallMilliseconds()
        while hasRoom, let waiting = session.outbound.nextWaiting {
            if let end = waiting.message.expiresAtMilliseconds, end <= now {
                dropExpired(session)
                continue
            }
            guard let (delivery, packetID) = session.outbound.next() else { return }
            loop.queuedBytes -= delivery.message.footprintBytes
            if send(delivery, packetID: packetID, isAgain: false, nowMilliseconds: now) {
                loop.counters.messagesSent.add()
                if delivery.sequence != 0 {
                    loop.record(
                        .markDelivery(session.key, sequence: delivery.sequence, packetID: packetID, state: .sent))
                }
            } else {
                session.outbound.abandon(packetID: packetID)
                loop.counters.droppedTooLarge.add()
                if delivery.sequence != 0 { loop.record(.dequeue(session.key, sequence: delivery.sequence)) }
            }
        }
    }

    private func dropExpired(_ session: ClientSession) {
        guard let dropped = session.outbound.dropNext() else { return }
        loop.queuedBytes -= dropped.message.footprintBytes
        loop.counters.droppedExpired.add()
        if dropped.sequence != 0 { loop.record(.dequeue(session.key, sequence: dropped.sequence)) }
    }

    /// Encodes one held message. `false`: larger than the client takes.
    func send(_ delivery: OutboundFlow.Delivery, packetID: UInt16, isAgain: Bool, nowMilliseconds: Int64) -> Bool {
        let message = delivery.message
        let expiry = message.expiresAtMilliseconds.map {
            UInt32(clamping: max(1, ($0 - nowMilliseconds + 999) / 1_000))
        }
        return message.topic.withUnsafeBytes { topic in
            message.payload.withUnsafeBytes { payload in
                message.properties.withUnsafeBytes { properties in
                    let isV5 = version == .v5
                    let identifiers = PublishEncoder.SubscriptionIdentifiers(delivery.subscriptionIdentifiers)
                    let byteCount = PublishEncoder.encodedByteCount(
                        version: version, topicByteCount: topic.count, payloadByteCount: payload.count,
                        propertiesByteCount: properties.count, qos: delivery.qos,
                        messageExpirySeconds: isV5 ? expiry : nil, subscriptionIdentifiers: isV5 ? identifiers : .none)
                    guard byteCount <= packetBytesMax else { return false }
                    write {
                        _ = PublishEncoder.write(
                            into: &$0, version: version, topic: topic, payload: payload, properties: properties,
                            qos: delivery.qos, dup: isAgain, retain: delivery.retain, packetID: packetID,
                            messageExpirySeconds: isV5 ? expiry : nil,
                            subscriptionIdentifiers: isV5 ? identifiers : .none)
                    }
                    return true
                }
            }
        }
    }

    /// The topic an alias stands for; sets it when the packet names one. nil: the client was disconnected.
    private func resolveAlias(_ alias: UInt16, _ topic: UnsafeRawBufferPointer) -> [UInt8]? {
        guard Int(alias) <= limits.topicAliasMax else {
            disconnect(.topicAliasInvalid, "topic alias \(alias), \(limits.topicAliasMax) are allowed")
            return nil
        }
        if !topic.isEmpty {
            while aliases.count < Int(alias) { aliases.append([]) }
            aliases[Int(alias) - 1] = [UInt8](topic)
            return aliases[Int(alias) - 1]
        }
        guard Int(alias) <= aliases.count, !aliases[Int(alias) - 1].isEmpty else {
            disconnect(.protocolError, "topic alias \(alias) was never set")
            return nil
        }
        return aliases[Int(alias) - 1]
    }
}
