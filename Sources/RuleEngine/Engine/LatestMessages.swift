import RuleLanguage

/// The last message on each topic that a `latest` can ask for.
///
/// A rule sees what came before the message that it evaluates. While that one is being taken, further messages that
/// rules publish may replace what it sees, so older versions stay until it is done.
@safe
final class LatestMessages {
    final class Entry: Ageing {
        let topic: [UInt8]
        fileprivate let slot: Int
        fileprivate(set) var lastUsed: UInt64 = 0
        fileprivate var versions: [Version] = []
        fileprivate var isDirty = false
        fileprivate(set) var isAlive = true
        /// Memory of a version that is gone.
        fileprivate var spare: [UInt8] = []

        fileprivate init(topic: [UInt8], slot: Int) {
            self.topic = topic
            self.slot = slot
        }
    }

    fileprivate struct Version {
        /// Number of the message.
        var number: UInt64
        var payload: [UInt8]
    }

    private let topicsMax: Int
    private let bytesMax: Int
    private let table = KeyTable<Entry>()
    private var byteCount = 0
    private var touched: [Entry] = []
    private var dirty: [Entry] = []
    /// Topics that went since state was last taken.
    private var gone: [[UInt8]] = []

    init(topicsMax: Int, bytesMax: Int) {
        self.topicsMax = topicsMax
        self.bytesMax = bytesMax
    }

    var count: Int { table.count }

    /// Takes a message; what must go for it is given to `evicted`. Returns where it is kept.
    func remember(
        _ topic: ByteSlice, _ payload: ByteSlice, number: UInt64, known: Entry?, evicted: ([UInt8]) -> Void
    ) -> Entry {
        let entry = known.flatMap { $0.isAlive ? $0 : nil } ?? find(topic) ?? insert(topic, evicted)
        entry.lastUsed = number
        var bytes = entry.spare
        entry.spare = []
        bytes.removeAll(keepingCapacity: true)
        bytes.append(payload)
        byteCount += bytes.count
        entry.versions.append(Version(number: number, payload: bytes))
        touched.append(entry)
        markDirty(entry)
        while byteCount > bytesMax, let oldest = table.oldest(), let old = table[oldest], old !== entry {
            drop(old)
            evicted(old.topic)
        }
        return entry
    }

    /// The outermost message is done: nothing asks for what was before any more.
    func settle() {
        if touched.isEmpty { return }
        for entry in touched where entry.isAlive && entry.versions.count > 1 {
            for version in entry.versions.dropLast() { byteCount -= version.payload.count }
            entry.spare = entry.versions[0].payload
            entry.versions.removeFirst(entry.versions.count - 1)
        }
        touched.removeAll(keepingCapacity: true)
    }

    /// The last message on a topic before message `number`, as JSON in the arena; missing if there is none or it does
    /// not decode.
    func value(_ topic: ByteSlice, before number: UInt64, _ arena: Arena) -> Value {
        guard let entry = find(topic), let version = entry.versions.last(where: { $0.number < number }) else {
            return .missing
        }
        let bytes = arena.copy(version.payload)
        var index = 0
        do throws(JSONFault) {
            let value = try JSONTree.part(bytes, &index, arena)
            JSONText.skipSpace(bytes, &index)
            return index == bytes.count ? value : .missing
        } catch {
            return .missing
        }
    }

    // MARK: Entries

    private func find(_ topic: ByteSlice) -> Entry? {
        table.find(topic, hash: KeyTable<Entry>.hash(topic)).flatMap { table[$0] }
    }

    private func insert(_ topic: ByteSlice, _ evicted: ([UInt8]) -> Void) -> Entry {
        while table.count >= topicsMax, let oldest = table.oldest(), let old = table[oldest] {
            drop(old)
            evicted(old.topic)
        }
        var made: Entry?
        _ = table.insert(topic, hash: KeyTable<Entry>.hash(topic)) { slot in
            let entry = Entry(topic: topic.array, slot: slot)
            made = entry
            return entry
        }
        guard let made else { preconditionFailure("a table that did not take an entry") }
        return made
    }

    private func drop(_ entry: Entry) {
        for version in entry.versions { byteCount -= version.payload.count }
        entry.versions = []
        entry.isAlive = false
        entry.isDirty = false
        gone.append(entry.topic)
        table.remove(entry.slot)
    }

    private func markDirty(_ entry: Entry) {
        if entry.isDirty { return }
        entry.isDirty = true
        dirty.append(entry)
    }

    /// Drops the topics that no rule asks for.
    func keep(where isWanted: (ByteSlice) -> Bool) {
        for slot in table.slots {
            guard let entry = table[slot] else { continue }
            if !(unsafe entry.topic.withUnsafeBytes({ unsafe isWanted(ByteSlice($0)) })) { drop(entry) }
        }
    }

    // MARK: State

    func takeDirty(into states: inout [RuleGroupState]) {
        for topic in gone where !(unsafe topic.withUnsafeBytes { unsafe find(ByteSlice($0)) != nil }) {
            states.append(RuleGroupState(rule: "", key: StateKey.latest(topic), state: nil))
        }
        gone = []
        for entry in dirty where entry.isDirty {
            entry.isDirty = false
            guard let version = entry.versions.last else { continue }
            var bytes: [UInt8] = [StateFrame.version]
            bytes.append(word: version.number)
            bytes.append(sized: version.payload)
            StateFrame.seal(&bytes)
            states.append(RuleGroupState(rule: "", key: StateKey.latest(entry.topic), state: bytes))
        }
        dirty = []
    }

    /// Messages read back, in the order in which they came. Returns how many were damaged.
    func restore(_ states: [(topic: [UInt8], state: [UInt8])]) -> Int {
        var damaged = 0
        var found: [(number: UInt64, topic: [UInt8], payload: [UInt8])] = []
        for (topic, state) in states {
            let isRead = unsafe state.withUnsafeBytes { buffer in
                guard var reader = unsafe StateFrame.open(ByteSlice(buffer)), let number = reader.word(),
                    number < 1 << 62, let payload = reader.slice(), reader.isAtEnd
                else { return false }
                found.append((number, topic, payload.array))
                return true
            }
            if !isRead { damaged += 1 }
        }
        found.sort { $0.number < $1.number }
        for (number, topic, payload) in found {
            unsafe topic.withUnsafeBytes { topic in
                unsafe payload.withUnsafeBytes { payload in
                    _ = unsafe remember(
                        ByteSlice(topic), ByteSlice(payload), number: number, known: nil, evicted: { _ in })
                }
            }
        }
        settle()
        for entry in dirty { entry.isDirty = false }
        dirty = []
        return damaged
    }
}

extension RuleEngine {
    /// Whether a `latest` of some rule can ask for the topic.
    func isWanted(_ topic: ByteSlice) -> Bool { rules.contains { $0.asksForLatest(topic) } }

    /// Keeps a message that `latest` can ask for.
    func remember(_ message: EvaluationContext, _ binding: RuleBinding) {
        binding.latest = latest.remember(
            message.topic, message.payload, number: message.number, known: binding.latest
        ) { topic in
            unsafe topic.withUnsafeBytes { buffer in
                let slice = unsafe ByteSlice(buffer)
                for rule in rules where rule.asksForLatest(slice) { rule.counters.groupsEvicted &+= 1 }
            }
        }
    }
}

extension RuleRuntime {
    func asksForLatest(_ topic: ByteSlice) -> Bool {
        plan.latestTopics.contains { SourceMatch.match($0, topic, captureCount: 0) != nil }
    }
}
