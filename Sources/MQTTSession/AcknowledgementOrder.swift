import DequeModule

/// Acknowledgements that wait for a commit, in the order of the messages they acknowledge: a PUBACK never overtakes that of
/// an earlier PUBLISH [MQTT-4.6.0-2], so one that waits for the disk holds back those behind it.
package struct AcknowledgementOrder: Sendable {
    package enum Kind: UInt8, Sendable {
        case puback, pubrec, pubcomp
        /// PUBREL of a delivery whose PUBREC must be on disk first.
        case pubrel
        /// A SUBACK or UNSUBACK that was encoded before.
        case packet
    }

    package struct Pending: Sendable, Equatable {
        package let kind: Kind
        package let packetID: UInt16
        package let reason: UInt8
        /// The commit that must be done first; 0: none.
        package let ticket: UInt64
        /// Other loops that must have committed too; 0: none.
        package let token: UInt64

        package init(kind: Kind, packetID: UInt16, reason: UInt8 = 0, ticket: UInt64 = 0, token: UInt64 = 0) {
            self.kind = kind
            self.packetID = packetID
            self.reason = reason
            self.ticket = ticket
            self.token = token
        }
    }

    private var pending: Deque<Pending> = []

    package init() {}

    package var isEmpty: Bool { pending.isEmpty }
    package var count: Int { pending.count }

    package mutating func append(_ acknowledgement: Pending) { pending.append(acknowledgement) }

    /// The next acknowledgement that may leave, given what was committed.
    package mutating func next(committed ticket: UInt64, isTokenOpen: (UInt64) -> Bool) -> Pending? {
        guard let first = pending.first, first.ticket <= ticket else { return nil }
        if first.token != 0, isTokenOpen(first.token) { return nil }
        pending.removeFirst()
        return first
    }

    package mutating func removeAll() { pending.removeAll() }
}
