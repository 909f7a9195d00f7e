import Foundation
import RuleLanguage
import Testing

@Suite("Formatter")
struct FormatterTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func format(_ text: String) -> String? {
        RuleFormatter.format(RuleSourceFile(name: "f.rules", text: text)).text
    }

    /// What a program means, whatever its white space: the plan, or what is wrong with it.
    private func meaning(_ text: String) -> String {
        let compilation = compile(text)
        return compilation.plan.map { "\($0.rules) \($0.tests.map { "\($0.name) \($0.steps.map(\.action))" })" }
            ?? "\(compilation.diagnostics.map(\.code.name).sorted())"
    }

    private func comments(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            line.range(of: "# note ").map { String(line[$0.lowerBound...]) }
        }
    }

    /// Formatting keeps the meaning, and formatting again changes nothing.
    private func check(_ text: String) {
        guard let once = format(text) else {
            Issue.record("does not parse: \(text)")
            return
        }
        #expect(meaning(once) == meaning(text), "\(text)")
        #expect(format(once) == once, "\(text)")
    }

    @Test("one form for a rule however it is typed")
    func canonicalForm() {
        let typed = """
            rule hot   "Too hot"{from "a/{x}"as number,"b/{x}" where . >5
              let y=( .+1)*-2 window last 10 by x when count( )>=10 and y not in[1,2,] limit 1 per 10m
            publish "o/{x}" qos 1 {x , y:y,}}
            """
        #expect(
            format(typed) == """
                rule hot "Too hot" {
                  from "a/{x}" as number, "b/{x}"
                  where . > 5
                  let y = (. + 1) * -2
                  window last 10 by x
                  when count() >= 10 and y not in [1, 2]
                  limit 1 per 10m
                  publish "o/{x}" qos 1 { x, y: y }
                }

                """)
    }

    @Test("the rules of the first look, which are in this form but for one object")
    func firstLook() throws {
        let formatted = try #require(format(firstLookRules))
        let changed = zip(
            formatted.split(separator: "\n", omittingEmptySubsequences: false),
            firstLookRules.split(separator: "\n", omittingEmptySubsequences: false)
        ).first { $0 != $1 }
        #expect(changed?.0 == "    sensor,")
        #expect(formatted.contains("    p95: percentile(.value, 95)\n  }\n}\n\n# Pattern: edge ML inference.\nmodel"))
    }

    @Test("what does not fit into 100 columns is broken")
    func longLines() {
        let long = """
            rule r {
              from "plant/{line}/{machine}/temperature" as json, "building/{line}/{machine}/air/temperature/celsius"
              let limit_of_this = if .unit == "fahrenheit" then (.value - 32) * 5 / 9 else if .unit == "kelvin" then .value - 273.15 else .value
              when .aaaaaaaaaaaaaaaaaaaaaaa > 1 and .bbbbbbbbbbbbbbbbbbbbbbbbbbbb > 2 or .cccccccccccccccccccccccccccccccc between 1 and 2
              publish "o" payload greatest(.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, .bbbbbbbbbbbbbbbbbbbbbbbbbbbbb, .ccccccccccccccccccccc)
            }
            """
        #expect(
            format(long) == """
                rule r {
                  from "plant/{line}/{machine}/temperature" as json,
                    "building/{line}/{machine}/air/temperature/celsius"
                  let limit_of_this = if .unit == "fahrenheit"
                    then (.value - 32) * 5 / 9
                    else if .unit == "kelvin" then .value - 273.15 else .value
                  when .aaaaaaaaaaaaaaaaaaaaaaa > 1 and .bbbbbbbbbbbbbbbbbbbbbbbbbbbb > 2
                    or .cccccccccccccccccccccccccccccccc between 1 and 2
                  publish "o" payload greatest(
                    .aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,
                    .bbbbbbbbbbbbbbbbbbbbbbbbbbbbb,
                    .ccccccccccccccccccccc
                  )
                }

                """)
    }

    @Test("an object is broken at 101 columns, not at 100", arguments: [(56, 1), (57, 3)])
    func widthIsExact(_ length: Int, _ lines: Int) {
        let name = String(repeating: "é", count: length)
        let text = format("rule r { from \"t\" publish \"topic/of/this/message\" { \(name): 1, b } }") ?? ""
        let publish = text.split(separator: "\n").drop { !$0.hasPrefix("  publish") }.dropLast()
        #expect(publish.count == (lines == 1 ? 1 : 4))
        #expect(publish.first?.count == (lines == 1 ? 100 : 35))
    }

    @Test("comments and blank lines stay where they are")
    func commentsAndBlankLines() {
        let typed = """


            # The file.


            let a = 1 # one
            let b = 2
            # What the rule is for.
            rule r { # opening

              # first clause
              from "t"  # the topic


              # grouped

              where .x > a  # why
                # and more
                and .y > b
              publish "o" {
                # inside
                x: .x # ex
                , y: .y, # why

                z: .z, # last
                # closing
              }
              # end of the rule

            } # behind
            # about the rule above

            test "t" { wait 1s }
            # end


            """
        #expect(
            format(typed) == """
                # The file.

                let a = 1 # one
                let b = 2

                # What the rule is for.
                rule r { # opening
                  # first clause
                  from "t" # the topic

                  # grouped

                  where .x > a # why
                    # and more
                    and .y > b
                  publish "o" {
                    # inside
                    x: .x, # ex
                    y: .y, # why

                    z: .z # last
                    # closing
                  }
                  # end of the rule
                } # behind
                # about the rule above

                test "t" {
                  wait 1s
                }
                # end

                """)
    }

    @Test("odd places", arguments: ["", "# only this\n", "\u{FEFF}let a = .5 # no\n"])
    func oddFiles(_ text: String) {
        #expect(format(text) == (text.contains("let") ? nil : text))
    }

    @Test("a file with mistakes of syntax is left alone, with the same findings as check")
    func mistakes() {
        let text = "rule r { from \"t\" where .x && .y publish \"u\" }\n"
        let result = RuleFormatter.format(RuleSourceFile(name: "rules/spike.rules", text: text))
        #expect(result.text == nil)
        #expect(result.diagnostics == compile(text).diagnostics)
        let large = RuleSourceFile(name: "a", text: String(repeating: " ", count: RuleLimits.fileBytesMax + 1))
        #expect(RuleFormatter.format(large).diagnostics.map(\.code) == [.tooLarge])
        // A wrong name is no mistake of syntax.
        #expect(format("rule r { from \"t\" where wrong publish \"u\" }") != nil)
    }

    @Test("shipped rules are in the canonical form")
    func shippedRules() throws {
        let folder = Self.root.appendingPathComponent("rules")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".rules") }
        #expect(names.count >= 3)
        for name in names {
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            #expect(format(text) == text, "\(name)")
        }
    }

    @Test("the manual's examples, the first look and the goldens keep their meaning")
    func corpora() throws {
        let manual = try String(contentsOf: Self.root.appendingPathComponent("docs/language.md"), encoding: .utf8)
        for block in manual.components(separatedBy: "```rules\n").dropFirst() {
            check(block.components(separatedBy: "```")[0])
        }
        for rule in firstLookRules.components(separatedBy: "\n\n") { check(rule) }
        check(firstLookRules)
        var sound = 0
        for golden in GoldenDiagnostic.everything where format(golden.source) != nil {
            sound += 1
            check(golden.source)
        }
        #expect(sound > 30)
    }

    @Test("random programs keep their meaning, whatever their white space", arguments: 0..<4)
    func randomPrograms(_ part: Int) {
        for seed in 0..<15 {
            var program = RandomProgram(seed: UInt64(part * 15 + seed))
            check(program.plain)
            let scattered = program.scattered(comments: false).text
            let lines = format(scattered)?.split(separator: "\n")
            #expect(lines == format(program.plain)?.split(separator: "\n"), "\(program.plain)")
        }
    }

    @Test("no comment is lost or moved past another", arguments: 0..<4)
    func randomComments(_ part: Int) {
        for seed in 0..<15 {
            var program = RandomProgram(seed: UInt64(part * 15 + seed) + 10_000)
            let (text, comments) = program.scattered(comments: true)
            check(text)
            #expect(self.comments(format(text) ?? "") == comments, "\(text)")
        }
    }
}
