import Foundation
import RuleEngine
import Testing

/// A window of which only moments of one argument are asked is kept in another form, and tells the same.
@Suite struct MomentsWindowTests {
    private static let body = """
        { n: count(), m: mean(.v), s: stddev(.v), z: zscore(.v), o: zscore(.v, against: "others"), from: window_start(), to: window_end() }
        """
    private static func rule(_ window: String) -> String {
        #"rule r { from "s/{id}" window \#(window) by id publish "o/{id}" \#(body) }"#
    }

    /// Asks for the number of a second argument as well, of which there is none.
    private static func general(_ window: String) -> String {
        rule(window).replacingOccurrences(of: "{ n:", with: "{ none: count(.none), n:")
    }

    private static func take(_ harness: Harness) -> [String] {
        harness.take().map { $0.replacingOccurrences(of: #"{"none":0,"#, with: "{") }
    }

    private static func messages(_ seed: UInt64) -> [(id: String, payload: String, ms: Int64)] {
        var random = Seeded(seed)
        var ms: Int64 = -50_000
        return (0..<600).map { _ in
            ms += Int64.random(in: 0..<400, using: &random)
            if Int.random(in: 0..<50, using: &random) == 0 { ms += 30_000 }
            let value =
                ["null", "\"x\"", "true", "1e300", "-1e300", "18446744073709551617", "0"]
                .randomElement(using: &random) ?? ""
            let number = "\(Double.random(in: -5...5, using: &random))"
            let isOdd = Int.random(in: 0..<6, using: &random) == 0
            return ("g\(Int.random(in: 0..<4, using: &random))", "{\"v\":\(isOdd ? value : number)}", ms)
        }
    }

    @Test("moments tell what a column tells, also over a restart in a window", arguments: 0..<8 as Range<UInt64>)
    func tellsTheSame(seed: UInt64) throws {
        var window = "every 3s"
        if seed % 2 == 1 { window = "every 1d in \"Europe/Berlin\"" }
        let general = try Harness(Self.general(window), clock: -50_000)
        var moments = try Harness(Self.rule(window), clock: -50_000)
        var store = StateTests.Store()
        var errors: UInt64 = 0
        for (index, message) in Self.messages(seed).enumerated() {
            general.send("s/\(message.id)", message.payload, at: message.ms)
            moments.send("s/\(message.id)", message.payload, at: message.ms)
            #expect(moments.take() == Self.take(general))
            if index % 97 == 96 {
                store.take(moments.engine.takeDirtyGroups())
                let next = try Harness(Self.rule(window), clock: -50_000)
                next.engine.restore(store.groups)
                errors += moments.counters.runtimeErrors
                moments = next
            }
        }
        general.drain()
        moments.drain()
        let rest = Self.take(general)
        #expect(!rest.isEmpty && moments.take() == rest)
        #expect(errors + moments.counters.runtimeErrors == general.counters.runtimeErrors)
    }

    @Test("the window start of a day that the clock makes shorter")
    func aShortDay() throws {
        // 2026-03-29 in Berlin has 23 hours.
        let noon: Int64 = 1_774_782_000_000
        let harness = try Harness(Self.rule("every 1d in \"Europe/Berlin\""), clock: noon)
        harness.send("s/a", "{\"v\":1}", at: noon)
        harness.drain()
        let line = try #require(harness.take().first)
        #expect(line.hasSuffix(#""from":1774738800000,"to":1774821600000}"#))
    }

    @Test("a rule that asks for more goes on with the window that was open")
    func aReloadThatAsksForMore() throws {
        let harness = try Harness(Self.rule("every 10s"))
        harness.send("s/a", "{\"v\":1}", at: 1_000)
        harness.send("s/a", "{\"v\":\"x\"}", at: 1_500)
        let more = #"rule r { from "s/{id}" window every 10s by id publish "o" payload [count(), mean(.v), max(.v)] }"#
        _ = try harness.engine.reload(try Harness.compile(more), into: &harness.outputs)
        harness.send("s/a", "{\"v\":3}", at: 2_000)
        harness.drain()
        #expect(harness.take() == ["o [3,2.0,3]"])
    }

    @Test func `for`() throws {
        let harness = try Harness(
            #"rule r { from "s/{id}" window every 1s by id when mean(.v) > 3 for 2s publish "o/{id}" { m: mean(.v) } }"#
        )
        for ms in stride(from: 100, through: 5_100, by: 500) { harness.send("s/a", "{\"v\":4}", at: Int64(ms)) }
        #expect(harness.take() == [#"o/a {"m":4.0}"#])
    }
}
