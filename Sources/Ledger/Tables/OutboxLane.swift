/// One lane of a bridge's outbox, as its row in `lanes` has it or will have it at the end of the transaction.
struct OutboxLane {
    let id: Int64
    let bridge: Int
    let name: String
    /// Sequences begin with 1 and survive every deletion.
    var nextSequence: Int64 = 1
    var rows: Int64 = 0
    var bytes: Int64 = 0
    var droppedFull: Int64 = 0
    var droppedExpired: Int64 = 0

    /// When its first row was created; nil: no row.
    var headCreatedAt: Int64?
    /// The first row is another one now; looked up when it matters.
    var isHeadStale = false
    /// Acknowledged by the remote broker. Rows up to here are gone for every reader, though perhaps not yet deleted.
    var removedThrough: Int64 = 0
    var hasRemovals = false
    /// The first row that a replay of rule inputs could repeat: outputs before it belong to inputs in a snapshot.
    var replayFrom: Int64 = 1
    var openGap: Gap?
    var isTouched = false

    struct Gap {
        var from: Int64
        var through: Int64
        var cause: OutboxGap.Cause
        var at: Int64
        var isStored = false
        var isNew = true
    }

    init(id: Int64, bridge: Int, name: String) {
        self.id = id
        self.bridge = bridge
        self.name = name
    }

    func key(_ sequence: Int64) -> Int64 { OutboxLane.key(id, sequence) }
    var lastKey: Int64 { key(OutboxLane.sequenceMax) }

    static let sequenceMax: Int64 = (1 << LedgerLimits.sequenceBits) - 1
    /// Both parts are within their bits: lanes are limited when created, sequences when appended.
    static func key(_ lane: Int64, _ sequence: Int64) -> Int64 { lane << LedgerLimits.sequenceBits | sequence }
    static func lane(ofKey key: Int64) -> Int64 { key >> LedgerLimits.sequenceBits }
    static func sequence(ofKey key: Int64) -> Int64 { key & sequenceMax }

    mutating func count(dropped rows: Int64, cause: OutboxGap.Cause) {
        switch cause {
        case .full: droppedFull += rows
        case .expired: droppedExpired += rows
        case .damaged: break
        }
    }
}

/// The lanes of one bridge together.
struct OutboxBridge {
    let name: String
    let limits: OutboxLimits
    var lanes: [Int] = []
    var rows: Int64 = 0
    var bytes: Int64 = 0
    var isTouched = false
    var hasAppends = false

    var isFull: Bool { limits.areExceeded(rows: rows, bytes: bytes) }
}
