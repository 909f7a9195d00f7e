import Foundation
import RuleEngine
import RuleLanguage
import Testing

@Suite struct RuleTestTests {
    private static let rule = """
        let high = 5
        rule hot {
          from "plant/{m}"
          where .v > high
          publish "out/{m}" { m, v: .v, list: [{ a: 1 }], deep: { a: 1, b: .none }, for: 1500ms }
          publish "raw/{m}" payload m
        }
        rule minute { from "plant/{m}" window every 1m by m publish "min/{m}" { n: count(), t: time() } }

        """

    /// The failure of a test with these steps; nil when it passes.
    private func failure(_ steps: String, rules: String = RuleTestTests.rule) throws -> RuleTestFailure? {
        let set = try Harness.compile(rules + "test \"t\" { \(steps) }")
        return try RuleTest.run(try #require(set.tests.first), of: set).failure
    }

    private static let readsMinutes = """
        wait 1m expect "min/a" { n: 1 }
        """

    @Test(arguments: [
        // Named members at every depth; the others are free; values are compared as by ==.
        #"send "plant/a" { v: 6 } expect "out/a" { v: 6.0, deep: { a: 1 } } expect "raw/a" payload "a""#,
        #"send "plant/a" { v: 6 } expect "out/a" { deep: { b: missing }, nowhere: missing, for: 1500ms } expect "raw/a""#,
        #"send "plant/a" { v: high + 1 } expect "out/a" { list: [{ a: 1 }] } expect "raw/a""#,
        // A payload that is text is sent as it stands.
        #"send "plant/a" payload "\{\"v\": 6}" expect "out/a" expect "raw/a""#,
    ])
    func expectationsHold(_ steps: String) throws {
        #expect(try failure("\(steps) \(Self.readsMinutes)") == nil)
    }

    @Test(arguments: [
        (#"expect "out/a" { v: 7 }"#, ".v: expected 7, was 6"),
        (#"expect "out/a" { deep: { a: 1, c: 1 } }"#, ".deep.c: expected 1, was missing"),
        (#"expect "out/a" { deep: { a: missing } }"#, ".deep.a: expected missing, was 1"),
        // Lists whole: an object in one has all members.
        (#"expect "out/a" { list: [{ a: 1, b: 2 }] }"#, #".list: expected [{"a":1,"b":2}], was [{"a":1}]"#),
        (#"expect "out/a" { list: [] }"#, #".list: expected [], was [{"a":1}]"#),
        (#"expect "out/a" { v: "6" }"#, #".v: expected "6", was 6"#),
        (#"expect "out/b""#, "the topic: expected out/b, was out/a"),
        (#"expect "out/a" payload 6"#, #"the payload: expected 6, was {"m":"a","v":6,"list":[{"a":1}],"#),
        (#"expect "out/a" expect "raw/a" payload "b""#, "the payload: expected b, was a"),
        (#"expect "out/a" expect "raw/a" { x: 1 }"#, #"the payload: expected {"x":1}, was a"#),
    ])
    func differencesAreNamed(_ steps: String, _ difference: String) throws {
        let failure = try #require(try failure(#"send "plant/a" { v: 6 } "# + steps))
        #expect(failure.difference?.hasPrefix(difference) == true, "\(failure)")
        #expect(failure.place.line == 9)
    }

    @Test func timeIsVirtual() throws {
        let steps = """
            send 3 times "plant/a" { v: 1 } every 20s
            expect "min/a" { n: 3, t: 946684860000 }
            send "plant/a" { v: 1 } at 90s
            send "plant/a" { v: 1 } at "2000-01-01T00:02:00Z"
            expect "min/a" { n: 1, t: 946684920000 }
            wait 59s
            expect nothing
            wait 1s
            expect "min/a" { n: 1 }
            expect nothing
            """
        #expect(try failure(steps) == nil)
        let back = try failure(#"wait 2m send "plant/a" { v: 1 } at 1m"#)
        #expect(back?.message == "time does not go back: the clock of the test is at +2m already")
        let bad = try failure(#"send "plant/a" { v: 1 } at "noon""#)
        #expect(bad?.message.hasPrefix("`at` takes a duration") == true)
        #expect(try failure("wait 100000d wait 100000d")?.message == "the clock of the test ends in 2262")
    }

    @Test func outputsThatAreLeftOverFail() throws {
        let left = try #require(try failure(#"send "plant/a" { v: 1 }"#))
        #expect(left.message == "an output is left over")
        #expect(left.actual == #"min/a {"n":1,"t":946684860000}"#)
        let early = try #require(try failure(#"send "plant/a" { v: 6 } expect nothing"#))
        #expect(early.message == "expected nothing, and there is an output")
        #expect(early.actual?.hasPrefix("out/a ") == true)
    }

    @Test func anOutputThatDoesNotComeIsExplained() throws {
        let none = try #require(try failure(#"send 2 times "plant/a" { v: 1 } expect "min/a" { n: 2 }"#))
        #expect(none.message == "there is no output")
        #expect(none.expected == #"min/a {"n":2}"#)
        #expect(none.notes.first?.contains("the next one comes at +1m, and the clock of the test is at +0s") == true)
        #expect(none.notes.contains("rule hot: from 2 → where 0 → published 0"))
        #expect(none.notes.contains("rule minute: from 2 → window 0 → published 0"))
        let later = try #require(try failure(#"send "plant/a" { v: 6 } expect "raw/a""#))
        #expect(later.notes == ["what is expected comes 1 outputs later"])
    }

    @Test func engineTopicsAreAskedForByName() throws {
        let rules = "rule r { from \"s\" publish \"o\" }\n"
        #expect(try failure(#"send "s" payload "x""#, rules: rules) == nil)
        #expect(
            try failure(
                #"send "s" payload "x" expect "$sluice/rules/r/errors" { topic: "s", offset: 0 }"#, rules: rules)
                == nil)
        let none = try failure(#"send "s" payload "x" expect "o""#, rules: rules)
        #expect(none?.notes.last?.hasPrefix("a payload could not be decoded: ") == true)
    }

    @Test func aTestRunsTheRulesOfItsFile() throws {
        let first = RuleSourceFile(name: "a.rules", text: "rule a { from \"t\" publish \"u\" { n: 1 } }")
        let second = RuleSourceFile(
            name: "b.rules",
            text: "rule b { from \"t\" publish \"v\" { n: 2 } } test \"b\" { send \"t\" {} expect \"v\" }")
        let set = try #require(RuleCompiler.compile([first, second]).plan)
        #expect(set.tests.map(\.rules) == [1..<2])
        #expect(try RuleTest.run(set.tests[0], of: set).failure == nil)
    }

    @Test func reports() throws {
        let set = try Harness.compile(
            Self.rule + "test \"good\" { wait 1s }\ntest \"bad \\\"1\\\"\" {\n  expect \"out/a\"\n}")
        let report = RuleTestReport(try set.tests.map { try RuleTest.run($0, of: set) })
        #expect(report.failureCount == 1)
        #expect(
            report.text == """
                ✔ good  t.rules:9
                ✘ bad "1"  t.rules:10
                    t.rules:11: there is no output
                      expected: out/a
                      rule hot: from 0 → where 0 → published 0
                      rule minute: from 0 → window 0 → published 0
                2 tests, 1 failed

                """)
        #expect(
            report.json
                == #"{"tests": [{"name": "good", "file": "t.rules", "line": 9, "passed": true, "failure": null}, "#
                + #"{"name": "bad \"1\"", "file": "t.rules", "line": 10, "passed": false, "failure": "#
                + #"{"file": "t.rules", "line": 11, "message": "there is no output", "expected": "out/a", "actual": null, "#
                + #""difference": null, "notes": ["rule hot: from 0 → where 0 → published 0", "#
                + #""rule minute: from 0 → window 0 → published 0"]}}], "passed": 1, "failed": 1}"#)
        #expect(RuleTestReport([]).text == "there are no tests\n")
    }

    @Test("the tests in the manual's examples pass")
    func manual() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/language.md")
        let manual = try String(contentsOf: file, encoding: .utf8)
        var count = 0
        for block in manual.components(separatedBy: "```rules\n").dropFirst() {
            let example = block.components(separatedBy: "```")[0]
            guard example.contains("\ntest \"") else { continue }
            let set = try Harness.compile(example)
            for test in set.tests {
                count += 1
                #expect(try RuleTest.run(test, of: set).failure == nil)
            }
        }
        #expect(count > 0)
    }

    @Test("the shipped rules pass their tests, and each file has some")
    func shippedRules() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("rules")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".rules") }
        let files = try names.map { name in
            RuleSourceFile(
                name: name, text: try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8))
        }
        let set = try #require(RuleCompiler.compile(files).plan)
        #expect(Set(set.tests.map(\.place.file)) == Set(names))
        let report = RuleTestReport(try set.tests.map { try RuleTest.run($0, of: set) })
        #expect(report.failureCount == 0, "\(report.text)")
    }
}
