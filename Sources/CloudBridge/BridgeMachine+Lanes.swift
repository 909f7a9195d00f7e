import Ledger
import Messages
import MosquittoClient

/// Reading rows, sending them, and what their acknowledgements mean.
extension BridgeMachine {
    mutating func send(_ now: BridgeTime, into actions: inout [Action]) {
        let milliseconds = now.monotonicMilliseconds
        if wantsListing, milliseconds >= listingNotBefore {
            wantsListing = false
            listingNotBefore = milliseconds + Self.listingMilliseconds
            actions.append(.listLanes)
        }
        for lane in lanes.indices { lanes[lane].returnRefused() }
        for priority in MessagePriority.allCases where lanes.contains(where: { $0.priority == priority }) {
            sendTurns(of: priority, now, into: &actions)
        }
        for lane in lanes.indices { readAhead(lane, milliseconds, into: &actions) }
    }

    /// Lanes of one priority take turns, one row each, so that a full one does not starve the others.
    private mutating func sendTurns(of priority: MessagePriority, _ now: BridgeTime, into actions: inout [Action]) {
        var idleLanes = 0
        while idleLanes < lanes.count, underWay < window {
            let lane = nextLane % lanes.count
            nextLane = (lane + 1) % lanes.count
            let hasSent = lanes[lane].priority == priority && sendOne(from: lane, now, into: &actions)
            if hasSent { idleLanes = 0 } else { idleLanes += 1 }
        }
    }

    /// False: nothing of this lane may be sent now.
    private mutating func sendOne(from lane: Int, _ now: BridgeTime, into actions: inout [Action]) -> Bool {
        let milliseconds = now.monotonicMilliseconds
        guard lanes[lane].unremovedCount < Self.unremovedMax else { return false }
        guard let row = lanes[lane].next(now: milliseconds) else { return false }
        if let expiry = row.expiresAtMilliseconds, expiry <= now.wallMilliseconds {
            counters.expired += 1
            lanes[lane].skipFirst(at: milliseconds)
            return true
        }
        if let bytesMax = settings.preset.payloadBytesMax, row.payload.count > bytesMax {
            let size = "its payload has \(row.payload.count) bytes, \(settings.preset.name) takes \(bytesMax)"
            giveUp(row, size)
            lanes[lane].skipFirst(at: milliseconds)
            return true
        }
        tokenCount += 1
        let token = Token(lane: lane, number: tokenCount)
        counters.sent += 1
        if row.sequence <= lanes[lane].greatestSent { counters.resent += 1 }
        lanes[lane].sent(row, token: token.value, at: milliseconds)
        underWay += 1
        actions.append(.publish(outgoing(row, token, now.wallMilliseconds)))
        return true
    }

    private mutating func outgoing(_ row: OutboxRow, _ token: Token, _ wallMilliseconds: Int64) -> Outgoing {
        let qosMax = min(settings.preset.qosMax, limits?.qosMax ?? .exactlyOnce)
        if row.qos > qosMax { counters.qosLowered += 1 }
        let keepsRetain = settings.preset.keepsRetain && (limits?.retainAvailable ?? true)
        if row.retain, !keepsRetain { counters.retainStripped += 1 }
        // What is left of a started second counts as a second: 0 would mean "expired".
        let seconds = row.expiresAtMilliseconds.map { UInt32(clamping: ($0 - wallMilliseconds + 999) / 1_000) }
        return Outgoing(
            token: token, row: row, qos: min(row.qos, qosMax), retain: row.retain && keepsRetain,
            expirySeconds: seconds)
    }

    private mutating func readAhead(_ lane: Int, _ now: Int64, into actions: inout [Action]) {
        guard lanes[lane].mayHaveMore, lanes[lane].waiting.count < window, now >= lanes[lane].readNotBefore else {
            return
        }
        actions.append(
            .read(
                lane: lane, name: lanes[lane].name, after: lanes[lane].readThrough, limit: Self.rowsPerRead))
    }

    mutating func readFailed(_ lane: Int?, _ text: String, _ now: Int64) {
        if let lane, lanes.indices.contains(lane) {
            lanes[lane].readNotBefore = now + Self.retryMilliseconds
        } else {
            wantsListing = true
            listingNotBefore = now + Self.retryMilliseconds
        }
        pending.append(.notice(.ledgerTrouble(text)))
    }

    // MARK: - Acknowledgements

    mutating func acknowledged(_ token: Token, _ reason: UInt8, _ now: Int64) {
        guard lanes.indices.contains(token.lane), let index = lanes[token.lane].index(of: token.value) else { return }
        underWay -= 1
        timeoutsInARow = 0
        acknowledgedOnThisConnection = true
        oneAtATime = false
        guard ReasonCode.isFailure(reason) else {
            counters.acknowledged += 1
            lanes[token.lane].finish(index)
            return
        }
        refused(token.lane, index, reason, now)
    }

    /// An acknowledgement with a failure ends the exchange; the same message may only be sent again as a new one
    /// [MQTT-4.4.0-2].
    private mutating func refused(_ lane: Int, _ index: Int, _ reason: UInt8, _ now: Int64) {
        let row = lanes[lane].underWay[index].row
        let text = "\(ReasonCode.text(reason)) (\(ReasonCode.hexadecimal(reason)))"
        guard Self.isWorthAnotherTry(reason) else {
            giveUp(row, text)
            lanes[lane].finish(index)
            return
        }
        let count = lanes[lane].refuse(index)
        // A quota comes back when its day is over: such a message waits, as long as its age allows, and is never given up.
        guard count < Self.refusalsMax || reason == ReasonCode.quotaExceeded else {
            lanes[lane].giveUpRefused(index)
            giveUp(row, "\(text), \(count) times")
            return
        }
        counters.refusals += 1
        let pause = min(Self.retryMilliseconds << Int64(min(count - 1, 20)), Self.refusalPauseMaxMilliseconds)
        lanes[lane].pausedUntil = max(lanes[lane].pausedUntil, now + pause)
        if count == 1 { pending.append(.notice(.laneBlocked(lane: lanes[lane].name, reason: text))) }
    }

    /// Reasons that may pass: unspecified, the server's own, packet identifier in use, quota exceeded.
    private static func isWorthAnotherTry(_ reason: UInt8) -> Bool {
        switch reason {
        case 0x80, ReasonCode.implementationSpecific, 0x91, ReasonCode.quotaExceeded: true
        default: false
        }
    }

    mutating func unsendable(_ token: Token, _ reason: String) {
        guard lanes.indices.contains(token.lane), let index = lanes[token.lane].index(of: token.value) else { return }
        underWay -= 1
        counters.sent -= 1
        giveUp(lanes[token.lane].underWay[index].row, reason)
        lanes[token.lane].finish(index)
    }

    private mutating func giveUp(_ row: OutboxRow, _ reason: String) {
        counters.deadLetters += 1
        pending.append(.notice(.deadLetter(row, reason: reason)))
    }

    // MARK: - Removal

    /// One removal per lane at a time: while the ledger commits it, the next ones gather.
    mutating func removeDone(_ now: Int64, into actions: inout [Action]) {
        for index in lanes.indices {
            let lane = lanes[index]
            guard !lane.isRemoving, lane.doneThrough > lane.removalThrough else { continue }
            guard now >= lane.removalNotBefore else { continue }
            lanes[index].isRemoving = true
            lanes[index].removingThrough = lane.doneThrough
            lanes[index].removingCount = lane.unremovedCount
            actions.append(.remove(lane: index, name: lane.name, through: lane.doneThrough))
        }
    }

    mutating func removed(_ lane: Int, _ failure: String?, _ now: Int64) {
        guard lanes.indices.contains(lane), lanes[lane].isRemoving else { return }
        lanes[lane].isRemoving = false
        if let failure {
            lanes[lane].removalNotBefore = now + Self.retryMilliseconds
            pending.append(.notice(.ledgerTrouble(failure)))
        } else {
            lanes[lane].removalThrough = lanes[lane].removingThrough
            lanes[lane].unremovedCount -= lanes[lane].removingCount
        }
    }
}
