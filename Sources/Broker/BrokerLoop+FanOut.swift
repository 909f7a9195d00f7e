import Ledger
import MQTTSession
import MQTTWire
package import Messages
import Telemetry
import TopicRouting

/// Delivery of one message to the subscribers of a route on this loop.
extension BrokerLoop {
    /// Appends the message for every local subscriber. Returns whether a session that outlives its connection got it, so
    /// that a commit must come before the publisher is told.
    func fanOut(_ frame: PublishFrame, _ route: Route) -> Bool {
        encodings.begin()
        var stored: Message?
        var isDurable = false
        var sent = 0
        for target in route.targets {
            let publisher = frame.publisher
            isDurable = target.session._withUnsafeGuaranteedRef { session in
                if target.noLocal, session.key.value == publisher { return isDurable }
                let qos = lower(frame.qos, target.qos)
                let retain = target.retainAsPublished && frame.retain
                if let connection = session.connection, target.identifiers.isEmpty, connection.hasRoom {
                    if case .atMostOnce = qos {
                        if session.outbound.waitingCount == 0 {
                            sent += append(frame, to: connection, qos: qos, retain: retain, packetID: 0)
                            return isDurable
                        }
                    } else if !session.isDurable,
                        case .send(let packetID) = session.outbound.offer(qos: qos, delivery: nil)
                    {
                        let count = append(frame, to: connection, qos: qos, retain: retain, packetID: packetID)
                        if count == 0 { session.outbound.abandon(packetID: packetID) }
                        sent += count
                        return isDurable
                    }
                }
                let message = stored ?? makeMessage(frame)
                stored = message
                return hold(
                    message, for: session, qos: qos, retain: retain, identifiers: target.identifiers) || isDurable
            }
        }
        if sent > 0 { counters.messagesSent.add(sent) }
        return isDurable
    }

    /// `min` by number: comparing enums of another module goes through a witness table.
    @inline(__always)
    private func lower(_ left: QoS, _ right: QoS) -> QoS { left.rawValue < right.rawValue ? left : right }

    /// Appends one encoded PUBLISH to a connection's buffer; 0 when it is larger than the client takes.
    @inline(__always)
    private func append(
        _ frame: PublishFrame, to connection: ClientConnection, qos: QoS, retain: Bool, packetID: UInt16
    ) -> Int {
        let firstByte = 0x30 | qos.rawValue &<< 1 | (retain ? 1 : 0)
        let isSent = encodings.with(frame, version: connection.version, hasIdentifier: qos.rawValue != 0) { encoded in
            connection.append(
                encoded.bytes, firstByte: firstByte, packetIDOffset: encoded.packetIDOffset, packetID: packetID)
        }
        if isSent { return 1 }
        // [MQTT-3.1.2-25]: dropped for this receiver only, as if it had been sent.
        counters.droppedTooLarge.add()
        return 0
    }

    /// A message that outlives the read.
    func makeMessage(_ frame: PublishFrame) -> Message {
        Message(
            topic: [UInt8](frame.topic), payload: [UInt8](frame.payload), properties: [UInt8](frame.properties),
            qos: frame.qos, retain: frame.retain,
            expiresAtMilliseconds: frame.expirySeconds.map { wallMilliseconds() + Int64($0) * 1_000 })
    }

    /// The way of a message that can't simply be appended: the session outlives its connection, the client is away, its
    /// window is full, or it is slow. Returns whether a commit must come before the publisher is told.
    @inline(never)
    func hold(
        _ message: Message, for session: ClientSession, qos: QoS, retain: Bool, identifiers: [UInt32]
    ) -> Bool {
        if qos == .atMostOnce, session.connection == nil || session.connection?.hasRoom == false {
            if session.connection == nil { counters.droppedOffline.add() } else { counters.droppedSlowSubscriber.add() }
            return false
        }
        guard queuedBytes < limits.queuedBytesMax else {
            counters.droppedQueueFull.add()
            return false
        }
        let isDurable = session.isDurable && qos != .atMostOnce
        let sequence = isDurable ? state.makeSequence() : 0
        let delivery = OutboundFlow.Delivery(
            message: message, qos: qos, retain: retain, subscriptionIdentifiers: identifiers, sequence: sequence)
        guard session.outbound.enqueue(delivery) else {
            counters.droppedQueueFull.add()
            return false
        }
        queuedBytes += message.footprintBytes
        if isDurable {
            record(
                .enqueue(
                    session.key, sequence: sequence,
                    delivery: QueuedDelivery(
                        message: message, qos: qos, retain: retain, subscriptionIdentifiers: identifiers)))
        }
        session.connection?.sendWaiting()
        return isDurable
    }

    /// A message of the node itself (rule output, will, state topic): retained, delivered, carried upstream. Rules do not
    /// see it again (the engine evaluates its own outputs). Returns whether something durable was caused.
    /// `mark`: how the message is known upstream.
    @discardableResult
    package func publish(_ message: Message, mark: UpstreamMark? = nil, toStage: Bool = false) -> Bool {
        message.topic.withUnsafeBytes { topic in
            message.payload.withUnsafeBytes { payload in
                message.properties.withUnsafeBytes { properties in
                    let remaining = message.expiresAtMilliseconds.map {
                        UInt32(clamping: max(0, ($0 - wallMilliseconds() + 999) / 1_000))
                    }
                    let frame = PublishFrame(
                        packet: UnsafeRawBufferPointer(start: nil, count: 0), packetIDOffset: 0, topic: topic,
                        payload: payload, properties: properties, version: .v5, qos: message.qos,
                        retain: message.retain, isForwardable: false, expirySeconds: remaining, publisher: 0)
                    return distribute(frame, client: nil, mark: mark, message: message, toStage: toStage)
                        .isDurable
                }
            }
        }
    }

    /// What a publish caused.
    struct Distribution {
        /// This loop's next commit must come before the publisher is told.
        var isDurable = false
        /// Other loops that must commit too; 0: none.
        var token: UInt64 = 0
        /// The retained store was full; the message was not taken on.
        var isRefused = false
        var hasTakers = true
    }

    /// Everything a message causes: retained store, subscribers here and on other loops, rules, outbox.
    @inline(__always)
    func distribute(
        _ frame: PublishFrame, client: String?, mark: UpstreamMark?, message: Message?, toStage: Bool
    ) -> Distribution {
        let route = route(for: frame.topic)
        return distribute(
            frame, route: route, client: client, mark: mark, message: message, toStage: toStage)
    }

    @inline(__always)
    func distribute(
        _ frame: PublishFrame, route: Route, client: String?, mark: UpstreamMark?, message: Message?, toStage: Bool
    ) -> Distribution {
        var result = Distribution()
        if frame.retain {
            switch retain(message ?? makeMessage(frame)) {
            case .refused:
                result.isRefused = true
                return result
            case .stored, .cleared: result.isDurable = true
            case .unchanged: break
            }
        }
        if route.isEmpty {
            result.hasTakers = false
            return result
        }
        if !route.targets.isEmpty, fanOut(frame, route) { result.isDurable = true }
        if toStage, let binding = route.stageBinding, let stage, isStageMessage(frame) {
            let passing = passing(frame, client: client)
            if stage.take(passing, binding) { result.isDurable = true }
            scheduleCycle()
        }
        if !route.outbox.isEmpty {
            appendOutbox(frame, route, mark)
            result.isDurable = true
        }
        if !route.remoteLoops.isEmpty || (toStage && route.goesToRemoteStage) {
            result.token = handOver(frame, route, client: client, toStage: toStage)
        }
        return result
    }

    func passing(_ frame: PublishFrame, client: String?) -> PassingMessage {
        PassingMessage(
            topic: frame.topic, payload: frame.payload, properties: frame.properties, qos: frame.qos,
            retain: frame.retain, client: client, arrivalNanoseconds: wallNanoseconds())
    }

    /// A topic that begins with `$` belongs to the node.
    private func isStageMessage(_ frame: PublishFrame) -> Bool {
        frame.topic.first != UInt8(ascii: "$")
    }

    private func retain(_ message: Message) -> RetainedStore.Change {
        let change = state.withRetained { $0.apply(message) }
        switch change {
        case .stored: record(.retain(message))
        case .cleared: record(.clearRetained(topic: message.topic))
        case .refused: counters.retainedRefused.add()
        case .unchanged: break
        }
        return change
    }

    private func appendOutbox(_ frame: PublishFrame, _ route: Route, _ mark: UpstreamMark?) {
        let now = wallMilliseconds()
        for target in route.outbox {
            record(
                .appendOutbox(
                    OutboxEntry(
                        bridge: target.bridge, lane: mark?.priority.lane(of: target.lane) ?? target.lane, id: mark?.id,
                        topic: target.topic, payload: [UInt8](frame.payload), properties: [UInt8](frame.properties),
                        qos: min(max(frame.qos, .atLeastOnce), target.qosMax), retain: frame.retain,
                        createdAtMilliseconds: now,
                        expiresAtMilliseconds: frame.expirySeconds.map { now + Int64($0) * 1_000 })))
        }
    }
}
