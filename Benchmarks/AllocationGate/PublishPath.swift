import MQTTSession
import MQTTWire
import Messages
import NIOCore
import TopicRouting

/// What one measurement is about: how the publisher sends and how its three subscribers receive.
struct PublishCase {
    let name: String
    let publisherVersion: ProtocolVersion
    let subscriberVersion: ProtocolVersion
    let publishedQoS: QoS
    let subscribedQoS: QoS

    static let all = [
        PublishCase(
            name: "qos0-3.1.1-to-3.1.1", publisherVersion: .v311, subscriberVersion: .v311,
            publishedQoS: .atMostOnce, subscribedQoS: .atMostOnce),
        PublishCase(
            name: "qos0-3.1.1-to-5", publisherVersion: .v311, subscriberVersion: .v5,
            publishedQoS: .atMostOnce, subscribedQoS: .atMostOnce),
        PublishCase(
            name: "qos0-5-to-5", publisherVersion: .v5, subscriberVersion: .v5,
            publishedQoS: .atMostOnce, subscribedQoS: .atMostOnce),
        PublishCase(
            name: "qos1-3.1.1-to-3.1.1", publisherVersion: .v311, subscriberVersion: .v311,
            publishedQoS: .atLeastOnce, subscribedQoS: .atLeastOnce),
        PublishCase(
            name: "qos1-5-to-5", publisherVersion: .v5, subscriberVersion: .v5,
            publishedQoS: .atLeastOnce, subscribedQoS: .atLeastOnce),
        PublishCase(
            name: "qos1-to-qos0", publisherVersion: .v311, subscriberVersion: .v311,
            publishedQoS: .atLeastOnce, subscribedQoS: .atMostOnce),
    ]
}

/// Holds a flow as the broker's session does: it can't be copied, so it can't be an array's element.
private final class SubscriberFlow {
    var outbound = OutboundFlow(inFlightMax: 64, waitingMax: 64)
}

/// The way of a message without sockets: a read with eight PUBLISH is decoded, each topic is looked up, the packet is
/// written into the buffers of three subscribers, acknowledgements are written and read, buffers are emptied as a flush
/// leaves them. One `readCycle` is what a read of an event loop does.
struct PublishPath: ~Copyable {
    static let publishesPerRead = 8
    private static let subscriberCount = 3

    private let subject: PublishCase
    private let received: UnsafeMutableRawBufferPointer
    private let returned: UnsafeMutableRawBufferPointer
    private var publisherDecoder: PacketDecoder
    private var subscriberDecoder: PacketDecoder
    private var topics = TopicTable()
    private let flows: [SubscriberFlow]
    private var outbound: [ByteBuffer]
    private var acknowledgements = ByteBufferAllocator().buffer(capacity: 4_096)
    private var scratch = ByteBufferAllocator().buffer(capacity: 4_096)
    private var scratchIdentifierOffset: Int?

    init(_ subject: PublishCase) {
        self.subject = subject
        publisherDecoder = PacketDecoder(role: .server, version: subject.publisherVersion)
        subscriberDecoder = PacketDecoder(role: .server, version: subject.subscriberVersion)
        flows = (0..<Self.subscriberCount).map { _ in SubscriberFlow() }
        outbound = (0..<Self.subscriberCount).map { _ in ByteBufferAllocator().buffer(capacity: 4_096) }
        returned = .allocate(byteCount: 4, alignment: 8)
        received = Self.makeRead(subject)
    }

    deinit {
        received.deallocate()
        returned.deallocate()
    }

    private static func makeRead(_ subject: PublishCase) -> UnsafeMutableRawBufferPointer {
        var read = ByteBuffer()
        let payload = [UInt8](repeating: 0x61, count: 64)
        for number in 0..<publishesPerRead {
            let topic = Array("plant/line-\(number % 4)/temperature".utf8)
            topic.withUnsafeBytes { topic in
                payload.withUnsafeBytes { payload in
                    _ = PublishEncoder.write(
                        into: &read, version: subject.publisherVersion, topic: topic, payload: payload,
                        properties: UnsafeRawBufferPointer(start: nil, count: 0), qos: subject.publishedQoS,
                        dup: false, retain: false, packetID: UInt16(number + 1))
                }
            }
        }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: read.readableBytes, alignment: 8)
        read.withUnsafeReadableBytes { bytes.copyMemory(from: $0) }
        return bytes
    }
}

extension PublishPath {
    /// Everything that one read causes. Returns the bytes that would be written to sockets.
    mutating func readCycle() throws(WireError) -> Int {
        let bytes = UnsafeRawBufferPointer(received)
        var offset = 0
        while case .packet(.publish(let header), let end) = try publisherDecoder.decode(bytes, at: offset) {
            try pass(header, bytes)
            offset = end
        }
        precondition(offset == bytes.count, "every packet of the read was decoded")
        var written = acknowledgements.readableBytes
        acknowledgements.clear()
        for index in outbound.indices {
            written += outbound[index].readableBytes
            outbound[index].clear()
        }
        precondition(written >= Self.subscriberCount * bytes.count / 2, "a path that does nothing is not cheap")
        return written
    }

    private mutating func pass(_ header: PublishHeader, _ bytes: UnsafeRawBufferPointer) throws(WireError) {
        let topic = UnsafeRawBufferPointer(rebasing: bytes[header.topic])
        if topics.slot(of: topic) < 0 { _ = topics.insert(topic) }
        let qos = min(header.qos, subject.subscribedQoS)
        scratch.clear()
        for index in 0..<Self.subscriberCount {
            var packetID: UInt16 = 0
            if qos != .atMostOnce, case .send(let id) = flows[index].outbound.offer(qos: qos, delivery: nil) {
                packetID = id
            }
            if subject.publisherVersion == subject.subscriberVersion, header.qos == qos {
                PublishEncoder.copy(
                    UnsafeRawBufferPointer(rebasing: bytes[header.packet]), packetIDOffset: header.packetIDOffset,
                    qos: qos, dup: false, retain: false, packetID: packetID, into: &outbound[index])
            } else {
                encode(header, bytes, topic, qos, packetID, to: index)
            }
            if packetID != 0 { try settle(packetID, of: index) }
        }
        if header.qos == .atLeastOnce {
            AcknowledgementEncoder.write(
                .puback, packetID: header.packetID, version: subject.publisherVersion, into: &acknowledgements)
        }
    }

    /// Subscribers of another version or QoS get one encoding, made for the first and copied to each.
    private mutating func encode(
        _ header: PublishHeader, _ bytes: UnsafeRawBufferPointer, _ topic: UnsafeRawBufferPointer, _ qos: QoS,
        _ packetID: UInt16, to index: Int
    ) {
        if scratch.readableBytes == 0 {
            scratchIdentifierOffset = PublishEncoder.write(
                into: &scratch, version: subject.subscriberVersion, topic: topic,
                payload: UnsafeRawBufferPointer(rebasing: bytes[header.payload]),
                properties: UnsafeRawBufferPointer(rebasing: bytes[header.properties]), qos: qos, dup: false,
                retain: false, packetID: packetID)
        }
        let identifierOffset = scratchIdentifierOffset
        scratch.withUnsafeReadableBytes {
            PublishEncoder.copy(
                $0, packetIDOffset: identifierOffset, qos: qos, dup: false, retain: false, packetID: packetID,
                into: &outbound[index])
        }
    }

    /// The subscriber's PUBACK comes back and frees the identifier.
    private mutating func settle(_ packetID: UInt16, of index: Int) throws(WireError) {
        returned.storeBytes(of: (0x4002_0000 | UInt32(packetID)).bigEndian, as: UInt32.self)
        let bytes = UnsafeRawBufferPointer(returned)
        guard case .packet(.puback(let puback), _) = try subscriberDecoder.decode(bytes, at: 0),
            flows[index].outbound.acknowledge(puback.packetID) == .completed(sequence: 0)
        else { preconditionFailure("an identifier in flight is acknowledged once") }
    }
}
