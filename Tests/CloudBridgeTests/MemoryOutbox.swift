import Messages
import Synchronization

@testable import CloudBridge
@testable import Ledger

func row(
    _ sequence: UInt64, lane: String = "a/#", payload: [UInt8] = [1], qos: QoS = .atLeastOnce, retain: Bool = false,
    topic: String = "t", properties: [UInt8] = [], expiresAt: Int64? = nil
) -> OutboxRow {
    OutboxRow(
        bridge: "cloud", lane: lane, sequence: sequence, epoch: "e1", id: "node/e1/\(lane)/\(sequence)",
        topic: Array(topic.utf8), payload: payload, properties: properties, qos: qos, retain: retain,
        createdAtMilliseconds: 0, expiresAtMilliseconds: expiresAt, fencingToken: 0)
}

/// A ledger's outbox in memory. Removals complete at once unless a test holds them.
final class MemoryOutbox: OutboxStore, OutboxSource, Sendable {
    private struct State {
        var rows: [String: [OutboxRow]] = [:]
        var removedThrough: [String: UInt64] = [:]
        var wake: (@Sendable () -> Void)?
        var removals = 0
    }

    private let state = Mutex(State())

    func append(_ rows: [OutboxRow]) {
        let wake = state.withLock { state in
            for row in rows { state.rows[row.lane, default: []].append(row) }
            return state.wake
        }
        wake?()
    }

    var remaining: Int { state.withLock { $0.rows.values.reduce(0) { $0 + $1.count } } }
    var removals: Int { state.withLock { $0.removals } }

    func makeOutboxSource(bridge: String) throws(LedgerError) -> any OutboxSource { self }

    func submit(_ operations: [LedgerOperation], completion: @escaping @Sendable (LedgerError?) -> Void) {
        state.withLock { state in
            for case .removeOutbox(_, let lane, let through) in operations {
                state.rows[lane]?.removeAll { $0.sequence <= through }
                state.removals += 1
            }
        }
        completion(nil)
    }

    func onOutboxCommit(bridge: String, _ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    func lanes() throws(LedgerError) -> [String] { state.withLock { $0.rows.keys.sorted() } }

    func rows(lane: String, after sequence: UInt64, limit: Int) throws(LedgerError) -> [OutboxRow] {
        state.withLock { state in
            // A few at a time: the bridge must not take a short answer for the end.
            Array((state.rows[lane] ?? []).lazy.filter { $0.sequence > sequence }.prefix(min(limit, 50)))
        }
    }
}
