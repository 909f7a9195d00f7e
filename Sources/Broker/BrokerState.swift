import Ledger
import Messages
package import Synchronization
import TopicRouting

/// What all loops share: subscriptions, retained messages, who is connected where. Touched when somebody connects,
/// subscribes, or a route is made; never on the way of a message whose route is known.
package final class BrokerState: Sendable {
    struct ClientEntry {
        var key: SessionKey
        var loop: Int
        var proved: String?
    }

    struct Shared {
        var tree = SubscriptionTree()
        var clients: [[UInt8]: ClientEntry] = [:]
        /// Loop of each session, and whether it outlives its connection.
        var homes: [SubscriberID: Home] = [:]
        var takers = TopicTakers()
    }

    struct Home {
        var loop: Int
        var isDurable: Bool
    }

    private let shared: Mutex<Shared>
    private let retained: Mutex<RetainedStore>
    /// The tree's generation; a route that was made under another is looked up again.
    let generation = Atomic<UInt64>(1)
    private let nextKey: Atomic<Int64>
    private let nextSequence: Atomic<UInt64>
    package let connectionCount = Atomic<Int>(0)
    let isStopping = Atomic<Bool>(false)

    package init(retainedBytesMax: Int, greatestSessionKey: Int64, greatestSequence: UInt64) {
        self.shared = Mutex(Shared())
        self.retained = Mutex(RetainedStore(bytesMax: retainedBytesMax))
        self.nextKey = Atomic(greatestSessionKey + 1)
        self.nextSequence = Atomic(greatestSequence + 1)
    }

    func makeKey() -> SessionKey { SessionKey(nextKey.add(1, ordering: .relaxed).oldValue) }

    /// Places in durable queues rise over all sessions, so any loop can give one out.
    func makeSequence() -> UInt64 { nextSequence.add(1, ordering: .relaxed).oldValue }

    func setTakers(_ takers: TopicTakers) {
        withTree { shared in
            shared.takers = takers
            shared.tree.invalidate()
        }
    }

    /// Runs `body` on the shared tables and publishes the tree's new generation.
    @discardableResult
    func withTree<Result>(_ body: (inout sending Shared) -> sending Result) -> sending Result {
        shared.withLock { shared in
            let result = body(&shared)
            generation.store(shared.tree.generation, ordering: .releasing)
            return result
        }
    }

    func withRetained<Result>(_ body: (inout sending RetainedStore) -> sending Result) -> sending Result {
        retained.withLock { body(&$0) }
    }

    package func retainedTotals() -> (count: Int, bytes: Int) { withRetained { ($0.count, $0.byteCount) } }
}
