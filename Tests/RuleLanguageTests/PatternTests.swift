import RuleLanguage
import Testing

@Suite("Patterns")
struct PatternTests {
    private func node(_ pattern: String) -> PatternNode? {
        if case .success(let node) = PatternSyntax.parse(pattern) { node } else { nil }
    }

    private func error(_ pattern: String) -> String? {
        if case .failure(let error) = PatternSyntax.parse(pattern) { "\(error.offset) \(error.message)" } else { nil }
    }

    private func set(_ ranges: ClosedRange<Unicode.Scalar>...) -> PatternNode {
        .scalars(ranges.map { $0.lowerBound.value...$0.upperBound.value })
    }

    @Test("structure")
    func structure() {
        #expect(node("") == .empty)
        #expect(node("ab") == .sequence([set("a"..."a"), set("b"..."b")]))
        #expect(node("a|b|") == .either([set("a"..."a"), set("b"..."b"), .empty]))
        #expect(node("a*?") == .repeated(set("a"..."a"), atLeast: 0, atMost: nil))
        #expect(
            node("a{2,}b{3}c{1,4}")
                == .sequence([
                    .repeated(set("a"..."a"), atLeast: 2, atMost: nil),
                    .repeated(set("b"..."b"), atLeast: 3, atMost: 3),
                    .repeated(set("c"..."c"), atLeast: 1, atMost: 4),
                ]))
        #expect(node("a{x") == .sequence([set("a"..."a"), set("{"..."{"), set("x"..."x")]))
        #expect(node("(a)(?:b)(?P<n>c)(?<m>d)") == .sequence(["a", "b", "c", "d"].map { set($0...$0) }))
        #expect(node("^a$") == .sequence([.assertion(.textStart), set("a"..."a"), .assertion(.textEnd)]))
        #expect(node("(?m)^$") == .sequence([.assertion(.lineStart), .assertion(.lineEnd)]))
        #expect(
            node("\\b\\B\\A\\z")
                == .sequence([.wordBoundary, .notWordBoundary, .textStart, .textEnd].map { .assertion($0) }))
        #expect(
            node("\\Qa.b\\E*")
                == .sequence([set("a"..."a"), set("."..."."), .repeated(set("b"..."b"), atLeast: 0, atMost: nil)]))
        #expect(node("\\Q(*") == .sequence([set("("..."("), set("*"..."*")]))
    }

    @Test("classes")
    func classes() {
        #expect(node("[a-c]") == set("a"..."c"))
        #expect(node("[]a]") == .scalars([0x5D...0x5D, 0x61...0x61]))
        #expect(node("[^a]") == .scalars([0...0x60, 0x62...0x10FFFF]))
        #expect(node("[a\\-z]") == .scalars([0x2D...0x2D, 0x61...0x61, 0x7A...0x7A]))
        #expect(node("[\\d_-]") == .scalars([0x2D...0x2D, 0x30...0x39, 0x5F...0x5F]))
        #expect(node("\\D") == .scalars([0...0x2F, 0x3A...0x10FFFF]))
        #expect(node("[[:alpha:]]") == .scalars([0x41...0x5A, 0x61...0x7A]))
        #expect(node(".") == .scalars([0...9, 0xB...0x10FFFF]))
        #expect(node("(?s).") == .scalars([0...0x10FFFF]))
        #expect(node("(?i)a") == .scalars([0x41...0x41, 0x61...0x61]))
        #expect(node("(?i:a)a") == .sequence([.scalars([0x41...0x41, 0x61...0x61]), set("a"..."a")]))
        #expect(node("(?i)é") == .scalars([0xC9...0xC9, 0xE9...0xE9]))
        #expect(
            node("\\x41\\x{1F600}\\n\\.")
                == .sequence([set("A"..."A"), set("\u{1F600}"..."\u{1F600}"), set("\n"..."\n"), set("."...".")]))
        guard case .scalars(let upper)? = node("\\p{Lu}"), case .scalars(let letters)? = node("\\pL") else {
            Issue.record("no categories")
            return
        }
        #expect(upper.first == 0x41...0x5A)
        #expect(letters.prefix(2) == [0x41...0x5A, 0x61...0x7A])
    }

    @Test(
        "refused",
        arguments: [
            ("a(b", "1 no `)` closes this `(`"), ("a)", "1 `)` without `(`"), ("*a", "0 nothing stands before `*`"),
            ("a**", "2 a repetition of a repetition"),
            ("[a", "0 no `]` closes this `[`"), ("[z-a]", "0 the range ends below its beginning"),
            ("\\1", "0 back-references are not available"),
            ("(?=a)", "0 look-around is not available"), ("(?<!a)", "0 look-around is not available"),
            ("a{1001}", "1 a part is repeated at most 1000 times"),
            ("a{3,2}", "1 the repetition ends below its beginning"), ("\\q", "0 unknown escape `\\q`"),
            ("a\\", "1 `\\` at the end"),
            ("\\p{Greek}", "0 unknown category `Greek`"), ("(?z)", "2 unknown flag `z`"),
            ("((a{100}){100}){100}", "14 the pattern is too large"),
            ("\\xZZ", "0 `\\x` takes two digits, or `\\x{…}` a Unicode scalar"),
            ("[[:foo:]]", "0 unknown class `[:foo:]`"),
        ])
    func refused(_ pattern: String, _ expected: String) {
        #expect(error(pattern) == expected)
    }

    @Test("nesting is bounded, and no pattern traps")
    func bounds() {
        #expect(error(String(repeating: "(", count: 10_000)) != nil)
        #expect(node(String(repeating: "(", count: 50) + String(repeating: ")", count: 50)) != nil)
        #expect(node(String(repeating: "(a{10}", count: 3)) == nil)
        var random = SeededRandom(seed: 7)
        let alphabet = Array("ab()[]{}*+?|\\^$.-:,0123456789piQExdsw<>=!P&é\u{10FFFF}".unicodeScalars)
        for _ in 0..<20_000 {
            var pattern = ""
            for _ in 0..<random.next(below: 24) {
                pattern.unicodeScalars.append(alphabet[random.next(below: alphabet.count)])
            }
            if case .success(let node) = PatternSyntax.parse(pattern) {
                #expect(node.programSize <= PatternSyntax.programSizeMax)
            }
        }
    }
}
