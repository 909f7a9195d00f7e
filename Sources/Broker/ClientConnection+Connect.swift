import Identity
import Ledger
import Logging
import MQTTSession
import MQTTWire
import Messages
import NIOCore
import NIOSSL
import Telemetry

/// Handshake, CONNECT, takeover and DISCONNECT.
extension ClientConnection {
    /// Takes the name from the certificate that TLS verified.
    func proveIdentity(_ context: ChannelHandlerContext) {
        guard let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLHandler.self),
            let certificate = handler.peerCertificate, let der = try? certificate.toDERBytes()
        else { return }
        do {
            let proved = try PeerIdentity(leafCertificate: der)
            identity = ClientIdentity(proved: proved.name, listener: listener.name)
            clientAccess = access.compiled(for: identity)
        } catch {
            loop.counters.handshakeFailures.add()
            logger.notice(
                "certificate refused",
                metadata: ["peer": "\(peer)", "listener": "\(listener.name)", "reason": "\(error)"])
            end("its certificate holds no usable name")
        }
    }

    func received(_ connect: Connect) {
        version = connect.version
        let outcome = ConnectNegotiation.decide(
            connect, client: identity, allowsAnonymous: listener.anonymous || identity.proved != nil,
            limits: ConnectLimits(
                receiveMax: limits.receiveMax, inFlightMax: limits.inFlightMax, packetBytesMax: limits.packetBytesMax,
                keepAliveSecondsMax: limits.keepAliveSecondsMax,
                sessionExpirySecondsMax: limits.sessionExpirySecondsMax, topicAliasMax: limits.topicAliasMax),
            makeClientID: { Array("sluice-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))".utf8) })
        switch outcome {
        case .refuse(let refusal):
            refuse(refusal.reason, connect.clientID, refusal.explanation)
        case .accept(let agreement):
            if let refusal = refusedWill(connect) {
                refuse(.notAuthorized, connect.clientID, refusal)
                return
            }
            accepted(connect, agreement)
        }
    }

    /// A will is a publish in advance: the access rules hold for it too.
    private func refusedWill(_ connect: Connect) -> String? {
        guard let will = connect.will else { return nil }
        let decision = will.topic.withUnsafeBytes { clientAccess.mayPublish($0) }
        guard case .refused(let rule) = decision else { return nil }
        return "may not publish its will to \(String(decoding: will.topic, as: UTF8.self)) (\(RefusedBy.text(rule)))"
    }

    func refuse(_ reason: ReasonCode, _ clientID: [UInt8], _ explanation: String) {
        loop.counters.connectionsRefused.add()
        logger.notice(
            "CONNECT refused",
            metadata: [
                "client": "\(String(decoding: clientID, as: UTF8.self))", "identity": "\(identity.proved ?? "none")",
                "peer": "\(peer)", "listener": "\(listener.name)", "reason": "\(explanation)",
            ])
        write { ConnackEncoder.write(Connack(reason: reason), version: version, into: &$0) }
        end(explanation)
    }

    /// Finds the session: here, on another loop, or a new one.
    private func accepted(_ connect: Connect, _ agreement: ConnectNegotiation.Agreement) {
        pending = PendingConnect(connect: connect, agreement: agreement)
        phase = .awaitingSession
        loop.claim(agreement.clientID, for: self)
    }

    /// The claim was decided. `found` is the session of an earlier connection, already detached from it.
    func claimed(key: SessionKey, found: ClientSession?) {
        guard phase == .awaitingSession, let pending else {
            // This connection is gone: the session stays without one.
            if let found { loop.adopt(found) }
            return
        }
        self.pending = nil
        let agreement = pending.agreement
        let isResumed = found != nil && !agreement.cleanStart
        if let found, !isResumed { loop.discard(found) }
        let session = isResumed ? found! : makeSession(key: key, agreement)
        configure(session, pending.connect, agreement)
        loop.attach(session, to: self)
        var connack = agreement.connack
        connack.sessionPresent = isResumed
        packetBytesMax = agreement.packetBytesMax
        setKeepAlive(seconds: agreement.keepAliveSeconds)
        loop.counters.connectionsAccepted.add()
        write { ConnackEncoder.write(connack, version: version, into: &$0) }
        phase = .open
        logger.debug(
            "client connected",
            metadata: [
                "client": "\(session.name)", "identity": "\(identity.proved ?? "none")", "peer": "\(peer)",
                "listener": "\(listener.name)",
            ])
        if isResumed { sendUnfinished(session) }
        sendWaiting()
    }

    private func makeSession(key: SessionKey, _ agreement: ConnectNegotiation.Agreement) -> ClientSession {
        ClientSession(
            key: key, clientID: agreement.clientID, identity: identity, version: version,
            expirySeconds: agreement.sessionExpirySeconds,
            outbound: OutboundFlow(inFlightMax: agreement.inFlightMax, waitingMax: limits.queuedMessagesMax),
            inbound: InboundFlow(receiveMax: agreement.receiveMax))
    }

    private func configure(
        _ session: ClientSession, _ connect: Connect, _ agreement: ConnectNegotiation.Agreement
    ) {
        session.identity = identity
        session.version = version
        session.expirySeconds = agreement.sessionExpirySeconds
        session.disconnectedAtMilliseconds = nil
        session.outbound.inFlightMax = agreement.inFlightMax
        session.inbound = session.inbound.carried(toReceiveMax: agreement.receiveMax)
        session.willDueMilliseconds = nil
        session.will = connect.will.map { will in
            ClientSession.Will(
                message: Message(
                    topic: will.topic, payload: will.payload, properties: will.properties, qos: will.qos,
                    retain: will.retain,
                    expiresAtMilliseconds: will.messageExpirySeconds.map {
                        loop.wallMilliseconds() + Int64($0) * 1_000
                    }),
                delaySeconds: will.delaySeconds)
        }
        // A session that was stored and now ends with its connection must not come back after a crash either.
        if session.isDurable || session.isStored { loop.store(session) }
    }

    /// What was in flight when the last connection ended, in its order [MQTT-4.4.0-1] [MQTT-4.6.0-1].
    private func sendUnfinished(_ session: ClientSession) {
        let now = loop.wallMilliseconds()
        for entry in session.outbound.unfinished {
            switch entry.phase {
            case .sent:
                guard let delivery = entry.delivery else { continue }
                if !send(delivery, packetID: entry.packetID, isAgain: true, nowMilliseconds: now) {
                    session.outbound.abandon(packetID: entry.packetID)
                    loop.counters.droppedTooLarge.add()
                    if delivery.sequence != 0 { loop.record(.dequeue(session.key, sequence: delivery.sequence)) }
                }
            case .released:
                write {
                    AcknowledgementEncoder.write(
                        .pubrel, packetID: entry.packetID, reason: .success, version: version, into: &$0)
                }
            case .done:
                break
            }
        }
    }

    func received(_ disconnect: Disconnect) {
        if let session, let expiry = disconnect.sessionExpirySeconds {
            if session.expirySeconds == 0, expiry != 0 {
                // [MQTT-3.14.2-2]
                self.disconnect(.protocolError, "session expiry set in DISCONNECT after 0 in CONNECT")
                return
            }
            session.expirySeconds = min(expiry, limits.sessionExpirySecondsMax)
        }
        isWillDiscarded = disconnect.reason == .success  // [MQTT-3.14.4-3]; 0x04 asks for the will
        phase = .closing
        context?.close(promise: nil)
    }
}

/// A CONNECT whose session is being looked for.
struct PendingConnect {
    let connect: Connect
    let agreement: ConnectNegotiation.Agreement
}

/// How a log line names the access rule that decided.
enum RefusedBy {
    static func text(_ rule: Int?) -> String { rule.map { "access rule \($0)" } ?? "no access rule allows it" }
}
