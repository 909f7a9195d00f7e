import RuleLanguage

/// Frames of state: a version in front, a check sum behind.
enum StateFrame {
    static let version: UInt8 = 1

    static func seal(_ bytes: inout [UInt8]) {
        let sum = unsafe bytes.withUnsafeBytes { unsafe KeyTable<Group>.hash(ByteSlice($0)) }
        bytes.append(word: sum)
    }

    /// The reader behind the version, when the frame is whole and of this version.
    static func open(_ bytes: ByteSlice) -> StateReader? {
        guard bytes.count >= 9, bytes[0] == version else { return nil }
        let body = bytes.slice(0, bytes.count - 8)
        var tail = StateReader(bytes.slice(bytes.count - 8, bytes.count))
        guard tail.word() == KeyTable<Group>.hash(body) else { return nil }
        var reader = StateReader(body)
        _ = reader.byte()
        return reader
    }
}

extension RuleGroupState {
    /// A frame around a body that begins with the version: what tools that check or repair state write.
    package static func sealed(_ body: [UInt8]) -> [UInt8] {
        var bytes = body
        StateFrame.seal(&bytes)
        return bytes
    }
}

/// One group as bytes, and back into a rule that may have changed its `when` and `publish` since.
extension RuleRuntime {
    var signature: UInt64 { StableHash.hash(plan.stateSignature.utf8) }
    var whenSignature: UInt64 { StableHash.hash(plan.whenSignature.utf8) }

    /// Tells whether registers of a saved evaluation mean the same.
    var layoutSignature: UInt64 {
        var text = "\(plan.captures)|\(plan.letCount)|"
        for path in plan.paths { text += "\(path.steps)|" }
        for aggregate in plan.aggregates { text += "\(aggregate.canonicalText)|" }
        for history in plan.histories { text += "\(history.canonicalText)|" }
        for call in plan.modelCalls { text += "\(call.canonicalText)|" }
        return StableHash.hash(text.utf8)
    }

    func encode(_ group: Group) -> [UInt8] {
        var bytes: [UInt8] = [StateFrame.version]
        bytes.append(word: signature)
        bytes.append(word: group.sequence)
        bytes.append(word: group.creation)
        bytes.append(word: group.lastUsed)
        bytes.append(boolean: group.hasTime)
        bytes.append(integer: group.newestTime)
        bytes.append(integer: group.newestArrival)
        bytes.append(integer: group.closedThrough)
        bytes.append(integer: group.hopsDone)
        bytes.append(optional: group.period.start)
        bytes.append(integer: Int64(group.period.count))
        let keyValues = needsKeyValues ? group.keyValues(key(of: group), machine.arena) : []
        bytes.append(count: keyValues.count)
        for value in keyValues { ValueCodec.append(value, to: &bytes) }
        bytes.append(count: group.histories.count)
        for (history, value) in zip(plan.histories, group.histories) {
            bytes.append(word: StableHash.hash(history.canonicalText.utf8))
            bytes.append(boolean: value != nil)
            value?.append(to: &bytes)
        }
        bytes.append(boolean: group.sliding != nil || group.numbers != nil)
        if let window = group.sliding { append(window, to: &bytes) }
        if let numbers = group.numbers { append(numbers, to: &bytes) }
        let panes = panes(of: group)
        bytes.append(count: panes.count)
        for pane in panes { append(pane, to: &bytes) }
        bytes.append(boolean: group.alarm != nil)
        if let alarm = group.alarm { append(alarm, to: &bytes) }
        if !group.baselines.isEmpty { append(group.baselines, to: &bytes) }
        StateFrame.seal(&bytes)
        return bytes
    }

    private func append(_ window: SlidingWindow, to bytes: inout [UInt8]) {
        bytes.append(integer: window.arrivals)
        bytes.append(count: window.allColumns.count)
        for (index, column) in window.allColumns.enumerated() {
            bytes.append(word: index < program.columns.count ? program.columns[index].identity : 0)
            var part: [UInt8] = []
            column.append(to: &part, machine.arena)
            bytes.append(sized: part)
        }
    }

    private func append(_ first: NumberColumn, to bytes: inout [UInt8]) {
        bytes.append(integer: Int64(first.eventCount))
        bytes.append(count: program.columns.count)
        for (index, plan) in program.columns.enumerated() {
            bytes.append(word: plan.identity)
            var part: [UInt8] = []
            first.column(index)?.append(plan.needs, to: &part)
            bytes.append(sized: part)
        }
    }

    private func append(_ pane: Pane, to bytes: inout [UInt8]) {
        for number in [pane.start, pane.end, pane.firstTime, pane.lastTime, Int64(pane.eventCount)] {
            bytes.append(integer: number)
        }
        bytes.append(count: program.columns.count)
        for (index, plan) in program.columns.enumerated() {
            bytes.append(word: plan.identity)
            var part: [UInt8] = []
            pane.column(index)?.append(to: &part)
            bytes.append(sized: part)
        }
    }

    private func append(_ alarm: Alarm, to bytes: inout [UInt8]) {
        bytes.append(word: whenSignature)
        bytes.append(word: layoutSignature)
        bytes.append(boolean: alarm.isActive)
        bytes.append(boolean: alarm.isRipe)
        bytes.append(optional: alarm.runStart)
        bytes.append(integer: Int64(alarm.runCount))
        bytes.append(boolean: alarm.saved != nil)
        if let saved = alarm.saved { saved.append(to: &bytes) }
    }

    private func append(_ baselines: [Baseline], to bytes: inout [UInt8]) {
        bytes.append(count: baselines.count)
        for baseline in baselines {
            bytes.append(word: baseline.plan.identity)
            var part: [UInt8] = []
            baseline.append(to: &part, machine.arena)
            bytes.append(sized: part)
        }
    }

    /// Nothing follows the alarm of a rule without baselines.
    private func readBaselines(_ reader: inout StateReader, _ group: Group) -> Bool {
        if reader.isAtEnd { return true }
        guard let count = reader.count(bytesEach: 12) else { return false }
        for _ in 0..<count {
            guard let identity = reader.word(), let part = reader.slice() else { return false }
            guard let baseline = group.baselines.first(where: { $0.plan.identity == identity }) else { continue }
            var inner = StateReader(part)
            guard baseline.read(&inner, machine.arena), inner.isAtEnd else { return false }
        }
        return true
    }

    enum Decoded {
        case fits
        /// Of another version of the rule; its sequence number still counts.
        case foreign(sequence: UInt64)
        case damaged
    }

    /// Fills a new group of a key from bytes.
    func decode(_ bytes: ByteSlice, into group: Group, _ key: ByteSlice) -> Decoded {
        guard var reader = StateFrame.open(bytes), let stored = reader.word(), let sequence = reader.word(),
            sequence < 1 << 62
        else { return .damaged }
        guard stored == signature else { return .foreign(sequence: sequence) }
        group.sequence = sequence
        guard let creation = reader.word(), let lastUsed = reader.word(), let hasTime = reader.boolean(),
            let newestTime = reader.integer(), let newestArrival = reader.integer(),
            let closedThrough = reader.integer(), let hopsDone = reader.integer(), let start = reader.optionalInteger(),
            let count = reader.integer(),
            (0..<1 << 32).contains(count)
        else { return .damaged }
        group.creation = creation
        group.lastUsed = lastUsed
        group.hasTime = hasTime
        group.newestTime = newestTime
        group.newestArrival = newestArrival
        group.closedThrough = closedThrough
        group.hopsDone = hopsDone
        group.period = Period(start: start, count: Int(count))
        guard readValues(&reader, group, key), readWindow(&reader, group), readPanes(&reader, group),
            readAlarm(&reader, group), readBaselines(&reader, group), reader.isAtEnd
        else { return .damaged }
        return .fits
    }

    private func readValues(_ reader: inout StateReader, _ group: Group, _ key: ByteSlice) -> Bool {
        guard let keyCount = reader.count() else { return false }
        var keys: [StoredValue] = []
        for _ in 0..<keyCount {
            guard let value = StoredValue.read(&reader, machine.arena) else { return false }
            keys.append(value)
        }
        if !keys.isEmpty { group.keep(keyValues: keys, key) }
        group.histories = Array(repeating: nil, count: plan.histories.count)
        guard let historyCount = reader.count(bytesEach: 9) else { return false }
        // The same call may stand at several places, each with a memory of its own: they are told apart by their order.
        var taken = Set<Int>()
        for _ in 0..<historyCount {
            guard let identity = reader.word(), let present = reader.boolean() else { return false }
            let slot = plan.histories.indices.first { index in
                !taken.contains(index) && StableHash.hash(plan.histories[index].canonicalText.utf8) == identity
            }
            if let slot { taken.insert(slot) }
            guard present else { continue }
            guard let value = StoredValue.read(&reader, machine.arena) else { return false }
            if let slot { group.histories[slot] = value }
        }
        return true
    }

    private func readWindow(_ reader: inout StateReader, _ group: Group) -> Bool {
        guard let present = reader.boolean() else { return false }
        guard present else { return true }
        guard let arrivals = reader.integer(), (0..<1 << 62).contains(arrivals), let count = reader.count(bytesEach: 12)
        else { return false }
        group.sliding?.arrivals = arrivals
        for _ in 0..<count {
            guard let identity = reader.word(), let part = reader.slice() else { return false }
            let known = program.columns.firstIndex { $0.identity == identity }
            if let known, let column = group.numbers?.column(known) {
                guard read(part, of: arrivals, into: column, program.columns[known]) else { return false }
            }
            guard let window = group.sliding else { continue }
            let column = known.map { window.columns[$0] } ?? (identity == 0 ? window.eventColumn : nil)
            guard let column else { continue }
            var inner = StateReader(part)
            guard column.read(&inner, machine.arena), inner.isAtEnd else { return false }
        }
        return true
    }

    /// A column of numbers, also from what a column of all values wrote. False: damaged.
    private func read(_ part: ByteSlice, of arrivals: Int64, into column: NumberColumn, _ plan: ColumnPlan) -> Bool {
        var reader = StateReader(part)
        guard let needs = reader.word() else { return false }
        if needs & NumberColumn.stateMark != 0 {
            guard let stored = NumberColumn.Stored.read(&reader), reader.isAtEnd else { return false }
            column.restore(stored)
            return true
        }
        let values = SlidingColumn(plan, ordersByArrival: true)
        reader = StateReader(part)
        guard values.read(&reader, machine.arena), reader.isAtEnd else { return false }
        column.restore(values, arrivals: arrivals)
        return true
    }

    private func readPanes(_ reader: inout StateReader, _ group: Group) -> Bool {
        guard let count = reader.count(bytesEach: 44) else { return false }
        var panes: [Pane] = []
        for _ in 0..<count {
            guard let start = reader.integer(), let end = reader.integer(), let first = reader.integer(),
                let last = reader.integer(), let events = reader.integer(), (0..<1 << 48).contains(events),
                let columns = reader.count(bytesEach: 12)
            else { return false }
            let pane = Pane(program.columns, start: start, end: end)
            pane.firstTime = first
            pane.lastTime = last
            pane.eventCount = Int(events)
            for _ in 0..<columns {
                guard let identity = reader.word(), let part = reader.slice() else { return false }
                guard let known = program.columns.firstIndex(where: { $0.identity == identity }) else { continue }
                var inner = StateReader(part)
                guard pane.column(known)?.read(&inner, machine.arena) == true, inner.isAtEnd else { return false }
            }
            panes.append(pane)
        }
        panes.sort { $0.end < $1.end }
        if !panes.isEmpty { group.panes = panes }
        pack(group)
        return true
    }

    private func readAlarm(_ reader: inout StateReader, _ group: Group) -> Bool {
        guard let present = reader.boolean() else { return false }
        guard present else { return true }
        guard let when = reader.word(), let layout = reader.word(), let isActive = reader.boolean(),
            let isRipe = reader.boolean(), let start = reader.optionalInteger(), let count = reader.integer(),
            (0..<1 << 48).contains(count), let hasSaved = reader.boolean()
        else { return false }
        var saved: SavedEvaluation?
        if hasSaved {
            guard let read = SavedEvaluation.read(&reader, machine.arena) else { return false }
            saved = read
        }
        guard group.alarm != nil else { return true }
        let alarm = Alarm()
        alarm.isActive = isActive
        let fits =
            layout == layoutSignature && saved?.registers.count ?? 0 <= program.layout.aggregates
            && saved?.aggregates.count ?? 0 <= program.calls.count
        if fits, when == whenSignature || isActive { alarm.saved = saved }
        if when == whenSignature, fits, !isActive {
            alarm.isRipe = isRipe
            alarm.runStart = start
            alarm.runCount = Int(count)
        }
        group.alarm = alarm
        return true
    }
}

extension SavedEvaluation {
    /// Beside the QoS: properties follow.
    private static let propertiesMark: UInt8 = 0x80

    func append(to bytes: inout [UInt8]) {
        bytes.append(count: registers.count)
        for value in registers { value.append(to: &bytes) }
        bytes.append(count: aggregates.count)
        for value in aggregates { value.append(to: &bytes) }
        bytes.append(sized: topic)
        bytes.append(sized: payload)
        client.append(to: &bytes)
        bytes.append(properties.isEmpty ? qos : qos | SavedEvaluation.propertiesMark)
        if !properties.isEmpty { bytes.append(sized: properties) }
        bytes.append(boolean: retained)
        bytes.append(boolean: hasEvent)
        bytes.append(integer: arrival)
        bytes.append(integer: time)
        windowStart.append(to: &bytes)
        windowEnd.append(to: &bytes)
    }

    static func read(_ reader: inout StateReader, _ arena: Arena) -> SavedEvaluation? {
        func values() -> [StoredValue]? {
            guard let count = reader.count() else { return nil }
            var result: [StoredValue] = []
            for _ in 0..<count {
                guard let value = StoredValue.read(&reader, arena) else { return nil }
                result.append(value)
            }
            return result
        }
        guard let registers = values(), let aggregates = values(), let topic = reader.slice(),
            let payload = reader.slice(), let client = StoredValue.read(&reader, arena), let mark = reader.byte(),
            let properties = mark & propertiesMark == 0 ? .empty : reader.slice(), let retained = reader.boolean(),
            let hasEvent = reader.boolean(), let arrival = reader.integer(),
            let time = reader.integer(), let start = StoredValue.read(&reader, arena),
            let end = StoredValue.read(&reader, arena)
        else { return nil }
        return SavedEvaluation(
            registers: registers, aggregates: aggregates, topic: topic.array, payload: payload.array,
            properties: properties.array, client: client, qos: mark & ~propertiesMark, retained: retained,
            hasEvent: hasEvent, arrival: arrival, time: time, windowStart: start,
            windowEnd: end)
    }
}
