package import Messages

/// How much one bridge's outbox may hold while its remote broker is away.
package struct OutboxLimits: Sendable, Equatable {
    package enum WhenFull: Sendable, Equatable {
        /// The oldest rows of the bridge make room.
        case dropOldest
        /// The new row is not stored. Its sequence number is used up, so that the receiver can see the gap.
        case dropNewest
    }

    package var bytes: Int64
    package var ageMilliseconds: Int64
    /// Rows; nil: only bytes and age count.
    package var count: Int64?
    package var whenFull: WhenFull

    /// Used for a bridge that `Ledger.Options.outboxLimits` does not name: 1 GB, 7 days, oldest first.
    package static let standard = OutboxLimits(
        bytes: 1 << 30, ageMilliseconds: 7 * 86_400_000, count: nil, whenFull: .dropOldest)

    package init(bytes: Int64, ageMilliseconds: Int64, count: Int64? = nil, whenFull: WhenFull = .dropOldest) {
        self.bytes = bytes
        self.ageMilliseconds = ageMilliseconds
        self.count = count
        self.whenFull = whenFull
    }

    func areExceeded(rows: Int64, bytes: Int64) -> Bool {
        if bytes > self.bytes { return true }
        if let count, rows > count { return true }
        return false
    }
}

/// What a bridge's outbox holds, and what it lost since the database was created.
package struct OutboxStatus: Sendable, Equatable {
    package var rows: Int64 = 0
    /// Topics, payloads, properties, identifiers and a constant per row.
    package var bytes: Int64 = 0
    package var oldestCreatedAtMilliseconds: Int64?
    /// Dropped because bytes, count or the disk were full.
    package var droppedFull: Int64 = 0
    /// Dropped because of their age or their own expiry.
    package var droppedExpired: Int64 = 0

    package init() {}
}

/// A row of the outbox, as the bridge sends it.
package struct OutboxRow: Sendable, Equatable {
    package var bridge: String
    package var lane: String
    package var sequence: UInt64
    /// Of the database in which the row got its sequence: sequences are comparable within one epoch and lane.
    package var epoch: String
    /// Stable on the message's whole way.
    package var id: String
    package var topic: [UInt8]
    package var payload: [UInt8]
    package var properties: [UInt8]
    package var qos: QoS
    package var retain: Bool
    package var createdAtMilliseconds: Int64
    package var expiresAtMilliseconds: Int64?
    /// Of the gateway that had the right to append when the row was stored; 0 without a pair.
    package var fencingToken: Int64
}

/// Sequence numbers of a lane that no row will ever carry again, and why.
package struct OutboxGap: Sendable, Equatable {
    package enum Cause: Int64, Sendable {
        case full = 1
        case expired = 2
        /// Lost with a damaged file.
        case damaged = 3
    }

    package var lane: String
    package var from: UInt64
    package var through: UInt64
    package var cause: Cause
    package var atMilliseconds: Int64
}
