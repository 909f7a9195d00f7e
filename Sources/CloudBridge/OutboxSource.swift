package import Ledger

/// What the bridge needs of the ledger: rows of its outbox, on its own thread.
package protocol OutboxSource: AnyObject {
    func lanes() throws(LedgerError) -> [String]
    func rows(lane: String, after sequence: UInt64, limit: Int) throws(LedgerError) -> [OutboxRow]
}

/// The ledger as the bridge sees it.
package protocol OutboxStore: Sendable {
    func makeOutboxSource(bridge: String) throws(LedgerError) -> any OutboxSource
    func submit(_ operations: [LedgerOperation], completion: @escaping @Sendable (LedgerError?) -> Void)
    func onOutboxCommit(bridge: String, _ wake: @escaping @Sendable () -> Void)
}

extension OutboxReader: OutboxSource {}

extension Ledger: OutboxStore {
    package func makeOutboxSource(bridge: String) throws(LedgerError) -> any OutboxSource {
        try makeOutboxReader(bridge: bridge)
    }
}
