import Glibc

/// The bytes of one write of a publisher: `batch` PUBLISH packets, encoded once; only identifier and mark change.
///
/// The mark stands first in the payload and is what a delivery is recognised by, little endian:
/// publisher (4 bytes) · sequence of that publisher from 0 (8) · time of sending in nanoseconds (8).
struct PublishTemplate {
    static let markBytes = 20

    let packetBytes: Int
    private let bytes: UnsafeMutableRawPointer
    private let identifierOffset: Int
    private let markOffset: Int
    private let hasIdentifier: Bool

    init(topic: String, publisher: Int, options: LoadOptions) {
        var variable: [UInt8] = []
        ControlPackets.append(topic, to: &variable)
        let identifierInBody = variable.count
        hasIdentifier = options.qos > 0
        if hasIdentifier { variable += [0, 0] }
        if options.version == 5 { variable.append(0) }

        var packet: [UInt8] = [0x30 | options.qos << 1]
        ControlPackets.appendVariableByteInteger(variable.count + options.payloadBytes, to: &packet)
        identifierOffset = packet.count + identifierInBody
        packet += variable
        markOffset = packet.count
        packet += (0..<options.payloadBytes).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        packetBytes = packet.count

        bytes = .allocate(byteCount: packetBytes * options.batch, alignment: 16)
        for slot in 0..<options.batch {
            (bytes + slot * packetBytes).copyMemory(from: packet, byteCount: packetBytes)
            (bytes + slot * packetBytes + markOffset).storeBytes(
                of: UInt32(publisher).littleEndian, as: UInt32.self)
        }
    }

    /// The first `count` packets, marked from `sequence` on, with identifiers from `identifier` on.
    func packets(_ count: Int, sequence: UInt64, identifier: UInt16, nanoseconds: UInt64) -> UnsafeRawPointer {
        var packet = bytes
        var id = identifier
        for step in 0..<UInt64(count) {
            if hasIdentifier {
                (packet + identifierOffset).storeBytes(of: id.bigEndian, as: UInt16.self)
                id = PublishTemplate.identifier(after: id)
            }
            (packet + markOffset + 4).storeBytes(of: (sequence &+ step).littleEndian, as: UInt64.self)
            (packet + markOffset + 12).storeBytes(of: nanoseconds.littleEndian, as: UInt64.self)
            packet += packetBytes
        }
        return UnsafeRawPointer(bytes)
    }

    /// Identifiers run from 1 to 65,535 and begin again. [MQTT-2.2.1-3]
    static func identifier(after id: UInt16) -> UInt16 { id == .max ? 1 : id + 1 }
}

/// One publisher's place in the run.
struct Publisher {
    let template: PublishTemplate
    let connection: Int
    /// Sent and not complete: at most this many.
    let window: Int
    /// How many it sends in the whole run.
    let quota: UInt64

    var sent: UInt64 = 0
    /// Delivered to all subscribers.
    var delivered: UInt64 = 0
    var copiesUntilDelivered: Int
    /// PUBACK or PUBCOMP came.
    var acknowledged: UInt64 = 0
    var nextIdentifier: UInt16 = 1
    /// The identifier that the next PUBACK or PUBREC must carry. [MQTT-4.6.0-2] [MQTT-4.6.0-3]
    var nextAcknowledged: UInt16 = 1
    /// Whether it waits in the line of those that may send.
    var isQueued = false

    func room(qos: UInt8) -> Int {
        let done = qos > 0 ? min(delivered, acknowledged) : delivered
        return window - Int(sent - done)
    }

    func isComplete(qos: UInt8) -> Bool { delivered == sent && (qos == 0 || acknowledged == sent) }
}
