import Ledger
import Messages
import MosquittoClient
import Testing

@testable import CloudBridge

private let lost = BridgeMachine.Failure(.network, "lost")

@Suite struct BridgeMachineTests {
    @Test func rowsGoOutInOrderWithinTheWindowAndLeaveAfterTheirAcknowledgement() {
        var driver = Driver(window: 3)
        driver.rows["a/#"] = (1...10).map { row($0) }
        driver.send(.start)
        #expect(driver.other == [.resolve])
        driver.connect()
        let first = driver.published
        #expect(driver.takePublished() == [1, 2, 3])
        driver.send(.acknowledged(first[0].token, reason: 0))
        #expect(driver.takePublished() == [4])
        #expect(driver.removed["a/#"] == 1)
        // An acknowledgement out of order is kept, but removes nothing before its turn.
        driver.send(.acknowledged(first[2].token, reason: 0))
        #expect(driver.removed["a/#"] == 1)
        driver.send(.acknowledged(first[1].token, reason: 0x10))
        #expect(driver.removed["a/#"] == 3)
        #expect(driver.machine.counters.acknowledged == 3)
    }

    @Test func theServersReceiveMaximumNarrowsTheWindow() {
        var driver = Driver(window: 32)
        driver.rows["a/#"] = (1...10).map { row($0) }
        var limits = ServerLimits()
        limits.receiveMaximum = 1
        driver.send(.start)
        driver.connect(limits)
        #expect(driver.takePublished() == [1])
        #expect(driver.machine.window == 1)
    }

    @Test func afterALossEverythingUnacknowledgedIsSentAgainBeforeNewRowsUnderTheSameID() {
        var driver = Driver(window: 4)
        driver.rows["a/#"] = (1...6).map { row($0) }
        driver.send(.start)
        driver.connect()
        let ids = driver.published.map(\.row.id)
        driver.send(.acknowledged(driver.published[0].token, reason: 0))
        driver.published = []
        driver.send(.closed(lost))
        #expect(driver.machine.state == .waiting)
        driver.wait()
        #expect(driver.machine.state == .resolving)
        driver.connect()
        #expect(driver.published.map(\.row.sequence) == [2, 3, 4, 5])
        #expect(Array(driver.published.map(\.row.id).prefix(3)) == Array(ids[1...3]))
        #expect(driver.machine.counters.resent == 4)
    }

    @Test func withoutAnAcknowledgementTheConnectionIsGivenUp() {
        var driver = Driver { $0.acknowledgementTimeoutMilliseconds = 20_000 }
        driver.rows["a/#"] = [row(1)]
        driver.send(.start)
        driver.connect()
        driver.now = 19_999
        driver.pump()
        #expect(driver.machine.state == .connected)
        driver.wait()
        #expect(driver.now == 20_000)
        #expect(driver.other.contains(.close(inOrder: false)))
        #expect(driver.machine.state == .waiting)
        #expect(driver.machine.counters.acknowledgementTimeouts == 1)
        // The second time it waits twice as long: a slow server is not hammered.
        driver.wait()
        driver.connect()
        let since = driver.now
        driver.wait()
        #expect(driver.now - since == 40_000)
    }

    @Test func aRejectedMessageIsGivenUpAtOnceAndTheLaneGoesOn() {
        var driver = Driver(window: 2)
        driver.rows["a/#"] = (1...3).map { row($0) }
        driver.send(.start)
        driver.connect()
        driver.send(.acknowledged(driver.published[0].token, reason: 0x87))
        #expect(driver.machine.counters.deadLetters == 1)
        #expect(driver.removed["a/#"] == 1)
        #expect(driver.takePublished() == [1, 2, 3])
        #expect(
            driver.other.contains { action in
                if case .notice(.deadLetter(let row, _)) = action { row.sequence == 1 } else { false }
            })
    }

    @Test func aQuotaIsWaitedForHoweverLongItLasts() {
        var driver = Driver(window: 1, lanes: ["a/#"])
        driver.rows["a/#"] = (1...2).map { row($0) }
        driver.send(.start)
        driver.connect()
        driver.send(.acknowledged(driver.published[0].token, reason: 0x97))
        driver.published = []
        for attempt in 1...100 {
            driver.wait()
            #expect(driver.takePublishedTokens().map(\.0) == [1], "attempt \(attempt)")
            driver.send(.acknowledged(driver.lastToken, reason: 0x97))
        }
        #expect(driver.machine.counters.deadLetters == 0)
        driver.wait()
        driver.send(.acknowledged(driver.lastToken, reason: 0))
        #expect(driver.takePublished() == [2])
    }

    @Test(arguments: [UInt8(0x80), 0x83])
    func aRefusalForNowBlocksTheLaneAndIsTriedAgainUntilItIsGivenUp(reason: UInt8) {
        var driver = Driver(window: 3, lanes: ["a/#", "b/#"])
        driver.rows["a/#"] = (1...6).map { row($0) }
        driver.send(.start)
        driver.connect()
        #expect(driver.published.count == 3)
        let tokens = driver.published.map(\.token)
        driver.published = []
        driver.send(.acknowledged(tokens[0], reason: reason))
        // Nothing newer overtakes it; what is under way comes to its end.
        #expect(driver.published.isEmpty)
        driver.send(.acknowledged(tokens[1], reason: reason), .acknowledged(tokens[2], reason: 0))
        #expect(driver.published.isEmpty)
        for attempt in 2...BridgeMachine.refusalsMax {
            driver.wait()
            #expect(driver.takePublishedTokens().map(\.0) == [1], "attempt \(attempt)")
            driver.send(.acknowledged(driver.lastToken, reason: reason))
        }
        #expect(driver.machine.counters.deadLetters == 1)
        // The other refused one goes alone too; what was sent behind them is not sent again.
        #expect(driver.takePublishedTokens().map(\.0) == [2])
        driver.send(.acknowledged(driver.lastToken, reason: 0))
        #expect(driver.takePublished() == [4, 5, 6])
        #expect(driver.removed["a/#"] == 3)
    }

    @Test func otherLanesGoOnWhileOneIsBlocked() {
        var driver = Driver(window: 2, lanes: ["a/#", "b/#"])
        driver.rows["a/#"] = (1...3).map { row($0) }
        driver.rows["b/#"] = (1...3).map { row($0, lane: "b/#") }
        driver.send(.start)
        driver.connect()
        #expect(driver.published.map(\.row.lane) == ["a/#", "b/#"])
        driver.send(.acknowledged(driver.published[0].token, reason: 0x97))
        driver.send(.acknowledged(driver.published[1].token, reason: 0))
        driver.send(.acknowledged(driver.published[2].token, reason: 0))
        #expect(driver.published.dropFirst().map(\.row.lane).allSatisfy { $0 == "b/#" })
        #expect(driver.removed["b/#"] == 2)
    }

    @Test func expiredRowsAreNotSentAndTheRestIsCountedDown() {
        var driver = Driver()
        driver.wall = 10_000
        driver.rows["a/#"] = [row(1, expiresAt: 10_000), row(2, expiresAt: 12_001), row(3)]
        driver.send(.start)
        driver.connect()
        #expect(driver.published.map(\.row.sequence) == [2, 3])
        #expect(driver.published.map(\.expirySeconds) == [3, nil])
        #expect(driver.machine.counters.expired == 1)
        #expect(driver.removed["a/#"] == 1)
    }

    @Test func whatTheServerCannotDoIsTakenOffAndCounted() {
        var driver = Driver()
        driver.rows["a/#"] = [row(1, qos: .exactlyOnce, retain: true)]
        var limits = ServerLimits()
        limits.qosMax = .atLeastOnce
        limits.retainAvailable = false
        driver.send(.start)
        driver.connect(limits)
        #expect(driver.published.map(\.qos) == [.atLeastOnce])
        #expect(driver.published.map(\.retain) == [false])
        #expect(driver.machine.counters.qosLowered == 1 && driver.machine.counters.retainStripped == 1)
    }

    @Test func aMessageThatDoesNotFitIsGivenUpAndTheNextOneGoes() {
        var driver = Driver(window: 1)
        driver.rows["a/#"] = [row(1), row(2)]
        driver.send(.start)
        driver.connect()
        driver.send(.unsendable(driver.published[0].token, "too large"))
        #expect(driver.takePublished() == [1, 2])
        #expect(driver.machine.counters.deadLetters == 1 && driver.machine.counters.sent == 1)
        #expect(driver.removed["a/#"] == 1)
    }

    @Test func aServerThatHangsUpBecauseOfAMessageGetsItFiveTimesAlone() {
        var driver = Driver(window: 3)
        driver.rows["a/#"] = (1...4).map { row($0) }
        let blame = BridgeMachine.Failure(.protocolViolation, "0x95", blamesMessage: true)
        driver.send(.start)
        driver.connect()
        #expect(driver.takePublished() == [1, 2, 3])
        driver.send(.closed(blame))
        for _ in 1...BridgeMachine.refusalsMax {
            driver.wait()
            driver.connect()
            #expect(driver.takePublished() == [1])
            driver.send(.closed(blame))
        }
        #expect(driver.machine.counters.deadLetters == 1)
        driver.wait()
        driver.connect()
        #expect(driver.takePublished() == [2, 3, 4])
    }

    @Test func aPlainLossNeverCostsAMessage() {
        var driver = Driver(window: 1)
        driver.rows["a/#"] = [row(1)]
        driver.send(.start)
        for _ in 0..<50 {
            driver.connect()
            #expect(driver.takePublished() == [1])
            driver.send(.closed(lost))
            driver.wait()
        }
        #expect(driver.machine.counters.deadLetters == 0)
    }

    @Test func aRefusedVersionIsFollowedByTheOtherAtOnce() {
        var driver = Driver()
        driver.send(.start, .resolved(addressCount: 1))
        #expect(driver.other.last == .connect(address: 0, version: .v5))
        driver.send(.closed(.init(.version, "0x84")))
        #expect(driver.other.last == .connect(address: 0, version: .v311))
        driver.send(.closed(.init(.version, "0x84")))
        #expect(driver.machine.state == .waiting)
    }

    @Test func aServerThatHangsUpOnVersion5IsTriedWith311InTurn() {
        var driver = Driver()
        driver.send(.start)
        var versions: [ProtocolVersion] = []
        for _ in 0..<8 {
            driver.send(.resolved(addressCount: 1))
            if case .connect(_, let version) = driver.other.last { versions.append(version) }
            driver.send(.closed(lost))
            driver.wait()
        }
        #expect(versions == [.v5, .v5, .v5, .v311, .v5, .v5, .v5, .v311])
    }

    @Test func everyAddressIsTriedBeforeAPause() {
        var driver = Driver()
        driver.send(.start, .resolved(addressCount: 3))
        let unreachable = BridgeMachine.Failure(.network, "unreachable", isWorthAnotherAddress: true)
        driver.send(.closed(unreachable))
        driver.send(.closed(unreachable))
        #expect(driver.machine.state == .connecting)
        driver.send(.closed(unreachable))
        #expect(driver.machine.state == .waiting)
        let addresses = driver.other.compactMap { action in
            if case .connect(let address, _) = action { address } else { nil }
        }
        #expect(addresses == [0, 1, 2])
    }

    @Test func anAttemptWithoutAnAnswerIsGivenUp() {
        var driver = Driver { $0.connectTimeoutMilliseconds = 5_000 }
        driver.send(.start, .resolved(addressCount: 1))
        driver.wait()
        #expect(driver.now == 5_000)
        #expect(driver.machine.state == .waiting)
        #expect(driver.other.contains(.close(inOrder: false)))
    }

    @Test func stoppingWaitsForWhatIsUnderWayButNotForEver() {
        var driver = Driver(window: 2)
        driver.rows["a/#"] = (1...5).map { row($0) }
        driver.send(.start)
        driver.connect()
        driver.send(.stop)
        #expect(driver.machine.state == .stopping)
        driver.send(.acknowledged(driver.published[0].token, reason: 0))
        #expect(driver.published.count == 2, "nothing new is sent")
        driver.send(.acknowledged(driver.published[1].token, reason: 0))
        #expect(driver.other.suffix(2) == [.close(inOrder: true), .finished])
        #expect(driver.machine.state == .stopped)

        var silent = Driver(window: 2)
        silent.rows["a/#"] = [row(1)]
        silent.send(.start)
        silent.connect()
        silent.send(.stop)
        silent.wait()
        #expect(silent.now == BridgeMachine.drainMilliseconds)
        #expect(silent.machine.state == .stopped)
    }

    @Test func aLedgerThatCannotRemoveIsAskedAgainAndStopsTheLaneAtABound() {
        var machine = BridgeMachine(.init(window: 64, lanes: ["a/#"], seed: 1))
        let now = BridgeTime(monotonicMilliseconds: 0, wallMilliseconds: 0)
        machine.handle(.start, at: now)
        machine.handle(.resolved(addressCount: 1), at: now)
        machine.handle(.connected(ServerLimits()), at: now)
        var sent = 0
        for _ in 0..<1_000_000 {
            var actions: [BridgeMachine.Action] = []
            machine.pump(at: now, into: &actions)
            if actions.isEmpty { break }
            for action in actions {
                switch action {
                case .read(let lane, _, let after, let limit):
                    machine.handle(.rows(lane: lane, (1...limit).map { row(after + UInt64($0)) }), at: now)
                case .publish(let message):
                    sent += 1
                    machine.handle(.acknowledged(message.token, reason: 0), at: now)
                default: break  // a removal that never completes
                }
            }
        }
        #expect(sent == BridgeMachine.unremovedMax)
    }
}

extension Driver {
    fileprivate mutating func takePublishedTokens() -> [(UInt64, BridgeMachine.Token)] {
        published.map { ($0.row.sequence, $0.token) }
    }

    fileprivate var lastToken: BridgeMachine.Token {
        mutating get {
            defer { published = [] }
            return published[published.count - 1].token
        }
    }
}
