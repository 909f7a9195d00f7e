/// A group whose events have times of their own (`at`), or which waits for an instant of its own: of `session`, `silent`
/// and `for`.
final class TimedGroup: Group {
    /// Of `silent … among`: its place in the table.
    var place: Int32 = 0
    @exclusivity(unchecked) @safe private var watched = false
    @exclusivity(unchecked) @safe private var isScheduled = false
    /// The phase of `scheduled`, as in `TimerQueue.Timer`.
    @exclusivity(unchecked) @safe var scheduledPhase: UInt8 = 0
    @exclusivity(unchecked) @safe private var scheduledInstant: Int64 = 0
    /// The entry of the timer queue that counts; others of this group are stale.
    var ticket: UInt64 = 0
    @exclusivity(unchecked) @safe private var arrival: Int64 = 0
    @exclusivity(unchecked) @safe private var passed = Int64.min

    override var newestArrival: Int64 {
        get { arrival }
        set { arrival = newValue }
    }

    override var closedThrough: Int64 {
        get { passed }
        set { passed = newValue }
    }

    override var isWatched: Bool { watched }

    /// The instant of the entry in the timer queue that counts; nil: there is none.
    var scheduled: Int64? {
        get { isScheduled ? scheduledInstant : nil }
        set {
            isScheduled = newValue != nil
            scheduledInstant = newValue ?? 0
        }
    }

    override func watermark(at clock: Int64, late: Int64) -> Int64? {
        guard hasTime || watched else { return nil }
        return newestTime.minus(late).plus(clock.minus(arrival))
    }

    override func instant(of end: Int64, late: Int64) -> Int64 {
        arrival.plus(end.minus(newestTime.minus(late)))
    }

    override func note(time: Int64, clock: Int64, late: Int64) {
        if hasTime, let before = watermark(at: clock, late: late) { passed = max(passed, before) }
        if !hasTime || time > newestTime {
            hasTime = true
            newestTime = time
            arrival = clock
            passed = max(passed, time.minus(late))
        }
    }

    // MARK: Watched groups

    /// The group is of a table's key.
    func beginWatched() { watched = true }

    /// Watched from `clock` on, without an event so far: reported when `gap` has passed.
    func watch(from clock: Int64, gap: Int64, late: Int64) {
        newestTime = clock
        arrival = clock
        passed = clock &- late
        let (end, overflow) = clock.addingReportingOverflow(gap)
        firstPane?.end = overflow ? .max : end
    }

    /// The first event of a watched group comes: from here on its own times count.
    func beginSpeaking() {
        passed = .min
        firstPane?.end = .max
    }
}
