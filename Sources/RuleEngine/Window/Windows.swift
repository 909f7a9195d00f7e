/// A window from which the oldest events leave: `last N`, `last D`.
@safe
final class SlidingWindow {
    let columns: [SlidingColumn]
    /// The same, not counted, for the way of an event; `columns` keeps them.
    private let held: FixedBuffer<Unmanaged<SlidingColumn>>
    private let hasEvents: Bool
    /// Of `last D` where `count()` is asked: an entry per event.
    private let events: SlidingColumn?
    /// Of `last N`: N; else 0.
    private let countMax: Int
    /// Of `last D`: D.
    private let length: Int64
    /// Events so far.
    @exclusivity(unchecked) @safe var arrivals: Int64 = 0

    init(_ plans: [ColumnPlan], countMax: Int, length: Int64, countsEvents: Bool) {
        columns = plans.map { SlidingColumn($0, ordersByArrival: countMax > 0) }
        unsafe held = FixedBuffer(columns.map { unsafe Unmanaged.passUnretained($0) })
        hasEvents = countMax == 0 && countsEvents
        self.countMax = countMax
        self.length = length
        events =
            countMax == 0 && countsEvents
            ? SlidingColumn(
                ColumnPlan(argument: Program(start: 0, end: 0, result: 0), needs: [], factors: [], identity: 0),
                ordersByArrival: false)
            : nil
    }

    deinit { unsafe held.deallocate() }

    var eventColumn: SlidingColumn? { events }
    var allColumns: [SlidingColumn] { events.map { columns + [$0] } ?? columns }

    var eventCount: Int { countMax > 0 ? Int(min(arrivals, Int64(countMax))) : events?.count ?? 0 }

    /// Begins an event: what leaves for it leaves. `newest` is the group's greatest event time, this one included.
    @inline(__always)
    func advance(newest: Int64) {
        arrivals += 1
        let (limit, overflow) =
            countMax > 0
            ? arrivals.subtractingReportingOverflow(Int64(countMax)) : newest.subtractingReportingOverflow(length)
        if overflow { return }
        var index = 0
        while unsafe index < held.count {
            unsafe held[index]._withUnsafeGuaranteedRef { $0.evict(through: limit) }
            index += 1
        }
        if hasEvents { events?.evict(through: limit) }
    }

    /// The value of a column for the event at hand; missing ones are left out. Returns runtime errors.
    @inline(__always)
    func insert(_ column: Int, _ value: Value, time: Int64) -> UInt64 {
        if value.isMissing { return 0 }
        let (order, other) = countMax > 0 ? (arrivals, time) : (time, arrivals)
        return unsafe held[column]._withUnsafeGuaranteedRef { $0.insert(value, order: order, other: other) }
    }

    func countEvent(time: Int64) {
        if let events { _ = events.insert(.missing, order: time, other: arrivals) }
    }

    /// Drops the oldest values beyond `max` per column; returns how many.
    @inline(__always)
    func trim(_ max: Int) -> UInt64 {
        if countMax > 0 { return 0 }
        var dropped: UInt64 = 0
        for column in columns {
            while column.count > max, column.ringCount > 0 {
                column.popHead()
                dropped += 1
            }
        }
        if let events { while events.count > max, events.ringCount > 0 { events.popHead() } }
        return dropped
    }
}

/// A window that is filled and then closed: of `every`, `session`, `silent` and `every N events`.
final class Pane {
    /// The first column; the others follow as a chain.
    let first: RunningColumn?
    var start: Int64
    /// When it closes; of `session` and `silent` it moves.
    var end: Int64
    var firstTime: Int64 = 0
    var lastTime: Int64 = 0
    var eventCount = 0

    init(_ plans: [ColumnPlan], start: Int64, end: Int64) {
        first = RunningColumn.chain(plans)
        self.start = start
        self.end = end
    }

    /// The column of an argument.
    @inline(__always)
    func column(_ index: Int) -> RunningColumn? {
        var column = first
        var index = index
        while index > 0 {
            column = column?.next
            index -= 1
        }
        return column
    }

    var keepsList: Bool {
        var next = first
        while let column = next {
            if column.keepsList { return true }
            next = column.next
        }
        return false
    }

    func note(time: Int64) {
        firstTime = eventCount == 0 ? time : min(firstTime, time)
        lastTime = eventCount == 0 ? time : max(lastTime, time)
        eventCount += 1
    }

    func merge(_ other: Pane, _ arena: Arena) {
        var (mine, theirs) = (first, other.first)
        while let column = mine, let their = theirs {
            column.merge(their, arena)
            (mine, theirs) = (column.next, their.next)
        }
        firstTime = eventCount == 0 ? other.firstTime : min(firstTime, other.firstTime)
        lastTime = eventCount == 0 ? other.lastTime : max(lastTime, other.lastTime)
        eventCount += other.eventCount
        start = min(start, other.start)
        end = max(end, other.end)
    }
}
