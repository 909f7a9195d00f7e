/// A compiled pattern of `matches`: a machine that follows all paths at once, so its time is linear in the text.
final class Pattern {
    enum Step {
        /// One scalar in a sorted list of ranges.
        case scalars([ClosedRange<UInt32>])
        case split(Int, Int)
        case jump(Int)
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, notWordBoundary
        case found
    }

    private let steps: [Step]
    private var current: [Int] = []
    private var next: [Int] = []
    private var work: [Int] = []
    /// Position for which a step was last put on a list.
    private var seen: [Int]
    private var generation = 0

    init(steps: [Step]) {
        self.steps = steps
        seen = Array(repeating: 0, count: steps.count)
    }

    /// Whether the pattern is found anywhere in the text.
    func isFound(in text: ByteSlice) -> Bool {
        current.removeAll(keepingCapacity: true)
        generation += 1
        var index = 0
        var before: UInt32?
        while true {
            let (scalar, length) = Pattern.scalar(text, index)
            // A match may begin at every position.
            if follow(0, before, scalar, into: &current) { return true }
            guard let scalar else { return false }
            generation += 1
            next.removeAll(keepingCapacity: true)
            let (_, following) = (0, Pattern.scalar(text, index + length).0)
            for state in current {
                if case .scalars(let ranges) = steps[state], Pattern.contains(ranges, scalar),
                    follow(state + 1, scalar, following, into: &next)
                {
                    return true
                }
            }
            swap(&current, &next)
            before = scalar
            index += length
        }
    }

    /// Puts the steps that wait for a scalar on the list, from `start` on. True when a match ends here.
    private func follow(_ start: Int, _ before: UInt32?, _ after: UInt32?, into list: inout [Int]) -> Bool {
        work.append(start)
        while let state = work.popLast() {
            if seen[state] == generation { continue }
            seen[state] = generation
            switch steps[state] {
            case .scalars: list.append(state)
            case .split(let first, let second):
                work.append(second)
                work.append(first)
            case .jump(let target): work.append(target)
            case .found:
                work.removeAll(keepingCapacity: true)
                return true
            case .textStart: if before == nil { work.append(state + 1) }
            case .textEnd: if after == nil { work.append(state + 1) }
            case .lineStart: if before == nil || before == 0x0A { work.append(state + 1) }
            case .lineEnd: if after == nil || after == 0x0A { work.append(state + 1) }
            case .wordBoundary: if Pattern.isWord(before) != Pattern.isWord(after) { work.append(state + 1) }
            case .notWordBoundary: if Pattern.isWord(before) == Pattern.isWord(after) { work.append(state + 1) }
            }
        }
        return false
    }

    private static func isWord(_ scalar: UInt32?) -> Bool {
        guard let scalar else { return false }
        return (0x30...0x39).contains(scalar) || (0x41...0x5A).contains(scalar) || scalar == 0x5F
            || (0x61...0x7A).contains(scalar)
    }

    private static func contains(_ ranges: [ClosedRange<UInt32>], _ scalar: UInt32) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= scalar
    }

    /// The scalar at `index` and its length in bytes; nil at the end. The text is valid UTF-8.
    private static func scalar(_ text: ByteSlice, _ index: Int) -> (UInt32?, Int) {
        guard index < text.count else { return (nil, 0) }
        let first = UInt32(text[index])
        func more(_ offset: Int) -> UInt32 {
            index + offset < text.count ? UInt32(text[index + offset]) & 0x3F : 0
        }
        if first < 0x80 { return (first, 1) }
        if first < 0xE0 { return ((first & 0x1F) << 6 | more(1), 2) }
        if first < 0xF0 { return ((first & 0x0F) << 12 | more(1) << 6 | more(2), 3) }
        return ((first & 0x07) << 18 | more(1) << 12 | more(2) << 6 | more(3), 4)
    }
}
