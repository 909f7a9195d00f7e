import Messages
import Testing

@testable import Identity

/// Comparisons against enumeration: every filter up to three levels over a small alphabet, and every name up to four.
/// One level of names, `z`, occurs in no filter, so that it tells a wildcard from a literal.
@Suite("Comparison of filters")
struct FilterComparisonTests {
    private static func sequences(_ levels: [String], upTo count: Int) -> [[String]] {
        var all: [[String]] = []
        var last: [[String]] = [[]]
        for _ in 0..<count {
            last = last.flatMap { start in levels.map { start + [$0] } }
            all += last
        }
        return all
    }

    private static let names: [[UInt8]] =
        sequences(["a", "z", "", "$s"], upTo: 4).map { Array($0.joined(separator: "/").utf8) }.filter { !$0.isEmpty }

    private static let filters: [[UInt8]] = {
        let plain = sequences(["a", "", "+", "$s"], upTo: 3)
        let open = [["#"]] + sequences(["a", "", "+", "$s"], upTo: 2).map { $0 + ["#"] }
        return (plain + open).map { Array($0.joined(separator: "/").utf8) }.filter { !$0.isEmpty }
    }()

    /// For each filter, which names it matches.
    private static let matched: [Set<Int>] = filters.map { filter in
        Set(names.enumerated().filter { TopicText.matches(name: $0.element, filter: filter) }.map(\.offset))
    }

    @Test("matching agrees with the reference")
    func matches() {
        for (filter, matched) in zip(Self.filters, Self.matched) {
            for (index, name) in Self.names.enumerated() {
                let answer = name.withUnsafeBytes { name in
                    filter.withUnsafeBytes { FilterComparison.matches(name: name, filter: $0) }
                }
                #expect(
                    answer == matched.contains(index),
                    "\(String(decoding: name, as: UTF8.self)) \(String(decoding: filter, as: UTF8.self))")
            }
        }
    }

    @Test("covering is exact over all pairs of filters")
    func covers() {
        var covered = 0
        for (allowed, allowedNames) in zip(Self.filters, Self.matched) {
            for (requested, requestedNames) in zip(Self.filters, Self.matched) {
                let expected = requestedNames.isSubset(of: allowedNames)
                let answer = allowed.withUnsafeBytes { allowed in
                    requested.withUnsafeBytes { FilterComparison.covers(allowed: allowed, requested: $0) }
                }
                if answer { covered += 1 }
                if answer != expected {
                    Issue.record(
                        """
                        \(String(decoding: allowed, as: UTF8.self)) covers \
                        \(String(decoding: requested, as: UTF8.self)): \
                        \(answer), expected \(expected)
                        """)
                }
            }
        }
        #expect(covered > Self.filters.count)
    }

    @Test("overlap is exact over all pairs of filters, and symmetric")
    func overlaps() {
        for (one, oneNames) in zip(Self.filters, Self.matched) {
            for (other, otherNames) in zip(Self.filters, Self.matched) {
                let expected = !oneNames.isDisjoint(with: otherNames)
                let answer = one.withUnsafeBytes { one in
                    other.withUnsafeBytes { FilterComparison.overlaps(one, $0) }
                }
                if answer != expected {
                    Issue.record(
                        """
                        \(String(decoding: one, as: UTF8.self)) overlaps \(String(decoding: other, as: UTF8.self)): \
                        \(answer), expected \(expected)
                        """)
                }
            }
        }
    }

    @Test("a covered filter matches no name that the covering one does not, deeper and at random", arguments: 1...10)
    func randomCovering(seed: UInt64) {
        var random = SplitMix(seed: seed)
        func text(_ levels: [String], open: Bool) -> [UInt8] {
            var parts = (0..<Int.random(in: 1...6, using: &random))
                .map { _ in levels[Int.random(in: levels.indices, using: &random)] }
            if open, Bool.random(using: &random) { parts.append("#") }
            let bytes = Array(parts.joined(separator: "/").utf8)
            return bytes.isEmpty ? [UInt8(ascii: "a")] : bytes
        }
        var covered = 0
        for _ in 0..<3_000 {
            let allowed = text(["a", "+", "+", "$s"], open: true)
            let requested = text(["a", "+", "b"], open: true)
            let name = text(["a", "b", "", "$s"], open: false)
            let covers = allowed.withUnsafeBytes { allowed in
                requested.withUnsafeBytes { FilterComparison.covers(allowed: allowed, requested: $0) }
            }
            guard covers else { continue }
            covered += 1
            if TopicText.matches(name: name, filter: requested) {
                #expect(TopicText.matches(name: name, filter: allowed))
            }
        }
        #expect(covered > 20)
    }
}
