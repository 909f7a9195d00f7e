import RuleEngine
import RuleLanguage
import Testing

@Suite("Schemas from messages")
struct SchemaLearnerTests {
    /// 2026-03-02T08:00:00Z.
    private static let start: Int64 = 1_772_438_400_000_000_000

    private func learn(_ topic: String, _ messages: [(String, String)]) -> String {
        learner(topic, messages.map { ($0.0, Array($0.1.utf8)) }).text()
    }

    private func learner(_ topic: String, _ messages: [(String, [UInt8])]) -> SchemaLearner {
        var learner = SchemaLearner(topic: topic)
        for message in messages {
            learner.take(topic: Array(message.0.utf8), payload: message.1, timeNanoseconds: Self.start)
        }
        return learner
    }

    @Test("types, presence and samples")
    func types() {
        let text = learn(
            "sensors/+/reading",
            [
                (
                    "sensors/a/reading",
                    #"{"value": 1.5, "unit": "C", "on": true, "list": [1], "inner": {"deep": {"x": 1}}}"#
                ),
                ("sensors/b/reading", #"{"value": 2, "unit": "C", "on": false, "list": [], "inner": {}}"#),
                ("sensors/b/reading", #"{"value": null, "unit": "F", "on": true, "list": [], "inner": {}}"#),
            ])
        #expect(
            text == """
                # 3 messages
                # {sensor}: 2 values: a, b
                from "sensors/{sensor}/reading" {
                  value: number,  # 67 %, null in 33 %; 1.5, 2
                  unit: text,     # always; "C", "F"
                  on: boolean,    # always; true, false
                  list: list,     # always
                  inner: object   # always
                  #   .inner.deep: object, 33 %
                  #   .inner.deep.x: number, 33 %; 1
                }

                """)
    }

    @Test("what is written compiles, whatever the names and values")
    func compiles() {
        let texts = [
            learn(
                "#", [("a\"{b}\\/c", #"{"1 {x}": 5, "\u0000\n": "\u202e\u0007", "from": 1, "a": [], "é": "\u2028"}"#)]),
            learn(
                "#", [("rooms/1", "21.5"), ("rooms/2", "22"), ("names/1", "hello"), ("lists/1", "[1]"), ("x/1", "")]),
            learn("#", [("rules/1", "{}"), ("rules/2", "{}"), ("a//b", #"{"x": 1}"#), ("/", #"{"y": 1}"#)]),
            learn("{x}/{x}/{rest...}", [("a/b/c", "{}"), ("b/b/d", "{}")]),
        ]
        for text in texts {
            for from in text.split(separator: "\n\n") {
                let rule = "rule r {\n\(from)\npublish \"out\"\n}"
                #expect(RuleCompiler.compile([RuleSourceFile(name: "r", text: rule)]).diagnostics.text == "", "\(rule)")
            }
        }
    }

    @Test("times are told from numbers and texts")
    func times() {
        func type(_ member: String) -> String? {
            learn("t", [("t", "{\(member)}")]).split(separator: "\n").first { $0.hasPrefix("  ") }
                .map { String($0.dropFirst(2).prefix { $0 != "#" }) }?.trimmed
        }
        #expect(type(#""x": 1772438400"#) == "x: time s")
        #expect(type(#""x": 1772438400000"#) == "x: time ms")
        #expect(type(#""x": 1772438400000000"#) == "x: time us")
        #expect(type(#""x": 1772438400000000000"#) == "x: time ns")
        #expect(type(#""x": "2026-03-02T08:00:00Z""#) == "x: time")
        #expect(type(#""x": "2026-03-02""#) == "x: text")
        // Far from the message's time it is a time only by its name.
        #expect(type(#""bytes": 1000000000"#) == "bytes: number")
        #expect(type(#""timestamp": 1000000000"#) == "timestamp: time s")
        #expect(type(#""timestamp": 5"#) == "timestamp: number")
        #expect(type(#""x": 1e300"#) == "x: number")
    }

    @Test("one number that is no time makes a field of numbers")
    func mixedNumbers() {
        let text = learn("t", [("t", #"{"x": 1772438400}"#), ("t", #"{"x": 7}"#)])
        #expect(text.contains("x: number"))
    }

    @Test("a field of several types is not declared")
    func severalTypes() {
        let text = learn("t", [("t", #"{"x": 1, "y": 1}"#), ("t", #"{"x": "a", "y": 2}"#)])
        #expect(text.contains("# x: number or text, so it has no type here; always; 1, \"a\""))
        #expect(text.contains("\n  y: number  #"))
        #expect(learn("t", [("t", #"{"x": null, "y": 1}"#)]).contains("# x: always null"))
    }

    @Test("levels that vary become captures")
    func captures() {
        let messages = [
            ("plant/1/press-1/t", "{}"), ("plant/1/press-2/t", "{}"),
        ]
        #expect(learn("#", messages).contains("from \"plant/1/{level3}/t\""))
        #expect(learn("plant/+/#", messages).contains("from \"plant/{level2}/{level3}/t\""))
        #expect(learn("plant/{line}/{machine}/t", messages).contains("from \"plant/{line}/{machine}/t\""))
        #expect(SchemaLearner(topic: "plant/{line}/{rest...}").filter == "plant/+/#")
        #expect(learn("rules/+", [("rules/x", "{}")]).contains("from \"rules/{rule_}\""))
    }

    @Test("messages that do not look alike get a `from` each, unless their topics are the same")
    func shapes() {
        let text = learn(
            "#",
            [
                ("d/1/temperature", #"{"celsius": 5}"#), ("d/2/temperature", #"{"celsius": 5}"#),
                ("d/1/state", #"{"on": true}"#), ("d/2/state", #"{"on": true}"#),
            ])
        #expect(text.contains("from \"d/{level2}/temperature\"") && text.contains("from \"d/{level2}/state\""))
        let joined = learn("s/{id}", [("s/1", #"{"a": 1}"#), ("s/2", #"{"b": 1}"#), ("s/1", #"{"c": 1}"#)])
        #expect(joined.contains("# 3 messages\n") && joined.contains("a: number,") && joined.contains("b: number"))
    }

    @Test("messages on other topics are left out")
    func otherTopics() {
        let learner = learner("a/+", [("a/1", Array("1".utf8)), ("b/1", []), ("a/1/2", [])])
        #expect(learner.messageCount == 1)
        #expect(learner.leftOutCount == 2)
    }

    @Test("memory is bounded")
    func bounds() {
        var members = (0..<500).map { "\"f\($0)\": \($0)" }.joined(separator: ", ")
        let wide = learn("t", [("t", "{\(members)}")])
        #expect(wide.contains("f199: number") && !wide.contains("f200:") && wide.contains("200 were looked at"))
        var learner = SchemaLearner(topic: "#")
        for number in 0..<300 {
            members = "{\"f\(number)\": \(number), \"s\": \"\(String(repeating: "x", count: 100))\"}"
            learner.take(topic: Array("t/\(number)".utf8), payload: Array(members.utf8), timeNanoseconds: 0)
        }
        let text = learner.text()
        #expect(text.contains("{level2}: more than 64 values: 0, "))
        #expect(text.split(separator: "\n").allSatisfy { $0.utf8.count < 300 })
        let deep = String(repeating: "{\"a\":", count: 500) + "1" + String(repeating: "}", count: 500)
        #expect(learn("t", [("t", deep)]).contains("as text"))
        let nested = String(repeating: "{\"a\":", count: 10) + "1" + String(repeating: "}", count: 10)
        #expect(learn("t", [("t", nested)]).contains(".a.a.a.a: object"))
    }

    @Test("payloads without fields")
    func otherPayloads() {
        #expect(learn("t", [("t", "21.5")]).contains("from \"t\" as number"))
        #expect(learn("t", [("t", "hello")]).contains("# the payload: always; \"hello\"\nfrom \"t\" as text"))
        #expect(learn("t", [("t", "true")]).contains("boolean; always; true\nfrom \"t\"\n"))
        #expect(learner("t", [("t", [0xFF, 0x00])]).text().contains("from \"t\" as bytes"))
        #expect(SchemaLearner(topic: "t").text() == "")
    }
}

extension String {
    fileprivate var trimmed: String {
        var result = self
        while result.hasSuffix(" ") || result.hasSuffix(",") { result.removeLast() }
        return result
    }
}
