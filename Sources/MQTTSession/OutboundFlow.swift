import DequeModule
package import Messages

/// QoS 1 and 2 deliveries to one client: packet identifiers, the in-flight window, what waits, and what must be sent again
/// when the client comes back (MQTT 5.0, 4.3, 4.4, 4.9). No socket, clock or logger.
///
/// A session that ends with its connection need not remember what it sent: nothing is ever sent again on a live
/// connection [MQTT-4.4.0-1], so its entries carry no message and sending one allocates nothing. A session that survives
/// keeps the message with each entry.
///
/// Not copyable, and what it holds of a message is one reference: a copy on the way of a message would count references
/// that nobody needs (measured: 8 % of a QoS 1 delivery).
///
/// Order: entries leave in the order in which they were offered; as long as anything waits, nothing overtakes it.
package struct OutboundFlow: ~Copyable, Sendable {
    /// A delivery whose message is held.
    package final class Delivery: Sendable {
        package let message: Message
        /// The lower of the publish's and the subscription's: 1 or 2, or 0 for a QoS 0 message that waits its turn.
        package let qos: QoS
        package let retain: Bool
        package let subscriptionIdentifiers: [UInt32]
        /// Place in the session's durable queue; 0: not durable.
        package let sequence: UInt64

        package init(
            message: Message, qos: QoS, retain: Bool, subscriptionIdentifiers: [UInt32] = [], sequence: UInt64 = 0
        ) {
            self.message = message
            self.qos = qos
            self.retain = retain
            self.subscriptionIdentifiers = subscriptionIdentifiers
            self.sequence = sequence
        }
    }

    package enum Phase: UInt8, Sendable {
        /// PUBLISH sent; PUBACK or PUBREC awaited.
        case sent
        /// PUBREC received; PUBCOMP awaited.
        case released
        /// Over; kept only until the entries before it are over too.
        case done
    }

    package struct Entry: Sendable {
        package let packetID: UInt16
        package let qos: QoS
        package fileprivate(set) var phase: Phase
        /// How many identifiers had been given out before this one.
        fileprivate let ordinal: UInt64
        package let delivery: Delivery?
    }

    /// What an acknowledgement meant.
    package enum Settlement: Equatable, Sendable {
        /// The delivery is over; `sequence` is its place in the durable queue, 0 for none.
        case completed(sequence: UInt64)
        /// PUBREL is due. `sequence` as above.
        case release(sequence: UInt64)
        /// No such identifier is in flight.
        case unknown
    }

    package enum Offer: Equatable, Sendable {
        case send(packetID: UInt16)
        /// The window is full or others wait: hold the message (`enqueue`).
        case wait
    }

    /// Finished entries that may lie among open ones, besides as many as are open, before they are swept out.
    private static let finishedMax = 64

    private var inFlight: Deque<Entry> = []
    private var waiting: Deque<Delivery> = []
    private var openCount = 0
    private var issued: UInt64 = 0
    private var lastID: UInt16 = 0
    /// Bytes of messages that wait.
    package private(set) var waitingBytes = 0
    /// Entries that may be in flight at once: the lower of the client's Receive Maximum and the broker's own limit.
    package var inFlightMax: Int
    /// Messages that may wait.
    package let waitingMax: Int

    package var inFlightCount: Int { openCount }
    /// Entries held, finished ones among them: at most twice the open ones and `finishedMax`.
    var heldCount: Int { inFlight.count }
    package var waitingCount: Int { waiting.count }

    package init(inFlightMax: Int, waitingMax: Int) {
        self.inFlightMax = inFlightMax
        self.waitingMax = waitingMax
    }

    /// Asks for an identifier to send one message at once. `delivery` is kept for sessions that survive.
    package mutating func offer(qos: QoS, delivery: Delivery?) -> Offer {
        guard waiting.isEmpty, openCount < inFlightMax else { return .wait }
        return .send(packetID: begin(qos: qos, delivery: delivery))
    }

    /// Whether a message can be sent at once.
    package var canSend: Bool { waiting.isEmpty && openCount < inFlightMax }

    /// Holds a message until its turn; `false`: the queue is full and the message was not taken.
    package mutating func enqueue(_ delivery: Delivery) -> Bool {
        guard waiting.count < waitingMax else { return false }
        waiting.append(delivery)
        waitingBytes += delivery.message.footprintBytes
        return true
    }

    /// The next message that waits and may be sent now, with its identifier (0 for QoS 0).
    package mutating func next() -> (delivery: Delivery, packetID: UInt16)? {
        guard let first = waiting.first else { return nil }
        if first.qos != .atMostOnce, openCount >= inFlightMax { return nil }
        waiting.removeFirst()
        waitingBytes -= first.message.footprintBytes
        if first.qos == .atMostOnce { return (first, 0) }
        return (first, begin(qos: first.qos, delivery: first))
    }

    /// Takes the message that waits longest out without sending it (it expired, or is too large for this client).
    package mutating func dropNext() -> Delivery? {
        guard let first = waiting.popFirst() else { return nil }
        waitingBytes -= first.message.footprintBytes
        return first
    }

    package var nextWaiting: Delivery? { waiting.first }

    /// Forgets an entry that was begun but whose packet could not be sent.
    package mutating func abandon(packetID: UInt16) {
        if let index = index(of: packetID) { finish(index) }
    }

    /// PUBACK, whatever its reason code [MQTT-4.4.0-2].
    package mutating func acknowledge(_ packetID: UInt16) -> Settlement {
        guard let index = index(of: packetID), inFlight[index].qos == .atLeastOnce else { return .unknown }
        return .completed(sequence: finish(index))
    }

    /// PUBREC. A reason of 0x80 or more ends the delivery; otherwise PUBREL is due, each time it is asked for.
    package mutating func receive(_ packetID: UInt16, failed: Bool) -> Settlement {
        guard let index = index(of: packetID), inFlight[index].qos == .exactlyOnce else { return .unknown }
        if failed, inFlight[index].phase == .sent { return .completed(sequence: finish(index)) }
        inFlight[index].phase = .released
        return .release(sequence: inFlight[index].delivery?.sequence ?? 0)
    }

    /// PUBCOMP frees the place in the window (not PUBREC) [MQTT-4.9.0-2].
    package mutating func complete(_ packetID: UInt16) -> Settlement {
        guard let index = index(of: packetID), inFlight[index].phase == .released else { return .unknown }
        return .completed(sequence: finish(index))
    }

    /// Everything in flight in its original order, to be sent again on a new connection [MQTT-4.6.0-1].
    package var unfinished: [Entry] { inFlight.filter { $0.phase != .done } }

    /// Puts back what a restart found in the ledger. Called in order, before anything else.
    package mutating func restore(_ delivery: Delivery, packetID: UInt16, phase: Phase?) {
        guard let phase, packetID != 0 else {
            waiting.append(delivery)
            waitingBytes += delivery.message.footprintBytes
            return
        }
        inFlight.append(Entry(packetID: packetID, qos: delivery.qos, phase: phase, ordinal: issued, delivery: delivery))
        issued += 1
        openCount += 1
        lastID = packetID
    }

    private mutating func begin(qos: QoS, delivery: Delivery?) -> UInt16 {
        let packetID = freeID()
        inFlight.append(Entry(packetID: packetID, qos: qos, phase: .sent, ordinal: issued, delivery: delivery))
        issued &+= 1
        openCount += 1
        return packetID
    }

    /// Identifiers are given out in turn, so one can only be in use still when the oldest entry is 65,535 or more
    /// identifiers old; only then is it worth looking [MQTT-2.2.1-3].
    private mutating func freeID() -> UInt16 {
        lastID = lastID == .max ? 1 : lastID + 1
        guard let oldest = inFlight.first, issued &- oldest.ordinal >= 60_000 else { return lastID }
        while index(of: lastID) != nil { lastID = lastID == .max ? 1 : lastID + 1 }
        return lastID
    }

    private func index(of packetID: UInt16) -> Int? {
        // Clients acknowledge in order, so the first open entry is nearly always the one.
        if let first = inFlight.first, first.packetID == packetID, first.phase != .done { return 0 }
        return inFlight.firstIndex { $0.packetID == packetID && $0.phase != .done }
    }

    @discardableResult
    private mutating func finish(_ index: Int) -> UInt64 {
        let sequence = inFlight[index].delivery?.sequence ?? 0
        openCount -= 1
        if index == 0 {
            inFlight.removeFirst()
        } else {
            inFlight[index].phase = .done
        }
        while let first = inFlight.first, first.phase == .done { inFlight.removeFirst() }
        // A client that acknowledges everything but one message would pile up finished entries behind it for good.
        if inFlight.count > 2 * openCount + Self.finishedMax { inFlight.removeAll { $0.phase == .done } }
        return sequence
    }
}
