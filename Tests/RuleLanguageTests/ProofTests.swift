import RuleLanguage
import Testing

@Suite("Proofs")
struct ProofTests {
    @Test(
        "never true",
        arguments: [
            ".x > 5 and .x < 3", ".x > 5 and not (.x > 4)", ".x == 1 and .x == 2", ".x == \"a\" and .x == \"b\"",
            ".x < \"a\" and .x > \"b\"",
            ".x between 5 and 6 and .x > 6", ".x in [1, 2] and .x > 2", "abs(.x) < 2 and .x > 3", "abs(.x) < 0",
            "false", "1 > 2", "not true",
            "exists(.x) and not exists(.x)", ".x and not .x", "length(.x) < 0", "hour(time()) > 23",
            "weekday(time()) == 0", "qos() > 2", "sqrt(.x) < 0",
            ".x < .x", ".x != .x", "x == \"a\" and x == \"b\"", "time() - arrived() > 5s and time() - arrived() < 1s",
            "matches(.x, 'a') and not matches(.x, 'a')", ".x > 9007199254740990 and .x < 9007199254740991 - 1",
            ".x between \"a\" and 5", "not (.x > 1 or .x <= 1)",
            "length(.x) > 2 and length(.x) < 3",
        ])
    func neverTrue(_ condition: String) {
        #expect(codes(where: condition) == ["E0401"])
    }

    @Test(
        "always true",
        arguments: [
            "true", "1 < 2", ".x > 1 or .x <= 1", ".x != 1 or .x != 2", "not (.x > 1 and .x < 0)", ".x == .x",
            ".x <= .x", "length(.x) >= 0", "hour(now()) < 24",
            "exists(x)", "exists(.x) or not exists(.x)", ".x or not .x", "abs(.x) >= 0",
        ])
    func alwaysTrue(_ condition: String) {
        #expect(codes(where: condition) == ["E0402"])
    }

    @Test(
        "neither",
        arguments: [
            ".x > 5 and .y < 3", ".x > 5 or .x < 3", ".x >= 5 and .x <= 5", ".x > 1 and .x < 2",
            "abs(.x) > 3 and .x < 0", ".x != \"a\"", ".x > \"a\" and .x < \"b\"",
            ".x == 1 or .x == \"1\"", "length(.x) > 2 and length(.x) < 4", ".x < .y", ".x > 1 or .x < 1", "exists(.x)",
            ".x in [1, 2]", ".x not in [1]",
            ".x > 9007199254740992 and .x < 9007199254740994", ".x > 9223372036854775806 and .x < 9223372036854775807",
            "(.x ?? 0) >= 0 or .y", "if .a then .b > 1 else .c > 1",
        ])
    func open(_ condition: String) {
        #expect(codes(where: condition).isEmpty)
    }

    @Test("lets are seen through")
    func lets() {
        #expect(codes(clauses: "let a = .x > 5 let b = .x < 3 where a and b") == ["E0401"])
        #expect(codes(clauses: "let v = abs(.x) let w = v where w < 0") == ["E0401"])
        #expect(codes(clauses: "window last 10 let z = zscore(.v) let odd = z > 3.5 or z < -3.5 when odd") == ["E0401"])
    }

    @Test(
        "zscore over n events is at most the square root of n − 1",
        arguments: [
            (10, "abs(zscore(.v)) > 3", true), (11, "abs(zscore(.v)) > 3", false), (10, "abs(zscore(.v)) >= 3", false),
            (10, "zscore(.v) > 3", true),
            (10, "zscore(.v) < -3", true), (10, "3 < abs(zscore(.v))", true),
            (5, "zscore(.v) > 2 or zscore(.v) < -2", true), (5, "zscore(.v) > 1.99", false),
            (1, "zscore(.v) > 0", true), (10, "count() >= 10 and abs(zscore(.v)) > 3.1", true),
            (10, "zscore(.v, against: \"others\") > 30", false),
            (10, "zscore(.v, floor: 1) > 3", true),
            (10, "zscore(.v, baseline: \"rolling\") > 3", true),
            (10, "zscore(.v, baseline: \"frozen\") > 30", false),
            (10, "zscore(.v, baseline: \"gated\", gate: 3) > 30", false),
        ])
    func zscore(_ events: Int, _ condition: String, _ isRefused: Bool) {
        let found = codes(clauses: "window last \(events) when \(condition)")
        #expect(found == (isRefused ? ["E0401"] : []))
    }

    @Test("the message holds the bound and what would do")
    func zscoreMessage() {
        let diagnostic = compile("rule r { from \"t\" window last 20 when zscore(.v) > 5 publish \"u\" }").diagnostics
            .first
        #expect(diagnostic?.message.hasSuffix("|zscore| is at most 4.35") == true)
        #expect(diagnostic?.help == "use `last 27` or more, or `against: \"others\"`")
        #expect(codes(clauses: "window last 27 when zscore(.v) > 5").isEmpty)
        #expect(codes(clauses: "window last 26 when zscore(.v) > 5") == ["E0401"])
    }

    @Test("windows of time have no such bound, and counts are bounded by theirs")
    func windows() {
        #expect(codes(clauses: "window last 10s when zscore(.v) > 50").isEmpty)
        #expect(codes(clauses: "window last 10 when count() > 10") == ["E0401"])
        #expect(codes(clauses: "window last 10 when count() >= 10").isEmpty)
        #expect(codes(clauses: "window last 10 when count() >= 1") == ["E0402"])
        #expect(codes(clauses: "window last 10 when count_if(.a > 3) == 11") == ["E0401"])
        #expect(codes(clauses: "window last 10s when count() == 0") == ["E0401"])
        #expect(codes(clauses: "window last 10 when count(.x) > 0 and stddev(.v) < 0") == ["E0401"])
        #expect(codes(clauses: "window last 10 when any(.x > 3 and .x < 2)") == ["E0401"])
        #expect(codes(clauses: "window last 10 let a = if .x > 3 and .x < 2 then 1 else 2 when a > 1") == ["E0401"])
    }

    @Test(
        "until that overlaps when",
        arguments: [
            ("mean(.x) > 80", "mean(.x) < 85", true), ("mean(.x) > 80", "mean(.x) < 80", false),
            ("mean(.x) > 80", "mean(.x) <= 80", false),
            ("mean(.x) >= 80", "mean(.x) <= 80", true), ("mean(.x) > 80", "min(.x) < 90", false),
            ("abs(.x) > 3", "abs(.x) < 2", false),
            (".state == \"on\"", ".state != \"off\"", true), (".state == \"on\"", ".state == \"off\"", false),
        ])
    func overlap(_ when: String, _ until: String, _ isRefused: Bool) {
        let found = codes(clauses: "window last 10s when \(when) until \(until)")
        #expect(found == (isRefused ? ["E0403"] : []))
    }

    @Test("clauses that do nothing")
    func effects() {
        func codes(_ rest: String) -> [String] {
            RuleLanguageTests.codes("rule r { from \"t\" \(rest) }")
        }
        #expect(codes("when .x > 1 on clear publish \"u\"") == ["E0405"])
        #expect(codes("when .x > 1 for 5s on clear publish \"u\"") == ["E0405"])
        #expect(codes("when .x > 1 for 5s publish \"u\" on clear publish \"u\"").isEmpty)
        #expect(codes("at .t late 5s publish \"u\"") == ["W0407"])
        #expect(codes("at .t late 5s when .x > 1 for 1m publish \"u\"").isEmpty)
        #expect(codes("at .t late 5s window session 1m publish \"u\" { n: count() }").isEmpty)
    }

    @Test("conditions too large for a proof are let pass")
    func large() {
        let many = (0..<60).map { "(.a\($0) > 1 and .a\($0) < 5)" }.joined(separator: " or ")
        #expect(codes(where: many).isEmpty)
        let list = (0..<20_000).map { "\"v\($0)\"" }.joined(separator: ", ")
        #expect(codes(where: ".a in [\(list)]").isEmpty)
        #expect(codes(where: ".a in [\(list)] and .a not in [\(list)]").isEmpty)
    }
}
