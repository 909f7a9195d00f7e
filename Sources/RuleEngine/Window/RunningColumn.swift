/// The values of one argument in a window from which nothing leaves before it closes. Two of them merge.
final class RunningColumn {
    struct Mark {
        var value: StoredValue
        var time: Int64
        var arrival: Int64
    }
    struct NumberMark: BitwiseCopyable {
        var value: Double
        var time: Int64
        var arrival: Int64
    }

    struct TypeExtremes {
        var kind: Value.Kind
        var firstArrival: Int64
        var least: StoredValue
        var greatest: StoredValue
    }

    /// What only some aggregates need.
    final class Parts {
        let factors: [Double]
        var trueCount = 0
        var falseCount = 0
        var integers = IntegerSum()
        var firstNumber: NumberMark?
        /// Of the newest number.
        var lastTime: Int64 = 0
        var first: Mark?
        var last: Mark?
        /// By type. The first value's type is that of `min` and `max`.
        var extremes: [TypeExtremes] = []
        var regression = Regression()
        var list: [(arrival: Int64, value: StoredValue)] = []
        /// In any order, instead of the list where only percentiles are asked for.
        var numbers: [Double] = []

        init(factors: [Double]) { self.factors = factors }
    }

    let needs: ColumnNeeds
    /// Nil: only moments and counts are asked for.
    let parts: Parts?
    let next: RunningColumn?
    var presentCount = 0
    var numberCount = 0
    /// Without the newest number.
    var others = Moments()
    private var lastValue = 0.0
    private var lastArrival: Int64 = 0

    init(_ plan: ColumnPlan, next: RunningColumn? = nil) {
        needs = plan.needs
        self.next = next
        parts = needs.isSubset(of: [.moments, .count]) ? nil : Parts(factors: plan.factors)
    }

    static func chain(_ plans: [ColumnPlan]) -> RunningColumn? {
        var next: RunningColumn?
        for plan in plans.reversed() { next = RunningColumn(plan, next: next) }
        return next
    }

    /// Whether every value is kept: for what cannot be told from totals.
    var keepsList: Bool { !needs.isDisjoint(with: [.values, .numbers, .smoothing]) }

    /// Whether of the values only the numbers count, whatever their order.
    var keepsNumbersOnly: Bool { needs.contains(.numbers) && needs.isDisjoint(with: [.values, .smoothing]) }

    var lastNumber: NumberMark? {
        get {
            numberCount == 0
                ? nil : NumberMark(value: lastValue, time: parts?.lastTime ?? 0, arrival: lastArrival)
        }
        set {
            lastValue = newValue?.value ?? 0
            lastArrival = newValue?.arrival ?? 0
            parts?.lastTime = newValue?.time ?? 0
        }
    }

    /// Takes a value that is not missing. Returns the runtime errors that its type made.
    func insert(_ value: Value, time: Int64, arrival: Int64, _ arena: Arena) -> UInt64 {
        presentCount += 1
        var errors: UInt64 = 0
        if !needs.isDisjoint(with: .numeric) {
            if value.isNumber { insert(number: value, time, arrival) } else { errors += 1 }
        }
        if let parts { errors += insert(value, time, arrival, into: parts, arena) }
        return errors
    }

    private func insert(number value: Value, _ time: Int64, _ arrival: Int64) {
        let number = value.asDouble
        if needs.contains(.moments), numberCount > 0 { others.add(lastValue) }
        numberCount += 1
        lastValue = number
        lastArrival = arrival
        guard let parts else { return }
        parts.lastTime = time
        if needs.contains(.sum) { parts.integers.add(value) }
        if needs.contains(.regression) { parts.regression.add(time, number) }
        if parts.firstNumber == nil {
            parts.firstNumber = NumberMark(value: number, time: time, arrival: arrival)
        }
    }

    private func insert(
        _ value: Value, _ time: Int64, _ arrival: Int64, into parts: Parts, _ arena: Arena
    ) -> UInt64 {
        var errors: UInt64 = 0
        if needs.contains(.truth) {
            if value.isTrue {
                parts.trueCount += 1
            } else if value.isFalse {
                parts.falseCount += 1
            } else {
                errors += 1
            }
        }
        if needs.contains(.extremes), !parts.include(value, arrival, arena) { errors += 1 }
        if needs.contains(.ends) {
            parts.last = Mark(value: StoredValue(value), time: time, arrival: arrival)
            if parts.first == nil { parts.first = parts.last }
        }
        if keepsNumbersOnly {
            if value.isNumber { parts.numbers.append(value.asDouble) }
        } else if keepsList, needs.contains(.values) || value.isNumber {
            parts.list.append((arrival, StoredValue(value)))
        }
        return errors
    }

    /// Takes over what `other` holds.
    func merge(_ other: RunningColumn, _ arena: Arena) {
        presentCount += other.presentCount
        mergeNumbers(other)
        numberCount += other.numberCount
        if let parts, let theirs = other.parts { parts.merge(theirs, arena) }
    }

    private func mergeNumbers(_ other: RunningColumn) {
        guard let their = other.lastNumber else { return }
        var theirs = other.others
        if let mine = lastNumber, mine.arrival >= their.arrival {
            theirs.add(their.value)
        } else {
            if let mine = lastNumber { others.add(mine.value) }
            lastNumber = their
        }
        others = others.merged(theirs)
    }
}

extension RunningColumn.Parts {
    /// Whether the value is of the type that counts.
    fileprivate func include(_ value: Value, _ arrival: Int64, _ arena: Arena) -> Bool {
        guard let kind = value.orderedClass else { return false }
        guard let index = extremes.firstIndex(where: { $0.kind == kind }) else {
            let stored = StoredValue(value)
            extremes.append(
                RunningColumn.TypeExtremes(kind: kind, firstArrival: arrival, least: stored, greatest: stored))
            return extremes.count == 1
        }
        extremes[index].firstArrival = min(extremes[index].firstArrival, arrival)
        if (ValueOrder.compare(value, extremes[index].least.load(arena)) ?? 0) < 0 {
            extremes[index].least = StoredValue(value)
        }
        if (ValueOrder.compare(value, extremes[index].greatest.load(arena)) ?? 0) > 0 {
            extremes[index].greatest = StoredValue(value)
        }
        return extremes.count == 1
    }

    fileprivate var extremesThatCount: RunningColumn.TypeExtremes? {
        extremes.min { $0.firstArrival < $1.firstArrival }
    }

    fileprivate func merge(_ other: RunningColumn.Parts, _ arena: Arena) {
        trueCount += other.trueCount
        falseCount += other.falseCount
        integers.total += other.integers.total
        integers.doubles += other.integers.doubles
        if let mark = other.firstNumber, mark.arrival < firstNumber?.arrival ?? .max { firstNumber = mark }
        if let mark = other.first, mark.arrival < first?.arrival ?? .max { first = mark }
        if let mark = other.last, mark.arrival > last?.arrival ?? .min { last = mark }
        regression = regression.merged(other.regression)
        for part in other.extremes {
            _ = include(part.least.load(arena), part.firstArrival, arena)
            _ = include(part.greatest.load(arena), part.firstArrival, arena)
        }
        numbers += other.numbers
        if !other.list.isEmpty {
            list += other.list
            list.sort { $0.arrival < $1.arrival }
        }
    }
}

extension RunningColumn: AggregateColumn {
    var momentsOfOthers: Moments { others }
    var newestNumber: Double? { numberCount == 0 ? nil : lastValue }
    var sumResult: Value {
        guard numberCount > 0, let parts else { return .missing }
        return parts.integers.result(others.adding(lastValue).sum.value)
    }
    var trueCount: Int { parts?.trueCount ?? 0 }
    var falseCount: Int { parts?.falseCount ?? 0 }
    func least(_ arena: Arena) -> Value { parts?.extremesThatCount?.least.load(arena) ?? .missing }
    func greatest(_ arena: Arena) -> Value { parts?.extremesThatCount?.greatest.load(arena) ?? .missing }
    func numberExtremes(_ arena: Arena) -> Extremes {
        guard let part = parts?.extremes.first(where: { $0.kind == .double }) else { return Extremes() }
        return Extremes(least: part.least.load(arena), greatest: part.greatest.load(arena))
    }
    func first(_ arena: Arena) -> Value { parts?.first?.value.load(arena) ?? .missing }
    func last(_ arena: Arena) -> Value { parts?.last?.value.load(arena) ?? .missing }
    func values(_ arena: Arena) -> [Value] { parts?.list.map { $0.value.load(arena) } ?? [] }
    func numbers(_ arena: Arena) -> [Double] {
        if keepsNumbersOnly { return parts?.numbers ?? [] }
        return parts?.list.compactMap { item in
            let value = item.value.load(arena)
            return value.isNumber ? value.asDouble : nil
        } ?? []
    }
    var slope: Double { parts?.regression.slope ?? .nan }
    var rate: Double {
        guard let firstNumber = parts?.firstNumber, let lastNumber else { return .nan }
        return AggregateMath.rate(firstNumber.value, firstNumber.time, lastNumber.value, lastNumber.time)
    }
    func smoothed(_ factor: Int, _ arena: Arena) -> Double {
        AggregateMath.smoothed(numbers(arena), parts?.factors[factor] ?? .nan)
    }
}
