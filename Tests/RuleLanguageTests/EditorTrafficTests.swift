import RuleLanguage
import Testing

@Suite("Editor: live values")
struct EditorTrafficTests {
    private static let text = """
        rule hot {
          from "plant/{machine}/temperature" { value: number, since: time }, "raw/{machine}/{rest...}" as cbor
          where .value > 80 and .battery.volts < 3 and .state == "on" and . != 3
          publish "cloud/{machine}"
        }

        rule other {
          from "plant/{device}/temperature"
          where .value > 1
          publish "cloud/{device}"
        }

        """

    private func file(_ text: String = text) -> EditorFile {
        EditorFile(RuleSourceFile(name: "hot.rules", text: text), text: EditorText(text))
    }

    private func value(_ text: String, _ type: String, age: Int = 3, retained: Bool = false) -> SeenTraffic.Value {
        SeenTraffic.Value(text: text, type: type, topic: "plant/a/temperature", ageSeconds: age, isRetained: retained)
    }

    /// Traffic of the source with this topic.
    private func traffic(_ topic: String, _ source: SeenTraffic.Source, in text: String = text) throws -> SeenTraffic {
        let found = try #require(file(text).sourceTopics.first { $0.topic == topic })
        return SeenTraffic([found: source])
    }

    private func hover(_ words: String, inside: Int = 0, _ seen: SeenTraffic, in text: String = text) -> String? {
        guard let range = text.firstRange(of: words) else { return nil }
        let offset = text.utf8.distance(from: text.startIndex, to: range.lowerBound) + inside
        return file(text).hover(at: EditorText(text).position(of: offset), seen: seen)?.markdown
    }

    @Test("topics of the rules are filters")
    func topics() {
        let sources = file().sourceTopics.sorted { $0.topic < $1.topic }
        #expect(
            sources.map(\.topic) == [
                "plant/{device}/temperature", "plant/{machine}/temperature", "raw/{machine}/{rest...}",
            ])
        #expect(sources.map(\.filter) == ["plant/+/temperature", "plant/+/temperature", "raw/+/+/#"])
        #expect(sources[2].decoding == .cbor)
        let captures = sources[2].captures(in: "raw/press/x/y")
        #expect(captures.map(\.name) == ["machine", "rest"] && captures.map(\.value) == ["press", "x/y"])
        #expect(sources[2].captures(in: "raw").isEmpty)
    }

    @Test("hover tells the last value of a field, with its type where no schema does")
    func fields() throws {
        let seen = try traffic(
            "plant/{machine}/temperature",
            SeenTraffic.Source(fields: [
                []: value("{}", "an object"), ["value"]: value("90.5", "a number"),
                ["state"]: value("\"on\"", "a text", age: 400), ["battery"]: value("{}", "an object"),
                ["battery", "volts"]: value("2.9", "a number", retained: true), ["since"]: value("17", "a number"),
            ]))
        let last = "\n\nLast seen: `90.5` on `plant/a/temperature`, 3 s ago."
        #expect(hover(".value", seen)?.hasSuffix("a number, says the schema of `from`.\(last)") == true)
        #expect(hover("value: number", seen)?.hasSuffix(last) == true)
        let state = hover(".state", inside: 2, seen)
        #expect(state?.contains("A field of the payload; a text in traffic, and no schema says more.") == true)
        #expect(state?.hasSuffix("Last seen: `\"on\"` on `plant/a/temperature`, 6 min ago.") == true)
        #expect(
            hover("volts", seen)?.hasSuffix(
                "a number in traffic.\n\nLast seen: `2.9` on `plant/a/temperature`, retained.") == true)
        #expect(hover(". != 3", seen)?.hasSuffix("Last seen: `{}` on `plant/a/temperature`, 3 s ago.") == true)
        #expect(hover("since: time", seen)?.contains("In traffic") == false)
        // The rule below has a source of its own, of which nothing is known.
        #expect(hover(".value > 1", seen)?.contains("Last seen") == false)
        #expect(hover(".value", SeenTraffic())?.contains("Last seen") == false)
    }

    @Test("what is not of the declared type is told")
    func otherTypes() throws {
        let seen = try traffic(
            "plant/{machine}/temperature", SeenTraffic.Source(fields: [["value"]: value("\"90\"", "a text")]))
        #expect(
            hover(".value", seen)?.contains("a number, says the schema of `from`. In traffic it is a text.") == true)
    }

    @Test("hover tells the last value of a capture, the newest of all sources")
    func captures() throws {
        var seen = try traffic(
            "plant/{machine}/temperature", SeenTraffic.Source(captures: ["machine": value("old", "a text", age: 9)]))
        let newer = try traffic(
            "raw/{machine}/{rest...}", SeenTraffic.Source(captures: ["machine": value("press-1", "a text", age: 1)]))
        seen.sources.merge(newer.sources) { $1 }
        for (words, inside) in [("{machine}/temp", 3), ("cloud/{machine}", 8)] {
            let markdown = hover(words, inside: inside, seen)
            #expect(markdown?.contains("caught in `from`") == true)
            #expect(markdown?.hasSuffix("Last seen: `press-1` on `plant/a/temperature`, just now.") == true)
        }
    }

    @Test("a value can't leave its place in the text")
    func hostileValues() throws {
        for (text, shown) in [
            ("`](http://a)", "`` `](http://a) ``"), ("a``b", "``` a``b ```"), ("", "`` ``"), ("**", "`**`"),
        ] {
            let seen = try traffic(
                "plant/{machine}/temperature", SeenTraffic.Source(fields: [["value"]: value(text, "a text")]))
            #expect(hover(".value", seen)?.contains("Last seen: \(shown) on ") == true)
        }
    }

    @Test("fields that were seen are offered")
    func completion() throws {
        func offered(_ line: String) throws -> [EditorCompletion] {
            let text = Self.text.replacing(
                "  where .value > 80 and .battery.volts < 3 and .state == \"on\" and . != 3", with: line)
            let seen = try traffic(
                "plant/{machine}/temperature",
                SeenTraffic.Source(fields: [
                    ["value"]: value("1", "a number"), ["pump"]: value("{}", "an object"),
                    ["pump", "rpm \"x\""]: value("9", "a number"), []: value("{}", "an object"),
                ]), in: text)
            return file(text).completions(at: EditorPosition(line: 2, character: line.utf16.count), seen: seen)
        }
        let names = try offered("  where .")
        #expect(names.map(\.label) == ["pump", "since", "value"])
        #expect(names.map(\.detail) == ["an object", "a time", "a number"])
        #expect(names[0].documentation == "Last seen: `{}` on `plant/a/temperature`, 3 s ago.")
        let inner = try offered("  where .pump.")
        #expect(inner.map(\.label) == ["rpm \"x\""] && inner.map(\.insertion) == [#""rpm \"x\"""#])
        // The word that is being written is offered where it was seen.
        #expect(try offered("  where .pump").map(\.label).contains("pump"))
        #expect(try offered("  where .pumq").map(\.label).contains("pumq") == false)
    }
}
