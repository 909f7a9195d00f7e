package import Messages

/// What a ledger held when it was opened.
package struct RecoveredState: Sendable {
    package var sessions: [RecoveredSession] = []
    package var retained: [Message] = []
    package var ruleGroups: [RuleSnapshot.Group] = []
    /// Blobs of `LedgerOperation.ruleInputs` in order, those that no snapshot covers.
    package var ruleInputs: [[UInt8]] = []
    /// The greatest key any session of this database ever had; 0: there was none.
    package var greatestSessionKey: Int64 = 0
    package var report = RecoveryReport()

    package init() {}
}

package struct RecoveredSession: Sendable {
    package typealias Delivery = (sequence: UInt64, delivery: QueuedDelivery, packetID: UInt16, state: DeliveryState)

    package var record: SessionRecord
    package var subscriptions: [SubscriptionRecord] = []
    /// In order of sequence. Packet identifier 0: not sent yet. One `Message` object for all who wait for it.
    package var queue: [Delivery] = []
    package var received: [UInt16] = []

    package init(
        record: SessionRecord, subscriptions: [SubscriptionRecord] = [], queue: [Delivery] = [], received: [UInt16] = []
    ) {
        self.record = record
        self.subscriptions = subscriptions
        self.queue = queue
        self.received = received
    }
}

/// How a ledger was opened.
package struct RecoveryReport: Sendable {
    package enum Outcome: Sendable, Equatable {
        case created
        case opened
        case migrated(from: Int)
        /// The file was damaged or no database; what could be read of it is in a new one with a new epoch.
        case salvaged(Salvage)
    }

    package enum PageCheck: Sendable, Equatable {
        case complete
        /// The file is larger than what a start may take time to read; damage shows when a page is used.
        case skippedLargeFile(bytes: Int64)
    }

    package struct Salvage: Sendable, Equatable {
        /// Where the damaged file is now.
        package var setAsideAt: String
        /// What SQLite said.
        package var reason: String
        package var rowsSalvaged = 0
        /// Places where one row or many could not be read.
        package var unreadablePlaces = 0
        /// Outbox rows that are missing by the lanes' own counts; nil: those were unreadable too.
        package var outboxRowsLost: Int64?
        /// Queued deliveries whose message could not be read.
        package var deliveriesLost = 0
        /// Sequences missing between others of a lane, at most 1,000 ranges.
        package var lostRanges: [OutboxGap] = []

        package init(setAsideAt: String, reason: String) {
            self.setAsideAt = setAsideAt
            self.reason = reason
        }
    }

    package var outcome: Outcome = .opened
    package var pageCheck: PageCheck = .complete
    package var seconds: Double = 0

    package init() {}
}

extension RecoveryReport: CustomStringConvertible {
    /// One line for the log.
    package var description: String {
        let milliseconds = Int((seconds * 1_000).rounded())
        let what =
            switch outcome {
            case .created: "created"
            case .opened: "opened"
            case .migrated(let version): "migrated from schema \(version)"
            case .salvaged(let salvage):
                "the damaged file is at \(salvage.setAsideAt) (\(salvage.reason)); \(salvage.rowsSalvaged) rows salvaged, "
                    + "\(salvage.unreadablePlaces) places unreadable, outbox rows lost: "
                    + "\(salvage.outboxRowsLost.map { "\($0)" } ?? "unknown"), deliveries lost: \(salvage.deliveriesLost)"
            }
        guard case .skippedLargeFile(let bytes) = pageCheck else { return "\(what) in \(milliseconds) ms" }
        return "\(what) in \(milliseconds) ms; pages not checked, the file has \(bytes) bytes"
    }
}
