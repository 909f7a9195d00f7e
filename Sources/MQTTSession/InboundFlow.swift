package import Messages

/// QoS 1 and 2 messages from one client: what was received, what is not yet acknowledged (MQTT 5.0, 4.3, 4.9).
package struct InboundFlow: ~Copyable, Sendable {
    package enum Arrival: Equatable, Sendable {
        /// Take the message on.
        case take
        /// A QoS 2 message that was taken before and is not yet released: acknowledge it again, take nothing.
        /// [MQTT-4.3.3-10]
        case repeated
        /// More unacknowledged messages than the broker announced: DISCONNECT 0x93 [MQTT-3.3.4-7].
        case overQuota
    }

    /// Identifiers of QoS 2 messages between PUBLISH and PUBREL, a bit each; made at the first of them.
    private var received: [UInt64] = []
    package private(set) var receivedCount = 0
    /// QoS 1 and 2 messages whose exchange has not ended.
    package private(set) var openCount = 0
    /// Receive Maximum announced to this client; 65,535 where the protocol has no way to announce one (3.1.1).
    package let receiveMax: Int

    package init(receiveMax: Int) { self.receiveMax = receiveMax }

    package mutating func arrive(qos: QoS, packetID: UInt16) -> Arrival {
        switch qos {
        case .atMostOnce:
            return .take
        case .atLeastOnce:
            guard openCount < receiveMax else { return .overQuota }
            openCount += 1
            return .take
        case .exactlyOnce:
            if isReceived(packetID) { return .repeated }
            guard openCount < receiveMax else { return .overQuota }
            openCount += 1
            mark(packetID)
            return .take
        }
    }

    /// PUBACK was sent.
    package mutating func acknowledged() { openCount = max(0, openCount - 1) }

    /// PUBREC with an error was sent: the identifier is free again.
    package mutating func refused(_ packetID: UInt16) { _ = release(packetID) }

    /// PUBREL. Returns whether the identifier was known; PUBCOMP says 0x92 when not [MQTT-4.3.3-11].
    package mutating func release(_ packetID: UInt16) -> Bool {
        guard isReceived(packetID) else { return false }
        received[Int(packetID >> 6)] &= ~(1 << UInt64(packetID & 63))
        receivedCount -= 1
        openCount = max(0, openCount - 1)
        return true
    }

    package func isReceived(_ packetID: UInt16) -> Bool {
        guard !received.isEmpty else { return false }
        return received[Int(packetID >> 6)] & (1 << UInt64(packetID & 63)) != 0
    }

    /// Puts back what a restart found in the ledger.
    package mutating func restore(_ packetID: UInt16) {
        guard !isReceived(packetID) else { return }
        mark(packetID)
        openCount += 1
    }

    /// Identifiers taken and not yet released, in ascending order.
    package var receivedIDs: [UInt16] {
        guard receivedCount > 0 else { return [] }
        var identifiers: [UInt16] = []
        for packetID in UInt16(1)...UInt16.max where isReceived(packetID) { identifiers.append(packetID) }
        return identifiers
    }

    /// The connection ended: exchanges of QoS 1 end with it, those of QoS 2 go on at the next connection. A new connection
    /// has its own Receive Maximum.
    package func carried(toReceiveMax receiveMax: Int) -> InboundFlow {
        var next = InboundFlow(receiveMax: receiveMax)
        next.received = received
        next.receivedCount = receivedCount
        next.openCount = receivedCount
        return next
    }

    private mutating func mark(_ packetID: UInt16) {
        if received.isEmpty { received = [UInt64](repeating: 0, count: 1024) }
        received[Int(packetID >> 6)] |= 1 << UInt64(packetID & 63)
        receivedCount += 1
    }
}
