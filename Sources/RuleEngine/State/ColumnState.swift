/// Columns as bytes. Statistics of the back stacks are kept bit by bit; those of the front stacks follow from the
/// values.
extension SlidingColumn {
    func append(to bytes: inout [UInt8], _ arena: Arena) {
        bytes.append(word: UInt64(needs.rawValue))
        let parts = parts ?? Parts(factors: [])
        bytes.append(count: parts.factors.count)
        for (factor, stack) in zip(parts.factors, parts.smoothings) {
            bytes.append(double: factor)
            bytes.append(double: stack.back.scale)
            bytes.append(double: stack.back.shift)
        }
        moments.back.append(to: &bytes)
        parts.regression.back.append(to: &bytes)
        ValueCodec.append(parts.extremes.back.least, to: &bytes)
        ValueCodec.append(parts.extremes.back.greatest, to: &bytes)
        bytes.append(boolean: isDisordered)
        bytes.append(count: split - head)
        bytes.append(count: ringCount)
        for position in head..<tail { append(entry(position), to: &bytes, arena) }
        bytes.append(boolean: newest != nil)
        if let newest { append(newest, to: &bytes, arena) }
    }

    private func append(_ entry: Entry, to bytes: inout [UInt8], _ arena: Arena) {
        ValueCodec.append(load(entry.value, arena), to: &bytes)
        bytes.append(integer: entry.order)
        bytes.append(integer: entry.other)
    }

    /// Takes what `append` wrote into an empty column. When the rule now needs other statistics than then, they are
    /// made
    /// anew of the values. False: damaged.
    func read(_ reader: inout StateReader, _ arena: Arena) -> Bool {
        guard let storedNeeds = reader.word() else { return false }
        if storedNeeds & NumberColumn.stateMark != 0 {
            guard let stored = NumberColumn.Stored.read(&reader) else { return false }
            restore(stored)
            return true
        }
        guard let factorCount = reader.count(bytesEach: 24) else { return false }
        var storedFactors: [Double] = []
        var backs: [Smoothing] = []
        for _ in 0..<factorCount {
            guard let factor = reader.double(), let scale = reader.double(), let shift = reader.double() else {
                return false
            }
            storedFactors.append(factor)
            backs.append(Smoothing(scale: scale, shift: shift))
        }
        guard let backMoments = Moments.read(&reader), let backRegression = Regression.read(&reader),
            let least = ValueCodec.read(&reader, arena), least.isScalar,
            let greatest = ValueCodec.read(&reader, arena), greatest.isScalar,
            let disordered = reader.boolean(), let front = readFront(&reader),
            let count = reader.count(bytesEach: 17), front <= count
        else { return false }
        let isSame = storedNeeds == UInt64(needs.rawValue) && storedFactors == factors
        for _ in 0..<count {
            guard let entry = readEntry(&reader, arena) else { return false }
            restore(entry)
        }
        guard let hasNewest = reader.boolean() else { return false }
        if hasNewest {
            guard let entry = readEntry(&reader, arena) else { return false }
            newest = entry
        }
        isDisordered = disordered
        split = head + (isSame ? front : count)
        if isSame {
            moments.back = backMoments
            parts?.regression.back = backRegression
            parts?.extremes.back = Extremes(least: least, greatest: greatest)
            for (index, back) in backs.enumerated() { parts?.smoothings[index].back = back }
        }
        refold()
        return true
    }

    /// Takes what a column of numbers kept. It knows neither the times of its events nor values that are no numbers.
    private func restore(_ stored: NumberColumn.Stored) {
        let lacksStrangers = !needs.isDisjoint(with: [.truth, .ends, .values])
        for (index, number) in stored.slots.enumerated() {
            let value: Value
            if number.isFinite {
                value =
                    stored.isWhole ? Int64(exactly: number).map { .integer($0) } ?? .double(number) : .double(number)
            } else if number.bitPattern == NumberColumn.stranger.bitPattern, !lacksStrangers {
                value = .boolean(false)
            } else {
                continue
            }
            if let newest { restore(newest) }
            newest = Entry(value: recount(value), order: Int64(index) + 1, other: SlidingColumn.timeUnknown)
        }
        split = tail
        refold()
    }

    /// A count that is checked against the entries, not against bytes.
    private func readFront(_ reader: inout StateReader) -> Int? { reader.count(bytesEach: 0) }

    private func readEntry(_ reader: inout StateReader, _ arena: Arena) -> Entry? {
        guard let value = ValueCodec.read(&reader, arena),
            let order = reader.integer(), let other = reader.integer()
        else { return nil }
        return Entry(value: recount(value), order: order, other: other)
    }
}

extension RunningColumn {
    func append(to bytes: inout [UInt8]) {
        let parts = parts ?? Parts(factors: [])
        for count in [presentCount, parts.trueCount, parts.falseCount, numberCount, parts.integers.doubles] {
            bytes.append(integer: Int64(count))
        }
        bytes.append(word: UInt64(truncatingIfNeeded: parts.integers.total))
        bytes.append(word: UInt64(truncatingIfNeeded: parts.integers.total >> 64))
        others.append(to: &bytes)
        parts.regression.append(to: &bytes)
        for mark in [parts.firstNumber, lastNumber] {
            bytes.append(boolean: mark != nil)
            if let mark {
                bytes.append(double: mark.value)
                bytes.append(integer: mark.time)
                bytes.append(integer: mark.arrival)
            }
        }
        for mark in [parts.first, parts.last] {
            bytes.append(boolean: mark != nil)
            if let mark {
                mark.value.append(to: &bytes)
                bytes.append(integer: mark.time)
                bytes.append(integer: mark.arrival)
            }
        }
        bytes.append(count: parts.extremes.count)
        for part in parts.extremes {
            bytes.append(part.kind.rawValue)
            bytes.append(integer: part.firstArrival)
            part.least.append(to: &bytes)
            part.greatest.append(to: &bytes)
        }
        bytes.append(count: parts.list.count + parts.numbers.count)
        for number in parts.numbers {
            bytes.append(integer: 0)
            ValueCodec.append(.double(number), to: &bytes)
        }
        for item in parts.list {
            bytes.append(integer: item.arrival)
            item.value.append(to: &bytes)
        }
    }

    /// Takes what `append` wrote into an empty column. False: damaged.
    func read(_ reader: inout StateReader, _ arena: Arena) -> Bool {
        // What nobody asks for now is read and dropped.
        let parts = parts ?? Parts(factors: [])
        var counts: [Int] = []
        for _ in 0..<5 {
            guard let count = reader.integer(), (0..<1 << 48).contains(count) else { return false }
            counts.append(Int(count))
        }
        (presentCount, parts.trueCount, parts.falseCount, numberCount, parts.integers.doubles) =
            (counts[0], counts[1], counts[2], counts[3], counts[4])
        guard let low = reader.word(), let high = reader.integer(), (-(1 << 48)..<(1 << 48)).contains(high) else {
            return false
        }
        parts.integers.total = Int128(high) << 64 | Int128(low)
        guard let others = Moments.read(&reader), let regression = Regression.read(&reader) else { return false }
        self.others = others
        parts.regression = regression
        guard readNumbers(&reader, parts), readMarks(&reader, parts, arena) else { return false }
        guard readExtremes(&reader, parts, arena), let count = reader.count(bytesEach: 9) else { return false }
        for _ in 0..<count {
            guard let arrival = reader.integer(), let value = StoredValue.read(&reader, arena) else { return false }
            guard keepsNumbersOnly else {
                parts.list.append((arrival, value))
                continue
            }
            let number = value.load(arena)
            if number.isNumber { parts.numbers.append(number.asDouble) }
        }
        return true
    }

    private func readExtremes(_ reader: inout StateReader, _ parts: Parts, _ arena: Arena) -> Bool {
        guard let count = reader.count(bytesEach: 11) else { return false }
        for _ in 0..<count {
            guard let kind = reader.byte().flatMap(Value.Kind.init(rawValue:)), let first = reader.integer(),
                let least = StoredValue.read(&reader, arena), let greatest = StoredValue.read(&reader, arena),
                least.load(arena).orderedClass == kind, greatest.load(arena).orderedClass == kind,
                !parts.extremes.contains(where: { $0.kind == kind })
            else { return false }
            parts.extremes.append(TypeExtremes(kind: kind, firstArrival: first, least: least, greatest: greatest))
        }
        return true
    }

    private func readNumbers(_ reader: inout StateReader, _ parts: Parts) -> Bool {
        func mark() -> NumberMark?? {
            guard let present = reader.boolean() else { return nil }
            guard present else { return .some(nil) }
            guard let value = reader.double(), let time = reader.integer(), let arrival = reader.integer() else {
                return nil
            }
            return NumberMark(value: value, time: time, arrival: arrival)
        }
        guard let first = mark(), let last = mark() else { return false }
        parts.firstNumber = first
        guard (last == nil) == (numberCount == 0) else { return false }
        lastNumber = last
        return true
    }

    private func readMarks(_ reader: inout StateReader, _ parts: Parts, _ arena: Arena) -> Bool {
        func mark() -> Mark?? {
            guard let present = reader.boolean() else { return nil }
            guard present else { return .some(nil) }
            guard let value = StoredValue.read(&reader, arena), let time = reader.integer(),
                let arrival = reader.integer()
            else { return nil }
            return Mark(value: value, time: time, arrival: arrival)
        }
        guard let first = mark(), let last = mark() else { return false }
        parts.first = first
        parts.last = last
        return true
    }
}
