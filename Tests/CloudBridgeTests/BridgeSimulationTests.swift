import Ledger
import Messages
import MosquittoClient
import Testing

@testable import CloudBridge

/// A bridge's machine between a ledger and a server that fail as the dice say, in virtual time. Each seed is one
/// history.
private struct Simulation {
    struct Faults {
        var cuts = true
        var refusals = false
        var restarts = true
    }

    static let lanes = ["a/#", "b/#", "c/#"]

    private var dice: SplitMix64
    private let faults: Faults
    private var machine: BridgeMachine
    private var now: Int64 = 0

    // The ledger: what it holds, and what the machine asked it to remove.
    private var stored: [String: [OutboxRow]] = [:]
    private var greatestStored: [String: UInt64] = [:]
    private var removals: [(lane: Int, name: String, through: UInt64)] = []

    // The server: what it has taken, and acknowledgements that are on their way back.
    private(set) var taken: [String: [UInt64]] = [:]
    private var everTaken: [String: Set<UInt64>] = [:]
    private(set) var givenUp: [String: Set<UInt64>] = [:]
    private var acknowledgements: [(token: BridgeMachine.Token, reason: UInt8)] = []
    private var isConnecting = false
    private var isConnected = false
    private var lastSentOnConnection: [String: UInt64] = [:]
    private var receiveMaximum = 65_535
    /// Messages that may come once more: those under way at a cut, and those the ledger still held at a crash.
    private(set) var repeatsAllowed = 0
    private(set) var greatestUnderWay = 0

    init(seed: UInt64, faults: Faults) {
        dice = SplitMix64(seed: seed)
        self.faults = faults
        machine = Self.machine(seed: seed)
    }

    private static func machine(seed: UInt64) -> BridgeMachine {
        BridgeMachine(.init(window: 8, acknowledgementTimeoutMilliseconds: 20_000, lanes: ["a/#", "b/#"], seed: seed))
    }

    /// `#expect` is slow where it is asked a million times.
    private func require(_ condition: Bool, _ text: @autoclosure () -> String) {
        if !condition { Issue.record("\(text())") }
    }

    private var time: BridgeTime { BridgeTime(monotonicMilliseconds: now, wallMilliseconds: now) }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &dice) < percent }

    mutating func run(steps: Int) {
        machine.handle(.start, at: time)
        for step in 0..<steps {
            // In the last third the world is kind, so that everything must have arrived at the end.
            let isKind = step > steps * 2 / 3
            if step < steps / 2, chance(20) { append() }
            act()
            advance(isKind: isKind)
        }
        for _ in 0..<20_000 where !isDone {
            act()
            advance(isKind: true)
        }
    }

    var isDone: Bool { stored.values.allSatisfy(\.isEmpty) }

    private mutating func append() {
        let lane = Self.lanes[Int.random(in: 0..<Self.lanes.count, using: &dice)]
        for _ in 0..<Int.random(in: 1...8, using: &dice) {
            // Now and then a number is missing: the ledger dropped that row for want of space.
            let sequence = (greatestStored[lane] ?? 0) + (chance(5) ? 2 : 1)
            greatestStored[lane] = sequence
            stored[lane, default: []].append(row(sequence, lane: lane))
        }
        machine.handle(.outboxGrew, at: time)
    }

    private mutating func act() {
        for _ in 0..<200 {
            var actions: [BridgeMachine.Action] = []
            machine.pump(at: time, into: &actions)
            if actions.isEmpty { return }
            for action in actions { perform(action) }
        }
        Issue.record("the machine does not come to rest")
    }

    private mutating func perform(_ action: BridgeMachine.Action) {
        switch action {
        case .resolve:
            machine.handle(.resolved(addressCount: 2), at: time)
        case .connect:
            isConnecting = true
        case .publish(let message):
            publish(message)
        case .close:
            disconnect()
        case .listLanes:
            machine.handle(.lanes(stored.keys.sorted()), at: time)
        case .read(let lane, let name, let after, let limit):
            let all = stored[name] ?? []
            let start = all.firstIndex { $0.sequence > after } ?? all.endIndex
            let rows = all[start...].prefix(Int.random(in: 1...limit, using: &dice))
            machine.handle(.rows(lane: lane, Array(rows)), at: time)
        case .remove(let lane, let name, let through):
            removals.append((lane, name, through))
        case .notice(.deadLetter(let row, _)):
            givenUp[row.lane, default: []].insert(row.sequence)
        case .notice, .finished:
            break
        }
    }

    private mutating func publish(_ message: BridgeMachine.Outgoing) {
        let (lane, sequence) = (message.row.lane, message.row.sequence)
        require(isConnected, "nothing may be sent without a connection")
        require(message.row.id == "node/e1/\(lane)/\(sequence)", "another id for the same row")
        acknowledgements.append((message.token, 0))
        greatestUnderWay = max(greatestUnderWay, machine.underWay)
        require(acknowledgements.count <= min(8, receiveMaximum), "the window is exceeded")
        if !faults.refusals {
            require(sequence > lastSentOnConnection[lane] ?? 0, "a lane goes backwards on one connection")
        }
        lastSentOnConnection[lane] = sequence
        if faults.refusals, chance(10) {
            let reason = [UInt8(0x83), 0x87, 0x97][Int.random(in: 0..<3, using: &dice)]
            acknowledgements[acknowledgements.count - 1].reason = reason
        } else {
            unconfirmed.append((lane, sequence))
        }
    }

    /// Sent on this connection, not yet at the server: a cut loses a suffix of them.
    private var unconfirmed: [(lane: String, sequence: UInt64)] = []

    private mutating func deliver(_ count: Int) {
        for (lane, sequence) in unconfirmed.prefix(count) {
            taken[lane, default: []].append(sequence)
            everTaken[lane, default: []].insert(sequence)
        }
        unconfirmed.removeFirst(min(count, unconfirmed.count))
    }

    private mutating func disconnect() {
        repeatsAllowed += acknowledgements.count
        deliver(Int.random(in: 0...unconfirmed.count, using: &dice))
        unconfirmed = []
        acknowledgements = []
        isConnected = false
        isConnecting = false
    }

    private mutating func advance(isKind: Bool) {
        if isConnecting {
            if isKind || chance(60) {
                isConnecting = false
                isConnected = true
                lastSentOnConnection = [:]
                var limits = ServerLimits()
                receiveMaximum = [1, 3, 65_535][Int.random(in: 0..<3, using: &dice)]
                limits.receiveMaximum = receiveMaximum
                machine.handle(.connected(limits), at: time)
            } else if chance(50) {
                isConnecting = false
                machine.handle(.closed(.init(.network, "refused", isWorthAnotherAddress: chance(50))), at: time)
            }
        } else if isConnected {
            connectedStep(isKind: isKind)
        }
        if !removals.isEmpty, isKind || chance(50) {
            let removal = removals.removeFirst()
            if !isKind, chance(10) {
                machine.handle(.removed(lane: removal.lane, failure: "disk"), at: time)
            } else {
                remove(removal)
                machine.handle(.removed(lane: removal.lane, failure: nil), at: time)
            }
        }
        if !isKind, faults.restarts, chance(1) { restart() }
        // Time passes in small steps, or jumps to what the machine waits for.
        now = chance(70) ? now + 5 : max(now + 1, machine.deadline(after: now) ?? now + 5)
    }

    private mutating func connectedStep(isKind: Bool) {
        if !isKind, faults.cuts, chance(4) {
            disconnect()
            machine.handle(.closed(.init(.network, "cut")), at: time)
        } else if isKind || chance(80) {
            for _ in 0..<Int.random(in: 0...acknowledgements.count, using: &dice) {
                let acknowledgement = acknowledgements.removeFirst()
                if acknowledgement.reason == 0 { deliver(1) }
                machine.handle(.acknowledged(acknowledgement.token, reason: acknowledgement.reason), at: time)
            }
        }
    }

    private mutating func remove(_ removal: (lane: Int, name: String, through: UInt64)) {
        let all = stored[removal.name] ?? []
        for row in all.prefix(while: { $0.sequence <= removal.through }) {
            let isSafe =
                (everTaken[row.lane]?.contains(row.sequence) ?? false)
                || (givenUp[row.lane]?.contains(row.sequence) ?? false)
            require(isSafe, "\(row.id) leaves the ledger without having been taken")
        }
        stored[removal.name]?.removeAll { $0.sequence <= removal.through }
    }

    /// `kill -9` and a new process: only the ledger is as it was.
    private mutating func restart() {
        if isConnected || isConnecting { disconnect() }
        // A removal on its way may or may not have been committed.
        for removal in removals where chance(50) { remove(removal) }
        removals = []
        for (lane, rows) in stored {
            let takenThrough = everTaken[lane]?.max() ?? 0
            repeatsAllowed += rows.count { $0.sequence <= takenThrough }
        }
        machine = Self.machine(seed: dice.next())
        machine.handle(.start, at: time)
    }
}

@Suite struct BridgeSimulationTests {
    @Test(arguments: 0..<40)
    func nothingIsLostOrReorderedAndRepeatsAreBounded(seed: Int) {
        var simulation = Simulation(seed: UInt64(seed), faults: .init())
        simulation.run(steps: 1_000)
        #expect(simulation.isDone, "rows stay behind")
        #expect(simulation.greatestUnderWay > 1)
        var allRepeats = 0
        for (lane, sequences) in simulation.taken {
            // What a receiver keeps that drops everything at or below the greatest number it has seen.
            var greatest: UInt64 = 0
            var seen: Set<UInt64> = []
            var repeats = 0
            for sequence in sequences {
                if sequence > greatest {
                    greatest = sequence
                } else if !seen.contains(sequence) {
                    Issue.record("\(lane): \(sequence) comes for the first time after \(greatest)")
                }
                if !seen.insert(sequence).inserted { repeats += 1 }
            }
            allRepeats += repeats
        }
        #expect(allRepeats <= simulation.repeatsAllowed)
    }

    @Test(arguments: 0..<40)
    func refusedMessagesAreDeliveredOrGivenUpButNeverForgotten(seed: Int) {
        var simulation = Simulation(seed: UInt64(seed) &+ 10_000, faults: .init(refusals: true))
        simulation.run(steps: 1_000)
        #expect(simulation.isDone, "rows stay behind")
    }
}
