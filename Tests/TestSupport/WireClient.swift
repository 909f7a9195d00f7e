import Foundation
package import MQTTWire
package import Messages
package import NIOCore

#if canImport(Glibc)
import Glibc
#endif

/// A client that speaks whatever bytes a test wants, over a blocking socket: for what no well-behaved client would send.
/// Every wait ends by an event or fails after `patienceSeconds`; nothing sleeps.
package final class WireClient {
    package static let patienceSeconds = 20

    package enum Failure: Error, Equatable {
        case cannotConnect(Int32)
        case nothingCame
        case closed
        case undecodable(WireError)
    }

    /// A packet with what it pointed to.
    package struct Received {
        package let packet: Packet
        package let topic: String
        package let payload: [UInt8]
        package let properties: [UInt8]
        package var text: String { String(decoding: payload, as: UTF8.self) }
        package var publish: PublishHeader? { if case .publish(let header) = packet { header } else { nil } }
    }

    private var descriptor: Int32
    private var decoder: PacketDecoder
    private var buffer: [UInt8] = []
    package let version: ProtocolVersion

    package init(port: Int, version: ProtocolVersion = .v311) throws {
        self.version = version
        decoder = PacketDecoder(
            limits: WireLimits(packetBytesMax: 8 * 1_048_576), role: .client, version: version)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure.cannotConnect(errno) }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var patience = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close() }

    package func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Ends the connection with a reset instead of a farewell.
    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    // MARK: Sending

    package func send(_ bytes: [UInt8]) {
        var sent = 0
        bytes.withUnsafeBytes { raw in
            while sent < raw.count {
                let count = Glibc.send(
                    descriptor, raw.baseAddress! + sent, raw.count - sent, Int32(MSG_NOSIGNAL))
                if count <= 0 { return }
                sent += count
            }
        }
    }

    package func send(_ body: (inout ByteBuffer) -> Void) {
        var buffer = ByteBuffer()
        body(&buffer)
        send(Array(buffer.readableBytesView))
    }

    /// CONNECT, and the CONNACK that answers it.
    @discardableResult
    package func connect(_ clientID: String, cleanStart: Bool = true, _ adjust: (inout Connect) -> Void = { _ in })
        throws
        -> Connack
    {
        var connect = Connect(version: version, clientID: Array(clientID.utf8), cleanStart: cleanStart)
        adjust(&connect)
        send { ConnectEncoder.write(connect, into: &$0) }
        let received = try receive()
        guard case .connack(let connack) = received.packet else { throw Failure.nothingCame }
        return connack
    }

    @discardableResult
    package func subscribe(
        _ filter: String, _ options: SubscriptionOptions = SubscriptionOptions(qos: .atLeastOnce), packetID: UInt16 = 1,
        identifier: UInt32 = 0
    ) throws -> [ReasonCode] {
        let subscribe = Subscribe(
            packetID: packetID, subscriptions: [.init(filter: Array(filter.utf8), options: options)],
            subscriptionIdentifier: identifier)
        send { SubscribeEncoder.write(subscribe, version: version, into: &$0) }
        let received = try receive { if case .suback = $0 { true } else { false } }
        guard case .suback(let suback) = received.packet else { return [] }
        return suback.reasons
    }

    package func publish(
        _ topic: String, _ payload: String, qos: QoS = .atMostOnce, packetID: UInt16 = 0, retain: Bool = false,
        dup: Bool = false, properties: [UInt8] = [], expirySeconds: UInt32? = nil, alias: UInt16 = 0
    ) {
        send { buffer in
            Array(topic.utf8).withUnsafeBytes { topic in
                Array(payload.utf8).withUnsafeBytes { payload in
                    properties.withUnsafeBytes { properties in
                        _ = PublishEncoder.write(
                            into: &buffer, version: version, topic: topic, payload: payload, properties: properties,
                            qos: qos, dup: dup, retain: retain, packetID: packetID,
                            messageExpirySeconds: expirySeconds, topicAlias: alias)
                    }
                }
            }
        }
    }

    package func acknowledge(_ kind: AcknowledgementEncoder.Kind, _ packetID: UInt16, reason: ReasonCode = .success) {
        send { AcknowledgementEncoder.write(kind, packetID: packetID, reason: reason, version: version, into: &$0) }
    }

    package func disconnect(_ reason: ReasonCode = .success, sessionExpirySeconds: UInt32? = nil) {
        send {
            DisconnectEncoder.write(
                Disconnect(reason: reason, sessionExpirySeconds: sessionExpirySeconds), version: version, into: &$0)
        }
    }

    // MARK: Receiving

    /// Packets that came while another was waited for.
    private var held: [Received] = []

    package func receive() throws -> Received {
        held.isEmpty ? try receiveFresh() : held.removeFirst()
    }

    /// The next packet that `isWanted`; those before it are kept for `receive`, in order.
    package func receive(where isWanted: (Packet) -> Bool) throws -> Received {
        if let index = held.firstIndex(where: { isWanted($0.packet) }) { return held.remove(at: index) }
        while true {
            let received = try receiveFresh()
            if isWanted(received.packet) { return received }
            held.append(received)
        }
    }

    private func receiveFresh() throws -> Received {
        while true {
            if let packet = try decodeNext() { return packet }
            try read()
        }
    }

    /// The PUBREL of this identifier, wherever it comes among other packets.
    package func receiveRelease(_ packetID: UInt16) throws {
        _ = try receive { if case .pubrel(let release) = $0 { release.packetID == packetID } else { false } }
    }

    /// The next PUBLISH; acknowledgements and others before it are passed over.
    package func receivePublish() throws -> Received {
        while true {
            let received = try receive()
            if received.publish != nil { return received }
        }
    }

    /// Waits until the broker has handled everything that was sent before.
    package func roundTrip() throws {
        send { PingEncoder.writeRequest(into: &$0) }
        _ = try receive { if case .pingResponse = $0 { true } else { false } }
    }

    /// Proves that nothing else came before the answer to a PINGREQ that is sent now.
    package func expectNothing() throws -> Bool {
        send { PingEncoder.writeRequest(into: &$0) }
        if case .pingResponse = try receive().packet { return true }
        return false
    }

    /// Whether the broker closes the connection; packets on the way are returned.
    package func untilClosed() throws -> [Received] {
        var received: [Received] = []
        while true {
            do {
                received.append(try receive())
            } catch Failure.closed { return received }
        }
    }

    private func read() throws {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count == 0 || count < 0 && (errno == ECONNRESET || errno == EPIPE) { throw Failure.closed }
        guard count > 0 else { throw Failure.nothingCame }
        buffer.append(contentsOf: chunk[0..<count])
    }

    private func decodeNext() throws -> Received? {
        let step: (Received, Int)? = try buffer.withUnsafeBytes { bytes in
            do {
                guard case .packet(let packet, let end) = try decoder.decode(bytes, at: 0) else { return nil }
                guard case .publish(let header) = packet else {
                    return (Received(packet: packet, topic: "", payload: [], properties: []), end)
                }
                return (
                    Received(
                        packet: packet, topic: String(decoding: bytes[header.topic], as: UTF8.self),
                        payload: [UInt8](bytes[header.payload]), properties: [UInt8](bytes[header.properties])), end
                )
            } catch let error as WireError { throw Failure.undecodable(error) }
        }
        guard let step else { return nil }
        buffer.removeFirst(step.1)
        return step.0
    }
}
