/// What a rule remembers of one group. Confined to the engine's thread.
///
/// As it stands, all its events have the time of their arrival, which is then its watermark too, and it waits for nothing
/// but the grid of its rule. Whatever else there is about time is kept by a `TimedGroup`.
class Group: Ageing {
    /// Its place in the table of groups.
    final var slot: Int { Int(tableSlot) }
    private final var tableSlot: Int32
    @exclusivity(unchecked) @safe final var isAlive = true
    @exclusivity(unchecked) @safe final var hasTime = false
    /// Its place among groups, by when its first event came to it.
    final var creation: UInt64
    /// The group's greatest event time so far.
    @exclusivity(unchecked) @safe final var newestTime: Int64 = 0
    /// Number of the message that last used it: the one idle longest has the least.
    @exclusivity(unchecked) @safe final var lastUsed: UInt64 = 0
    /// Number of the last output.
    final var sequence: UInt64

    @exclusivity(unchecked) @safe final var window = GroupWindow.none
    @exclusivity(unchecked) @safe final var extras: GroupExtras?

    init(slot: Int, creation: UInt64, sequence: UInt64) {
        tableSlot = Int32(truncatingIfNeeded: slot)
        self.creation = creation
        self.sequence = sequence
    }

    /// The same group at its place in a table.
    final func moved(to slot: Int) -> Group {
        tableSlot = Int32(truncatingIfNeeded: slot)
        return self
    }

    /// The arrival of the event that had the greatest time first.
    var newestArrival: Int64 {
        get { newestTime }
        set {}
    }

    /// The greatest watermark so far.
    var closedThrough: Int64 {
        get { hasTime ? newestTime : .min }
        set {}
    }

    /// Of `silent … among`: it is watched from `newestArrival` on, also before its first event.
    var isWatched: Bool { false }

    /// The watermark at `clock`; nil before the first event.
    func watermark(at clock: Int64, late: Int64) -> Int64? { hasTime ? clock : nil }

    /// The instant of the clock at which the watermark reaches `end`.
    func instant(of end: Int64, late: Int64) -> Int64 { end }

    /// An event of `time` came at `clock`: moves the watermark.
    func note(time: Int64, clock: Int64, late: Int64) { noteArrival(time) }

    @inline(__always)
    final func noteArrival(_ time: Int64) {
        if hasTime, time <= newestTime { return }
        hasTime = true
        newestTime = time
    }
}

/// A period of `limit` or `dedupe`.
struct Period: Ageing {
    /// Nil: none has begun.
    var start: Int64?
    var count = 0
    var lastUsed: UInt64 = 0
    var isDirty = false

    /// Whether `time` belongs to the running period: it does until D after the start, and if it lies before it.
    func covers(_ time: Int64, _ length: Int64) -> Bool {
        guard let start else { return false }
        let (passed, overflow) = time.subtractingReportingOverflow(start)
        return overflow ? time < start : passed < length
    }
}

/// State of `for` and `until`.
final class Alarm {
    var isActive = false
    /// S: the time of the first evaluation of the run.
    var runStart: Int64?
    var runCount = 0
    /// The run lasted D, but `limit` held it back.
    var isRipe = false
    /// The newest evaluation of the run, or of the active alarm.
    var saved: SavedEvaluation?
}

/// All that publishes can ask about an evaluation, kept for a timer.
struct SavedEvaluation {
    /// Captures, lets, paths, payload and histories.
    var registers: [StoredValue]
    var aggregates: [StoredValue]
    var topic: [UInt8]
    var payload: [UInt8]
    /// As in `RuleInput`; kept only where the rule asks for one.
    var properties: [UInt8]
    var client: StoredValue
    var qos: UInt8
    var retained: Bool
    var hasEvent: Bool
    var arrival: Int64
    var time: Int64
    var windowStart: StoredValue
    var windowEnd: StoredValue
}

/// Times at the ends of what 64 bits hold stay there: an event from the year 1677 must not wrap into the future.
extension Int64 {
    @inline(__always)
    func plus(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    @inline(__always)
    func minus(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
