import RuleLanguage

/// The rules that take messages of one topic, with the values of their captures. Made by `RuleEngine.binding`; the
/// caller keeps it per topic. Valid until the engine reloads; confined to the engine's thread.
@safe
package final class RuleBinding {
    /// A rule that takes the topic's messages.
    final class Entry {
        let rule: RuleRuntime
        let source: SourcePlan
        /// The captures' texts; they lie in the binding's copy of the topic.
        let captures: FixedBuffer<Value>
        /// Slots of the scan and the registers that take them, in turn.
        let moves: FixedBuffer<Move>
        /// Declared fields: the slot of each.
        let schema: [(slot: Int, field: SchemaField, register: Int?)]
        let rootSlot: Int
        /// Whether its values come from a scan: JSON or CBOR.
        let isScanned: Bool
        let isCBOR: Bool
        let hasSchema: Bool
        /// The group of the topic, where captures alone are the key.
        @exclusivity(unchecked) @safe var cachedGroup: Group?

        init(
            rule: RuleRuntime, source: SourcePlan, captures: [Value], moves: [Move],
            schema: [(slot: Int, field: SchemaField, register: Int?)], rootSlot: Int
        ) {
            self.rule = rule
            self.source = source
            self.captures = FixedBuffer(captures)
            self.moves = FixedBuffer(moves)
            self.schema = schema
            self.rootSlot = rootSlot
            isScanned = source.decoding == .json || source.decoding == .cbor
            isCBOR = source.decoding == .cbor
            hasSchema = source.schema != nil
        }

        deinit {
            captures.deallocate()
            moves.deallocate()
        }
    }

    struct Move: BitwiseCopyable {
        var slot: Int32
        var register: Int32
    }

    private let entries: [Entry]
    /// The same, not counted, for the way of a message; `entries` keeps them.
    private let held: FixedBuffer<Unmanaged<Entry>>
    private let trie: PathTrie
    private let cborTrie: PathTrie
    let trieView: PathTrie.View
    let cborTrieView: PathTrie.View
    let slotCount: Int
    let cborSlotCount: Int
    let usesJSON: Bool
    let usesCBOR: Bool
    let usesClient: Bool
    let generation: UInt64
    private let topicBytes: FixedBuffer<UInt8>
    /// Whether a `latest` can ask for the topic, and where its messages are kept.
    let isLatest: Bool
    @exclusivity(unchecked) @safe var latest: LatestMessages.Entry?

    /// Whether a rule of the binding remembers something besides the numbers of its outputs: a window, a `limit`, a
    /// history, `dedupe`, or that a `latest` asks for the topic. Then every message of the topic is part of what a restart must replay.
    package let keepsState: Bool

    init(
        _ found: [(rule: RuleRuntime, source: SourcePlan, captures: [Range<Int>])], topic: ByteSlice, isLatest: Bool,
        generation: UInt64
    ) {
        var paths: [PayloadPath] = []
        var cborPaths: [PayloadPath] = []
        var firstPaths: [Int] = []
        for item in found {
            let isCBOR = item.source.decoding == .cbor
            firstPaths.append(isCBOR ? cborPaths.count : paths.count)
            guard isCBOR || item.source.decoding == .json else { continue }
            let wanted = RuleBinding.paths(item.rule.plan, item.source)
            if isCBOR { cborPaths += wanted } else { paths += wanted }
        }
        let trie = PathTrie(paths)
        let cborTrie = PathTrie(cborPaths)
        self.trie = trie
        self.cborTrie = cborTrie
        trieView = trie.view
        cborTrieView = cborTrie.view
        slotCount = trie.slotCount
        cborSlotCount = cborTrie.slotCount
        let topicBytes = FixedBuffer(topic.array)
        self.topicBytes = topicBytes
        entries = zip(found, firstPaths).map { item, first in
            let captures = item.captures.map { Value.text(topicBytes.slice($0.lowerBound, count: $0.count)) }
            let wanted = item.source.decoding == .cbor ? cborTrie : trie
            return RuleBinding.entry(item.rule, item.source, captures, wanted, first)
        }
        unsafe held = FixedBuffer(entries.map { unsafe Unmanaged.passUnretained($0) })
        usesJSON = found.contains { $0.source.decoding == .json }
        usesCBOR = found.contains { $0.source.decoding == .cbor }
        usesClient = found.contains { $0.rule.usesClient }
        self.isLatest = isLatest
        keepsState = isLatest || found.contains { $0.rule.keepsState }
        self.generation = generation
    }

    deinit {
        unsafe held.deallocate()
        topicBytes.deallocate()
    }

    @inline(__always)
    func forEachEntry(_ body: (Entry) -> Void) {
        var index = 0
        while unsafe index < held.count {
            unsafe held[index]._withUnsafeGuaranteedRef(body)
            index += 1
        }
    }

    /// The paths that `entry` expects, in its order.
    private static func paths(_ plan: RulePlan, _ source: SourcePlan) -> [PayloadPath] {
        var paths = plan.paths
        if plan.readsWholePayload || source.schema != nil { paths.append(PayloadPath(steps: [])) }
        for field in source.schema ?? [] { paths.append(PayloadPath(steps: [.member(field.name)])) }
        return paths
    }

    private static func entry(
        _ rule: RuleRuntime, _ source: SourcePlan, _ captures: [Value], _ trie: PathTrie, _ first: Int
    ) -> Entry {
        let plan = rule.plan
        let layout = rule.program.layout
        guard source.decoding == .json || source.decoding == .cbor else {
            return Entry(rule: rule, source: source, captures: captures, moves: [], schema: [], rootSlot: -1)
        }
        var moves: [Move] = []
        for path in plan.paths.indices {
            moves.append(Move(slot: Int32(trie.slots[first + path]), register: Int32(layout.paths + path)))
        }
        var next = first + plan.paths.count
        var rootSlot = -1
        if plan.readsWholePayload || source.schema != nil {
            rootSlot = trie.slots[next]
            moves.append(Move(slot: Int32(rootSlot), register: Int32(layout.payload)))
            next += 1
        }
        var schema: [(slot: Int, field: SchemaField, register: Int?)] = []
        for field in source.schema ?? [] {
            let path = plan.paths.firstIndex(of: PayloadPath(steps: [.member(field.name)]))
            schema.append((trie.slots[next], field, path.map { layout.paths + $0 }))
            next += 1
        }
        return Entry(
            rule: rule, source: source, captures: captures, moves: moves, schema: schema, rootSlot: rootSlot)
    }
}

/// Matching of topics against the sources of rules.
enum SourceMatch {
    /// Where each capture lies in `topic`, or nil when the source does not match. A wildcard or capture in the first
    /// level
    /// does not match a topic that begins with `$`.
    static func match(_ source: SourcePlan, _ topic: ByteSlice, captureCount: Int) -> [Range<Int>]? {
        var captures = [Range<Int>](repeating: 0..<0, count: captureCount)
        var position = 0
        var ended = false
        for (index, level) in source.levels.enumerated() {
            if ended {
                // `a/#` matches `a` too.
                if case .rest = level, index == source.levels.count - 1 { return captures }
                return nil
            }
            if index == 0, !topic.isEmpty, topic[0] == UInt8(ascii: "$") {
                guard case .literal = level else { return nil }
            }
            if case .rest = level { return captures }
            if case .captureRest(let slot) = level {
                if slot < captureCount { captures[slot] = position..<topic.count }
                return captures
            }
            var end = position
            while end < topic.count, topic[end] != UInt8(ascii: "/") { end += 1 }
            switch level {
            case .literal(let text): guard topic.slice(position, end).equals(Array(text.utf8)) else { return nil }
            case .capture(let slot): if slot < captureCount { captures[slot] = position..<end }
            case .any, .rest, .captureRest: break
            }
            ended = end == topic.count
            position = end + 1
        }
        return ended ? captures : nil
    }
}
