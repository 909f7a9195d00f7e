import RuleEngine
import RuleLanguage
import Testing

/// The numeric promise against two passes over the window's values in higher precision (Float80).
@Suite struct NumericTests {
    private struct Exact {
        var mean: Float80
        var stddev: Float80
        var sum: Float80
        var absolute: Float80
        init(_ values: [Double]) {
            sum = values.reduce(0) { $0 + Float80($1) }
            absolute = values.reduce(0) { $0 + abs(Float80($1)) }
            mean = sum / Float80(values.count)
            // Once more around the mean, for what its rounding leaves.
            let m = mean
            let rest = values.reduce(Float80(0)) { $0 + (Float80($1) - m) } / Float80(values.count)
            let squares = values.reduce(Float80(0)) { $0 + (Float80($1) - m - rest) * (Float80($1) - m - rest) }
            stddev = (squares / Float80(values.count)).squareRoot()
        }
    }

    private func check(_ window: String, _ values: [Double], size: Int, _ line: Int = #line) throws {
        let harness = try Harness(
            "rule r { from \"s\" window \(window) publish \"o\" payload [mean(.v), stddev(.v), sum(.v), min(.v), max(.v)] }"
        )
        var recent: [Double] = []
        for (index, v) in values.enumerated() {
            recent.append(v)
            if recent.count > size { recent.removeFirst() }
            harness.send("s", "{\"v\":\(v)}", at: Int64(index) * 1000)
            let text = try #require(harness.outputs.last).text.dropFirst().dropLast()
            let got = text.split(separator: ",").map { Double($0) ?? .nan }
            let exact = Exact(recent)
            func near(_ value: Double, _ truth: Float80, _ absolute: Float80) -> Bool {
                abs(Float80(value) - truth) <= max(1e-9 * abs(truth), 1e-12 * absolute)
            }
            #expect(near(got[0], exact.mean, exact.absolute / Float80(recent.count)), "mean at \(index), line \(line)")
            if Set(recent).count == 1 {
                #expect(got[1] == 0, "stddev at \(index), line \(line)")
            } else {
                #expect(abs(Float80(got[1]) - exact.stddev) <= 1e-9 * exact.stddev, "stddev at \(index), line \(line)")
            }
            #expect(near(got[2], exact.sum, exact.absolute), "sum at \(index), line \(line)")
            #expect(got[3] == recent.min())
            #expect(got[4] == recent.max())
        }
    }

    @Test(arguments: ["last 10", "last 10s", "last 64", "last 64s"])
    func smallDeviationsOfLargeValues(_ window: String) throws {
        var random = Seeded(3)
        let size = Int(window.dropFirst(5).prefix { $0.isNumber }) ?? 0
        try check(window, (0..<600).map { _ in 1e9 + Double.random(in: -1e-3...1e-3, using: &random) }, size: size)
    }

    @Test(arguments: ["last 10", "last 50s"])
    func constantsAfterLargeNoise(_ window: String) throws {
        var random = Seeded(4)
        let size = Int(window.dropFirst(5).prefix { $0.isNumber }) ?? 0
        let noise = (0..<200).map { _ in Double.random(in: -1e6...1e6, using: &random) }
        try check(
            window, noise + Array(repeating: 0.1, count: 200) + noise + Array(repeating: 1e-7, count: 100), size: size)
    }

    @Test func wildScales() throws {
        var random = Seeded(5)
        let values = (0..<800).map { index -> Double in
            let scale = [1.0, 1e-8, 1e8, 1e3][index / 7 % 4]
            return Double.random(in: -1...1, using: &random) * scale + (index % 13 == 0 ? 1e5 : 0)
        }
        try check("last 25", values, size: 25)
    }

    @Test func valuesWhoseSquaresNoDoubleHoldsHaveNoScore() throws {
        let harness = try Harness("rule r { from \"t\" window last 3 publish \"o\" { s: stddev(.v), z: zscore(.v) } }")
        for (index, value) in ["1e200", "-1e200", "0"].enumerated() {
            harness.send("t", "{\"v\":\(value)}", at: Int64(index))
        }
        #expect(harness.take().dropFirst() == ["o {\"s\":null,\"z\":null}", "o {\"s\":null,\"z\":null}"])
    }

    @Test func integersSumExactly() throws {
        let harness = try Harness(
            #"rule r { from "s" window last 3 publish "o" payload [sum(.v), range(.v), mean(.v)] }"#)
        for v in ["9223372036854775807", "-9223372036854775807", "5", "9223372036854775807", "2.5"] {
            harness.send("s", "{\"v\":\(v)}", at: 0)
        }
        #expect(
            harness.outputs.map(\.text) == [
                "[9223372036854775807,0,9.223372036854776e18]", "[0,1.8446744073709552e19,0.0]",
                "[5,1.8446744073709552e19,1.6666666666666667]", "[5,1.8446744073709552e19,1.6666666666666667]",
                "[9.223372036854776e18,9.223372036854776e18,3.0744573456182584e18]",
            ])
    }

    /// Every aggregate against a plain computation, with values that are missing here and there, in order and not.
    @Test(arguments: [("last 7", false), ("last 7s", false), ("last 7s", true)])
    func aggregatesAgreeWithPlainOnes(_ window: String, _ disordered: Bool) throws {
        var random = Seeded(disordered ? 11 : 12)
        let harness = try Harness(
            """
            rule r {
              from "s" \(disordered ? "at .t late 1h" : "")
              window \(window)
              publish "o" payload [count(), count(.v), count_if(.v > 0), first(.v), last(.v), median(.v), percentile(.v, 90),
                distinct(.v), slope(.v), rate(.v), ewma(.v, 0.25), collect(.v), any(.v > 8), all(.v > -9), zscore(.v)]
            }
            """)
        struct Event { var time: Int64, value: Double? }
        var events: [Event] = []
        var newest: Int64 = .min
        for index in 0..<400 {
            let base = Int64(index) * 1000
            let time = disordered ? base - Int64.random(in: 0..<6000, using: &random) : base
            let value =
                Int.random(in: 0..<5, using: &random) == 0
                ? nil : Double(Int.random(in: -10...10, using: &random)) + 0.5
            let before = harness.outputs.count
            harness.send("s", "{\"t\":\(time),\"v\":\(value.map { "\($0)" } ?? "null")}", at: base)
            if window.hasSuffix("s"), newest != .min, time <= newest - 7000 {
                #expect(harness.outputs.count == before)
                continue
            }
            newest = max(newest, time)
            events.append(Event(time: time, value: value))
            let inside = window.hasSuffix("s") ? events.filter { $0.time > newest - 7000 } : Array(events.suffix(7))
            let expected = plain(inside.map { ($0.time, $0.value) })
            let got = try #require(harness.outputs.last).text
            #expect(agree(got, expected), "event \(index): \(got) instead of \(expected)")
        }
    }

    /// Compares lists written as JSON; numbers to 1e-9.
    private func agree(_ got: String, _ expected: [String]) -> Bool {
        var parts: [String] = []
        var depth = 0
        var part = ""
        for character in got.dropFirst().dropLast() {
            if character == "[" { depth += 1 }
            if character == "]" { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        parts.append(part)
        return parts.count == expected.count
            && zip(parts, expected).allSatisfy { mine, truth in
                if mine == truth { return true }
                guard let a = Double(mine), let b = Double(truth) else { return false }
                return abs(a - b) <= 1e-9 * max(abs(b), 1e-3)
            }
    }

    private func plain(_ events: [(Int64, Double?)]) -> [String] {
        let present = events.compactMap { event in event.1.map { (Double(event.0) / 1000, $0) } }
        let values = present.map(\.1)
        guard let last = values.last, let first = values.first else {
            return ["\(events.count)", "0", "0"] + Array(repeating: "null", count: 12)
        }
        func percentile(_ p: Double) -> Double {
            let sorted = values.sorted()
            let rank = p / 100 * Double(sorted.count - 1)
            let low = Int(rank)
            return sorted[low] + (sorted[min(low + 1, sorted.count - 1)] - sorted[low]) * (rank - Double(low))
        }
        let n = Double(values.count)
        let meanT = present.map(\.0).reduce(0, +) / n
        let mean = values.reduce(0, +) / n
        let tt = present.map { ($0.0 - meanT) * ($0.0 - meanT) }.reduce(0, +)
        let tv = present.map { ($0.0 - meanT) * ($0.1 - mean) }.reduce(0, +)
        let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / n
        let span = present[present.count - 1].0 - present[0].0
        let ewma = values.dropFirst().reduce(first) { 0.25 * $1 + 0.75 * $0 }
        let z = variance == 0 ? 0 : (last - mean) / variance.squareRoot()
        return [
            "\(events.count)", "\(values.count)", "\(values.count { $0 > 0 })", "\(first)", "\(last)",
            "\(percentile(50))",
            "\(percentile(90))", "\(Set(values).count)", tt == 0 ? "null" : "\(tv / tt)",
            span == 0 ? "null" : "\((last - first) / span)", "\(ewma)",
            "[" + values.map { "\($0)" }.joined(separator: ",") + "]", "\(values.contains { $0 > 8 })",
            "\(values.allSatisfy { $0 > -9 })", "\(z)",
        ]
    }
}
