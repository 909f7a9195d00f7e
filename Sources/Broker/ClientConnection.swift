import DequeModule
import Identity
import Logging
import MQTTSession
import MQTTWire
import Messages
import NIOCore
import NIOSSL
import NIOTLS
import Synchronization
import Telemetry

/// One client's connection: bytes in, packets to the session's decisions, bytes out. Lives on one event loop.
///
/// Output is appended to `outbound` and leaves once per read cycle; so does everything other connections append here.
/// What a client sends is handled in `ClientConnection+Publish.swift`, `+Connect.swift` and `+Subscribe.swift`.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        case awaitingConnect
        /// The session is on its way from another loop; what arrives meanwhile waits unread.
        case awaitingSession
        case open
        case closing
    }

    let loop: BrokerLoop
    let listener: BrokerListener
    let access: AccessRules
    private(set) var context: ChannelHandlerContext?
    var phase = Phase.awaitingConnect
    var decoder: PacketDecoder
    /// The start of a packet whose rest has not come.
    private var incomplete = ByteBuffer()
    private var outbound = ByteBuffer()
    private var isDirty = false
    private var isReadingPaused = false

    /// Strong: the session refers back without counting.
    var session: ClientSession?
    var identity: ClientIdentity
    var clientAccess: ClientAccess
    var peer = "unknown"
    var version = ProtocolVersion.v311
    /// The greatest packet the client takes.
    var packetBytesMax = Int.max
    private var keepAliveSeconds = 0
    private var lastPacketSecond: Int
    private let openedSecond: Int
    /// Topic aliases the client set, 1-based.
    var aliases: [[UInt8]] = []
    var acknowledgements = AcknowledgementOrder()
    /// SUBACK and UNSUBACK that wait for a commit, in order.
    var deferredPackets: Deque<ByteBuffer> = []
    private var isAcknowledgementWaiter = false
    /// Route of the last PUBLISH and the generation it was made under.
    var lastRoute: Route?
    var lastRouteGeneration: UInt64 = 0
    /// A clean DISCONNECT came: the will is not published.
    var isWillDiscarded = false
    var closeReason: String?
    /// Second of the last log line about a refused publish.
    var lastRefusalSecond = -1
    var pending: PendingConnect?

    init(loop: BrokerLoop, listener: BrokerListener, access: AccessRules) {
        self.loop = loop
        self.listener = listener
        self.access = access
        self.decoder = PacketDecoder(limits: WireLimits(packetBytesMax: loop.limits.packetBytesMax), role: .server)
        self.identity = ClientIdentity(proved: nil, listener: listener.name)
        self.clientAccess = access.compiled(for: self.identity)
        self.lastPacketSecond = loop.coarseSeconds
        self.openedSecond = loop.coarseSeconds
    }

    var logger: Logger { loop.logger }
    var limits: BrokerLimits { loop.limits }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        outbound = context.channel.allocator.buffer(capacity: 1_024)
        if let address = context.remoteAddress { peer = Self.text(address) }
        loop.connections[ObjectIdentifier(self)] = self
        loop.counters.connectionsOpen.set(loop.connections.count)
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended()
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let tls = event as? TLSUserEvent, case .handshakeCompleted = tls { proveIdentity(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            if outbound.readableBytes > 0 { setDirty() }
            sendWaiting()
        }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if phase == .awaitingConnect, listener.tls != nil, error is NIOSSLError || error is BoringSSLError {
            loop.counters.handshakeFailures.add()
            logger.notice(
                "TLS connection refused",
                metadata: [
                    "peer": "\(peer)", "listener": "\(listener.name)", "reason": "\(TLSFailure.explain(error))",
                ])
        } else if phase != .closing {
            closeReason = closeReason ?? "\(error)"
        }
        phase = .closing
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard phase != .closing else { return }
        lastPacketSecond = loop.coarseSeconds
        if incomplete.readableBytes > 0 {
            incomplete.writeBuffer(&bytes)
            swap(&incomplete, &bytes)
            incomplete = ByteBuffer()
        }
        consume(&bytes)
    }

    /// Handles every packet that is whole and keeps the rest.
    private func consume(_ bytes: inout ByteBuffer) {
        let used = bytes.withUnsafeReadableBytes { handlePackets($0) }
        guard phase != .closing else { return }
        bytes.moveReaderIndex(forwardBy: used)
        guard bytes.readableBytes > 0 else { return }
        // A copy of its own: a slice would keep the whole read buffer alive.
        if used > 0 || incomplete.capacity == 0 {
            incomplete.clear()
            incomplete.writeBuffer(&bytes)
        } else {
            incomplete = bytes
        }
    }

    private func handlePackets(_ bytes: UnsafeRawBufferPointer) -> Int {
        var offset = 0
        do {
            while phase == .open || phase == .awaitingConnect {
                switch try decoder.decode(bytes, at: offset) {
                case .needMore:
                    return offset
                case .packet(let packet, let end):
                    handle(packet, bytes)
                    offset = end
                }
            }
        } catch {
            violated(error)
        }
        return offset
    }

    /// Goes on with what waited while the session was handed over.
    func resumeReading() {
        guard incomplete.readableBytes > 0 else { return }
        var bytes = incomplete
        incomplete = ByteBuffer()
        consume(&bytes)
    }

    @inline(__always)
    private func handle(_ packet: Packet, _ bytes: UnsafeRawBufferPointer) {
        if phase == .awaitingConnect {
            guard case .connect(let connect) = packet else {
                // [MQTT-3.1.0-1]: anything else before CONNECT is not answered.
                end("sent \(packet.kind) before CONNECT", violation: true)
                return
            }
            received(connect)
            return
        }
        switch packet {
        case .publish(let header): received(header, bytes)
        case .puback(let acknowledgement): receivedPuback(acknowledgement)
        case .pubrec(let acknowledgement): receivedPubrec(acknowledgement)
        case .pubrel(let acknowledgement): receivedPubrel(acknowledgement)
        case .pubcomp(let acknowledgement): receivedPubcomp(acknowledgement)
        case .pingRequest: pong()
        case .subscribe(let subscribe): received(subscribe)
        case .unsubscribe(let unsubscribe): received(unsubscribe)
        case .disconnect(let disconnect): received(disconnect)
        case .auth: disconnect(.protocolError, "AUTH without an authentication method")
        case .connect: disconnect(.protocolError, "a second CONNECT")  // [MQTT-3.1.0-2]
        case .connack, .suback, .unsuback, .pingResponse:
            disconnect(.protocolError, "\(packet.kind) from a client")
        }
    }

    private func pong() {
        PingEncoder.writeResponse(into: &outbound)
        setDirty()
    }

    // MARK: Output

    /// Whether QoS 0 messages may still be appended: the client takes what it gets.
    @inline(__always)
    var hasRoom: Bool { outbound.readableBytes < limits.outboundBytesMax && phase == .open }

    /// Appends an encoded PUBLISH with this receiver's first byte and identifier; `false` when it is larger than the
    /// client takes.
    @inline(__always)
    func append(_ packet: UnsafeRawBufferPointer, firstByte: UInt8, packetIDOffset: Int, packetID: UInt16) -> Bool {
        guard packet.count <= packetBytesMax else { return false }
        outbound.writeWithUnsafeMutableBytes(minimumWritableBytes: packet.count) { target in
            target.copyMemory(from: packet)
            target[0] = firstByte
            if packetID != 0 {
                target[packetIDOffset] = UInt8(truncatingIfNeeded: packetID &>> 8)
                target[packetIDOffset &+ 1] = UInt8(truncatingIfNeeded: packetID)
            }
            return packet.count
        }
        setDirty()
        return true
    }

    /// Appends whatever `body` writes.
    @inline(__always)
    func write(_ body: (inout ByteBuffer) -> Void) {
        body(&outbound)
        setDirty()
    }

    @inline(__always)
    private func setDirty() {
        if isDirty { return }
        isDirty = true
        loop.markDirty(self)
    }

    /// Hands the gathered bytes to the channel. While the kernel does not take them they stay here, where the limit is.
    func flushOutbound() {
        isDirty = false
        guard let context, outbound.readableBytes > 0 else { return }
        guard context.channel.isWritable || phase == .closing else { return }
        context.writeAndFlush(wrapOutboundOut(outbound), promise: nil)
        if outbound.capacity > 262_144 {
            outbound = context.channel.allocator.buffer(capacity: 1_024)
        } else {
            outbound.clear()
        }
    }

    // MARK: Acknowledgements

    func waitForCommit(_ pending: AcknowledgementOrder.Pending) {
        acknowledgements.append(pending)
        loop.uncommittedCount += 1
        if !isAcknowledgementWaiter {
            isAcknowledgementWaiter = true
            loop.acknowledgementWaiters.append(self)
        }
        if loop.isSaturated, !isReadingPaused { setReading(false) }
    }

    func releaseAcknowledgements() {
        isAcknowledgementWaiter = false
        while phase != .closing,
            let next = acknowledgements.next(
                committed: loop.committedTicket, isTokenOpen: { loop.openTokens[$0] != nil })
        {
            loop.uncommittedCount -= 1
            if loop.failedTickets.contains(next.ticket) { failed(next) } else { acknowledge(next) }
        }
        if isReadingPaused, !loop.isSaturated { setReading(true) }
        if !acknowledgements.isEmpty, phase != .closing {
            isAcknowledgementWaiter = true
            loop.acknowledgementWaiters.append(self)
        }
    }

    private func setReading(_ isReading: Bool) {
        isReadingPaused = !isReading
        context?.channel.setOption(ChannelOptions.autoRead, value: isReading).whenFailure { _ in }
    }

    // MARK: End

    func setKeepAlive(seconds: Int) { keepAliveSeconds = seconds }

    func secondPassed() {
        switch phase {
        case .open:
            // [MQTT-3.1.2-22]: one and a half times the keepalive.
            if keepAliveSeconds > 0, loop.coarseSeconds - lastPacketSecond > keepAliveSeconds + keepAliveSeconds / 2 + 1
            {
                disconnect(.keepAliveTimeout, "nothing came for one and a half times the keepalive", violation: false)
            }
        case .awaitingConnect, .awaitingSession:
            if loop.coarseSeconds - openedSecond > limits.connectSecondsMax { end("sent no complete CONNECT in time") }
        case .closing:
            break
        }
    }

    func violated(_ error: WireError) {
        if phase == .awaitingConnect {
            if case .unsupportedProtocolVersion = error {
                write { ConnackEncoder.writeUnsupportedProtocolVersion(into: &$0) }
            } else if decoder.version == .v5 {
                write { ConnackEncoder.write(Connack(reason: error.reasonCode), version: .v5, into: &$0) }
            }
            loop.counters.connectionsRefused.add()
            end("\(error)", violation: true)
            return
        }
        disconnect(error.reasonCode, "\(error)")
    }

    /// Ends the connection for a reason the client is told where its version allows.
    func disconnect(_ reason: ReasonCode, _ explanation: String, violation: Bool = true) {
        guard phase != .closing else { return }
        if version == .v5 { write { DisconnectEncoder.write(Disconnect(reason: reason), version: .v5, into: &$0) } }
        end(explanation, violation: violation)
    }

    func end(_ reason: String, violation: Bool = false) {
        guard phase != .closing else { return }
        phase = .closing
        closeReason = reason
        if violation { loop.counters.protocolErrors.add() }
        logger.info(
            "connection closed by the broker",
            metadata: ["client": "\(session?.name ?? "")", "peer": "\(peer)", "reason": "\(reason)"])
        flushOutbound()
        context?.close(promise: nil)
    }

    private static func text(_ address: SocketAddress) -> String {
        guard let ip = address.ipAddress else { return address.description }
        return address.port.map { "\(ip):\($0)" } ?? ip
    }

    /// The connection is gone, whoever ended it.
    private func ended() {
        guard loop.connections.removeValue(forKey: ObjectIdentifier(self)) != nil else { return }
        loop.counters.connectionsOpen.set(loop.connections.count)
        _ = loop.state.connectionCount.subtract(1, ordering: .relaxed)
        phase = .closing
        loop.uncommittedCount -= acknowledgements.count
        acknowledgements.removeAll()
        if let session {
            self.session = nil
            loop.connectionEnded(session, self)
        }
    }
}
