/// What a rule remembers of one group. Confined to the engine's thread.
final class Group: Ageing {
    /// Its place in the table of groups.
    var slot: Int { Int(tableSlot) }
    private var tableSlot: Int32
    /// Of `silent … among`: its place in the table.
    @exclusivity(unchecked) @safe var place: Int32 = 0
    let key: [UInt8]
    /// Its place among groups, by when its first event came to it.
    var creation: UInt64
    /// The group's greatest event time so far and the arrival of the event that had it first.
    @exclusivity(unchecked) @safe var newestTime: Int64 = 0
    @exclusivity(unchecked) @safe var newestArrival: Int64 = 0
    /// The greatest watermark so far.
    @exclusivity(unchecked) @safe var closedThrough = Int64.min
    /// Number of the message that last used it: the one idle longest has the least.
    @exclusivity(unchecked) @safe var lastUsed: UInt64 = 0
    /// Number of the last output.
    var sequence: UInt64

    @exclusivity(unchecked) @safe var isAlive = true
    @exclusivity(unchecked) @safe var isDirty = false
    @exclusivity(unchecked) @safe var hasTime = false
    /// Of `silent … among`: it is watched from `newestArrival` on, also before its first event.
    @exclusivity(unchecked) @safe var isWatched = false
    @exclusivity(unchecked) @safe private var isScheduled = false
    /// The phase of `scheduled`, as in `TimerQueue.Timer`.
    @exclusivity(unchecked) @safe var scheduledPhase: UInt8 = 0
    /// The entry of the timer queue that counts; others of this group are stale.
    var ticket: UInt64 = 0
    @exclusivity(unchecked) @safe private var scheduledInstant: Int64 = 0

    @exclusivity(unchecked) @safe var window = GroupWindow.none
    @exclusivity(unchecked) @safe var extras: GroupExtras?

    init(slot: Int, key: [UInt8], creation: UInt64, sequence: UInt64) {
        tableSlot = Int32(truncatingIfNeeded: slot)
        self.key = key
        self.creation = creation
        self.sequence = sequence
    }

    /// The instant of the entry in the timer queue that counts; nil: there is none.
    var scheduled: Int64? {
        get { isScheduled ? scheduledInstant : nil }
        set {
            isScheduled = newValue != nil
            scheduledInstant = newValue ?? 0
        }
    }

    /// The same group at its place in a table.
    func moved(to slot: Int) -> Group {
        tableSlot = Int32(truncatingIfNeeded: slot)
        return self
    }

    /// The watermark at `clock`; nil before the first event.
    @inline(__always)
    func watermark(at clock: Int64, late: Int64) -> Int64? {
        guard hasTime || isWatched else { return nil }
        return newestTime.minus(late).plus(clock.minus(newestArrival))
    }

    /// The instant of the clock at which the watermark reaches `end`.
    func instant(of end: Int64, late: Int64) -> Int64 {
        newestArrival.plus(end.minus(newestTime.minus(late)))
    }

    /// Watched from `clock` on, without an event so far: reported when `gap` has passed.
    func watch(from clock: Int64, gap: Int64, late: Int64) {
        newestTime = clock
        newestArrival = clock
        closedThrough = clock &- late
        let (end, overflow) = clock.addingReportingOverflow(gap)
        firstPane?.end = overflow ? .max : end
    }

    /// The first event of a watched group comes: from here on its own times count.
    func beginSpeaking() {
        closedThrough = .min
        firstPane?.end = .max
    }

    /// An event of `time` came at `clock`: moves the watermark.
    @inline(__always)
    func note(time: Int64, clock: Int64, late: Int64) {
        if hasTime, let before = watermark(at: clock, late: late) { closedThrough = max(closedThrough, before) }
        if !hasTime || time > newestTime {
            hasTime = true
            newestTime = time
            newestArrival = clock
            closedThrough = max(closedThrough, time.minus(late))
        }
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
