import Ledger
import Messages
import MosquittoClient
import Testing

@testable import CloudBridge

/// Drives one machine by hand.
struct Driver {
    var machine: BridgeMachine
    var now: Int64 = 0
    var wall: Int64 = 1_000_000
    var rows: [String: [OutboxRow]] = [:]
    var published: [BridgeMachine.Outgoing] = []
    var other: [BridgeMachine.Action] = []
    var removed: [String: UInt64] = [:]

    init(window: Int = 4, lanes: [String] = ["a/#"], change: (inout BridgeMachine.Settings) -> Void = { _ in }) {
        var settings = BridgeMachine.Settings(window: window, lanes: lanes, seed: 7)
        change(&settings)
        machine = BridgeMachine(settings)
    }

    var time: BridgeTime { BridgeTime(monotonicMilliseconds: now, wallMilliseconds: wall + now) }

    mutating func send(_ events: BridgeMachine.Event...) {
        for event in events { machine.handle(event, at: time) }
        pump()
    }

    /// Answers reads and removals as a ledger would.
    mutating func pump() {
        for _ in 0..<100 {
            var actions: [BridgeMachine.Action] = []
            machine.pump(at: time, into: &actions)
            if actions.isEmpty { return }
            for action in actions {
                switch action {
                case .publish(let message):
                    published.append(message)
                case .read(let lane, let name, let after, let limit):
                    let found = (rows[name] ?? []).filter { $0.sequence > after }.prefix(limit)
                    machine.handle(.rows(lane: lane, Array(found)), at: time)
                case .listLanes:
                    machine.handle(.lanes(rows.keys.sorted()), at: time)
                case .remove(let lane, let name, let through):
                    rows[name]?.removeAll { $0.sequence <= through }
                    removed[name] = through
                    machine.handle(.removed(lane: lane, failure: nil), at: time)
                default:
                    other.append(action)
                }
            }
        }
        Issue.record("the machine does not come to rest")
    }

    mutating func connect(_ limits: ServerLimits = ServerLimits()) {
        send(.resolved(addressCount: 1), .connected(limits))
    }

    /// Lets time pass to the machine's own deadline.
    mutating func wait() {
        guard let deadline = machine.deadline(after: now) else {
            Issue.record("the machine waits for nothing")
            return
        }
        now = deadline
        pump()
    }

    mutating func takePublished() -> [UInt64] {
        defer { published = [] }
        return published.map(\.row.sequence)
    }
}
