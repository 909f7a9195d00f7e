import DequeModule
package import Ledger
import Logging
import MQTTWire
import Messages
package import NIOCore
package import Telemetry
import TopicRouting

#if canImport(Glibc)
import Glibc
#endif

/// Everything that lives on one event loop: its connections and sessions, its routes, and what it gathers during a read
/// cycle: changes for the ledger, messages for other loops, connections with bytes to flush.
///
/// `@unchecked Sendable`: every member but the immutable ones is touched on `eventLoop` only; other threads reach it
/// through `eventLoop.execute`.
package final class BrokerLoop: @unchecked Sendable {
    package let index: Int
    package let eventLoop: any EventLoop
    package let state: BrokerState
    package let counters = BrokerCounters()
    let ledger: Ledger
    let limits: BrokerLimits
    let logger: Logger

    /// Set before the first connection. Only one loop has a stage.
    package var stage: MessageStage?
    var peers: [BrokerLoop] = []

    var sessions: [SubscriberID: ClientSession] = [:]
    var connections: [ObjectIdentifier: ClientConnection] = [:]
    var routes = RouteCache()
    /// Encodings of the message at hand for receivers that can't take it as it came.
    var encodings = PublishEncodings()

    private var operations: [LedgerOperation] = []
    /// The number the next submission will have; what is recorded now is durable when it is committed.
    private(set) var nextTicket: UInt64 = 1
    private(set) var committedTicket: UInt64 = 0
    private(set) var failedTickets: Set<UInt64> = []
    private var unloggedFailures = 0
    private var lastFailureSecond = -1
    /// Publishes that wait for a commit.
    var uncommittedCount = 0
    var acknowledgementWaiters: [ClientConnection] = []
    private var dirty: [ClientConnection] = []
    private var isCycleScheduled = false
    /// Seconds since the loop started; moves once a second, good enough for keepalive.
    private(set) var coarseSeconds = 0
    private var secondTask: RepeatedTask?

    /// Messages for other loops, gathered during the cycle.
    var handovers: [Handover]
    /// Publishes handed to other loops that must commit before the publisher is told: token → loops that have not.
    var openTokens: [UInt64: Int] = [:]
    var lastToken: UInt64 = 0
    /// Tokens of other loops whose messages are in the batch being gathered.
    var tokensInBatch: [(loop: Int, token: UInt64)] = []
    /// Connections that wait for a session which another loop hands over, by client identifier.
    var awaitingSessions: [[UInt8]: ClientConnection] = [:]
    /// Loops that asked for a session which is itself still on its way here.
    var surrenders: [[UInt8]: BrokerLoop] = [:]

    init(
        index: Int, eventLoop: any EventLoop, state: BrokerState, ledger: Ledger, limits: BrokerLimits, logger: Logger,
        loopCount: Int
    ) {
        self.index = index
        self.eventLoop = eventLoop
        self.state = state
        self.ledger = ledger
        self.limits = limits
        self.logger = logger
        self.handovers = (0..<loopCount).map { _ in Handover() }
    }

    // MARK: Cycle

    /// Makes sure that what was gathered leaves when the events at hand are handled: once per read cycle, not per message.
    @inline(__always)
    package func scheduleCycle() {
        if isCycleScheduled { return }
        isCycleScheduled = true
        eventLoop.execute { self.endCycle() }
    }

    @inline(__always)
    func markDirty(_ connection: ClientConnection) {
        dirty.append(connection)
        scheduleCycle()
    }

    /// A durable change of this cycle.
    @inline(__always)
    package func record(_ operation: LedgerOperation) {
        operations.append(operation)
        scheduleCycle()
    }

    func endCycle() {
        isCycleScheduled = false
        stage?.endCycle()
        submit()
        handOver()
        flushDirty()
    }

    private func flushDirty() {
        var index = 0
        while index < dirty.count {
            dirty[index].flushOutbound()
            index += 1
        }
        dirty.removeAll(keepingCapacity: true)
    }

    private func submit() {
        guard !operations.isEmpty else { return }
        let ticket = nextTicket
        nextTicket += 1
        let tokens = tokensInBatch
        tokensInBatch.removeAll(keepingCapacity: true)
        let batch = operations
        operations = []
        ledger.submit(batch) { [self] error in
            eventLoop.execute { self.committed(ticket, error: error, tokens: tokens) }
        }
    }

    private func committed(_ ticket: UInt64, error: LedgerError?, tokens: [(loop: Int, token: UInt64)]) {
        committedTicket = ticket
        if let error {
            failedTickets.insert(ticket)
            counters.commitFailures.add()
            logFailedCommit(error)
        }
        for (loop, token) in tokens {
            let peer = peers[loop]
            peer.eventLoop.execute { peer.tokenCommitted(token) }
        }
        releaseAcknowledgements()
        failedTickets.remove(ticket)
    }

    /// A full disk fails every commit: one line a second tells enough.
    private func logFailedCommit(_ error: LedgerError) {
        unloggedFailures += 1
        guard lastFailureSecond != coarseSeconds else { return }
        lastFailureSecond = coarseSeconds
        logger.error(
            "commits failed; their publishers were not acknowledged",
            metadata: ["count": "\(unloggedFailures)", "reason": "\(error)"])
        unloggedFailures = 0
    }

    func tokenCommitted(_ token: UInt64) {
        guard let left = openTokens[token] else { return }
        if left <= 1 { openTokens[token] = nil } else { openTokens[token] = left - 1 }
        releaseAcknowledgements()
    }

    private func releaseAcknowledgements() {
        let waiters = acknowledgementWaiters
        acknowledgementWaiters.removeAll(keepingCapacity: true)
        for connection in waiters { connection.releaseAcknowledgements() }
    }

    // MARK: Time

    func startClock() {
        secondTask = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { [weak self] _ in
            self?.secondPassed()
        }
    }

    func stopClock() {
        secondTask?.cancel()
        secondTask = nil
    }

    private func secondPassed() {
        coarseSeconds += 1
        for connection in connections.values { connection.secondPassed() }
        let now = wallMilliseconds()
        for session in sessions.values where session.connection == nil {
            if let due = session.willDueMilliseconds, due <= now { publishWill(of: session) }
            if let end = session.endsAtMilliseconds, end <= now { endSession(session) }
        }
        if index == 0, coarseSeconds % 30 == 0 { expireRetained(now) }
    }

    private func expireRetained(_ nowMilliseconds: Int64) {
        for topic in state.withRetained({ $0.removeExpired(nowMilliseconds: nowMilliseconds) }) {
            record(.clearRetained(topic: topic))
        }
    }

    func wallMilliseconds() -> Int64 { wallNanoseconds() / 1_000_000 }

    package func wallNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Stops reading from publishers while too many publishes wait for the disk.
    var isSaturated: Bool { uncommittedCount >= limits.uncommittedMax }

    var queuedBytes = 0
}
