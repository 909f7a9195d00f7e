internal import RuleEngine

extension ModelSchedule {
    /// Other models from now on, by place. Rows that wait stay where the new model takes and gives the same; the others
    /// are answered. A model that replaces another begins without its failures.
    mutating func replace(_ models: [Model?], changed: [Bool]) -> ModelAnswers {
        var answers = ModelAnswers()
        for index in slots.indices where index >= models.count || models[index] != slots[index].model {
            for ticket in slots[index].queue.takeAll() { answers.append(ticket, .unavailable) }
        }
        var replaced: [Slot] = []
        for (index, model) in models.enumerated() {
            guard slots.indices.contains(index) else {
                replaced.append(Slot(model, options))
                continue
            }
            var slot = slots[index]
            if model != slot.model { slot.queue = ModelQueue(rowByteCount: model?.rowByteCount ?? 0) }
            slot.model = model
            if changed[index] {
                slot.breaker = CircuitBreaker(options)
                slot.rowCost = nil
                // A run that was given up holds the old model, not the new one.
                if slot.running?.isGivenUp == true { slot.running = nil }
            }
            replaced.append(slot)
        }
        slots = replaced
        return answers
    }

    /// Other models for other rules: what waits and what is being run is forgotten.
    mutating func reset(_ models: [Model?]) {
        slots = models.map { Slot($0, options) }
    }

    func counters(at now: Int64) -> [ModelCounters] {
        slots.map { slot in
            var counters = slot.counters
            counters.queued = slot.queue.count
            counters.isSuspended = slot.breaker.isSuspended(at: now)
            return counters
        }
    }
}
