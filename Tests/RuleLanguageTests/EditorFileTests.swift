import RuleLanguage
import Testing

@Suite("Editor: words")
struct EditorFileTests {
    private static let text = """
        let too_hot = 85
        table machines from "machines.csv" key id

        rule hot "Machines that are hot" {
          from "plant/{machine}/{rest...}" { value: number, battery: object }
          let kelvin = .value + 273.15
          window last 30s by machine
          let average = mean(kelvin)
          when average > machines[machine].limit and .battery.volts < 3 and topic() != ""
          publish "cloud/hot/{machine}" { machine, average, value: .value }
        }

        rule other {
          from "other/{device}"
          let average = .odd."a name" ?? "x"
          publish "cloud/{device}" { average }
        }

        """

    private func file(_ text: String) -> EditorFile {
        EditorFile(
            RuleSourceFile(name: "rules/hot.rules", text: text), text: EditorText(text),
            attachments: { path in
                testTables[path].map { .content(Array($0.utf8)) } ?? .unreadable("there is no such file")
            }
        )
    }

    /// The place of the `number`-th `words` in `text`, `inside` bytes further.
    private func position(_ words: String, _ number: Int = 1, inside: Int = 0, in text: String = text) -> EditorPosition
    {
        var found = text.startIndex
        for count in 1...number {
            guard let range = text[found...].firstRange(of: words) else {
                return EditorPosition(line: -1, character: 0)
            }
            found = count == number ? range.lowerBound : range.upperBound
        }
        let offset = text.utf8.distance(from: text.startIndex, to: found) + inside
        return EditorText(text).position(of: offset)
    }

    private func hover(_ words: String, _ number: Int = 1, inside: Int = 0) -> String? {
        file(Self.text).hover(at: position(words, number, inside: inside))?.markdown
    }

    @Test("hover says what a name is")
    func hoverOfNames() {
        #expect(hover("too_hot")?.contains("let too_hot = 85\n```\nA constant of this file. It is a number.") == true)
        #expect(hover("kelvin)")?.contains("let kelvin = .value + 273.15") == true)
        #expect(hover("machine].")?.contains("caught in `from`. It is a text.") == true)
        #expect(hover("machines[")?.contains("Its columns: `id`, `limit`, `site`.") == true)
        #expect(hover("hot \"Mach")?.contains("Machines that are hot") == true)
        #expect(hover("{machine}\" {", inside: 3)?.contains("{machine}") == true)
    }

    @Test("a name is that of its rule")
    func namesOfRules() {
        #expect(hover("average }")?.contains(".odd.") == true)
        #expect(hover("average >")?.contains("mean(kelvin)") == true)
        #expect(hover("device}\" {")?.contains("caught in `from`") == true)
    }

    @Test("hover explains functions, fields and words of the grammar")
    func hoverOfWords() {
        #expect(hover("mean(")?.contains("mean(x)") == true)
        #expect(hover("topic()")?.contains("The topic of the message.") == true)
        #expect(hover(".value")?.contains("a number, says the schema") == true)
        #expect(hover(".odd", inside: 1)?.contains("no schema says") == true)
        #expect(hover("window")?.contains("looked at together") == true)
        #expect(hover("from \"plant")?.contains("Which messages come in.") == true)
        #expect(hover("30s") == nil)
        #expect(hover("= 85", inside: 1) == nil)
    }

    @Test("every function has a line, and every usage names it")
    func functionsAreExplained() {
        let all =
            Function.allCases.map(\.rawValue) + AggregatePlan.Function.allCases.map(\.rawValue)
            + ["previous", "delta", "changed", "topic", "qos", "retained", "client", "time", "arrived", "now"]
            + ["window_start", "window_end", "matches", "property", "latest"]
        for name in all {
            let text = "rule r { from \"a\" where \(name)(.x) publish \"b\" }"
            let hover = file(text).hover(at: position(name + "(", in: text))
            #expect(hover?.markdown.hasPrefix("```rules\n\(name)(") == true, "\(name)")
        }
    }

    @Test("definitions are found")
    func definitions() {
        func line(_ words: String, _ number: Int = 1, inside: Int = 0) -> Int? {
            file(Self.text).definition(at: position(words, number, inside: inside))?.start.line
        }
        #expect(line("kelvin)") == 5)
        #expect(line("average >") == 7)
        #expect(line("average }") == 14)
        #expect(line("machines[") == 1)
        #expect(line("machine].") == 4)
        #expect(line("too_hot") == 0)
        #expect(line("hot \"Mach") == 3)
        #expect(line("mean(") == nil)
        #expect(line("value: .value", inside: 1) == nil)
        #expect(line(".value }", inside: 2) == nil)
    }

    // MARK: Completion

    /// What is offered at the end of `line` in place of the line that begins with `words`.
    private func offered(_ line: String, for words: String) -> [String] {
        let lines = Self.text.split(separator: "\n", omittingEmptySubsequences: false)
        let index = lines.firstIndex { $0.hasPrefix(words) } ?? 0
        var changed = lines.map(String.init)
        changed[index] = line
        let text = changed.joined(separator: "\n")
        return file(text).completions(at: EditorPosition(line: index, character: line.utf16.count)).map(\.label)
    }

    @Test("fields come from the schema and from elsewhere in the file")
    func fields() {
        #expect(offered("  when .", for: "  when") == ["battery", "odd", "value"])
        #expect(offered("  let average = .odd.", for: "  let average = .odd") == [])
        #expect(offered("  let kelvin = .battery.", for: "  let kelvin") == ["volts"])
        #expect(offered("  let kelvin = machines[machine].", for: "  let kelvin") == ["id", "limit", "site"])
        #expect(offered("  let kelvin = .val", for: "  let kelvin").contains("value"))
        #expect(offered("  let kelvin = kelvin.", for: "  let kelvin") == [])
    }

    @Test("names are those that are known there")
    func names() {
        let below = offered("  when ", for: "  when")
        #expect(
            Set(["machine", "rest", "kelvin", "average", "too_hot", "machines", "mean", "abs"]).isSubset(of: below))
        #expect(!below.contains("device"))
        let above = offered("  let kelvin = ", for: "  let kelvin")
        #expect(!above.contains("average") && !above.contains("mean") && above.contains("min") == false)
    }

    @Test("nothing is offered in comments and plain text")
    func plainText() {
        #expect(offered("  # when ", for: "  when") == [])
        #expect(offered("  when .x == \"mach", for: "  when") == [])
        #expect(offered("  when .x == 'a{mach", for: "  when") == [])
        #expect(offered("  when .x == \"\\\"{mach", for: "  when").contains("machine"))
        #expect(offered("  when .x == \"{machine}mach", for: "  when") == [])
    }

    @Test("clauses are offered where they can follow")
    func clauses() {
        let clauses = offered("  ", for: "  when")
        #expect(Set(["let", "when", "limit", "publish", "on"]).isSubset(of: clauses))
        #expect(Set(["from", "at", "where", "dedupe", "window"]).isDisjoint(with: clauses))
        #expect(offered("  window ", for: "  window") == ["last", "every", "session", "silent"])
        #expect(offered("", for: "table") == ["rule", "test", "let", "table", "model"])
    }

    @Test("broken files are answered too")
    func brokenFiles() {
        for cut in stride(from: 0, to: Self.text.utf8.count, by: 7) {
            let text = String(decoding: Array(Self.text.utf8.prefix(cut)), as: UTF8.self)
            let file = file(text)
            let end = EditorText(text).range.end
            _ = file.completions(at: end)
            _ = file.hover(at: end)
            _ = file.definition(at: end)
        }
        let deep = String(repeating: "\"{", count: 2_000)
        #expect(file(deep).hover(at: EditorPosition(line: 0, character: 50)) == nil)
    }
}
