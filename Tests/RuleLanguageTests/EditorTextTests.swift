import RuleLanguage
import Testing

@Suite("Editor: positions")
struct EditorTextTests {
    private func position(_ line: Int, _ character: Int) -> EditorPosition {
        EditorPosition(line: line, character: character)
    }

    @Test("an emoji is two units, a combining mark one of its own")
    func unitsAreUTF16() {
        let text = EditorText("a\u{1F525}e\u{301}b\nü")
        #expect(text.offset(of: position(0, 1)) == 1)
        #expect(text.offset(of: position(0, 3)) == 5)
        #expect(text.offset(of: position(0, 4)) == 6)
        #expect(text.offset(of: position(0, 5)) == 8)
        #expect(text.position(of: 8) == position(0, 5))
        #expect(text.position(of: 12) == position(1, 1))
        for offset in [0, 1, 5, 6, 8, 9, 10, 12] {
            #expect(text.offset(of: text.position(of: offset)) == offset)
        }
    }

    @Test("between the units of one scalar is its beginning")
    func insideOfASurrogatePair() {
        #expect(EditorText("\u{1F525}x").offset(of: position(0, 1)) == 0)
    }

    @Test("places beyond a line or the text are its end")
    func placesBeyond() {
        let text = EditorText("ab\r\nc\rd\n")
        #expect(text.offset(of: position(0, 99)) == 2)
        #expect(text.offset(of: position(1, 99)) == 5)
        #expect(text.offset(of: position(2, 0)) == 6)
        #expect(text.offset(of: position(3, 0)) == 8)
        #expect(text.offset(of: position(99, 0)) == 8)
        #expect(text.offset(of: position(-1, -1)) == 0)
        #expect(text.position(of: 99) == position(3, 0))
        #expect(EditorText("").offset(of: position(0, 5)) == 0)
    }

    @Test("edits replace what they name")
    func edits() {
        var text = EditorText("one\ntwo\n")
        text.replace(EditorRange(start: position(0, 1), end: position(1, 1)), with: "\u{1F525}")
        #expect(text.text == "o\u{1F525}wo\n")
        text.replace(EditorRange(start: position(0, 3), end: position(0, 99)), with: "")
        #expect(text.text == "o\u{1F525}\n")
        text.replace(EditorRange(start: position(1, 0), end: position(0, 0)), with: "x")
        #expect(text.text == "o\u{1F525}\nx")
        #expect(text.range == EditorRange(start: position(0, 0), end: position(1, 1)))
    }

    @Test("a finding's place is converted, and one without length marks a scalar")
    func findings() {
        func range(_ text: String) -> EditorRange? {
            compile(text).diagnostics.first.map { EditorText(text).range(of: $0.place) }
        }
        let rule = "rule r { from \"a\" where .s == \"\u{1F525}e\u{301}\" and nope publish \"b\" }"
        let start = 41
        #expect(range(rule) == EditorRange(start: position(0, start), end: position(0, start + 4)))
        #expect(range("\u{FEFF}" + rule) == EditorRange(start: position(0, start + 1), end: position(0, start + 5)))
        #expect(range("rule r {") != nil)
    }
}
