import RuleEngine
import Testing

/// The engine against the contract written down plainly, over random events that come late, early and at one instant.
@Suite struct WindowModelTests {
    struct Event {
        var time: Int64
        var arrival: Int64
        var value: Int
    }

    /// W of one group as it moves, and the greatest it was: what that passed is closed.
    struct Watermark {
        var late: Int64
        var newest: (time: Int64, arrival: Int64)?
        var greatest = Int64.min

        /// W at an instant of the clock.
        func at(_ clock: Int64) -> Int64 { newest.map { $0.time - late + clock - $0.arrival } ?? .min }

        mutating func take(_ event: Event) {
            if let newest { greatest = max(greatest, newest.time - late + event.arrival - newest.arrival) }
            if event.time > newest?.time ?? .min { newest = (event.time, event.arrival) }
            if let newest { greatest = max(greatest, newest.time - late + event.arrival - newest.arrival) }
        }
    }

    private func events(_ random: inout Seeded, spread: Int64) -> [Event] {
        var clock: Int64 = 100_000
        return (0..<40).map { index in
            clock += [0, 0, 1, 700, 3_000, 9_000, 25_000].randomElement(using: &random) ?? 0
            let time = clock + Int64.random(in: -spread...(spread / 2), using: &random) / 500 * 500
            return Event(time: time - 100_000, arrival: clock, value: index)
        }
    }

    private func run(_ clauses: String, _ events: [Event]) throws -> (lines: [String], late: UInt64) {
        let harness = try Harness("rule r { from \"s\" at .t late 5s \(clauses) }")
        for event in events {
            harness.send("s", "{\"t\":\(event.time),\"v\":\(event.value)}", at: event.arrival)
        }
        harness.drain()
        return (harness.take(), harness.counters.lateEvents)
    }

    private static let rounds = 60

    @Test("every and every … over", arguments: [(10_000, 10_000), (10_000, 30_000), (4_000, 20_000)])
    func aligned(_ step: Int64, _ length: Int64) throws {
        let over = length == step ? "" : "over \(length)ms"
        let clauses = "window every \(step)ms \(over) publish \"o\" { e: time(), s: window_start(), v: collect(.v) }"
        var random = Seeded(UInt64(step + length))
        for _ in 0..<Self.rounds {
            let events = events(&random, spread: 40_000)
            var mark = Watermark(late: 5_000)
            var windows: [Int64: [Int]] = [:]
            var expected: [String] = []
            var late: UInt64 = 0
            func close(through limit: Int64) {
                for end in windows.keys.sorted() where end <= limit {
                    let values = (windows.removeValue(forKey: end) ?? []).map(String.init).joined(separator: ",")
                    expected.append("o {\"e\":\(end),\"s\":\(end - length),\"v\":[\(values)]}")
                }
            }
            for event in events {
                mark.take(event)
                close(through: mark.greatest)
                let base = Int64((Double(event.time) / Double(step)).rounded(.down)) * step
                let ends = stride(from: base + step, through: base + length, by: Int64.Stride(step))
                let open = ends.filter { $0 > mark.greatest }
                for end in open { windows[end, default: []].append(event.value) }
                if open.isEmpty { late += 1 }
            }
            close(through: .max)
            let result = try run(clauses, events)
            #expect(result.lines == expected)
            #expect(result.late == late)
        }
    }

    private struct Session {
        var times: [Int64]
        var values: [Int]
    }

    @Test("session")
    func sessions() throws {
        let gap: Int64 = 6_000
        let clauses = "window session 6s publish \"o\" { e: time(), s: window_start(), v: collect(.v) }"
        var random = Seeded(6)
        for _ in 0..<Self.rounds {
            let events = events(&random, spread: 30_000)
            var mark = Watermark(late: 5_000)
            var open: [Session] = []
            var expected: [String] = []
            var late: UInt64 = 0
            func end(_ session: Session) -> Int64 { (session.times.max() ?? 0) + gap }
            func close(before limit: Int64) {
                for session in open.filter({ end($0) < limit }).sorted(by: { end($0) < end($1) }) {
                    let values = session.values.sorted().map(String.init).joined(separator: ",")
                    expected.append("o {\"e\":\(end(session)),\"s\":\(session.times.min() ?? 0),\"v\":[\(values)]}")
                }
                open.removeAll { end($0) < limit }
            }
            for event in events {
                mark.take(event)
                close(before: mark.greatest)
                let near = open.filter { $0.times.contains { abs($0 - event.time) <= gap } }
                if near.isEmpty, event.time + gap < mark.greatest {
                    late += 1
                    continue
                }
                open.removeAll { $0.times.contains { abs($0 - event.time) <= gap } }
                open.append(
                    Session(
                        times: near.flatMap(\.times) + [event.time], values: near.flatMap(\.values) + [event.value]))
            }
            close(before: .max)
            let result = try run(clauses, events)
            #expect(result.lines == expected)
            #expect(result.late == late)
        }
    }

    @Test("silent")
    func silence() throws {
        let gap: Int64 = 6_000
        let clauses = "window silent 6s publish \"o\" { e: time(), n: count(), l: last(.v) }"
        var random = Seeded(7)
        for _ in 0..<Self.rounds {
            let events = events(&random, spread: 15_000)
            var mark = Watermark(late: 5_000)
            var held: [Event] = []
            var expected: [String] = []
            var late: UInt64 = 0
            func report(before limit: Int64) {
                guard let last = held.last, let newest = held.map(\.time).max(), newest + gap < limit else { return }
                expected.append("o {\"e\":\(newest + gap),\"n\":\(held.count),\"l\":\(last.value)}")
                held = []
            }
            for event in events {
                // A silence has no interval that could be over: it ends by W as it stands, though W may have fallen.
                report(before: mark.at(event.arrival))
                mark.take(event)
                report(before: mark.at(event.arrival))
                if held.isEmpty, event.time + gap < mark.at(event.arrival) { late += 1 } else { held.append(event) }
            }
            report(before: .max)
            let result = try run(clauses, events)
            #expect(result.lines == expected)
            #expect(result.late == late)
        }
    }

    @Test("for")
    func dwell() throws {
        let length: Int64 = 8_000
        let clauses =
            "when .v % 7 != 0 for 8s publish \"o\" { e: time(), v: .v } on clear publish \"c\" { e: time(), v: .v }"
        var random = Seeded(8)
        for _ in 0..<Self.rounds {
            let events = events(&random, spread: 6_000)
            var mark = Watermark(late: 5_000)
            var run: (start: Int64, events: [Event])?
            var isActive = false
            var expected: [String] = []
            func settle(through limit: Int64) {
                guard !isActive, let reached = run, reached.start + length <= limit else { return }
                run = nil
                guard reached.events.count > 1, let last = reached.events.last else { return }
                isActive = true
                expected.append("o {\"e\":\(reached.start + length),\"v\":\(last.value)}")
            }
            for event in events {
                mark.take(event)
                settle(through: mark.greatest)
                let isTrue = event.value % 7 != 0
                if isActive {
                    if !isTrue { expected.append("c {\"e\":\(event.time),\"v\":\(event.value)}") }
                    isActive = isTrue
                } else if isTrue {
                    run = (run?.start ?? event.time, (run?.events ?? []) + [event])
                } else {
                    run = nil
                }
            }
            settle(through: .max)
            #expect(try self.run(clauses, events).lines == expected)
        }
    }
}
