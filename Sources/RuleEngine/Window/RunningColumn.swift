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

    let needs: ColumnNeeds
    let factors: [Double]
    var presentCount = 0
    var trueCount = 0
    var falseCount = 0
    var numberCount = 0
    var integers = IntegerSum()
    /// Without the newest number.
    var others = Moments()
    var firstNumber: NumberMark?
    var lastNumber: NumberMark?
    var first: Mark?
    var last: Mark?
    /// By type. The first value's type is that of `min` and `max`.
    var extremes: [TypeExtremes] = []
    var regression = Regression()
    var list: [(arrival: Int64, value: StoredValue)] = []

    init(_ plan: ColumnPlan) {
        needs = plan.needs
        factors = plan.factors
    }

    /// Whether every value is kept: for what cannot be told from totals.
    var keepsList: Bool { !needs.isDisjoint(with: [.values, .numbers, .smoothing]) }

    /// Takes a value that is not missing. Returns the runtime errors that its type made.
    func insert(_ value: Value, time: Int64, arrival: Int64, _ arena: Arena) -> UInt64 {
        presentCount += 1
        var errors: UInt64 = 0
        if needs.contains(.truth) {
            if value.isTrue { trueCount += 1 } else if value.isFalse { falseCount += 1 } else { errors += 1 }
        }
        if !needs.isDisjoint(with: .numeric) {
            if value.isNumber { insert(number: value, time, arrival) } else { errors += 1 }
        }
        if needs.contains(.extremes), !include(value, arrival, arena) { errors += 1 }
        if needs.contains(.ends) {
            last = Mark(value: StoredValue(value), time: time, arrival: arrival)
            if first == nil { first = last }
        }
        if keepsList, needs.contains(.values) || value.isNumber { list.append((arrival, StoredValue(value))) }
        return errors
    }

    private func insert(number value: Value, _ time: Int64, _ arrival: Int64) {
        let number = value.asDouble
        numberCount += 1
        if needs.contains(.sum) { integers.add(value) }
        if needs.contains(.moments), let lastNumber { others.add(lastNumber.value) }
        if needs.contains(.regression) { regression.add(time, number) }
        lastNumber = NumberMark(value: number, time: time, arrival: arrival)
        if firstNumber == nil { firstNumber = lastNumber }
    }

    /// Whether the value is of the type that counts.
    private func include(_ value: Value, _ arrival: Int64, _ arena: Arena) -> Bool {
        guard let kind = value.orderedClass else { return false }
        guard let index = extremes.firstIndex(where: { $0.kind == kind }) else {
            let stored = StoredValue(value)
            extremes.append(TypeExtremes(kind: kind, firstArrival: arrival, least: stored, greatest: stored))
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

    private var extremesThatCount: TypeExtremes? { extremes.min { $0.firstArrival < $1.firstArrival } }

    /// Takes over what `other` holds.
    func merge(_ other: RunningColumn, _ arena: Arena) {
        presentCount += other.presentCount
        trueCount += other.trueCount
        falseCount += other.falseCount
        numberCount += other.numberCount
        integers.total += other.integers.total
        integers.doubles += other.integers.doubles
        mergeNumbers(other)
        if let mark = other.first, mark.arrival < first?.arrival ?? .max { first = mark }
        if let mark = other.last, mark.arrival > last?.arrival ?? .min { last = mark }
        regression = regression.merged(other.regression)
        for part in other.extremes {
            _ = include(part.least.load(arena), part.firstArrival, arena)
            _ = include(part.greatest.load(arena), part.firstArrival, arena)
        }
        if !other.list.isEmpty {
            list += other.list
            list.sort { $0.arrival < $1.arrival }
        }
    }

    private func mergeNumbers(_ other: RunningColumn) {
        var theirs = other.others
        if let mine = lastNumber, let their = other.lastNumber {
            if mine.arrival < their.arrival {
                others.add(mine.value)
                lastNumber = their
            } else {
                theirs.add(their.value)
            }
        } else if lastNumber == nil {
            lastNumber = other.lastNumber
        }
        others = others.merged(theirs)
        if let mark = other.firstNumber, mark.arrival < firstNumber?.arrival ?? .max { firstNumber = mark }
    }
}

extension RunningColumn: AggregateColumn {
    var momentsOfOthers: Moments { others }
    var newestNumber: Double? { lastNumber?.value }
    var sumResult: Value {
        numberCount == 0 ? .missing : integers.result((lastNumber.map { others.adding($0.value) } ?? others).sum.value)
    }
    func least(_ arena: Arena) -> Value { extremesThatCount?.least.load(arena) ?? .missing }
    func greatest(_ arena: Arena) -> Value { extremesThatCount?.greatest.load(arena) ?? .missing }
    func numberExtremes(_ arena: Arena) -> Extremes {
        guard let part = extremes.first(where: { $0.kind == .double }) else { return Extremes() }
        return Extremes(least: part.least.load(arena), greatest: part.greatest.load(arena))
    }
    func first(_ arena: Arena) -> Value { first?.value.load(arena) ?? .missing }
    func last(_ arena: Arena) -> Value { last?.value.load(arena) ?? .missing }
    func values(_ arena: Arena) -> [Value] { list.map { $0.value.load(arena) } }
    func numbers(_ arena: Arena) -> [Double] {
        list.compactMap { item in
            let value = item.value.load(arena)
            return value.isNumber ? value.asDouble : nil
        }
    }
    var slope: Double { regression.slope }
    var rate: Double {
        guard let firstNumber, let lastNumber else { return .nan }
        return AggregateMath.rate(firstNumber.value, firstNumber.time, lastNumber.value, lastNumber.time)
    }
    func smoothed(_ factor: Int, _ arena: Arena) -> Double {
        AggregateMath.smoothed(numbers(arena), factors[factor])
    }
}
