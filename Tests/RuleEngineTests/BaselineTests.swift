import RuleEngine
import RuleLanguage
import Testing

/// Frozen and gated baselines of `zscore`.
@Suite struct BaselineTests {
    private func rule(_ window: String, _ options: String, when: String = "") -> String {
        "rule r { from \"s\" at .t window \(window) \(when.isEmpty ? "" : "when \(when)") publish \"o\" payload [zscore(.v, \(options))] }"
    }

    /// The scores of values that come one second apart; nil: missing.
    private func scores(_ window: String, _ options: String, _ values: [Double?]) throws -> [Double?] {
        try scores(window, options, values.enumerated().map { (Int64($0.offset), $0.element) })
    }

    private func scores(
        _ window: String, _ options: String, _ events: [(second: Int64, value: Double?)]
    ) throws -> [Double?] {
        let harness = try Harness(rule(window, options))
        for event in events { send(event, to: harness) }
        return harness.outputs.map { Double($0.text.dropFirst().dropLast()) }
    }

    private func send(_ event: (second: Int64, value: Double?), to harness: Harness) {
        let value = event.value.map { "\($0)" } ?? "null"
        harness.send("s", "{\"v\":\(value),\"t\":\(event.second * 1000)}", at: event.second * 1000)
    }

    @Test func frozenOverAWindowOfEvents() throws {
        // Mean 2, deviation 1 of the first two; later events change nothing.
        #expect(try scores("last 2", "baseline: \"frozen\"", [1, 3, 5, 9, 2]) == [nil, 1, 3, 7, 0])
        // The newest is left out only where it is part of the baseline.
        #expect(
            try scores("last 3", "baseline: \"frozen\", against: \"others\"", [1, 3, 8, 4, 6])
                == [nil, nil, 6, 0, 2 / (26.0 / 3).squareRoot()])
        // A missing value is an event, and a score is of the newest value there is.
        #expect(try scores("last 3", "baseline: \"frozen\"", [1, nil, 3, nil, 4]) == [nil, nil, 1, 1, 2])
        // There is nothing to freeze in a window without a value.
        #expect(try scores("last 2", "baseline: \"frozen\"", [nil, nil, 1, 3, 3]) == [nil, nil, 0, 0, 0])
    }

    @Test func frozenWithoutDeviation() throws {
        #expect(try scores("last 2", "baseline: \"frozen\"", [4, 4, 5]) == [nil, 0, 0])
        #expect(try scores("last 2", "baseline: \"frozen\", against: \"others\"", [4, 4, 5, 4]) == [nil, 0, nil, 0])
        #expect(try scores("last 2", "baseline: \"frozen\", floor: 0.5", [4, 4, 5]) == [nil, 0, 2])
    }

    @Test func frozenOverATime() throws {
        // The window is full when D has passed since the first event, to the nanosecond: (0, 2] holds 3 and 5.
        #expect(try scores("last 2s", "baseline: \"frozen\"", [1, 3, 5, 9]) == [nil, nil, 1, 5])
        // Before, also when no event comes for long.
        #expect(
            try scores("last 2s", "baseline: \"frozen\"", [(0, 1), (1, 3), (9, 7), (10, 9)]) == [nil, nil, 0, 0])
        // An event that came late and left is enough, whatever came first.
        #expect(
            try scores("last 3s", "baseline: \"frozen\"", [(5, 1), (3, 3), (6, 5), (7, 8)])
                == [nil, nil, 1, 2.5])
    }

    @Test func frozenOverWindowsThatClose() throws {
        let harness = try Harness(
            """
            rule r { from "s" window every 10s publish "o" payload [zscore(.v, baseline: "frozen")] }
            rule h { from "s" window every 5s over 10s publish "h" payload [zscore(.v, baseline: "frozen")] }
            """)
        for (second, value) in [(1, 1), (2, 3), (12, 9), (13, 5), (21, 0)] {
            harness.send("s", "{\"v\":\(value)}", at: Int64(second) * 1000)
        }
        harness.drain()
        let lines = harness.take()
        #expect(lines.filter { $0.hasPrefix("o") } == ["o [1.0]", "o [3.0]", "o [-2.0]"])
        // The first window that closes holds 1 and 3; the second the same, the third adds 9 and 5.
        #expect(lines.filter { $0.hasPrefix("h") }.prefix(3) == ["h [1.0]", "h [1.0]", "h [3.0]"])
    }

    @Test func gatedOverAWindowOfEvents() throws {
        // 1 and 3 make the baseline; 50 is kept out three times, then let in, so that the baseline follows.
        let got = try scores("last 3", "baseline: \"gated\", gate: 3", [1, 3, 2, 50, 50, 50, 50, 50, 50])
        let deviation = (2.0 / 3).squareRoot()
        #expect(got.prefix(3) == [nil, nil, 0])
        #expect(got[3...6].allSatisfy { $0 == 48 / deviation })
        // Let in at the fourth: mean of 3, 2, 50; then of 2, 50, 50.
        let (mean, spread) = (55.0 / 3, ((1.0 / 3) * (9 + 4 + 2500) - (55.0 / 3) * (55.0 / 3)).squareRoot())
        #expect(abs((got[7] ?? 0) - (50 - mean) / spread) < 1e-12)
        #expect(abs((got[8] ?? 0) - 1 / 2.0.squareRoot()) < 1e-12)
    }

    @Test func theGateItselfIsKeptOut() throws {
        // Baseline 1, 3: mean 2, deviation 1. 5 scores exactly 3.
        #expect(try scores("last 9", "baseline: \"gated\", gate: 3", [1, 3, 5, 5]) == [nil, nil, 3, 3])
        let below = try scores("last 9", "baseline: \"gated\", gate: 3.5", [1, 3, 5, 5])
        #expect(below[3] == 2 / (8.0 / 3).squareRoot())
    }

    @Test func onceOpenEverythingIsLetInUntilAScoreIsBelow() throws {
        // Kept out 10; open at the second 10, and 1000 comes in too although it is far off.
        let got = try scores("last 1s", "baseline: \"gated\", gate: 2", [(0, 1), (0, 3), (0, 10), (1, 10), (1, 1000)])
        #expect(got[2] == 8 && got[3] == 8)
        #expect(got[4] == nil)
        let counted = try scores("last 2", "baseline: \"gated\", gate: 2", [1, 3, 10, 10, 10, 1000, 1000])
        #expect(counted[2...4].allSatisfy { $0 == 8 })
        // Let in: 3 and 10, mean 6.5, deviation 3.5; 1000 is let in as well.
        #expect(counted[5] == 993.5 / 3.5)
        #expect(counted[6] == 1)
    }

    @Test func keepingOutLastsForTheTimeOfTheWindow() throws {
        let values: [(Int64, Double?)] = [(0, 1), (1, 3), (2, 9), (11, 9), (12, 9), (13, 9)]
        let got = try scores("last 10s", "baseline: \"gated\", gate: 3", values)
        // The baseline keeps what was let in while others are kept out: its time stands still.
        #expect(got[2] == 7 && got[3] == 7 && got[4] == 7)
        // Let in at 12: 1 and 3 are older than ten seconds then, so one value is too few.
        #expect(got[5] == nil)
    }

    @Test func gatedWithoutDeviation() throws {
        #expect(try scores("last 4", "baseline: \"gated\", gate: 3", [4, 4, 9, 9]).prefix(3) == [nil, nil, 0])
        let others = "baseline: \"gated\", gate: 3, against: \"others\""
        #expect(try scores("last 4", others, [4, 4, 4, 9, 9]).prefix(4) == [nil, nil, 0, nil])
        #expect(try scores("last 4", "baseline: \"gated\", gate: 3, floor: 0.5", [4, 4, 9, 4]) == [nil, nil, 10, 0])
    }

    @Test(
        "baselines move on where the score is not asked for",
        arguments: ["baseline: \"frozen\"", "baseline: \"gated\", gate: 3"])
    func movesOn(_ options: String) throws {
        let always = try scores("last 3", options, [1, 3, 2, 50, 2, 4])
        let harness = try Harness(rule("last 3", options, when: ".v > 3.5 and zscore(.v, \(options)) > 0"))
        for (second, value) in [1.0, 3, 2, 50, 2, 4].enumerated() { send((Int64(second), value), to: harness) }
        #expect(harness.outputs.map { Double($0.text.dropFirst().dropLast()) } == [always[3], always[5]])
    }

    // MARK: Against a plain computation

    private struct Plain {
        var size: Int?
        var length: Int64 = 0
        var gate: Double
        var base: [(order: Int64, value: Double)] = []
        var admitted: Int64 = 0
        var newestBase = Int64.min
        var keptOut = 0
        var since: Int64 = 0
        var isOpen = false

        mutating func score(_ time: Int64, _ newest: Int64, _ value: Double?, own: Bool) -> Double? {
            var score: Double?
            if let value, base.count >= 2 {
                let mean = base.map(\.value).reduce(0, +) / Double(base.count)
                let spread = (base.map { ($0.value - mean) * ($0.value - mean) }.reduce(0, +) / Double(base.count))
                    .squareRoot()
                score = spread > 0 ? (value - mean) / spread : 0
            }
            let isOut = abs(score ?? 0) >= gate
            let isLong = keptOut > 0 && (size.map { keptOut >= $0 } ?? (newest - since >= length))
            if isOut, !isOpen, !isLong {
                if keptOut == 0 { since = newest }
                keptOut += 1
                return score
            }
            if isOut { isOpen = true } else { keptOut = 0 }
            if !isOut, score != nil { isOpen = false }
            admitted += 1
            newestBase = max(newestBase, time)
            if own, let value { base.append((size == nil ? time : admitted, value)) }
            base.removeAll { $0.order <= (size.map { admitted - Int64($0) } ?? newestBase - length) }
            return score
        }
    }

    @Test(arguments: ["last 6", "last 6s"], [1, 2, 3])
    func gatedAgreesWithAPlainOne(_ window: String, _ seed: UInt64) throws {
        var random = Seeded(seed)
        var plain = Plain(size: window.hasSuffix("s") ? nil : 6, length: 6, gate: 2.5)
        var engine = try RuleEngine(
            try Harness.compile(rule(window, "baseline: \"gated\", gate: 2.5")), options: Harness.options,
            clockNanoseconds: 0)
        var outputs: [RuleOutput] = []
        var expected: [Double?] = []
        var recent: [(time: Int64, value: Double?)] = []
        var newest = Int64.min
        for index in 0..<600 {
            let base = Int64(index) + (index > 300 ? 10 : 0)
            let time = window.hasSuffix("s") ? base - Int64.random(in: 0..<3, using: &random) : base
            let level = index / 40 % 3 == 1 ? 30.0 : 0
            let value: Double? =
                Int.random(in: 0..<9, using: &random) == 0 ? nil : level + Double.random(in: -1...1, using: &random)
            newest = max(newest, time)
            recent.append((time, value))
            if window.hasSuffix("s") {
                recent.removeAll { $0.time <= newest - 6 }
            } else if recent.count > 6 {
                recent.removeFirst()
            }
            let last = recent.last { $0.value != nil }?.value
            expected.append(plain.score(time, newest, last, own: value != nil))
            let line = ReplayLine(
                topic: Array("s".utf8),
                payload: Array("{\"v\":\(value.map { "\($0)" } ?? "null"),\"t\":\(time * 1000)}".utf8),
                timeNanoseconds: base * 1_000_000_000)
            line.withInput { input in
                guard let binding = line.topic.withUnsafeBytes({ engine.binding(forTopic: $0) }) else { return }
                engine.process(input, binding, into: &outputs)
            }
            if Int.random(in: 0..<20, using: &random) == 0 {
                let states = engine.takeDirtyGroups()
                engine = try RuleEngine(
                    try Harness.compile(rule(window, "baseline: \"gated\", gate: 2.5")), options: Harness.options,
                    clockNanoseconds: 0)
                engine.restore(states)
                #expect(engine.restoreDamaged == 0)
            }
        }
        let got = outputs.map { Double($0.text.dropFirst().dropLast()) }
        #expect(got.count == expected.count)
        #expect(expected.contains { abs($0 ?? 0) > 10 })
        let wrong = zip(got, expected).enumerated().first { _, pair in
            guard let one = pair.0, let other = pair.1 else { return (pair.0 == nil) != (pair.1 == nil) }
            return abs(one - other) > 1e-9 * abs(other) + 1e-11
        }
        #expect(wrong == nil, "\(wrong.map { "\($0)" } ?? "")")
    }

    // MARK: Over a reload

    @Test func aBaselineOutlivesAReloadThatKeepsTheWindow() throws {
        let harness = try Harness(rule("last 2", "baseline: \"frozen\""))
        for (second, value) in [1.0, 3, 50].enumerated() { send((Int64(second), value), to: harness) }
        let changed = rule("last 2", "baseline: \"frozen\"", when: "count() > 1")
        var outputs: [RuleOutput] = []
        #expect(try harness.engine.reload(Harness.compile(changed), into: &outputs).kept == ["r"])
        send((3, 5), to: harness)
        #expect(harness.outputs.last?.text == "[3.0]")
        // Another baseline begins with what the window holds; the one that is gone is forgotten without harm.
        let other = rule("last 2", "baseline: \"frozen\", floor: 1")
        #expect(try harness.engine.reload(Harness.compile(other), into: &outputs).kept == ["r"])
        send((4, 7), to: harness)
        #expect(harness.outputs.last?.text == "[1.0]")
        _ = try harness.engine.reload(Harness.compile(rule("last 2", "against: \"others\"")), into: &outputs)
        send((5, 9), to: harness)
        #expect(harness.outputs.last?.text == "[null]")
    }
}
