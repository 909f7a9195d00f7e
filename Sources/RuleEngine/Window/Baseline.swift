import RuleLanguage

/// A `zscore` that does not take mean and deviation from the window at hand.
struct BaselinePlan {
    enum Kind {
        case frozen
        case gated(gate: Double)
    }
    /// Index of the call among the rule's aggregates.
    var slot: Int
    var call: AggregateCall
    var kind: Kind
    /// Tells baselines apart over a reload.
    var identity: UInt64
    /// Of `last N`: N; else 0.
    var countMax = 0
    /// Of `last D`: D.
    var length: Int64 = 0

    static func plans(_ plan: RulePlan, _ calls: [AggregateCall]) -> [BaselinePlan] {
        var result: [BaselinePlan] = []
        for (slot, aggregate) in plan.aggregates.enumerated() {
            let kind: Kind
            switch aggregate.baseline {
            case .rolling: continue
            case .frozen: kind = .frozen
            case .gated(let gate): kind = .gated(gate: gate)
            }
            var baseline = BaselinePlan(
                slot: slot, call: calls[slot], kind: kind,
                identity: StableHash.hash(aggregate.canonicalText.utf8))
            switch plan.window?.kind {
            case .lastCount(let count): baseline.countMax = count
            case .lastDuration(let length): baseline.length = length
            default: break
            }
            result.append(baseline)
        }
        return result
    }
}

/// What a `zscore` with a baseline of its own remembers of one group. It moves on at every evaluation of the window,
/// whether or not the score is asked for.
final class Baseline {
    let plan: BaselinePlan
    /// Of the first full window; nil until then.
    private(set) var frozen: Moments?
    /// The least event time so far.
    private var earliest: Int64?
    private let gated: GatedBaseline?

    init(_ plan: BaselinePlan) {
        self.plan = plan
        if case .gated(let gate) = plan.kind {
            gated = GatedBaseline(gate: gate, countMax: plan.countMax, length: plan.length)
        } else {
            gated = nil
        }
    }

    /// The score of an event that the window has taken. `newest` is the group's greatest event time.
    func score(_ window: SlidingWindow, time: Int64, newest: Int64, valuesMax: Int, dropped: inout UInt64) -> Value {
        let column = window.columns[plan.call.column]
        if let gated {
            return gated.score(
                column.newestNumber, plan.call, of: column.number(ofArrival: window.arrivals), time: time,
                newest: newest, valuesMax: valuesMax, dropped: &dropped)
        }
        earliest = min(earliest ?? time, time)
        return score(column, isFull: isFull(window, newest))
    }

    /// The score of a window that closes.
    func score(closing pane: Pane) -> Value {
        pane.column(plan.call.column).map { score($0, isFull: true) } ?? .missing
    }

    private func isFull(_ window: SlidingWindow, _ newest: Int64) -> Bool {
        if plan.countMax > 0 { return window.arrivals >= Int64(plan.countMax) }
        let (limit, overflow) = newest.subtractingReportingOverflow(plan.length)
        return !overflow && earliest ?? .max <= limit
    }

    @inline(__always)
    private func score(_ column: some AggregateColumn, isFull: Bool) -> Value {
        guard let value = column.newestNumber else { return .missing }
        if let frozen { return .finite(Baseline.score(value, frozen, plan.call)) }
        guard isFull else { return .missing }
        let others = column.momentsOfOthers
        let all = others.adding(value)
        frozen = all
        return .finite(Baseline.score(value, plan.call.againstOthers ? others : all, plan.call))
    }

    /// NaN where the score is missing.
    @inline(__always)
    static func score(_ value: Double, _ moments: Moments, _ call: AggregateCall) -> Double {
        if moments.isEmpty { return .nan }
        return AggregateReader.score(value, moments, call.floor, ofEqual: call.againstOthers ? .nan : 0)
    }

    // MARK: State

    func append(to bytes: inout [UInt8], _ arena: Arena) {
        bytes.append(boolean: frozen != nil)
        frozen?.append(to: &bytes)
        bytes.append(optional: earliest)
        gated?.append(to: &bytes, arena)
    }

    /// Takes what `append` wrote into a new baseline. False: damaged.
    func read(_ reader: inout StateReader, _ arena: Arena) -> Bool {
        guard let isFrozen = reader.boolean() else { return false }
        if isFrozen {
            guard let moments = Moments.read(&reader) else { return false }
            frozen = moments
        }
        guard let earliest = reader.optionalInteger() else { return false }
        self.earliest = earliest
        return gated?.read(&reader, arena) ?? true
    }
}

/// A window of the events whose score stays below the gate, of the length of the rule's window.
final class GatedBaseline {
    private let gate: Double
    private let countMax: Int
    private let length: Int64
    private let column: SlidingColumn
    /// Events let in so far.
    private var admitted: Int64 = 0
    /// Their greatest event time.
    private var newestAdmitted = Int64.min
    /// Events kept out in a row, and the group's time when the first of them was.
    private var keptOut: Int64 = 0
    private var keptOutSince: Int64 = 0
    /// Keeping out has lasted for a window: everything is let in until a score is below the gate.
    private var isOpen = false

    init(gate: Double, countMax: Int, length: Int64) {
        self.gate = gate
        self.countMax = countMax
        self.length = length
        column = SlidingColumn(
            ColumnPlan(argument: Program(start: 0, end: 0, result: 0), needs: .moments, factors: [], identity: 0),
            ordersByArrival: countMax > 0)
    }

    /// Scores `value`, then lets the event in or keeps it out; `number` is what the event itself brought, if anything.
    func score(
        _ value: Double?, _ call: AggregateCall, of number: Double?, time: Int64, newest: Int64, valuesMax: Int,
        dropped: inout UInt64
    ) -> Value {
        var score = Double.nan
        if let value, column.count >= 2, let last = column.newestNumber {
            score = Baseline.score(value, column.momentsOfOthers.adding(last), call)
        }
        let isOut = abs(score) >= gate
        if isOut, !isOpen, !hasKeptOutLong(newest) {
            if keptOut == 0 { keptOutSince = newest }
            keptOut += 1
            return .finite(score)
        }
        if isOut {
            isOpen = true
        } else {
            keptOut = 0
            if !score.isNaN { isOpen = false }
        }
        letIn(number, time)
        while column.count > valuesMax, column.ringCount > 0 {
            column.popHead()
            dropped += 1
        }
        return .finite(score)
    }

    private func hasKeptOutLong(_ newest: Int64) -> Bool {
        if keptOut == 0 { return false }
        if countMax > 0 { return keptOut >= Int64(countMax) }
        let (passed, overflow) = newest.subtractingReportingOverflow(keptOutSince)
        return overflow || passed >= length
    }

    private func letIn(_ number: Double?, _ time: Int64) {
        admitted += 1
        newestAdmitted = max(newestAdmitted, time)
        let (limit, overflow) =
            countMax > 0
            ? admitted.subtractingReportingOverflow(Int64(countMax))
            : newestAdmitted.subtractingReportingOverflow(length)
        if !overflow { column.evict(through: limit) }
        guard let number else { return }
        let (order, other) = countMax > 0 ? (admitted, time) : (time, admitted)
        _ = column.insert(.double(number), order: order, other: other)
    }

    func append(to bytes: inout [UInt8], _ arena: Arena) {
        for number in [admitted, newestAdmitted, keptOut, keptOutSince] { bytes.append(integer: number) }
        bytes.append(boolean: isOpen)
        column.append(to: &bytes, arena)
    }

    func read(_ reader: inout StateReader, _ arena: Arena) -> Bool {
        guard let admitted = reader.integer(), (0..<1 << 62).contains(admitted), let newest = reader.integer(),
            let keptOut = reader.integer(), (0..<1 << 62).contains(keptOut), let since = reader.integer(),
            let isOpen = reader.boolean()
        else { return false }
        self.admitted = admitted
        newestAdmitted = newest
        self.keptOut = keptOut
        keptOutSince = since
        self.isOpen = isOpen
        return column.read(&reader, arena)
    }
}

extension SlidingColumn {
    /// The number that the event of this arrival number brought; nil: none.
    func number(ofArrival arrival: Int64) -> Double? {
        guard let newest, (ordersByArrival ? newest.order : newest.other) == arrival else { return nil }
        return number(newest.value)
    }
}
