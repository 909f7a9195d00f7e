/// The identifiers of the newest outbox rows that the caller named, so that a rule output which is replayed after a
/// crash does not become a second row.
///
/// Only hashes are kept; a hit is compared with the row itself, so neither two identifiers with one hash nor a row that
/// was deleted or rolled back is taken for a repetition. An index in the database would do the same at five to eight
/// times the bytes written per row: outputs of many groups touch as many of its pages.
struct RecentIdentifiers {
    private var keys: [UInt64: Int64] = [:]
    /// In order of arrival from `oldest` on.
    private var order: [(hash: UInt64, key: Int64)] = []
    private var oldest = 0

    func key(_ hash: UInt64) -> Int64? { keys[hash] }

    mutating func remember(_ hash: UInt64, key: Int64) {
        keys[hash] = key
        order.append((hash, key))
        guard order.count - oldest > LedgerLimits.outboxIdentifiers else { return }
        let last = order[oldest]
        if keys[last.hash] == last.key { keys[last.hash] = nil }
        oldest += 1
        if oldest == LedgerLimits.outboxIdentifiers {
            order.removeFirst(oldest)
            oldest = 0
        }
    }

    static func hash(lane: Int64, _ id: String) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(lane)
        hasher.combine(id)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
