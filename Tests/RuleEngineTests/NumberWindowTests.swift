import RuleEngine
import RuleLanguage
import Testing

/// Windows `last N` that keep nothing but numbers, about the sizes at which their statistics are put together.
@Suite struct NumberWindowTests {
    private enum Event {
        case number(Double)
        case missing, text

        var json: String {
            switch self {
            case .number(let value): "\(value)"
            case .missing: "null"
            case .text: "\"n/a\""
            }
        }
        var number: Double? {
            if case .number(let value) = self { value } else { nil }
        }
        var isPresent: Bool {
            if case .missing = self { false } else { true }
        }
    }

    /// Two passes in higher precision.
    private struct Exact {
        var mean: Float80
        /// What the rounding of the mean left out.
        var rest: Float80
        var stddev: Float80

        init(_ values: [Double]) {
            let count = Float80(values.count)
            let mean = values.reduce(Float80(0)) { $0 + Float80($1) } / count
            let rest = values.reduce(Float80(0)) { $0 + (Float80($1) - mean) } / count
            let squares = values.reduce(Float80(0)) {
                $0 + (Float80($1) - mean - rest) * (Float80($1) - mean - rest)
            }
            self.mean = mean
            self.rest = rest
            stddev = (squares / count).squareRoot()
        }
    }

    private func check(_ size: Int, _ events: [Event]) throws {
        let harness = try Harness(
            """
            rule r { from "s" window last \(size)
              publish "o" payload [count(), count(.v), mean(.v), stddev(.v), zscore(.v)] }
            """)
        for (index, event) in events.enumerated() {
            harness.send("s", "{\"v\":\(event.json)}", at: Int64(index))
            let inside = events[max(0, index + 1 - size)...index]
            let numbers = inside.compactMap(\.number)
            let parts = try #require(harness.outputs.last).text.dropFirst().dropLast().split(separator: ",")
            #expect(parts[0] == "\(inside.count)")
            #expect(parts[1] == "\(inside.count(where: \.isPresent))", "event \(index)")
            guard let newest = numbers.last else {
                #expect(parts[2...].allSatisfy { $0 == "null" })
                continue
            }
            let exact = Exact(numbers)
            let (mean, stddev, score) = (Double(parts[2]), Double(parts[3]), Double(parts[4]))
            let absolute = numbers.reduce(0) { $0 + abs($1) } / Double(numbers.count)
            #expect(abs(Float80(mean ?? .nan) - exact.mean) <= 1e-12 * Float80(absolute), "mean at \(index)")
            if Set(numbers).count == 1 {
                #expect(stddev == 0 && score == 0, "of equal values at \(index)")
            } else {
                #expect(abs(Float80(stddev ?? .nan) - exact.stddev) <= 1e-9 * exact.stddev, "stddev at \(index)")
                let expected = (Float80(newest) - exact.mean - exact.rest) / exact.stddev
                #expect(abs(Float80(score ?? .nan) - expected) <= 1e-8 * max(1, abs(expected)), "score at \(index)")
            }
        }
        #expect(harness.counters.runtimeErrors == UInt64(events.count { $0.json == "\"n/a\"" }))
    }

    static let sizes = [1, 2, 7, 8, 9, 63, 64, 65, 66, 100, 129, 200]

    @Test(arguments: sizes)
    func smallDeviationsOfLargeValues(_ size: Int) throws {
        var random = Seeded(UInt64(size))
        try check(size, (0..<450).map { _ in .number(1e9 + Double.random(in: -1e-3...1e-3, using: &random)) })
    }

    @Test(arguments: sizes)
    func wildScalesThenConstants(_ size: Int) throws {
        var random = Seeded(UInt64(size) &+ 50)
        let wild = (0..<250).map { index -> Event in
            let scale = [1.0, 1e-8, 1e8, 1e3][index / 7 % 4]
            return .number(Double.random(in: -1...1, using: &random) * scale + (index % 13 == 0 ? 1e5 : 0))
        }
        try check(size, wild + Array(repeating: .number(0.1), count: 230) + wild)
    }

    /// Events without a number in the midst, and so many in a row that no number is left.
    @Test(arguments: sizes)
    func eventsWithoutNumbersTakeTheirPlace(_ size: Int) throws {
        var random = Seeded(UInt64(size) &+ 99)
        func mixed(_ count: Int) -> [Event] {
            (0..<count).map { _ in
                switch Int.random(in: 0..<6, using: &random) {
                case 0: .missing
                case 1: .text
                default: .number(Double.random(in: -5...5, using: &random))
                }
            }
        }
        let gaps = Array(repeating: Event.missing, count: size + 3)
        try check(size, gaps + mixed(300) + gaps + mixed(230) + [.text] + gaps.dropLast(4) + mixed(20))
    }

    // MARK: State

    /// Sends the same to two engines; the second is made anew from its state at some of the messages.
    @Test(arguments: [5, 64, 70, 150])
    func aRestartAtAnyPlaceChangesNoBit(_ size: Int) throws {
        let source = """
            rule r { from "s/{id}" window last \(size) by id
              publish "o/{id}" payload [mean(.v), stddev(.v), count(.v), zscore(.v, against: "others"), mean(.w)] }
            """
        let straight = try Harness(source)
        var restarted = try Harness(source)
        var expected: [String] = []
        var got: [String] = []
        var random = Seeded(UInt64(size))
        for index in 0..<600 {
            let v = index % 9 == 4 ? "null" : index % 31 == 5 ? "true" : "\(Double.random(in: 0...1, using: &random))"
            let payload = "{\"v\":\(v),\"w\":\(index % 50)}"
            straight.send("s/a", payload, at: Int64(index))
            restarted.send("s/a", payload, at: Int64(index))
            expected += straight.take()
            got += restarted.take()
            if index % 17 == 3 {
                let next = try Harness(source)
                next.engine.restore(restarted.engine.takeDirtyGroups())
                #expect(next.engine.restoreSkipped == 0 && next.engine.restoreDamaged == 0)
                restarted = next
            }
        }
        #expect(got == expected)
    }

    private func rule(_ window: String, _ values: String) -> String {
        "rule r { from \"s/{id}\" window \(window) by id publish \"o\" payload [\(values)] }"
    }

    private func reload(_ harness: Harness, _ source: String) throws {
        let report = try harness.engine.reload(try Harness.compile(source), into: &harness.outputs)
        #expect(report.kept == ["r"])
        _ = harness.take()
    }

    /// A new publish that asks for more: numbers stay; times are known from here on.
    @Test func aReloadThatAsksForMoreKeepsTheNumbers() throws {
        let harness = try Harness(rule("last 5", "mean(.v)"))
        for v in ["9", "1", "2", "null", "\"x\"", "3"] { harness.send("s/a", "{\"v\":\(v)}", at: 0) }
        try reload(
            harness,
            rule("last 5", "mean(.v), min(.v), max(.v), sum(.v), count(), median(.v), collect(.v), slope(.v), rate(.v)")
        )
        harness.send("s/a", #"{"v":6}"#, at: 1000)
        #expect(harness.take() == ["o [3.6666666666666665,2,6,11,5,3.0,[2,3,6],null,null]"])
        harness.send("s/a", #"{"v":8}"#, at: 2000)
        #expect(harness.take() == ["o [5.666666666666667,3,8,17,5,6.0,[3,6,8],2.0,2.0]"])
    }

    @Test func aReloadKeepsTheNumberOfPresentValues() throws {
        let harness = try Harness(rule("last 5", "mean(.v), count(.v)"))
        for v in ["9", "1", "2.5", "null", "\"x\"", "3"] { harness.send("s/a", "{\"v\":\(v)}", at: 0) }
        try reload(harness, rule("last 5", "count(.v), max(.v)"))
        harness.send("s/a", #"{"v":6}"#, at: 1000)
        #expect(harness.take() == ["o [4,6]"])
    }

    /// The other way: of a window that kept values of all types the numbers are taken over, each at its event.
    @Test(arguments: [3, 5, 70])
    func aReloadThatAsksForLessKeepsTheNumbers(_ size: Int) throws {
        let more = rule("last \(size)", "mean(.v), stddev(.v), count(.v), collect(.v)")
        let less = rule("last \(size)", "mean(.v), stddev(.v), count(.v)")
        let harness = try Harness(more)
        let straight = try Harness(less)
        for index in 0..<200 {
            let v = index % 7 == 2 ? "null" : index % 11 == 5 ? "\"x\"" : "\(index % 13)"
            harness.send("s/a", "{\"v\":\(v)}", at: Int64(index))
            straight.send("s/a", "{\"v\":\(v)}", at: Int64(index))
            if index == 111 { try reload(harness, less) }
            if index <= 111 {
                _ = straight.take()
                continue
            }
            let pairs = zip(harness.take(), straight.take()).map { ($0.dropFirst(3), $1.dropFirst(3)) }
            #expect(pairs.count == 1)
            for (got, expected) in pairs {
                let numbers = zip(
                    got.dropLast().split(separator: ",").map { Double($0) ?? .nan },
                    expected.dropLast().split(separator: ",").map { Double($0) ?? .nan })
                #expect(numbers.allSatisfy { abs($0 - $1) <= 1e-12 }, "\(got) instead of \(expected)")
            }
        }
    }
}
