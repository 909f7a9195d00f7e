/// The numbers of one argument in a window `last N` of which only mean, deviation and number are asked: eight bytes for
/// each event, and little beside. The window's other arguments follow as a chain.
///
/// Statistics never subtract, as in `SlidingColumn`: what is left of the front stack is folded when it is asked for, up
/// to the next of the checkpoints; the back stack has a total, in which the newest number is not.
final class NumberColumn {
    /// Values of the front stack between two checkpoints.
    private static let block = 64
    private static let capacityMin = 8
    /// The slot of an event without a value.
    static let gap = Double.nan
    /// The slot of an event whose value is no number.
    static let stranger = Double(bitPattern: 0x7FF8_0000_0000_0001)

    let next: NumberColumn?
    /// Slots of events in a ring; behind them the checkpoints, four words each.
    @exclusivity(unchecked) @safe private var slots: FixedBuffer<Double>
    @exclusivity(unchecked) @safe private var back = Moments()
    private let countMax: Int32
    @exclusivity(unchecked) @safe private var capacity: Int32
    /// Slot of the oldest event.
    @exclusivity(unchecked) @safe private var head: Int32 = 0
    @exclusivity(unchecked) @safe private var events: Int32 = 0
    /// Events in the front stack.
    @exclusivity(unchecked) @safe private var front: Int32 = 0
    /// Place of the newest number, counted from the oldest event; -1: none.
    @exclusivity(unchecked) @safe private var newest: Int32 = -1
    @exclusivity(unchecked) @safe private var present: Int32 = 0
    /// Whether all numbers so far came as integers that a double holds exactly.
    @exclusivity(unchecked) @safe private(set) var isWhole = true

    /// `countMax` is N; `count` such columns in a chain.
    init(countMax: Int, count: Int) {
        self.countMax = Int32(countMax)
        capacity = Int32(min(NumberColumn.capacityMin, countMax))
        slots = NumberColumn.buffer(Int(capacity))
        next = count > 1 ? NumberColumn(countMax: countMax, count: count - 1) : nil
    }

    deinit { slots.deallocate() }

    /// Whether columns of this kind hold all that `plans` need.
    static func serve(_ plans: [ColumnPlan], countMax: Int) -> Bool {
        !plans.isEmpty && countMax <= 1 << 30
            && plans.allSatisfy { $0.needs.contains(.moments) && $0.needs.isSubset(of: [.moments, .count]) }
    }

    /// Words behind the slots.
    static func checkpointWords(_ capacity: Int) -> Int { (capacity - 1) / block * 4 }

    /// Slots when `count` events were taken in.
    static func capacity(of count: Int, countMax: Int) -> Int {
        var capacity = min(capacityMin, countMax)
        while capacity < min(count, countMax) { capacity = min(capacity * 2, countMax) }
        return capacity
    }

    private static func buffer(_ capacity: Int) -> FixedBuffer<Double> {
        FixedBuffer(repeating: gap, count: capacity + checkpointWords(capacity))
    }

    /// Events in the window, with and without values.
    var eventCount: Int { Int(events) }

    /// The column of an argument.
    @inline(__always)
    func column(_ index: Int) -> NumberColumn? {
        var column: NumberColumn? = self
        var index = index
        while index > 0 {
            column = column?.next
            index -= 1
        }
        return column
    }

    @inline(__always)
    private func slot(_ place: Int32) -> Int {
        let slot = head &+ place
        return Int(slot < capacity ? slot : slot &- capacity)
    }

    // MARK: Taking in

    /// Takes the event at hand with its value, which may be missing. Returns the number of runtime errors that its type
    /// made.
    @inline(__always)
    func take(_ value: Value) -> UInt64 {
        var number = NumberColumn.stranger
        switch value.kind {
        case .double:
            number = value.double
            isWhole = false
        case .integer:
            number = Double(value.integer)
            if value.integer.magnitude > 1 << 53 { isWhole = false }
        case .bigInteger:
            number = value.asDouble
            isWhole = false
        case .missing: number = NumberColumn.gap
        default: break
        }
        take(number)
        return number.bitPattern == NumberColumn.stranger.bitPattern ? 1 : 0
    }

    @inline(__always)
    private func take(_ number: Double) {
        if events == countMax { dropOldest() }
        if events == capacity { grow() }
        slots[slot(events)] = number
        if number.bitPattern != NumberColumn.gap.bitPattern { present &+= 1 }
        if !number.isNaN {
            if newest >= 0 { back.add(slots[slot(newest)]) }
            newest = events
        }
        events &+= 1
    }

    private func grow() {
        let larger = Int32(min(Int(capacity) * 2, Int(countMax)))
        let buffer = NumberColumn.buffer(Int(larger))
        for place in 0..<events { buffer[Int(place)] = slots[slot(place)] }
        slots.deallocate()
        slots = buffer
        capacity = larger
        head = 0
        fold()
    }

    // MARK: Letting go

    @inline(__always)
    private func dropOldest() {
        if front == 0 { turn() }
        if slots[Int(head)].bitPattern != NumberColumn.gap.bitPattern { present &-= 1 }
        head = head &+ 1 == capacity ? 0 : head &+ 1
        events &-= 1
        if front > 0 { front &-= 1 }
        if newest >= 0 { newest &-= 1 }
    }

    /// The back becomes the front, up to the newest number.
    private func turn() {
        front = newest < 0 ? events : newest
        back = Moments()
        fold()
    }

    /// Makes the front's checkpoints. The first is the nearest to its end.
    private func fold() {
        let block = Int32(NumberColumn.block)
        var run = Moments()
        var index = 1
        while Int32(index) * block < front {
            let end = front - Int32(index - 1) * block
            run = moments(end - block, end).merged(run)
            let word = Int(capacity) + (index - 1) * 4
            (slots[word], slots[word + 1]) = (run.count, run.sum.high)
            (slots[word + 2], slots[word + 3]) = (run.sum.low, run.squares)
            index += 1
        }
    }

    // MARK: Statistics

    /// Of the events from one place to another.
    private func moments(_ from: Int32, _ end: Int32) -> Moments {
        let start = slot(from)
        let first = min(Int(end - from), Int(capacity) - start)
        let rest = Int(end - from) - first
        let reference = slots[start]
        var run = slots.deviations(start, count: first, from: reference)
        if rest > 0 { run.add(slots.deviations(0, count: rest, from: reference)) }
        if run.sum.isNaN { return momentsAroundGaps(from, end) }
        return Moments(count: Double(end - from), around: reference, sum: run.sum, squares: run.squares)
    }

    private func momentsAroundGaps(_ from: Int32, _ end: Int32) -> Moments {
        guard let first = (from..<end).first(where: { !slots[slot($0)].isNaN }) else { return Moments() }
        let reference = slots[slot(first)]
        var count = 0.0
        var run = Deviations()
        for place in first..<end {
            let number = slots[slot(place)]
            if number.isNaN { continue }
            count += 1
            run.add(number - reference)
        }
        return Moments(count: count, around: reference, sum: run.sum, squares: run.squares)
    }

    private var frontMoments: Moments {
        if front == 0 { return Moments() }
        let checkpoints = (front - 1) / Int32(NumberColumn.block)
        let run = moments(0, front - checkpoints * Int32(NumberColumn.block))
        if checkpoints == 0 { return run }
        let word = Int(capacity) + Int(checkpoints - 1) * 4
        return run.merged(
            Moments(
                count: slots[word], sum: DoubleDouble(slots[word + 1], slots[word + 2]), squares: slots[word + 3]))
    }

    // MARK: State

    /// Marks bytes of a column that knows numbers only.
    static let stateMark: UInt64 = 1 << 15

    func append(_ needs: ColumnNeeds, to bytes: inout [UInt8]) {
        bytes.append(word: UInt64(needs.rawValue) | NumberColumn.stateMark)
        bytes.append(boolean: isWhole)
        bytes.append(count: Int(head))
        bytes.append(count: Int(front))
        back.append(to: &bytes)
        bytes.append(count: Int(events))
        for place in 0..<events { bytes.append(double: slots[slot(place)]) }
    }

    /// What such bytes hold.
    struct Stored {
        var isWhole: Bool
        var head: Int
        var front: Int
        var back: Moments
        var slots: [Double]

        /// Nil: damaged. The mark is read already.
        static func read(_ reader: inout StateReader) -> Stored? {
            guard let isWhole = reader.boolean(), let head = reader.count(bytesEach: 0),
                let front = reader.count(bytesEach: 0), let back = Moments.read(&reader),
                let count = reader.count(bytesEach: 8), front <= count, head <= count
            else { return nil }
            var slots: [Double] = []
            slots.reserveCapacity(count)
            for _ in 0..<count {
                guard let number = reader.double() else { return nil }
                slots.append(number)
            }
            return Stored(isWhole: isWhole, head: head, front: front, back: back, slots: slots)
        }
    }

    /// Takes the events that were kept into an empty column.
    func restore(_ stored: Stored) {
        isWhole = stored.isWhole
        let last = Array(stored.slots.suffix(Int(countMax)))
        restore(last)
        // Where the ring was full it stands as it stood, so that everything is added in the same order again.
        guard last.count == stored.slots.count, newest < 0 || stored.front <= newest else { return }
        if events == countMax, stored.head < Int(capacity) {
            head = Int32(stored.head)
            for (place, number) in last.enumerated() { slots[slot(Int32(place))] = number }
        }
        front = Int32(stored.front)
        back = stored.back
        fold()
    }

    /// Takes the values of a column of the other kind, of which the newest event has the number `arrivals`.
    func restore(_ column: SlidingColumn, arrivals: Int64) {
        let oldest = max(arrivals - Int64(countMax), 0) + 1
        guard arrivals >= oldest else { return }
        var numbers = Array(repeating: NumberColumn.gap, count: Int(arrivals - oldest + 1))
        for entry in column.arrivals() where entry.order >= oldest && entry.order <= arrivals {
            if entry.value.kind != .integer || entry.value.integer.magnitude > 1 << 53 { isWhole = false }
            numbers[Int(entry.order - oldest)] = column.number(entry.value) ?? NumberColumn.stranger
        }
        restore(numbers)
    }

    private func restore(_ numbers: [Double]) { for number in numbers { take(number) } }
}

extension NumberColumn: AggregateColumn {
    var presentCount: Int { Int(present) }
    var momentsOfOthers: Moments { frontMoments.merged(back) }
    var newestNumber: Double? { newest < 0 ? nil : slots[slot(newest)] }
    func numbers(_ arena: Arena) -> [Double] { (0..<events).map { slots[slot($0)] }.filter { !$0.isNaN } }

    // Nobody asks such a column for the rest.
    var trueCount: Int { 0 }
    var falseCount: Int { 0 }
    var sumResult: Value { .missing }
    func least(_ arena: Arena) -> Value { .missing }
    func greatest(_ arena: Arena) -> Value { .missing }
    func numberExtremes(_ arena: Arena) -> Extremes { Extremes() }
    func first(_ arena: Arena) -> Value { .missing }
    func last(_ arena: Arena) -> Value { .missing }
    func values(_ arena: Arena) -> [Value] { [] }
    var slope: Double { .nan }
    var rate: Double { .nan }
    func smoothed(_ factor: Int, _ arena: Arena) -> Double { .nan }
}

/// Sums of differences from one of a run's own numbers: then squares about the mean follow without loss, as no number
/// lies further from the mean than the run is wide.
struct Deviations: BitwiseCopyable {
    var sum = 0.0
    var squares = 0.0

    @inline(__always)
    mutating func add(_ difference: Double) {
        sum += difference
        squares += difference * difference
    }

    @inline(__always)
    mutating func add(_ other: Deviations) {
        sum += other.sum
        squares += other.squares
    }
}

extension FixedBuffer<Double> {
    /// Of `length` elements from `start`, four at a time.
    @inline(__always)
    func deviations(_ start: Int, count length: Int, from reference: Double) -> Deviations {
        var sums = SIMD4<Double>(repeating: 0)
        var squares = SIMD4<Double>(repeating: 0)
        let references = SIMD4<Double>(repeating: reference)
        var done = 0
        while done + 4 <= length {
            let differences = four(start + done) - references
            sums += differences
            squares += differences * differences
            done += 4
        }
        var result = Deviations(
            sum: (sums[0] + sums[2]) + (sums[1] + sums[3]),
            squares: (squares[0] + squares[2]) + (squares[1] + squares[3]))
        while done < length {
            result.add(self[start + done] - reference)
            done += 1
        }
        return result
    }
}
