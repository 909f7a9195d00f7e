internal import RuleEngine
internal import RuleLanguage

/// Decides which rows are run when, and what is answered without a run. No threads and no clock: the time comes in, in
/// nanoseconds of any clock that does not go back.
struct ModelSchedule {
    /// What is known of a model.
    struct Model: Equatable {
        var rowByteCount: Int
        /// The most rows of one run.
        var batchMax: Int
        var inputs: [ModelSignature.Tensor]
        var outputs: [ModelSignature.Tensor]
    }

    /// Rows to be run now.
    struct Job: Equatable {
        var model: Int
        var run: UInt64
        var rows: ModelQueue.Rows
    }

    struct Run: Equatable {
        var number: UInt64
        var tickets: [ModelTicket]
        var deadlines: [Int64]
        /// Rows, from the first, that have been answered: they timed out.
        var answered = 0

        var isGivenUp: Bool { answered == tickets.count }
    }

    struct Slot {
        var model: Model?
        var queue: ModelQueue
        var breaker: CircuitBreaker
        var running: Run?
        /// What a row costs in a run, nanoseconds: a rise counts at once, a fall by half. Nil: nothing has run.
        var rowCost: Int64?
        var counters = ModelCounters()

        init(_ model: Model?, _ options: ModelPoolOptions) {
            self.model = model
            queue = ModelQueue(rowByteCount: model?.rowByteCount ?? 0)
            breaker = CircuitBreaker(options)
        }
    }

    let options: ModelPoolOptions
    var slots: [Slot]
    private var lastRun: UInt64 = 0
    /// The model that was served last.
    private var served = 0

    init(_ models: [Model?], _ options: ModelPoolOptions) {
        self.options = options
        slots = models.map { Slot($0, options) }
    }

    // MARK: - Rows come

    /// Queues rows; the result holds those that are refused at once.
    mutating func submit(_ batch: ModelBatch, at now: Int64) -> ModelAnswers {
        var refused = ModelAnswers()
        let count = batch.tickets.count
        guard slots.indices.contains(batch.model), let model = slots[batch.model].model else {
            for ticket in batch.tickets { refused.append(ticket, .unavailable) }
            return refused
        }
        guard batch.rows.count == count * model.rowByteCount else {
            for ticket in batch.tickets { refused.append(ticket, .input) }
            return refused
        }
        if slots[batch.model].breaker.isSuspended(at: now) {
            slots[batch.model].counters.suspended += UInt64(count)
            for ticket in batch.tickets { refused.append(ticket, .suspended) }
            return refused
        }
        let taken = min(count, slots[batch.model].queue.room(options))
        let (deadline, overflow) = now.addingReportingOverflow(max(1, options.deadline))
        slots[batch.model].queue.append(
            batch.tickets[..<taken], batch.rows[..<(taken * model.rowByteCount)], deadline: overflow ? .max : deadline)
        slots[batch.model].counters.rejected += UInt64(count - taken)
        for ticket in batch.tickets[taken...] { refused.append(ticket, .queueFull) }
        return refused
    }

    // MARK: - Rows are run

    /// Whether rows of this model could be run now.
    func isReady(_ index: Int, at now: Int64) -> Bool {
        guard let ready = readyTime(slots[index]) else { return false }
        return ready <= now
    }

    /// When the next rows may be run that no run holds up; nil: none wait.
    var nextReady: Int64? { slots.lazy.compactMap { readyTime($0) }.min() }

    private func readyTime(_ slot: Slot) -> Int64? {
        guard slot.running == nil, let model = slot.model, let deadline = slot.queue.firstDeadline else { return nil }
        if options.batchDelay <= 0 || slot.queue.count >= min(model.batchMax, options.batchMax) || model.batchMax == 1 {
            return .min
        }
        return deadline - options.deadline + min(options.batchDelay, options.deadline)
    }

    /// Takes rows of the model whose turn it is. Call `expire` first.
    ///
    /// - Parameter isFree: whether no thread is in the model at a place; a run that was forgotten may be.
    mutating func next(at now: Int64, isFree: (Int) -> Bool = { _ in true }) -> Job? {
        for step in 1...max(1, slots.count) where !slots.isEmpty {
            let index = (served + step) % slots.count
            guard isReady(index, at: now), isFree(index), let model = slots[index].model else { continue }
            served = index
            lastRun += 1
            let rows = slots[index].queue.take(most(slots[index], model))
            slots[index].breaker.begin()
            slots[index].running = Run(number: lastRun, tickets: rows.tickets, deadlines: rows.deadlines)
            return Job(model: index, run: lastRun, rows: rows)
        }
        return nil
    }

    /// The most rows of the next run: so many as take a quarter of the deadline, as far as runs have shown. A model
    /// that gains nothing by batches would miss it with all rows that wait.
    private func most(_ slot: Slot, _ model: Model) -> Int {
        if slot.breaker.isOnTrial { return 1 }
        let inTime = options.deadline / 4 / max(1, slot.rowCost ?? 1)
        return max(1, min(model.batchMax, options.batchMax, Int(inTime)))
    }

    /// A run is over. Gives how many of its rows, from the first, were answered meanwhile, so that their results are
    /// thrown away, and what is answered in consequence.
    mutating func finish(
        _ number: UInt64, rows: Int, _ outcome: OnnxModel.Run, at now: Int64
    ) -> (answered: Int, consequences: ModelAnswers) {
        guard let index = slots.firstIndex(where: { $0.running?.number == number }), let run = slots[index].running
        else { return (rows, ModelAnswers()) }
        slots[index].running = nil
        let cost = max(1, outcome.nanoseconds / Int64(max(1, rows)))
        slots[index].rowCost = slots[index].rowCost.map { max(cost, ($0 + cost) / 2) } ?? cost
        slots[index].counters.runs += 1
        slots[index].counters.rows += UInt64(rows)
        slots[index].counters.failures += UInt64(outcome.failedRows)
        if let reason = outcome.reason { slots[index].counters.lastFailure = reason }
        slots[index].counters.busyNanoseconds += UInt64(max(0, outcome.nanoseconds))
        slots[index].counters.batchedMax = max(slots[index].counters.batchedMax, UInt64(outcome.batchedMax))
        slots[index].counters.late += UInt64(run.answered)
        var consequences = ModelAnswers()
        if run.isGivenUp { return (run.answered, consequences) }
        if outcome.failedRows < rows {
            slots[index].breaker.succeed()
        } else {
            failed(index, at: now, &consequences)
        }
        return (run.answered, consequences)
    }

    private mutating func failed(_ index: Int, at now: Int64, _ answers: inout ModelAnswers) {
        guard slots[index].breaker.fail(at: now) else { return }
        slots[index].counters.breakerOpens += 1
        let waiting = slots[index].queue.takeAll()
        slots[index].counters.suspended += UInt64(waiting.count)
        for ticket in waiting { answers.append(ticket, .suspended) }
    }

    // MARK: - Time passes

    /// The earliest deadline of a row that waits or is run.
    var nextDeadline: Int64? {
        slots.lazy.compactMap { slot in
            let running = slot.running.flatMap { $0.isGivenUp ? nil : $0.deadlines[$0.answered] }
            guard let waiting = slot.queue.firstDeadline else { return running }
            return min(waiting, running ?? .max)
        }.min()
    }

    /// Answers the rows whose deadline has come. A run all of whose rows are answered is given up: `ended` names it.
    mutating func expire(at now: Int64) -> (answers: ModelAnswers, ended: [UInt64]) {
        var answers = ModelAnswers()
        var ended: [UInt64] = []
        for index in slots.indices {
            for ticket in slots[index].queue.takeExpired(at: now) {
                slots[index].counters.timeouts += 1
                answers.append(ticket, .timedOut)
            }
            guard var run = slots[index].running, !run.isGivenUp, run.deadlines[run.answered] <= now else { continue }
            while !run.isGivenUp, run.deadlines[run.answered] <= now {
                slots[index].counters.timeouts += 1
                answers.append(run.tickets[run.answered], .timedOut)
                run.answered += 1
            }
            slots[index].running = run
            guard run.isGivenUp else { continue }
            ended.append(run.number)
            failed(index, at: now, &answers)
        }
        return (answers, ended)
    }
}
