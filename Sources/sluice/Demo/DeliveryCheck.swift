/// Checks what came to the cloud against the promises: nothing missing, nothing twice, in order.
///
/// Each message carries the epoch and lane of the outbox it came from, its sequence number there (from 1, without gaps) and
/// its id. A crash between a delivery and the commit of its acknowledgement makes the bridge send the same message again:
/// a receiver drops it by its sequence number. It is counted here as redelivered, not as duplicated.
struct DeliveryCheck: Sendable {
    struct Arrival: Sendable, Equatable {
        var epoch: String
        var lane: String
        var sequence: UInt64
        var id: String
        var topic: [UInt8]
        var payload: [UInt8]
    }

    enum Verdict: Sendable, Equatable { case new, redelivered, duplicated }

    private struct LaneName: Hashable {
        var epoch: String
        var lane: String
    }

    private struct Stamp: Equatable {
        var id: String
        var content: Int
    }

    private struct Lane {
        var highest: UInt64 = 0
        var stamps: [UInt64: Stamp] = [:]
    }

    private var lanes: [LaneName: Lane] = [:]
    private var ids: Set<String> = []
    private var contents: Set<Int> = []

    private(set) var duplicated = 0
    private(set) var redelivered = 0
    private(set) var outOfOrder = 0

    /// Messages that are remembered; a demo makes a few thousand.
    static let messageCountMax = 2_000_000

    /// `isOneOfItsKind`: no two outputs can have this topic and payload, because a time is in it.
    mutating func note(_ arrival: Arrival, isOneOfItsKind: Bool) -> Verdict {
        var hasher = Hasher()
        hasher.combine(arrival.topic)
        hasher.combine(arrival.payload)
        let content = hasher.finalize()
        let name = LaneName(epoch: arrival.epoch, lane: arrival.lane)
        var lane = lanes[name] ?? Lane()
        if let known = lane.stamps[arrival.sequence] {
            if known == Stamp(id: arrival.id, content: content) {
                redelivered += 1
                return .redelivered
            }
            duplicated += 1
            return .duplicated
        }
        if arrival.sequence < lane.highest { outOfOrder += 1 }
        if ids.count < Self.messageCountMax {
            lane.stamps[arrival.sequence] = Stamp(id: arrival.id, content: content)
        }
        lane.highest = max(lane.highest, arrival.sequence)
        lanes[name] = lane
        let isNewID = ids.insert(arrival.id).inserted
        let isNewContent = !isOneOfItsKind || contents.insert(content).inserted
        guard isNewID, isNewContent else {
            duplicated += 1
            return .duplicated
        }
        return .new
    }

    /// Sequence numbers that never came, of all up to the greatest that did.
    var missing: Int { lanes.values.reduce(0) { $0 + Int(clamping: $1.highest) - $1.stamps.count } }
}

/// One sensor's readings, counted at both ends: as acknowledged by the gateway, and in the summaries at the cloud.
struct ReadingBalance: Sendable, Equatable {
    var acknowledged: Int
    /// Readings that may have come to the gateway twice, or without their acknowledgement coming back.
    var uncertain: Int
    /// Sum over the summaries.
    var summarized: Int

    var lost: Int { max(0, acknowledged - summarized) }
    /// More than can have come in: a window was published twice, or counted a reading twice.
    var surplus: Int { max(0, summarized - acknowledged - uncertain) }
}
