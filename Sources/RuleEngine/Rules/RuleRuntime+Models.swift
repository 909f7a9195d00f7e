import RuleLanguage

/// Rules that call models: what waits for a result, and how it goes on.
extension RuleRuntime {
    /// Whether the results of all sites in `range` from `start` on are in their registers. If not, what is on its way
    /// waits: nothing more is to be done with it now.
    func reach(
        _ range: Range<Int>, from start: Int, _ group: Group?, reached: Int64, _ emission: Emission
    ) -> Bool {
        var site = max(range.lowerBound, start)
        while site < range.upperBound {
            guard reach(site, group, reached, emission) else { return false }
            site += 1
        }
        return true
    }

    private func reach(_ site: Int, _ group: Group?, _ reached: Int64, _ emission: Emission) -> Bool {
        guard let models = program.models else { return true }
        let calls = models.sites[site].calls
        let engine = emission.engine
        if !models.argumentHistories[site].isEmpty, machine.context.hasEvent, let group {
            compute(models.argumentHistories[site], group)
        }
        if let runner = engine.runner {
            for call in calls { runNow(call, runner, engine) }
            return true
        }
        var frame = beginFrame(site, models)
        var results: [[UInt8]?] = []
        var openCount = 0
        for (place, call) in calls.enumerated() {
            let failure = ask(call, engine.waitingNumber + 1, engine, &frame)
            if failure == nil { openCount += 1 }
            if failure != nil, results.isEmpty { results = Array(repeating: nil, count: calls.count) }
            if let failure { results[place] = failure }
        }
        if openCount == 0, waiting.isEmpty(at: site) {
            finish(calls, results)
            return true
        }
        engine.waitingNumber += 1
        engine.isEngineDirty = true
        let context = machine.context
        let computed = hasHistories ? historyStamps.indices.filter { historyStamps[$0] == occasion } : []
        waiting.append(
            WaitingEvaluation(
                number: engine.waitingNumber, site: site, frame: frame, group: group,
                holder: historyHolder, histories: computed, depth: emission.depth, clock: context.now,
                messageNumber: context.number, eventNumber: eventNumber, reached: reached, results: results,
                callCount: calls.count))
        return false
    }

    // MARK: Calls

    /// Puts a row into the engine's batch for the model, and into the frame; the result where there is one at once.
    private func ask(_ call: Int, _ number: UInt64, _ engine: RuleEngine, _ frame: inout [UInt8]) -> [UInt8]? {
        let compiled = program.modelCalls[call]
        let model = modelIndices[compiled.model]
        guard modelShapes[compiled.model].isThere else {
            frame.append(count: 0)
            return ModelResultWriter.failure(.unavailable)
        }
        let before = engine.batches[model].rows.count
        guard compiled.appendRow(machine, to: &engine.batches[model].rows) else {
            let added = engine.batches[model].rows.count - before
            engine.batches[model].rows.removeLast(added)
            frame.append(count: 0)
            return ModelResultWriter.failure(.input)
        }
        frame.append(count: engine.batches[model].rows.count - before)
        frame.append(contentsOf: engine.batches[model].rows[before...])
        append(ticket: call, number, model, engine)
        return nil
    }

    private func append(ticket call: Int, _ number: UInt64, _ model: Int, _ engine: RuleEngine) {
        engine.batches[model].tickets.append(
            ModelTicket(rule: Int32(truncatingIfNeeded: index), call: Int32(truncatingIfNeeded: call), number: number))
    }

    /// Runs a call on this thread and puts its result into its register.
    private func runNow(_ call: Int, _ runner: any ModelRunner, _ engine: RuleEngine) {
        let compiled = program.modelCalls[call]
        let model = modelIndices[compiled.model]
        engine.rowScratch.removeAll(keepingCapacity: true)
        engine.resultScratch.removeAll(keepingCapacity: true)
        if !modelShapes[compiled.model].isThere {
            ModelResultWriter.fail(.unavailable, nanoseconds: 0, to: &engine.resultScratch)
        } else if compiled.appendRow(machine, to: &engine.rowScratch) {
            unsafe engine.rowScratch.withUnsafeBytes { row in
                unsafe runner.run(model, row, into: &engine.resultScratch)
            }
        } else {
            ModelResultWriter.fail(.input, nanoseconds: 0, to: &engine.resultScratch)
        }
        unsafe engine.resultScratch.withUnsafeBytes { unsafe finish(call, ByteSlice($0)) }
    }

    private func finish(_ calls: [Int], _ results: [[UInt8]?]) {
        for (place, call) in calls.enumerated() {
            let result = results[place] ?? []
            unsafe result.withUnsafeBytes { unsafe finish(call, ByteSlice($0)) }
        }
    }

    /// Puts a call's result into its register.
    private func finish(_ call: Int, _ bytes: ByteSlice) {
        switch ModelResult.read(bytes, modelShapes[program.modelCalls[call].model], machine.arena) {
        case .success(let value):
            counters.inferences &+= 1
            machine.registers[program.layout.models + call] = value
        case .failure(let error):
            counters.inferenceErrors &+= 1
            counters.inferenceFailures[Int(error.failure.rawValue) - 1] &+= 1
            machine.registers[program.layout.models + call] = .missing
        }
    }

    // MARK: Answers

    /// Takes the result of a call; false when nobody waits for it any more.
    func accept(
        _ call: Int, _ number: UInt64, _ result: ByteSlice, _ engine: RuleEngine, _ outputs: inout [RuleOutput]
    ) -> Bool {
        guard let models = program.models, call >= 0, call < models.siteOfCall.count,
            let site = models.siteOfCall[call]
        else { return false }
        let calls = models.sites[site].calls
        // Mostly the answers come in the order of the questions: nothing of them is kept then.
        if calls.count == 1, let first = waiting.first(at: site), first.number == number, first.isOpen(0) {
            waiting.removeFirst(at: site)
            resume(first, result, engine, &outputs)
            goOn(at: site, engine, &outputs)
            return true
        }
        guard let entry = waiting.find(number, at: site), let place = calls.firstIndex(of: call), entry.isOpen(place)
        else { return false }
        entry.keep(result.array, of: place, callCount: calls.count)
        waiting.isDirty = true
        goOn(at: site, engine, &outputs)
        return true
    }

    /// Resumes what is ready at a site, in order.
    private func goOn(at site: Int, _ engine: RuleEngine, _ outputs: inout [RuleOutput]) {
        while let entry = waiting.first(at: site), entry.isReady {
            waiting.removeFirst(at: site)
            resume(entry, nil, engine, &outputs)
        }
        releaseTimers(engine)
    }

    /// What waits for a call that nobody answers goes on without, from the furthest on.
    func failWaiting(
        _ failure: ModelFailure, downTo countMax: Int, _ engine: RuleEngine, _ outputs: inout [RuleOutput]
    ) {
        guard let models = program.models else { return }
        while waiting.count > countMax, let entry = waiting.frontmost {
            let callCount = models.sites[entry.site].calls.count
            for place in 0..<callCount where entry.isOpen(place) {
                entry.keep(ModelResultWriter.failure(failure), of: place, callCount: callCount)
            }
            goOn(at: entry.site, engine, &outputs)
        }
    }

    /// `result`: of the only call; nil: all results are in the entry.
    private func resume(
        _ entry: WaitingEvaluation, _ result: ByteSlice?, _ engine: RuleEngine, _ outputs: inout [RuleOutput]
    ) {
        guard let models = program.models else { return }
        let mark = engine.arena.mark
        let emission = Emission(engine: engine, depth: entry.depth)
        isRunning = true
        if hasAlarm, let group = entry.group { reachDeadlines(group, entry, emission, &outputs) }
        load(entry, models)
        beginOccasion()
        for history in entry.histories { historyStamps[history] = occasion }
        historyHolder = entry.holder
        let site = models.sites[entry.site]
        if let result { finish(site.calls[0], result) } else { finish(site.calls, entry.results) }
        if case .step(let index) = site.place {
            if runSteps(from: index, site: entry.site + 1, entry.group, emission) {
                enterWindow(nil, emission, &outputs)
            }
        } else if let group = entry.group {
            evaluate(group, from: site.place, site: entry.site + 1, reached: entry.reached, emission, &outputs)
            engine.schedule(self, group)
        }
        isRunning = false
        engine.latest.settle()
        engine.arena.release(mark)
    }

    /// Deadlines of `for` that lie before a waiting evaluation come before it.
    private func reachDeadlines(
        _ group: Group, _ entry: WaitingEvaluation, _ emission: Emission, _ outputs: inout [RuleOutput]
    ) {
        while let due = nextDue(group), due.isAlarm, due.end <= entry.reached {
            machine.context = EvaluationContext()
            machine.context.now = entry.clock
            run(due, group, emission, &outputs)
        }
    }

    // MARK: Timers

    /// Whether a timer must wait for what is on its way: an event that came before it may still enter the window, and a
    /// run toward `for` may have been broken. What is held comes back when that is over.
    func holds(_ group: Group, _ instant: Int64) -> Bool {
        if hasAlarm, group.waiting > 0 { return true }
        guard waiting.stepCount > 0, waiting.oldestStepClock <= instant else { return false }
        waiting.heldGroups.append(group)
        waiting.heldInstant = min(waiting.heldInstant, instant)
        return true
    }

    private func releaseTimers(_ engine: RuleEngine) {
        guard !waiting.heldGroups.isEmpty, waiting.oldestStepClock > waiting.heldInstant else { return }
        let groups = waiting.heldGroups
        waiting.heldGroups = []
        waiting.heldInstant = .max
        for group in groups where group.isAlive { engine.schedule(self, group) }
    }

    // MARK: After a restart

    /// Puts the rows of all calls that wait into the engine's batches again.
    func askAgain(_ engine: RuleEngine, _ outputs: inout [RuleOutput]) {
        guard let models = program.models, waiting.count > 0 else { return }
        for entry in waiting.all where !entry.isReady {
            let calls = models.sites[entry.site].calls
            let mark = engine.arena.mark
            defer { engine.arena.release(mark) }
            forEachRow(entry, calls.count) { place, row in
                guard entry.isOpen(place) else { return }
                let call = calls[place]
                let model = modelIndices[program.modelCalls[call].model]
                guard row.count == program.modelCalls[call].rowByteCount, engine.models[model].signature != nil else {
                    entry.keep(ModelResultWriter.failure(.unavailable), of: place, callCount: calls.count)
                    return
                }
                engine.batches[model].rows.append(row)
                append(ticket: call, entry.number, model, engine)
            }
        }
        for site in models.sites.indices.reversed() { goOn(at: site, engine, &outputs) }
    }
}
