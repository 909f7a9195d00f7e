/// The values of one argument in a window from which the oldest leave. Kept in the order in which they leave.
///
/// Statistics never subtract: the ring is two stacks. For the front one every entry holds the statistics from itself to
/// the stack's end (`suffix`); for the back one there is one total. When the front is used up the back becomes the
/// front.
/// So each value is added twice in its life, whatever the length of the window. The newest value stands beside the ring
/// (`newest`), so that statistics without it are at hand.
final class SlidingColumn {
    struct Entry: BitwiseCopyable {
        var value: Value
        /// By what it leaves: arrival number (`last N`) or event time (`last D`).
        var order: Int64
        /// The other of the two.
        var other: Int64
    }

    /// What only some aggregates need.
    final class Parts {
        let factors: [Double]
        @exclusivity(unchecked) @safe var trueCount = 0
        @exclusivity(unchecked) @safe var falseCount = 0
        @exclusivity(unchecked) @safe var integers = IntegerSum()
        /// Values that have an order, by type.
        @exclusivity(unchecked) @safe var ordered = OrderedCounts()
        /// Those among them that do not stand by themselves, and so are in no total.
        @exclusivity(unchecked) @safe var keptExtremes = 0
        @exclusivity(unchecked) @safe var regression = RunStack<Regression>()
        @exclusivity(unchecked) @safe var extremes = RunStack<Extremes>()
        var smoothings: [RunStack<Smoothing>]

        init(factors: [Double]) {
            self.factors = factors
            smoothings = Array(repeating: RunStack(), count: factors.count)
        }

        func allocate(_ needs: ColumnNeeds, _ capacity: Int) {
            if needs.contains(.regression) { regression.allocate(capacity) }
            if needs.contains(.extremes) { extremes.allocate(capacity) }
            for index in smoothings.indices { smoothings[index].allocate(capacity) }
        }

        func free() {
            regression.free()
            extremes.free()
            for index in smoothings.indices { smoothings[index].free() }
        }

        func clearBack() {
            regression.clear()
            extremes.clear()
            for index in smoothings.indices { smoothings[index].clear() }
        }
    }

    let needs: ColumnNeeds
    /// Whether `order` is the arrival number.
    let ordersByArrival: Bool
    /// Nil: only moments and counts are asked for.
    let parts: Parts?
    @exclusivity(unchecked) @safe var entries: FixedBuffer<Entry>
    @exclusivity(unchecked) @safe var head = 0
    @exclusivity(unchecked) @safe var tail = 0
    /// The front stack is head ..< split.
    @exclusivity(unchecked) @safe var split = 0
    @exclusivity(unchecked) @safe var newest: Entry?
    /// Values that point anywhere are kept here; their entry holds the index.
    var kept: [StoredValue] = []
    var keptFree: [Int] = []
    /// Whether an entry came that leaves before an earlier one. Cleared when the ring runs empty.
    @exclusivity(unchecked) @safe var isDisordered = false

    @exclusivity(unchecked) @safe var numberCount = 0
    @exclusivity(unchecked) @safe var moments = RunStack<Moments>()

    static let capacityMin = 4
    private var mask: Int { entries.count - 1 }

    init(_ plan: ColumnPlan, ordersByArrival: Bool) {
        needs = plan.needs
        parts = needs.isSubset(of: [.moments, .count]) ? nil : Parts(factors: plan.factors)
        self.ordersByArrival = ordersByArrival
        entries = FixedBuffer(
            repeating: Entry(value: .missing, order: 0, other: 0), count: SlidingColumn.capacityMin)
        allocateSuffixes()
    }

    deinit {
        entries.deallocate()
        freeSuffixes()
    }

    var factors: [Double] { parts?.factors ?? [] }

    private func allocateSuffixes() {
        if needs.contains(.moments) { moments.allocate(entries.count) }
        parts?.allocate(needs, entries.count)
    }

    private func freeSuffixes() {
        moments.free()
        parts?.free()
    }

    var ringCount: Int { tail - head }
    var count: Int { tail - head + (newest == nil ? 0 : 1) }

    @inline(__always)
    func entry(_ position: Int) -> Entry { entries[position & mask] }

    /// The totals of the front stack; `RunStack.back` are those of the back one. The newest is in neither.
    @inline(__always)
    func front<Run>(_ stack: RunStack<Run>) -> Run { head == split ? stack.empty : stack.suffix(head & mask) }

    // MARK: Taking in

    /// Takes a value that is not missing. Returns the number of runtime errors that its type made.
    @inline(__always)
    func insert(_ value: Value, order: Int64, other: Int64) -> UInt64 {
        if let before = newest { push(before) }
        var stored = value.isScalar ? value : keep(value)
        let errors = register(&stored)
        newest = Entry(value: stored, order: order, other: other)
        return errors
    }

    private func keep(_ value: Value) -> Value {
        let slot = keptFree.popLast() ?? kept.count
        if slot == kept.count { kept.append(StoredValue(value)) } else { kept[slot] = StoredValue(value) }
        // The kind stays readable; the bits are the place.
        return Value(kind: value.kind, bits: UInt64(slot))
    }

    /// The value of an entry, usable until the arena is released.
    @inline(__always)
    func load(_ value: Value, _ arena: Arena) -> Value {
        value.isScalar ? value : kept[Int(value.bits)].load(arena)
    }

    /// A number that an entry holds, or nil.
    @inline(__always)
    func number(_ value: Value) -> Double? {
        switch value.kind {
        case .double: value.double
        case .integer: Double(value.integer)
        case .bigInteger: bigNumber(value)
        default: nil
        }
    }

    private func bigNumber(_ value: Value) -> Double? { kept[Int(value.bits)].bigIntegerAsDouble }

    /// Counts a value that came in, exactly; errors of type are told once.
    @inline(__always)
    private func register(_ value: inout Value) -> UInt64 {
        var errors: UInt64 = 0
        if !needs.isDisjoint(with: .numeric) {
            if value.isNumber { numberCount += 1 } else { errors += 1 }
        }
        if let parts { errors += register(&value, parts) }
        return errors
    }

    @inline(__always)
    private func register(_ value: inout Value, _ parts: Parts) -> UInt64 {
        var errors: UInt64 = 0
        if needs.contains(.sum), value.isNumber { parts.integers.add(value) }
        if needs.contains(.truth) {
            if value.isTrue {
                parts.trueCount += 1
            } else if value.isFalse {
                parts.falseCount += 1
            } else {
                errors += 1
            }
        }
        if needs.contains(.extremes), !countExtreme(&value, parts) { errors += 1 }
        return errors
    }

    private func countExtreme(_ value: inout Value, _ parts: Parts) -> Bool {
        guard let kind = value.orderedClass else { return false }
        parts.ordered.add(kind, 1)
        if !value.isScalar { parts.keptExtremes += 1 }
        value.isMarked = true
        return parts.ordered.typeCount == 1
    }

    /// Counts a value that was read back. Returns the value as an entry holds it.
    func recount(_ value: Value) -> Value {
        var stored = value.isScalar ? value : keep(value)
        _ = register(&stored)
        return stored
    }

    /// Puts an entry that was read back at the ring's end.
    func restore(_ entry: Entry) {
        if tail - head == entries.count { grow() }
        entries[tail & mask] = entry
        tail += 1
    }

    private func unregister(_ value: Value) {
        if value.isNumber, !needs.isDisjoint(with: .numeric) { numberCount -= 1 }
        if let parts { unregister(value, parts) }
        if !value.isScalar {
            kept[Int(value.bits)] = .missing
            keptFree.append(Int(value.bits))
        }
    }

    @inline(__always)
    private func unregister(_ value: Value, _ parts: Parts) {
        if needs.contains(.truth) {
            if value.isTrue { parts.trueCount -= 1 } else if value.isFalse { parts.falseCount -= 1 }
        }
        if needs.contains(.sum), value.isNumber { parts.integers.add(value, -1) }
        if value.isMarked, let kind = value.orderedClass {
            parts.ordered.add(kind, -1)
            if !value.isScalar { parts.keptExtremes -= 1 }
        }
    }

    private func push(_ entry: Entry) {
        if tail - head == entries.count { grow() }
        if tail == head || entries[(tail - 1) & mask].order <= entry.order {
            entries[tail & mask] = entry
            tail += 1
            addBack(entry)
        } else {
            insertDisordered(entry)
        }
    }

    private func grow() {
        let larger = FixedBuffer(
            repeating: Entry(value: .missing, order: 0, other: 0), count: entries.count * 2)
        for position in head..<tail { larger[position & (larger.count - 1)] = entries[position & mask] }
        entries.deallocate()
        entries = larger
        freeSuffixes()
        allocateSuffixes()
        foldFront(down: split)
    }

    /// Puts an entry to its place by `order`; behind those of equal order.
    private func insertDisordered(_ entry: Entry) {
        isDisordered = true
        var position = tail
        while position > head, entries[(position - 1) & mask].order > entry.order {
            entries[position & mask] = entries[(position - 1) & mask]
            position -= 1
        }
        entries[position & mask] = entry
        tail += 1
        if position >= split, !needs.contains(.smoothing) {
            addBack(entry)
        } else if position >= split {
            foldBack()
        } else {
            split += 1
            foldFront(down: split)
        }
    }

    // MARK: Letting go

    /// Lets go what has `order` at most `limit`.
    @inline(__always)
    func evict(through limit: Int64) {
        while head < tail, entries[head & mask].order <= limit { popHead() }
        if let entry = newest, entry.order <= limit { dropNewest(entry) }
    }

    func popHead() {
        if head == split {
            split = tail
            foldFront(down: split)
            clearBack()
        }
        unregister(entries[head & mask].value)
        head += 1
        if head == tail {
            split = tail
            isDisordered = false
            clearBack()
        }
    }

    /// The newest left before others: the one that arrived last among them takes its place.
    private func dropNewest(_ entry: Entry) {
        unregister(entry.value)
        newest = nil
        guard head < tail else { return }
        var latest = head
        for position in head..<tail where entries[position & mask].other >= entries[latest & mask].other {
            latest = position
        }
        newest = entries[latest & mask]
        for position in latest..<(tail - 1) { entries[position & mask] = entries[(position + 1) & mask] }
        tail -= 1
        if latest < split {
            split -= 1
            foldFront(down: split)
        } else {
            foldBack()
        }
    }

    // MARK: Statistics of the stacks

    private func clearBack() {
        moments.clear()
        parts?.clearBack()
    }

    /// Of an event that was kept without its time: it counts neither for `slope` nor for `rate`.
    static let timeUnknown = Int64.min

    func time(_ entry: Entry) -> Int64 { ordersByArrival ? entry.other : entry.order }

    /// The number of an entry whose time is known.
    @inline(__always)
    func timedNumber(_ entry: Entry) -> Double? {
        time(entry) == SlidingColumn.timeUnknown ? nil : number(entry.value)
    }

    /// The value of an entry as far as it takes part in `min` and `max` of values that stand by themselves.
    private func extreme(_ entry: Entry) -> Value? {
        entry.value.isScalar && entry.value.isMarked ? entry.value : nil
    }

    @inline(__always)
    private func addBack(_ entry: Entry) {
        if needs.contains(.moments), let number = number(entry.value) { moments.back.add(number) }
        if let parts { addBack(entry, parts) }
    }

    private func addBack(_ entry: Entry, _ parts: Parts) {
        if needs.contains(.regression), let number = timedNumber(entry) {
            parts.regression.back.add(time(entry), number)
        }
        if needs.contains(.extremes), let value = extreme(entry) { parts.extremes.back.include(value) }
        guard needs.contains(.smoothing), let number = number(entry.value) else { return }
        for index in parts.factors.indices { parts.smoothings[index].back.append(number, parts.factors[index]) }
    }

    /// Makes the statistics of the front's entries below `end`, from there down to the oldest.
    private func foldFront(down end: Int) {
        if needs.contains(.moments) {
            fold(moments, down: end) { run, entry in if let number = self.number(entry.value) { run.add(number) } }
        }
        guard let parts else { return }
        if needs.contains(.regression) {
            fold(parts.regression, down: end) { run, entry in
                if let number = self.timedNumber(entry) { run.add(self.time(entry), number) }
            }
        }
        if needs.contains(.extremes) {
            fold(parts.extremes, down: end) { run, entry in if let value = self.extreme(entry) { run.include(value) } }
        }
        for (index, factor) in parts.factors.enumerated() {
            fold(parts.smoothings[index], down: end) { run, entry in
                if let number = self.number(entry.value) { run.prepend(number, factor) }
            }
        }
    }

    @inline(__always)
    private func fold<Run>(_ stack: RunStack<Run>, down end: Int, _ add: (inout Run, Entry) -> Void) {
        var run = end < split ? stack.suffix(end & mask) : stack.empty
        var position = end - 1
        while position >= head {
            add(&run, entries[position & mask])
            stack.set(position & mask, run)
            position -= 1
        }
    }

    private func foldBack() {
        clearBack()
        for position in split..<tail { addBack(entries[position & mask]) }
    }

    func smoothing(_ index: Int, _ parts: Parts) -> Smoothing {
        front(parts.smoothings[index]).followed(by: parts.smoothings[index].back)
    }

    /// Rebuilds the front's statistics after the entries were read back.
    func refold() { foldFront(down: split) }
}
