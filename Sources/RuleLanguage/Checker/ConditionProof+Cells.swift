// The second half of the proof: the cells of each subject, and the condition for every choice of them.

extension ConditionProof {
    func verdict(_ formula: Formula) -> Verdict {
        var sawTrue = false
        var sawFalse = false
        guard
            forEachAssignment({ cells in
                let value = value(formula, cells)
                if value == true { sawTrue = true }
                if value == false { sawFalse = true }
                return !(sawTrue && sawFalse)
            })
        else { return .open }
        if !sawTrue { return .neverTrue }
        return sawFalse ? .open : .alwaysTrue
    }

    /// Whether some value of the one subject of both makes both true. Of several subjects nothing is claimed: that they
    /// can be true together is then no proof that they are.
    func overlap(_ first: Formula, _ second: Formula) -> Bool {
        guard subjects.count == 1 else { return false }
        var found = false
        _ = forEachAssignment { cells in
            found = value(first, cells) == true && value(second, cells) == true
            return !found
        }
        return found
    }

    /// Calls `body` with each choice of cells until it returns false; false when there are too many to try.
    private func forEachAssignment(_ body: ([Cell]) -> Bool) -> Bool {
        let ranks = textRanks
        var choices: [[Cell]] = []
        var count = 1
        let used = RuleLimits.proofStepsMax - stepsLeft + 1
        for subject in subjects {
            let cells = cells(subject, ranks)
            guard !cells.isEmpty else { return false }
            let (product, overflow) = count.multipliedReportingOverflow(by: cells.count)
            guard !overflow, product <= RuleLimits.proofAssignmentsMax, product <= 50 * RuleLimits.proofStepsMax / used
            else { return false }
            count = product
            choices.append(cells)
        }
        var assignment = choices.map { $0[0] }
        var digits = [Int](repeating: 0, count: choices.count)
        for _ in 0..<count {
            guard body(assignment) else { return true }
            for index in digits.indices {
                digits[index] = (digits[index] + 1) % choices[index].count
                assignment[index] = choices[index][digits[index]]
                if digits[index] != 0 { break }
            }
        }
        return true
    }

    // MARK: Values

    private func value(_ formula: Formula, _ cells: [Cell]) -> Bool? {
        switch formula {
        case .constant(let value): return value
        case .not(let operand): return value(operand, cells).map { !$0 }
        case .and(let left, let right):
            let first = value(left, cells)
            if first == false { return false }
            let second = value(right, cells)
            if second == false { return false }
            return first == nil || second == nil ? nil : true
        case .or(let left, let right):
            let first = value(left, cells)
            if first == true { return true }
            let second = value(right, cells)
            if second == true { return true }
            return first == nil || second == nil ? nil : false
        case .exists(let subject): return cells[subject] != .missing
        case .truth(let subject): if case .boolean(let value) = cells[subject] { return value } else { return nil }
        case .whenThere(let subject, let holds): return cells[subject] == .missing ? nil : holds
        case .compare(let symbol, let subject, let isAbsolute, let constant):
            return compare(symbol, cells[subject], isAbsolute: isAbsolute, constant)
        }
    }

    private func compare(_ symbol: ComparisonOperator, _ cell: Cell, isAbsolute: Bool, _ constant: Cell) -> Bool? {
        switch (cell, constant) {
        case (.missing, _): return nil
        case (.number(let x), .number(let y)), (.duration(let x), .duration(let y)):
            let value = isAbsolute ? abs(x) : x
            return symbol.accepts(value < y ? .less : value == y ? .equal : .greater)
        case (.text(let place), .text(let number)) where !isAbsolute:
            let wanted = textRanks[number] * 2 + 1
            return symbol.accepts(place < wanted ? .less : place == wanted ? .equal : .greater)
        case (.boolean(let x), .boolean(let y)) where !isAbsolute:
            return symbol == .equal ? x == y : symbol == .notEqual ? x != y : nil
        default:
            if isAbsolute { return nil }
            return symbol == .equal ? false : symbol == .notEqual ? true : nil
        }
    }

    // MARK: Cells

    private func cells(_ subject: Subject, _ ranks: [Int]) -> [Cell] {
        let kinds = kinds(subject.expression)
        var result: [Cell] = isNeverMissing(subject.expression) ? [] : [.missing]
        var asked = ValueKinds()
        if subject.isTruth {
            asked.formUnion(.boolean)
            if kinds.contains(.boolean) { result += [.boolean(true), .boolean(false)] }
        }
        if !subject.numbers.isEmpty {
            asked.formUnion(.number)
            if kinds.contains(.number) { result += numbers(subject).map { .number($0) } }
        }
        if !subject.durations.isEmpty {
            asked.formUnion(.duration)
            if kinds.contains(.duration) {
                result += representatives(subject.durations, isWhole: false).map { .duration($0) }
            }
        }
        if !subject.texts.isEmpty {
            asked.formUnion(.text)
            if kinds.contains(.text) {
                let places = subject.texts.map { ranks[$0] * 2 }.sorted()
                result += (places.prefix(1) + places.flatMap { [$0 + 1, $0 + 2] }).map { .text($0) }
            }
        }
        if !kinds.subtracting(asked).isEmpty { result.append(.other) }
        return result
    }

    /// One number of each stretch that the constants make, within what the subject can be.
    private func numbers(_ subject: Subject) -> [Double] {
        let bounds = bounds(of: subject.expression)
        var constants = subject.numbers
        if bounds.low.isFinite { constants.insert(bounds.low) }
        if bounds.high.isFinite { constants.insert(bounds.high) }
        return representatives(constants, isWhole: bounds.isWhole).filter { $0 >= bounds.low && $0 <= bounds.high }
    }

    private func representatives(_ constants: Set<Double>, isWhole: Bool) -> [Double] {
        let sorted = constants.sorted()
        guard let first = sorted.first, let last = sorted.last else { return [] }
        var result: [Double] = []
        func add(_ value: Double) {
            if value.isFinite, !isWhole || value == value.rounded() { result.append(value) }
        }
        add(isWhole ? first.rounded(.up) - 1 : first - max(1, abs(first)))
        for (index, value) in sorted.enumerated() {
            add(value)
            guard index + 1 < sorted.count else { continue }
            let next = sorted[index + 1]
            let between = isWhole ? value.rounded(.down) + 1 : value / 2 + next / 2
            if between > value, between < next { add(between) }
        }
        add(isWhole ? last.rounded(.down) + 1 : last + max(1, abs(last)))
        return result
    }

    // MARK: What subjects can be

    /// Rank of each text of `allTexts` in their order.
    private var textRanks: [Int] {
        let order = allTexts.indices.sorted { ConstantFolding.order(allTexts[$0], allTexts[$1]) == .less }
        var ranks = [Int](repeating: 0, count: allTexts.count)
        for (rank, index) in order.enumerated() { ranks[index] = rank }
        return ranks
    }

    private func kinds(_ expression: Expression) -> ValueKinds {
        switch expression {
        case .capture, .property, .interpolated: .text
        case .compare, .and, .or, .not, .membership, .between, .matches: .boolean
        case .letValue(let slot): slot < facts.lets.count ? facts.lets[slot].kinds : .any
        case .aggregate(let slot):
            slot < facts.aggregates.count ? facts.aggregates[slot].function.resultKinds(of: .any) : .any
        case .call(let function, _): function.signature.keepsKind ? .ordered : function.signature.result
        case .messageFact(let fact):
            switch fact {
            case .topic, .client: .text
            case .qos: .number
            case .retained: .boolean
            case .time, .arrived, .now, .windowStart, .windowEnd: .time
            }
        default: .any
        }
    }

    private func isNeverMissing(_ expression: Expression) -> Bool {
        switch expression {
        case .capture, .call(.exists, _): true
        case .messageFact(let fact): fact != .client && fact != .windowStart
        case .aggregate(let slot):
            slot < facts.aggregates.count && [.count, .countIf, .distinct].contains(facts.aggregates[slot].function)
        default: false
        }
    }

    private func bounds(of expression: Expression) -> (low: Double, high: Double, isWhole: Bool) {
        let open = (low: -Double.infinity, high: Double.infinity, isWhole: false)
        switch expression {
        case .messageFact(.qos): return (0, 2, true)
        case .call(let function, _):
            switch function {
            case .hour: return (0, 23, true)
            case .weekday: return (1, 7, true)
            case .length: return (0, .infinity, true)
            case .sqrt, .exp, .error: return (0, .infinity, false)
            case .sin, .cos: return (-1, 1, false)
            default: return open
            }
        case .aggregate(let slot) where slot < facts.aggregates.count:
            return bounds(of: facts.aggregates[slot])
        default: return open
        }
    }

    private func bounds(of aggregate: AggregatePlan) -> (low: Double, high: Double, isWhole: Bool) {
        let eventsMax = eventsMax.map(Double.init) ?? .infinity
        switch aggregate.function {
        case .count where aggregate.argument == nil:
            if case .everyCount(let count) = facts.window { return (Double(count), Double(count), true) }
            if case .silent(_, among: .some) = facts.window { return (0, .infinity, true) }
            return (1, eventsMax, true)
        case .count, .countIf, .distinct: return (0, eventsMax, true)
        case .variance, .stddev, .varianceSample, .stddevSample: return (0, .infinity, false)
        case .zscore:
            let bound = zscoreBound(aggregate) ?? .infinity
            return (-bound, bound, false)
        default: return (-.infinity, .infinity, false)
        }
    }

    private var eventsMax: Int? {
        switch facts.window {
        case .lastCount(let count), .everyCount(let count): count
        default: nil
        }
    }

    /// |z| of the newest of n values that are all in mean and stddev is at most √(n − 1).
    func zscoreBound(_ aggregate: AggregatePlan) -> Double? {
        guard aggregate.function == .zscore, !aggregate.againstOthers, aggregate.baseline == .rolling, let eventsMax
        else { return nil }
        return Double(eventsMax - 1).squareRoot()
    }

    /// The bound of z that the condition asks more of, and the number of events that would do.
    var zscoreOutOfReach: (bound: Double, eventsNeeded: Int)? {
        for subject in subjects {
            guard case .aggregate(let slot) = subject.expression, slot < facts.aggregates.count,
                let bound = zscoreBound(facts.aggregates[slot]),
                let wanted = subject.numbers.map(abs).filter({ $0 >= bound }).min()
            else { continue }
            let needed = (wanted * wanted).rounded(.down) + 2
            return (bound, needed < 1e9 ? Int(needed) : 0)
        }
        return nil
    }
}
