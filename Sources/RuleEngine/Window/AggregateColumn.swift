/// What aggregates read of a column, whatever kind of window keeps it. Only used as a generic constraint.
protocol AggregateColumn: AnyObject {
    var presentCount: Int { get }
    var trueCount: Int { get }
    var falseCount: Int { get }
    /// Moments of the numbers without the newest.
    var momentsOfOthers: Moments { get }
    var newestNumber: Double? { get }
    var sumResult: Value { get }
    func least(_ arena: Arena) -> Value
    func greatest(_ arena: Arena) -> Value
    /// Least and greatest number, whatever else there is; missing when there is none.
    func numberExtremes(_ arena: Arena) -> Extremes
    func first(_ arena: Arena) -> Value
    func last(_ arena: Arena) -> Value
    /// In order of arrival.
    func values(_ arena: Arena) -> [Value]
    func numbers(_ arena: Arena) -> [Double]
    var slope: Double { get }
    var rate: Double { get }
    func smoothed(_ factor: Int, _ arena: Arena) -> Double
}

extension SlidingColumn: AggregateColumn {
    var presentCount: Int { count }
    var trueCount: Int { parts?.trueCount ?? 0 }
    var falseCount: Int { parts?.falseCount ?? 0 }

    var momentsOfOthers: Moments {
        if let newest, number(newest.value) == nil { return otherMomentsSlow() }
        return front(moments).merged(moments.back)
    }

    var newestNumber: Double? {
        guard let newest else { return nil }
        return number(newest.value) ?? latestNumber().map { $0.1 }
    }

    /// The number that arrived last, when the newest value is none.
    private func latestNumber() -> (Int, Double)? {
        var found: (Int, Double)?
        var arrival = Int64.min
        for position in head..<tail {
            let entry = entry(position)
            if let number = number(entry.value), arrivalNumber(entry) >= arrival {
                arrival = arrivalNumber(entry)
                found = (position, number)
            }
        }
        return found
    }

    private func otherMomentsSlow() -> Moments {
        guard let (latest, _) = latestNumber() else { return Moments() }
        var result = Moments()
        for position in head..<tail where position != latest {
            if let number = number(entry(position).value) { result.add(number) }
        }
        return result
    }

    @inline(__always)
    private func arrivalNumber(_ entry: Entry) -> Int64 { ordersByArrival ? entry.order : entry.other }

    /// All entries in order of arrival.
    func arrivals() -> [Entry] {
        var result = (head..<tail).map { entry($0) }
        if isDisordered { result.sort { arrivalNumber($0) < arrivalNumber($1) } }
        if let newest { result.append(newest) }
        return result
    }

    var sumResult: Value {
        guard numberCount > 0, let parts else { return .missing }
        if parts.integers.doubles == 0 { return parts.integers.result(0) }
        let all = front(moments).merged(moments.back)
        guard let newest, let number = number(newest.value) else { return .finite(all.sum.value) }
        return .finite((all.sum + number).value)
    }

    /// Of values of several types those count that have the type of the first.
    private func allExtremes(_ arena: Arena) -> Extremes {
        guard let parts else { return Extremes() }
        if parts.keptExtremes == 0, parts.ordered.typeCount <= 1 { return runningExtremes(parts) }
        let marked = arrivals().filter(\.value.isMarked)
        let kind = marked.first?.value.orderedClass
        var result = Extremes()
        for entry in marked where entry.value.orderedClass == kind { result.include(load(entry.value, arena)) }
        return result
    }

    private func runningExtremes(_ parts: Parts) -> Extremes {
        var result = front(parts.extremes).merged(parts.extremes.back)
        if let newest, newest.value.isMarked { result.include(newest.value) }
        return result
    }

    func numberExtremes(_ arena: Arena) -> Extremes {
        guard let parts, parts.ordered.numbers > 0 else { return Extremes() }
        if parts.keptExtremes == 0, parts.ordered.typeCount == 1 { return runningExtremes(parts) }
        var result = Extremes()
        for entry in arrivals() where entry.value.isNumber { result.include(load(entry.value, arena)) }
        return result
    }

    func least(_ arena: Arena) -> Value { allExtremes(arena).least }
    func greatest(_ arena: Arena) -> Value { allExtremes(arena).greatest }

    func first(_ arena: Arena) -> Value {
        guard head < tail else { return last(arena) }
        let entry = isDisordered ? arrivals()[0] : entry(head)
        return load(entry.value, arena)
    }

    func last(_ arena: Arena) -> Value { newest.map { load($0.value, arena) } ?? .missing }

    func values(_ arena: Arena) -> [Value] { arrivals().map { load($0.value, arena) } }

    func numbers(_ arena: Arena) -> [Double] { arrivals().compactMap { number($0.value) } }

    var slope: Double {
        guard let parts else { return .nan }
        var all = front(parts.regression).merged(parts.regression.back)
        if let newest, let number = timedNumber(newest) {
            all.add(time(newest), number)
        }
        return all.slope
    }

    var rate: Double {
        if isDisordered {
            let numbers = arrivals().filter { timedNumber($0) != nil }
            guard let first = numbers.first, let last = numbers.last else { return .nan }
            return rate(first, last)
        }
        guard let newest else { return .nan }
        var first: Entry?
        var position = head
        while position < tail, first == nil {
            if timedNumber(entry(position)) != nil { first = entry(position) }
            position += 1
        }
        var last: Entry? = timedNumber(newest) == nil ? nil : newest
        position = tail - 1
        while position >= head, last == nil {
            if timedNumber(entry(position)) != nil { last = entry(position) }
            position -= 1
        }
        guard let first, let last else { return .nan }
        return rate(first, last)
    }

    private func rate(_ first: Entry, _ last: Entry) -> Double {
        AggregateMath.rate(
            number(first.value) ?? .nan, time(first), number(last.value) ?? .nan, time(last))
    }

    func smoothed(_ factor: Int, _ arena: Arena) -> Double {
        guard let parts else { return .nan }
        if isDisordered || numberCount < count {
            return AggregateMath.smoothed(numbers(arena), parts.factors[factor])
        }
        guard let newest, let last = number(newest.value) else { return .nan }
        guard head < tail, let start = number(entry(head).value) else { return last }
        var all = smoothing(factor, parts)
        all.append(last, parts.factors[factor])
        return all.apply(start)
    }
}

enum AggregateMath {
    static func rate(_ first: Double, _ firstTime: Int64, _ last: Double, _ lastTime: Int64) -> Double {
        guard firstTime != lastTime else { return .nan }
        return (last - first) / (Double(lastTime &- firstTime) / 1e9)
    }

    static func smoothed(_ numbers: [Double], _ factor: Double) -> Double {
        guard var result = numbers.first else { return .nan }
        for number in numbers.dropFirst() { result = factor * number + (1 - factor) * result }
        return result
    }

    /// Linear interpolation between the closest ranks, as NumPy has it.
    static func percentile(_ numbers: [Double], _ p: Double) -> Double {
        guard !numbers.isEmpty else { return .nan }
        let sorted = numbers.sorted()
        let rank = p / 100 * Double(sorted.count - 1)
        let lower = min(max(Int(rank), 0), sorted.count - 1)
        let upper = min(lower + 1, sorted.count - 1)
        let share = rank - Double(lower)
        let step = sorted[upper] - sorted[lower]
        return share >= 0.5 ? sorted[upper] - step * (1 - share) : sorted[lower] + step * share
    }
}
