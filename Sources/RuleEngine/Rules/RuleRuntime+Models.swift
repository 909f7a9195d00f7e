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
            for call in calls { finish(call, runNow(call, runner, engine)) }
            return true
        }
        var results: [[UInt8]?] = []
        for call in calls {
            results.append(ask(call, engine.waitingNumber + 1, engine))
        }
        if !results.contains(where: { $0 == nil }), waiting.isEmpty(at: site) {
            for (call, result) in zip(calls, results) { finish(call, result ?? []) }
            return true
        }
        engine.waitingNumber += 1
        engine.isEngineDirty = true
        let context = machine.context
        waiting.append(
            WaitingEvaluation(
                number: engine.waitingNumber, site: site, saved: save(aggregates: aggregates(at: site)),
                group: group, holder: historyHolder,
                histories: historyStamps.indices.filter { historyStamps[$0] == occasion }, depth: emission.depth,
                clock: context.now, messageNumber: context.number, eventNumber: eventNumber, reached: reached,
                results: results))
        return false
    }

    /// Above the window there are none.
    private func aggregates(at site: Int) -> [Int] {
        guard let models = program.models else { return [] }
        if case .step = models.sites[site].place { return [] }
        return models.aggregates
    }

    // MARK: Calls

    /// Puts a row into the engine's batch for the model; the result where there is one at once.
    private func ask(_ call: Int, _ number: UInt64, _ engine: RuleEngine) -> [UInt8]? {
        let model = modelIndices[program.modelCalls[call].model]
        guard engine.models[model].signature != nil else { return ModelResultWriter.failure(.unavailable) }
        let before = engine.batches[model].rows.count
        guard appendRow(call, to: &engine.batches[model].rows) else {
            let added = engine.batches[model].rows.count - before
            engine.batches[model].rows.removeLast(added)
            return ModelResultWriter.failure(.input)
        }
        engine.batches[model].tickets.append(
            ModelTicket(rule: Int32(truncatingIfNeeded: index), call: Int32(truncatingIfNeeded: call), number: number))
        return nil
    }

    /// Runs a call on this thread.
    private func runNow(_ call: Int, _ runner: any ModelRunner, _ engine: RuleEngine) -> [UInt8] {
        let model = modelIndices[program.modelCalls[call].model]
        engine.rowScratch.removeAll(keepingCapacity: true)
        engine.resultScratch.removeAll(keepingCapacity: true)
        guard engine.models[model].signature != nil else { return ModelResultWriter.failure(.unavailable) }
        guard appendRow(call, to: &engine.rowScratch) else { return ModelResultWriter.failure(.input) }
        unsafe engine.rowScratch.withUnsafeBytes { row in
            unsafe runner.run(model, row, into: &engine.resultScratch)
        }
        return engine.resultScratch
    }

    /// Appends the elements of a call's arguments; false when one is missing or does not fit.
    private func appendRow(_ call: Int, to row: inout [UInt8]) -> Bool {
        for input in program.modelCalls[call].inputs {
            var room = input.count
            for argument in input.arguments {
                let value = machine.run(argument)
                guard ModelArguments.append(value, as: input.element, room: &room, to: &row, machine.arena) else {
                    return false
                }
            }
            if room != 0 { return false }
        }
        return true
    }

    /// Puts a call's result into its register.
    private func finish(_ call: Int, _ bytes: [UInt8]) {
        let model = plan.models[program.modelCalls[call].model]
        let result = unsafe bytes.withUnsafeBytes { unsafe ModelResult.read(ByteSlice($0), model, machine.arena) }
        switch result {
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
        _ call: Int, _ number: UInt64, _ result: [UInt8], _ engine: RuleEngine, _ outputs: inout [RuleOutput]
    ) -> Bool {
        guard let models = program.models, call >= 0, call < models.siteOfCall.count,
            let site = models.siteOfCall[call], let entry = waiting.find(number, at: site),
            let place = models.sites[site].calls.firstIndex(of: call), entry.results[place] == nil
        else { return false }
        entry.results[place] = result
        waiting.isDirty = true
        goOn(at: site, engine, &outputs)
        return true
    }

    /// Resumes what is ready at a site, in order.
    private func goOn(at site: Int, _ engine: RuleEngine, _ outputs: inout [RuleOutput]) {
        while let entry = waiting.first(at: site), entry.isReady {
            waiting.removeFirst(at: site)
            resume(entry, engine, &outputs)
        }
        releaseTimers(engine)
    }

    /// What waits for a call that nobody answers goes on without, from the furthest on.
    func failWaiting(
        _ failure: ModelFailure, downTo countMax: Int, _ engine: RuleEngine, _ outputs: inout [RuleOutput]
    ) {
        while waiting.count > countMax, let entry = waiting.frontmost {
            for place in entry.results.indices where entry.results[place] == nil {
                entry.results[place] = ModelResultWriter.failure(failure)
            }
            goOn(at: entry.site, engine, &outputs)
        }
    }

    private func resume(_ entry: WaitingEvaluation, _ engine: RuleEngine, _ outputs: inout [RuleOutput]) {
        guard let models = program.models else { return }
        let mark = engine.arena.mark
        let emission = Emission(engine: engine, depth: entry.depth)
        isRunning = true
        if hasAlarm, let group = entry.group { reachDeadlines(group, entry, emission, &outputs) }
        eventNumber = entry.eventNumber
        machine.context = EvaluationContext()
        machine.context.now = entry.clock
        machine.context.number = entry.messageNumber
        load(entry.saved)
        beginOccasion()
        for history in entry.histories { historyStamps[history] = occasion }
        historyHolder = entry.holder
        let site = models.sites[entry.site]
        for (call, result) in zip(site.calls, entry.results) { finish(call, result ?? []) }
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
            let mark = engine.arena.mark
            machine.context = EvaluationContext()
            machine.context.now = entry.clock
            machine.context.number = entry.messageNumber
            load(entry.saved)
            for (place, call) in models.sites[entry.site].calls.enumerated() where entry.results[place] == nil {
                entry.results[place] = ask(call, entry.number, engine)
            }
            engine.arena.release(mark)
        }
        for site in models.sites.indices.reversed() { goOn(at: site, engine, &outputs) }
    }
}
