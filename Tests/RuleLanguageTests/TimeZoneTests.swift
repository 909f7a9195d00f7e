import RuleLanguage
import Testing

/// Time zones as the checker and the plan have them.
@Suite("Time zones")
struct TimeZoneTests {
    @Test("windows of whole days, or of hours that divide 24")
    func lengths() {
        for length in ["1h", "2h", "3h", "4h", "6h", "8h", "12h", "24h", "1d", "2d", "7d", "48h", "60m"] {
            #expect(codes(clauses: "window every \(length) in \"UTC\"").isEmpty, "\(length)")
        }
        for length in ["5h", "7h", "90m", "36h", "1.5h", "30m", "10s", "25h"] {
            #expect(codes(clauses: "window every \(length) in \"UTC\"") == ["E0507"], "\(length)")
        }
        #expect(codes(clauses: "window every 1d over 7d in \"UTC\"").isEmpty)
        #expect(codes(clauses: "window every 2d over 7d in \"UTC\"") == ["E0507"])
    }

    @Test("a zone is a name that is known")
    func names() {
        #expect(codes(clauses: "window every 1d in \"Mars/Olympus\"") == ["E0220"])
        #expect(codes(where: "hour(time(), \"Mars/Olympus\") == 1") == ["E0220"])
        #expect(codes(where: "hour(time(), .zone) == 1") == ["E0303"])
        #expect(
            codes("let z = \"Europe/Berlin\" rule r { from \"t\" where weekday(time(), z) < 6 publish \"u\" }").isEmpty)
        #expect(RuleCompiler.compile([]).plan?.rules.isEmpty == true)
        let text = "rule r { from \"t\" window every 1d in \"UTC\" publish \"u\" { n: count() } }"
        let without = RuleCompiler.compile([RuleSourceFile(name: "a.rules", text: text)])
        #expect(without.diagnostics.map(\.code.name) == ["E0220"])
    }

    @Test("the plan carries each zone once")
    func plans() {
        let text = """
            rule r { from "t" where hour(time(), "UTC") > 5 and hour(time(), "Europe/Berlin") > 5
              window every 1d in "UTC" publish "u" { n: count() } }
            """
        #expect(plan(text)?.zones.map(\.name) == ["UTC", "Europe/Berlin"])
    }

    @Test("tables that are not in order are refused")
    func tables() {
        typealias Transition = TimeZoneRules.Transition
        func rules(_ times: [Int64], offset: Int64 = 0) -> TimeZoneRules? {
            TimeZoneRules(
                name: "X", firstOffsetSeconds: offset,
                transitions: times.map { Transition(seconds: $0, offsetSeconds: offset) })
        }
        #expect(rules([1, 2, 3]) != nil)
        #expect(rules([1, 1]) == nil)
        #expect(rules([2, 1]) == nil)
        #expect(rules([], offset: TimeZoneRules.offsetSecondsMax) == nil)
        #expect(rules([], offset: 1 - TimeZoneRules.offsetSecondsMax) != nil)
        #expect(rules((0...Int64(TimeZoneRules.transitionsMax)).map { $0 }) == nil)
        #expect(rules([1])?.description != rules([2])?.description)
    }
}
