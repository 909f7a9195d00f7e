/// The topics that a `publish` or `from` can mean, for the question whether two of them have one in common.
struct TopicPattern {
    enum Item: Equatable {
        case byte(UInt8)
        /// Any bytes of one level.
        case level
        /// Any bytes.
        case any

        var isStretch: Bool { if case .byte = self { false } else { true } }
    }

    /// Most topics: whole levels, each literal or any, and perhaps one level or more after them.
    struct Levels {
        var levels: [[UInt8]?]
        var hasRest: Bool
    }

    let items: [Item]
    /// nil where a value stands inside a level.
    let levels: Levels?

    init(_ items: [Item]) {
        self.items = items
        levels = Self.levels(of: items)
    }

    /// A capture of the topic stands for one level, one in `captureRests` and any other value for any text.
    init(published parts: [TextPart], captureRests: Set<Int>) {
        var items: [Item] = []
        for part in parts {
            switch part {
            case .literal(let literal): items += literal.utf8.map { .byte($0) }
            case .value(.capture(let slot)) where !captureRests.contains(slot): items.append(.level)
            case .value: items.append(.any)
            }
        }
        self.init(items)
    }

    /// A filter as one pattern or two: `a/#` also matches `a`.
    static func filters(_ source: SourcePlan) -> [TopicPattern] {
        var items: [Item] = []
        for (index, level) in source.levels.enumerated() {
            let before = items
            if index > 0 { items.append(.byte(UInt8(ascii: "/"))) }
            switch level {
            case .literal(let text): items += text.utf8.map { .byte($0) }
            case .any, .capture: items.append(.level)
            case .captureRest: items.append(.any)
            case .rest:
                items.append(.any)
                if index > 0 { return [TopicPattern(before), TopicPattern(items)] }
            }
        }
        return [TopicPattern(items)]
    }

    private static func levels(of items: [Item]) -> Levels? {
        var result: [[UInt8]?] = []
        for level in items.split(separator: .byte(UInt8(ascii: "/")), omittingEmptySubsequences: false) {
            if level.count == 1, level.first == .level {
                result.append(nil)
            } else if level.count == 1, level.first == .any {
                // A stretch over levels is the end, or this is no plain topic.
                return level.endIndex == items.endIndex ? Levels(levels: result, hasRest: true) : nil
            } else {
                var bytes: [UInt8] = []
                for case .byte(let byte) in level { bytes.append(byte) }
                guard bytes.count == level.count else { return nil }
                result.append(bytes)
            }
        }
        return Levels(levels: result, hasRest: false)
    }

    /// The first level where it is literal; nil where it may be several.
    var firstLevel: [UInt8]? {
        var bytes: [UInt8] = []
        for item in items {
            guard case .byte(let byte) = item else { return nil }
            if byte == UInt8(ascii: "/") { break }
            bytes.append(byte)
        }
        return bytes
    }

    var isReserved: Bool { items.first == .byte(UInt8(ascii: "$")) }

    /// Whether some topic fits both. Adds the work to `steps`; beyond the limit the answer is no.
    func meets(_ other: TopicPattern, steps: inout Int) -> Bool {
        var start = 0
        while start < items.count, start < other.items.count, !items[start].isStretch, !other.items[start].isStretch {
            guard items[start] == other.items[start] else { return false }
            start += 1
        }
        steps += (items.count - start) * (other.items.count - start)
        guard steps <= RuleLimits.loopStepsMax else { return false }
        return Self.meet(items[start...], Array(other.items[start...]))
    }

    /// row[j] says whether some text fits what was read of `left` and the first j items of `right`.
    private static func meet(_ left: ArraySlice<Item>, _ right: [Item]) -> Bool {
        var row = [Bool](repeating: false, count: right.count + 1)
        row[0] = true
        for j in right.indices where right[j].isStretch { row[j + 1] = row[j] }
        for item in left {
            var next = [Bool](repeating: false, count: right.count + 1)
            next[0] = row[0] && item.isStretch
            for (j, other) in right.enumerated() {
                if item.isStretch, row[j + 1] || (next[j] && accepts(item, other)) { next[j + 1] = true }
                if other.isStretch, next[j] || (row[j + 1] && accepts(other, item)) { next[j + 1] = true }
                if case .byte(let x) = item, case .byte(let y) = other, x == y, row[j] { next[j + 1] = true }
            }
            guard next.contains(true) else { return false }
            row = next
        }
        return row[right.count]
    }

    /// Whether a stretch can go on over the other pattern's item.
    private static func accepts(_ stretch: Item, _ item: Item) -> Bool {
        switch item {
        case .byte(let byte): stretch == .any || byte != UInt8(ascii: "/")
        case .level, .any: true
        }
    }
}
