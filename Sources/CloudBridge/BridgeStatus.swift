import Synchronization

/// How a bridge is doing, for operators. A snapshot.
package struct BridgeStatus: Sendable, Equatable {
    package var state: BridgeMachine.State = .stopped
    /// Wall-clock milliseconds since the Unix epoch when it came into this state.
    package var sinceMilliseconds: Int64 = 0
    /// Why the last connection or attempt ended: who, where, what to do. nil while all is well.
    package var lastError: String?
    /// 4 or 5 as in CONNECT; of the last attempt.
    package var protocolLevel: UInt8 = 5
    package var inFlight = 0
    package var window = 0
    package var counters = BridgeCounters()

    package init() {}
}

/// The newest status; written by the bridge's thread, read by anybody.
final class StatusBoard: Sendable {
    private let status = Mutex(BridgeStatus())

    var current: BridgeStatus { status.withLock { $0 } }

    func update(_ change: (inout BridgeStatus) -> Void) { status.withLock { change(&$0) } }
}
