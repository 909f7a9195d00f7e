/// Comparisons of topic names and filters as bytes, without splitting or allocating (MQTT 5.0, 4.7).
///
/// Every argument is a well-formed name or filter (`TopicText.isName`, `TopicText.isFilter`). A wildcard in the first
/// level does not match names that begin with `$` [MQTT-4.7.2-1].
enum FilterComparison {
    typealias Bytes = UnsafeRawBufferPointer

    private static let separator = UInt8(ascii: "/")
    private static let plus = UInt8(ascii: "+")
    private static let hash = UInt8(ascii: "#")
    private static let dollar = UInt8(ascii: "$")

    /// Whether `filter` matches `name`. Called per message where no cache has the answer: the compiler proves that it
    /// does not allocate.
    @_noAllocation
    static func matches(name: Bytes, filter: Bytes) -> Bool {
        guard let first = name.first else { return false }
        if first == dollar, filter.first == plus || filter.first == hash { return false }
        var at = 0
        var index = 0
        while index < filter.count {
            let byte = filter[index]
            if byte == hash { return true }
            if byte == plus {
                while at < name.count, name[at] != separator { at += 1 }
                index += 1
            } else if at < name.count {
                guard name[at] == byte else { return false }
                at += 1
                index += 1
            } else {
                // The name is at its end: only a multi-level wildcard below its last level still matches.
                return filter.count - index == 2 && byte == separator && filter[index + 1] == hash
            }
        }
        return at == name.count
    }

    /// Whether every name that `requested` matches is matched by `allowed`. Exact.
    static func covers(allowed: Bytes, requested: Bytes) -> Bool {
        var left = LevelCursor(allowed)
        var right = LevelCursor(requested)
        var isFirst = true
        while let allowedLevel = left.next() {
            if case .hash = allowedLevel { return true }
            guard let requestedLevel = right.next() else { return false }
            switch (allowedLevel, requestedLevel) {
            case (.hash, _): return true
            case (_, .hash): return false
            case (.plus, _): if isFirst, requestedLevel.beginsWithDollar { return false }
            case (.literal, .plus): return false
            case (.literal(let one), .literal(let other)): if !isSame(one, other) { return false }
            }
            isFirst = false
        }
        return right.next() == nil
    }

    /// Whether some name is matched by both filters. Exact.
    static func overlaps(_ one: Bytes, _ other: Bytes) -> Bool {
        var left = LevelCursor(one)
        var right = LevelCursor(other)
        var isFirst = true
        while true {
            let leftLevel = left.next()
            let rightLevel = right.next()
            if isFirst {
                if leftLevel?.isWildcard == true, rightLevel?.beginsWithDollar == true { return false }
                if rightLevel?.isWildcard == true, leftLevel?.beginsWithDollar == true { return false }
            }
            isFirst = false
            switch (leftLevel, rightLevel) {
            case (.hash, _), (_, .hash), (nil, nil): return true
            case (nil, _), (_, nil): return false
            case (.plus, _), (_, .plus): break
            case (.literal(let one), .literal(let other)): if !isSame(one, other) { return false }
            }
        }
    }

    private static func isSame(_ one: Slice<Bytes>, _ other: Slice<Bytes>) -> Bool {
        guard one.count == other.count else { return false }
        var left = one.startIndex
        var right = other.startIndex
        while left < one.endIndex {
            guard one[left] == other[right] else { return false }
            left += 1
            right += 1
        }
        return true
    }

    private enum Level {
        case plus
        case hash
        case literal(Slice<Bytes>)

        var isWildcard: Bool {
            switch self {
            case .plus, .hash: true
            case .literal: false
            }
        }

        var beginsWithDollar: Bool {
            switch self {
            case .plus, .hash: false
            case .literal(let bytes): bytes.first == dollar
            }
        }
    }

    /// Walks the levels of a filter. As a name is never empty, `#` is the same as `+/#`, and `/#` the same as `/+/#`;
    /// the cursor gives the longer form, in which each level stands for one level of every name matched.
    private struct LevelCursor {
        private let bytes: Bytes
        private var index = 0
        private var isAtEnd = false
        private var owesHash = false
        private let hasEmptyParent: Bool

        init(_ bytes: Bytes) {
            self.bytes = bytes
            hasEmptyParent =
                bytes.last == hash && (bytes.count == 1 || (bytes.count == 2 && bytes[0] == separator))
        }

        mutating func next() -> Level? {
            if owesHash {
                owesHash = false
                return .hash
            }
            if isAtEnd { return nil }
            let start = index
            while index < bytes.count, bytes[index] != separator { index += 1 }
            let level = bytes[start..<index]
            if index == bytes.count { isAtEnd = true } else { index += 1 }
            guard level.count == 1 else { return .literal(level) }
            switch level.first {
            case plus: return .plus
            case hash:
                if hasEmptyParent {
                    owesHash = true
                    return .plus
                }
                return .hash
            default: return .literal(level)
            }
        }
    }
}
