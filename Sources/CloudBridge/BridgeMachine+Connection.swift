import Ledger
import Messages
import MosquittoClient

/// Getting a connection, losing it, and how long to wait in between.
extension BridgeMachine {
    mutating func resolve() {
        phase = .resolving
        hasTriedOlderVersion = false
        pending.append(.resolve)
    }

    mutating func resolved(_ count: Int, _ now: Int64) {
        guard phase == .resolving else { return }
        guard count > 0 else {
            attemptFailed(Failure(.network, "The name has no address; check its spelling and the name server"), now)
            return
        }
        // Every round begins with another address, so that one that accepts and then drops everything is left behind.
        if addressCount != count { addressIndex = 0 }
        addressCount = count
        addressIndex %= count
        addressesLeft = count
        connect(now)
    }

    private mutating func connect(_ now: Int64) {
        phase = .connecting(deadline: now + settings.connectTimeoutMilliseconds)
        pending.append(.connect(address: addressIndex, version: version))
    }

    mutating func connected(_ limits: ServerLimits, _ now: Int64) {
        guard case .connecting = phase else { return }
        phase = .live(since: now)
        self.limits = limits
        lastFailure = nil
        counters.connects += 1
        hangUps = 0
        acknowledgedOnThisConnection = false
        for index in lanes.indices { lanes[index].forgetConnection() }
        underWay = 0
        wantsListing = true
        listingNotBefore = now
        pending.append(.notice(.connected(version: version, window: window)))
    }

    mutating func closed(_ failure: Failure, _ now: Int64) {
        switch phase {
        case .connecting:
            attemptFailed(failure, now)
        case .live(let since):
            lost(failure, liveMilliseconds: now - since, now)
        case .draining:
            forgetConnection()
            phase = .ending(deadline: now + Self.drainMilliseconds)
        case .idle, .resolving, .waiting, .ending, .ended:
            return
        }
    }

    mutating func attemptFailed(_ failure: Failure, _ now: Int64) {
        lastFailure = failure.text
        if failure.isWorthAnotherAddress, addressesLeft > 1 {
            addressesLeft -= 1
            addressIndex = (addressIndex + 1) % addressCount
            connect(now)
            return
        }
        if case .newest = settings.version, case .connecting = phase {
            if failure.kind == .version, !hasTriedOlderVersion {
                hasTriedOlderVersion = true
                version = version == .v5 ? .v311 : .v5
                pending.append(.notice(.olderVersion(failure.text)))
                connect(now)
                return
            }
            countHangUp(failure)
        }
        counters.connectFailures += 1
        let pause = wait(failure.kind, now)
        pending.append(.notice(.connectFailed(failure.text, pauseMilliseconds: pause)))
    }

    /// Some servers of 3.1.1 just hang up on a CONNECT of version 5. But so does any server that is being started, so
    /// the other version is tried only now and then.
    private mutating func countHangUp(_ failure: Failure) {
        guard failure.kind == .protocolViolation || (failure.kind == .network && !failure.isWorthAnotherAddress) else {
            return
        }
        hangUps += 1
        version = hangUps % (Self.hangUpsPerVersion + 1) == Self.hangUpsPerVersion ? .v311 : .v5
    }

    private mutating func lost(_ failure: Failure, liveMilliseconds: Int64, _ now: Int64) {
        lastFailure = failure.text
        counters.disconnects += 1
        if acknowledgedOnThisConnection || liveMilliseconds >= Self.stableMilliseconds { backoff.reset() }
        let blamed = failure.blamesMessage ? firstUnderWay() : nil
        let wasAlone = underWay == 1
        forgetConnection()
        if let blamed { blame(lane: blamed.lane, sequence: blamed.sequence, wasAlone: wasAlone, failure.text) }
        let pause = wait(failure.kind, now)
        pending.append(.notice(.disconnected(failure.text, pauseMilliseconds: pause)))
    }

    /// With several under way it is not known which one the server meant; from now on they go one at a time.
    private mutating func blame(lane: Int, sequence: UInt64, wasAlone: Bool, _ text: String) {
        oneAtATime = true
        guard wasAlone, lanes[lane].blame(sequence) >= Self.refusalsMax, let row = blamedRow else { return }
        lanes[lane].giveUp(sequence)
        counters.deadLetters += 1
        pending.append(.notice(.deadLetter(row, reason: text)))
        oneAtATime = false
    }

    private mutating func firstUnderWay() -> (lane: Int, sequence: UInt64)? {
        for (index, lane) in lanes.enumerated() {
            guard let exchange = lane.underWay.first(where: { $0.state == .sent }) else { continue }
            blamedRow = exchange.row
            return (index, exchange.row.sequence)
        }
        return nil
    }

    private mutating func forgetConnection() {
        for index in lanes.indices { lanes[index].forgetConnection() }
        underWay = 0
        limits = nil
    }

    private mutating func wait(_ kind: FailureKind, _ now: Int64) -> Int64 {
        let pause = backoff.pauseMilliseconds(after: kind)
        phase = .waiting(until: now + pause)
        if addressCount > 0 { addressIndex = (addressIndex + 1) % addressCount }
        return pause
    }

    mutating func checkTimers(_ now: Int64) {
        switch phase {
        case .connecting(let deadline) where now >= deadline:
            pending.append(.close(inOrder: false))
            attemptFailed(
                Failure(
                    .network, "The server did not answer in time; check the address and the network",
                    isWorthAnotherAddress: true), now)
        case .live(let since):
            guard let oldest = oldestSentAt, now - oldest >= acknowledgementTimeout else { return }
            counters.acknowledgementTimeouts += 1
            timeoutsInARow += 1
            pending.append(.close(inOrder: false))
            lost(
                Failure(
                    .network,
                    "The server did not acknowledge a message in time; it may throttle this client or be overloaded"),
                liveMilliseconds: now - since, now)
        case .waiting(let until) where now >= until:
            resolve()
        case .draining(let deadline) where now >= deadline || underWay == 0:
            pending.append(.close(inOrder: true))
            forgetConnection()
            phase = .ending(deadline: now + Self.drainMilliseconds)
        case .idle, .resolving, .connecting, .waiting, .draining, .ending, .ended:
            return
        }
    }

    mutating func stop(_ now: Int64) {
        switch phase {
        case .live:
            phase = .draining(deadline: now + Self.drainMilliseconds)
        case .connecting:
            pending.append(.close(inOrder: false))
            phase = .ending(deadline: now + Self.drainMilliseconds)
        case .idle, .resolving, .waiting:
            phase = .ending(deadline: now + Self.drainMilliseconds)
        case .draining, .ending, .ended:
            return
        }
    }

    /// The end waits for the ledger to remove what was acknowledged, so that the next start does not send it again.
    mutating func endIfDone(_ now: Int64, into actions: inout [Action]) {
        guard case .ending(let deadline) = phase else { return }
        let isRemoved = lanes.allSatisfy { !$0.isRemoving && $0.removalThrough >= $0.doneThrough }
        guard isRemoved || now >= deadline else { return }
        phase = .ended
        actions.append(.finished)
    }
}
