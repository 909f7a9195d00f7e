import Ledger
import Messages
package import MosquittoClient

/// Decides what the bridge to one upstream broker does next. Pure: time comes in with every call, effects go out as
/// actions.
///
/// Owns: the state of the connection, the window, the lanes, the pauses between attempts, the acknowledgement timer.
/// Does not own: sockets, the ledger, logs (`UpstreamLoop` has them).
///
/// Invariants: at most `window` messages are under way; within a lane rows leave in order of their sequence; a row
/// leaves the ledger only after it was acknowledged, has expired or was given up; whatever was under way when a
/// connection ended is sent again on the next one, before anything newer of its lane, under the same id. A lane holds
/// at most `rowsPerRead` rows plus a window in memory.
///
/// Use: `handle` every event, then `pump` once per round of the loop, and perform the actions it returns.
package struct BridgeMachine: Sendable {
    enum Phase: Sendable, Equatable {
        case idle
        case resolving
        case connecting(deadline: Int64)
        case live(since: Int64)
        case draining(deadline: Int64)
        case waiting(until: Int64)
        case ending(deadline: Int64)
        case ended
    }

    /// Refusals after which a message is given up.
    package static let refusalsMax = 5
    package static let rowsPerRead = 256
    package static let laneCountMax = 1_024
    /// Done rows of a lane that the ledger still holds; a lane with more sends nothing until the ledger catches up.
    package static let unremovedMax = 256
    /// A connection that held so long is a working one: the next pause is short again.
    static let stableMilliseconds: Int64 = 10_000
    /// After so many hang-ups the other version is tried once.
    static let hangUpsPerVersion = 3
    static let drainMilliseconds: Int64 = 2_000
    static let retryMilliseconds: Int64 = 1_000
    static let refusalPauseMaxMilliseconds: Int64 = 30_000
    static let listingMilliseconds: Int64 = 1_000
    /// How far the acknowledgement timeout grows when it strikes again and again.
    static let timeoutDoublingsMax = 3

    let settings: Settings
    var phase = Phase.idle
    var backoff: Backoff
    var pending: [Action] = []
    package internal(set) var counters = BridgeCounters()
    package internal(set) var limits: ServerLimits?
    package internal(set) var lastFailure: String?
    var version: ProtocolVersion

    var addressCount = 0
    var addressIndex = 0
    var addressesLeft = 0
    var hasTriedOlderVersion = false
    /// Connections in a row that the server closed without an answer to CONNECT.
    var hangUps = 0

    var lanes: [UpstreamLane] = []
    var nextLane = 0
    var tokenCount: UInt64 = 0
    package internal(set) var underWay = 0
    var acknowledgedOnThisConnection = false
    var timeoutsInARow = 0
    /// The server ended a connection because of a message: one at a time until it is known which.
    var oneAtATime = false
    /// The message that the server may have meant when it ended the connection.
    var blamedRow: OutboxRow?
    var wantsListing = false
    var listingNotBefore: Int64 = 0

    package init(_ settings: Settings) {
        self.settings = settings
        backoff = Backoff(
            minMilliseconds: settings.preset.reconnectMinMilliseconds,
            maxMilliseconds: settings.preset.reconnectMaxMilliseconds, seed: settings.seed)
        version =
            switch settings.version {
            case .newest: .v5
            case .only(let version): version
            }
        for name in settings.lanes { addLane(name) }
    }

    package var state: State {
        switch phase {
        case .idle, .ended: .stopped
        case .resolving: .resolving
        case .connecting: .connecting
        case .live: .connected
        case .draining, .ending: .stopping
        case .waiting: .waiting
        }
    }

    /// Messages that may be under way on this connection.
    package var window: Int {
        if oneAtATime { return 1 }
        let own = max(1, min(settings.window, settings.preset.windowMax))
        return min(own, max(1, limits?.receiveMaximum ?? own))
    }

    package mutating func handle(_ event: Event, at now: BridgeTime) {
        let milliseconds = now.monotonicMilliseconds
        switch event {
        case .start:
            if phase == .idle { resolve() }
        case .stop:
            stop(milliseconds)
        case .resolved(let count):
            resolved(count, milliseconds)
        case .resolveFailed(let failure):
            if phase == .resolving { attemptFailed(failure, milliseconds) }
        case .connected(let limits):
            connected(limits, milliseconds)
        case .closed(let failure):
            closed(failure, milliseconds)
        case .acknowledged(let token, let reason):
            acknowledged(token, reason, milliseconds)
        case .unsendable(let token, let reason):
            unsendable(token, reason)
        case .lanes(let names):
            for name in names where !lanes.contains(where: { $0.name == name }) { addLane(name) }
        case .rows(let lane, let rows):
            if lanes.indices.contains(lane) { lanes[lane].take(rows) }
        case .readFailed(let lane, let text):
            readFailed(lane, text, milliseconds)
        case .outboxGrew:
            for lane in lanes.indices { lanes[lane].mayHaveMore = true }
            wantsListing = true
        case .removed(let lane, let failure):
            removed(lane, failure, milliseconds)
        }
    }

    /// What is to be done now. To be called again after the actions were performed if any of them led to an event.
    package mutating func pump(at now: BridgeTime, into actions: inout [Action]) {
        let milliseconds = now.monotonicMilliseconds
        checkTimers(milliseconds)
        actions.append(contentsOf: pending)
        pending.removeAll(keepingCapacity: true)
        if case .live = phase { send(now, into: &actions) }
        removeDone(milliseconds, into: &actions)
        endIfDone(milliseconds, into: &actions)
    }

    /// When `pump` must be called again at the latest, if no event comes before. `pump` was called at `now`: what was
    /// due then and did not happen waits for an event.
    package func deadline(after now: Int64) -> Int64? {
        var times: [Int64] = []
        switch phase {
        case .idle, .resolving, .ended: break
        case .connecting(let deadline), .draining(let deadline), .ending(let deadline): times.append(deadline)
        case .waiting(let until): times.append(until)
        case .live:
            if wantsListing { times.append(listingNotBefore) }
            for lane in lanes {
                times.append(lane.pausedUntil)
                times.append(lane.readNotBefore)
            }
            if let oldest = oldestSentAt { times.append(oldest + acknowledgementTimeout) }
        }
        for lane in lanes { times.append(lane.removalNotBefore) }
        return times.filter { $0 > now }.min()
    }

    var acknowledgementTimeout: Int64 {
        settings.acknowledgementTimeoutMilliseconds << Int64(min(timeoutsInARow, Self.timeoutDoublingsMax))
    }

    var oldestSentAt: Int64? {
        var oldest: Int64?
        for lane in lanes where lane.sentCount > 0 {
            guard let first = lane.underWay.first(where: { $0.state == .sent }) else { continue }
            oldest = min(oldest ?? first.sentAt, first.sentAt)
        }
        return oldest
    }

    private mutating func addLane(_ name: String) {
        guard lanes.count < Self.laneCountMax else {
            pending.append(.notice(.lanesIgnored(1)))
            return
        }
        lanes.append(UpstreamLane(name: name))
    }
}
