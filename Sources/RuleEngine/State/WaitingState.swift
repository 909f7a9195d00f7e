import RuleLanguage

/// What waits for models, as bytes and back.
extension RuleRuntime {
    enum DecodedWaiting { case fits, foreign, damaged }

    /// Where the group of an entry is found again.
    private enum Holder: UInt8 { case none = 0, group, sole }

    func encodeWaiting() -> [UInt8] {
        var bytes: [UInt8] = [StateFrame.version]
        bytes.append(word: signature)
        bytes.append(word: whenSignature)
        bytes.append(word: layoutSignature)
        let entries = waiting.all
        bytes.append(count: entries.count)
        for entry in entries {
            bytes.append(word: entry.number)
            bytes.append(count: entry.site)
            append(entry.group, to: &bytes)
            append(entry.holder, to: &bytes)
            bytes.append(count: entry.histories.count)
            for history in entry.histories { bytes.append(count: history) }
            bytes.append(count: entry.depth)
            bytes.append(integer: entry.clock)
            bytes.append(word: entry.messageNumber)
            bytes.append(word: entry.eventNumber)
            bytes.append(integer: entry.reached)
            bytes.append(count: entry.results.count)
            for result in entry.results {
                bytes.append(boolean: result != nil)
                if let result { bytes.append(sized: result) }
            }
            bytes.append(sized: entry.frame)
        }
        StateFrame.seal(&bytes)
        return bytes
    }

    private func append(_ group: Group?, to bytes: inout [UInt8]) {
        guard let group else {
            bytes.append(Holder.none.rawValue)
            return
        }
        bytes.append(group === sole ? Holder.sole.rawValue : Holder.group.rawValue)
        if group !== sole { bytes.append(sized: key(of: group)) }
    }

    /// Puts back what waited. The groups must be there already.
    func decodeWaiting(_ bytes: [UInt8]) -> DecodedWaiting {
        guard let models = program.models else { return .foreign }
        return unsafe bytes.withUnsafeBytes { buffer in
            guard var reader = unsafe StateFrame.open(ByteSlice(buffer)), let rule = reader.word(),
                let when = reader.word(), let layout = reader.word(), let count = reader.count(bytesEach: 32)
            else { return .damaged }
            guard rule == signature, when == whenSignature, layout == layoutSignature else { return .foreign }
            var entries: [WaitingEvaluation] = []
            for _ in 0..<count {
                // What is read only to see whether it is sound is not kept.
                let mark = machine.arena.mark
                defer { machine.arena.release(mark) }
                guard let entry = readEntry(&reader, models) else { return .damaged }
                entries.append(entry)
            }
            guard reader.isAtEnd else { return .damaged }
            for entry in entries.sorted(by: { $0.number < $1.number }) { waiting.append(entry) }
            waiting.isDirty = false
            return .fits
        }
    }

    private func readEntry(_ reader: inout StateReader, _ models: ModelSites) -> WaitingEvaluation? {
        guard let number = reader.word(), let site = reader.count(bytesEach: 0), site < models.sites.count,
            let group = readGroup(&reader), let holder = readGroup(&reader),
            let historyCount = reader.count(bytesEach: 4)
        else { return nil }
        var histories: [Int] = []
        for _ in 0..<historyCount {
            guard let history = reader.count(bytesEach: 0), history < plan.histories.count else { return nil }
            histories.append(history)
        }
        guard let depth = reader.count(bytesEach: 0), let clock = reader.integer(), let message = reader.word(),
            let event = reader.word(), let reached = reader.integer(), let resultCount = reader.count(),
            resultCount == 0 || resultCount == models.sites[site].calls.count
        else { return nil }
        var results: [[UInt8]?] = []
        for _ in 0..<resultCount {
            guard let present = reader.boolean() else { return nil }
            if !present {
                results.append(nil)
                continue
            }
            guard let result = reader.slice() else { return nil }
            results.append(result.array)
        }
        guard let frame = reader.slice(), isSound(frame, site, models) else { return nil }
        return WaitingEvaluation(
            number: number, site: site, frame: frame.array, group: group.group, holder: holder.group,
            histories: histories,
            depth: depth, clock: clock, messageNumber: message, eventNumber: event, reached: reached, results: results,
            callCount: models.sites[site].calls.count)
    }

    private struct FoundGroup {
        var group: Group?
    }

    /// Nil: damaged. A group that is gone is found as one of its own, so that its evaluation still happens.
    private func readGroup(_ reader: inout StateReader) -> FoundGroup? {
        guard let code = reader.byte(), let holder = Holder(rawValue: code) else { return nil }
        switch holder {
        case .none: return FoundGroup()
        case .sole: return FoundGroup(group: sole)
        case .group:
            guard let key = reader.slice() else { return nil }
            if let slot = groups.find(key, hash: KeyTable<Group>.hash(key)), let group = groups[slot] {
                return FoundGroup(group: group)
            }
            let group = makeGroup(slot: 0, creation: 0, sequence: ruleState.sequenceFloor)
            equip(group, hasKey: !key.isEmpty)
            group.keep(keyOfGone: key.array)
            group.isAlive = false
            return FoundGroup(group: group)
        }
    }
}
