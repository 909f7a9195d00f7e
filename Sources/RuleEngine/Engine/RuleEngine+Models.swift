import RuleLanguage

extension RuleEngine {
    /// Events and evaluations that wait for models now.
    package var waitingCount: Int { rules.reduce(0) { $0 + $1.waiting.count } }

    /// Whether `takeBatches` has any.
    package var hasRows: Bool { !models.isEmpty && batches.contains { !$0.tickets.isEmpty } }

    /// The rows that were asked for since the last call, one batch for each model that has any.
    package func takeBatches() -> [ModelBatch] {
        guard hasRows else { return [] }
        var taken: [ModelBatch] = []
        for index in batches.indices where !batches[index].tickets.isEmpty {
            taken.append(batches[index])
            let before = batches[index]
            batches[index] = ModelBatch(model: index, tickets: [], rows: [])
            // The next is about as large.
            batches[index].tickets.reserveCapacity(before.tickets.count)
            batches[index].rows.reserveCapacity(before.rows.count)
        }
        return taken
    }

    /// Takes the result of one call, and goes on with what waited for it. False: nobody waits for it any more, which is
    /// no error: what waited too long went on without.
    @discardableResult
    package func answer(
        _ ticket: ModelTicket, _ result: UnsafeRawBufferPointer, into outputs: inout [RuleOutput]
    ) -> Bool {
        guard rules.indices.contains(Int(ticket.rule)) else { return false }
        return rules[Int(ticket.rule)].accept(
            Int(ticket.call), ticket.number, unsafe ByteSlice(result), self, &outputs)
    }

    /// Name of the rule that a ticket speaks of, as UTF-8.
    package func ruleName(of ticket: ModelTicket) -> [UInt8]? {
        rules.indices.contains(Int(ticket.rule)) ? rules[Int(ticket.rule)].nameBytes : nil
    }

    /// Gives all models a place, equal ones the same.
    func numberModels() {
        models = []
        for rule in rules {
            rule.modelIndices = rule.plan.models.map { model in
                let known = models.firstIndex {
                    $0.path == model.path && $0.signature?.sha256 == model.signature?.sha256
                }
                if let known { return known }
                models.append(model)
                return models.count - 1
            }
        }
        batches = models.indices.map { ModelBatch(model: $0, tickets: [], rows: []) }
    }

    /// Lets the oldest go on without its result where too many wait.
    func makeRoom(_ rule: RuleRuntime, _ outputs: inout [RuleOutput]) {
        if rule.waiting.count >= options.waitingMax {
            rule.failWaiting(.queueFull, downTo: options.waitingMax - 1, self, &outputs)
        }
        while rule.waiting.byteCount > options.waitingBytesMax {
            rule.failWaiting(.queueFull, downTo: rule.waiting.count - 1, self, &outputs)
        }
    }

    /// After a restart: what was asked for and not answered is asked again.
    func askAgain(_ outputs: inout [RuleOutput]) {
        batches = models.indices.map { ModelBatch(model: $0, tickets: [], rows: []) }
        for rule in rules { rule.askAgain(self, &outputs) }
    }
}
