import RuleEngine
import RuleLanguage
import Testing

@Suite struct JSONTests {
    /// What `publish` writes of `.v`, or the reason of the decode error.
    private func outcome(_ payload: [UInt8]) throws -> String {
        let harness = try Harness(#"rule r { from "a" publish "o" { v: .v } }"#)
        harness.send("a", payload, at: 0)
        return try #require(harness.take().first)
    }

    private func outcome(_ payload: String) throws -> String { try outcome(Array(payload.utf8)) }

    @Test(arguments: [
        (#"{"v":"a\"\\\/\b\f\n\r\tz"}"#, #"o {"v":"a\"\\/\u0008\u000c\n\r\tz"}"#),
        (#"{"v":"\u00e9\ud83d\ude00\u0000"}"#, "o {\"v\":\"é😀\\u0000\"}"),
        (#"{"\u0076":1}"#, #"o {"v":1}"#),
        (#"{"v":1,"v":2}"#, #"o {"v":2}"#),
        (#" { "v" : [ 1 , { "a" : " b " } ] } "#, #"o {"v":[1,{"a":" b "}]}"#),
        (#"{"v":null}"#, #"o {"v":null}"#),
        (#"[1,2]"#, #"o {"v":null}"#),
        (#"7"#, #"o {"v":null}"#),
        (#"{"v":9223372036854775807}"#, #"o {"v":9223372036854775807}"#),
        (#"{"v":9223372036854775808}"#, #"o {"v":9223372036854775808}"#),
        (#"{"v":-9223372036854775808}"#, #"o {"v":-9223372036854775808}"#),
        (#"{"v":-9223372036854775809}"#, #"o {"v":-9223372036854775809}"#),
        (#"{"v":1e2}"#, #"o {"v":100.0}"#),
        (#"{"v":1E-7}"#, #"o {"v":1e-7}"#),
        (#"{"v":0.30000000000000004}"#, #"o {"v":0.30000000000000004}"#),
        (#"{"v":5e-324}"#, #"o {"v":5e-324}"#),
        (#"{"v":1e-400}"#, #"o {"v":0.0}"#),
        (#"{"v":1.7976931348623157e308}"#, #"o {"v":1.7976931348623157e308}"#),
        (#"{"v":-0}"#, #"o {"v":0}"#),
        (#"{"v":123456.789}"#, #"o {"v":123456.789}"#),
    ])
    func reads(_ payload: String, _ expected: String) throws {
        #expect(try outcome(payload) == expected)
    }

    @Test(arguments: [
        ("", "the payload ends in the middle of a value", 0),
        ("{", "the payload ends in the middle of a value", 1),
        (#"{"v":1"#, "the payload ends in the middle of a value", 6),
        (#"{"v":1}}"#, "text after the value", 7),
        (#"{"v":1,}"#, "not JSON", 7),
        (#"{"v" 1}"#, "not JSON", 5),
        (#"{v:1}"#, "not JSON", 1),
        (#"{"a":[1,],"v":1}"#, "not JSON", 8),
        (#"{"v":01}"#, "malformed number", 5),
        (#"{"v":1.}"#, "malformed number", 5),
        (#"{"v":-}"#, "malformed number", 5),
        (#"{"v":1e}"#, "malformed number", 5),
        (#"{"v":+1}"#, "not JSON", 5),
        (#"{"v":NaN}"#, "not JSON", 5),
        (#"{"v":nul}"#, "not JSON", 5),
        (#"{"w":1e999}"#, "a number that no double can hold", 5),
        (#"{"v":"\x"}"#, "unknown escape in a string", 6),
        (#"{"v":"\u12G4"}"#, "unknown escape in a string", 6),
        (#"{"v":"\ud800"}"#, "unpaired surrogate in a string", 6),
        (#"{"v":"\udc00x"}"#, "unpaired surrogate in a string", 6),
        ("{\"v\":\"a\nb\"}", "control character in a string", 7),
        (#"{"a":true,"b":tru"#, "the payload ends in the middle of a value", 17),
    ])
    func refuses(_ payload: String, _ reason: String, _ offset: Int) throws {
        let expected = "$sluice/rules/r/errors {\"topic\":\"a\",\"reason\":\"\(reason)\",\"offset\":\(offset)}"
        #expect(try outcome(payload) == expected)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xE2, 0x82],
        ] as [[UInt8]])
    func invalidUTF8IsADecodeError(_ bytes: [UInt8]) throws {
        for padding in [0, 3, 7, 8, 20] {
            let payload = Array("{\"w\":\"".utf8) + [UInt8](repeating: 0x61, count: padding) + bytes + Array("\"}".utf8)
            #expect(try outcome(payload).contains("invalid UTF-8"))
        }
    }

    @Test func depthIs64() throws {
        for (open, close) in [("[", "]"), ("{\"v\":", "}")] {
            let inner = open == "[" ? "" : "1"
            let at = String(repeating: open, count: 64) + inner + String(repeating: close, count: 64)
            let beyond = String(repeating: open, count: 65) + inner + String(repeating: close, count: 65)
            #expect(try outcome(at).hasPrefix("o "))
            #expect(try outcome(beyond).contains("nested deeper than 64"))
        }
        // The same below a wanted path.
        let list = String(repeating: "[", count: 63) + String(repeating: "]", count: 63)
        #expect(try outcome("{\"v\":\(list)}").hasPrefix("o "))
        #expect(try outcome("{\"v\":[\(list)]}").contains("nested deeper than 64"))
    }

    @Test func aRepeatedKeyForgetsWhatTheFirstHeld() throws {
        #expect(try value(".a.b", #"{"a":{"b":1},"a":{"c":2}}"#) == "null")
        #expect(try value(".a[0] ?? .a[1]", #"{"a":[7],"a":5}"#) == "null")
    }

    @Test func numbersReadAndWriteExactly() throws {
        var random = Seeded(1)
        let harness = try Harness(#"rule r { from "a" publish "o" payload .v }"#)
        for round in 0..<4_000 {
            var double = Double(bitPattern: random.next())
            if round % 3 == 0 { double = Double(Int64.random(in: -1_000_000...1_000_000, using: &random)) / 1000 }
            if round % 3 == 1 { double = Double.random(in: -1e6...1e6, using: &random) }
            guard double.isFinite else { continue }
            harness.send("a", "{\"v\":\(double)}", at: 0)
            let text = try #require(harness.outputs.last).text
            #expect(Double(text)?.bitPattern == (double == 0 ? 0 : double.bitPattern), "\(double)")
            // Shortest: no text of fewer digits reads back.
            #expect(text.filter(\.isNumber).count <= max("\(double)".filter(\.isNumber).count, 2), "\(double) \(text)")
        }
    }

    @Test func mutatedPayloadsNeverTrap() throws {
        var random = Seeded(7)
        let harness = try Harness(
            #"rule r { from "a" where exists(.v) or exists(.o.p[1]) publish "o" { v: .v, p: .o.p[1], s: .s, all: . } }"#
        )
        let seed = Array(
            #"{"v":12.5e1,"o":{"p":[1,"x\u00e9",null]},"s":"a\"b\ud83d\ude00","t":1700000000000,"z":[{},[],true]}"#.utf8
        )
        for _ in 0..<6_000 {
            var bytes = seed
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: at)
                case 2: bytes.insert(Array("{}[]\",:\\0u".utf8).randomElement(using: &random) ?? 0, at: at)
                default: bytes.removeSubrange(at...)
                }
                if bytes.isEmpty { break }
            }
            harness.send("a", bytes, at: 0)
        }
        let counters = harness.counters
        #expect(counters.eventsIn + counters.decodeErrors == 6_000)
        #expect(counters.eventsIn > 100)
        #expect(counters.decodeErrors > 500)
    }

    @Test func schemaIsChecked() throws {
        let harness = try Harness(
            #"rule r { from "a" { v: number, t: time s, n: text } publish "o" { v: .v, t: .t, h: hour(.t) } }"#)
        harness.send("a", #"{"v":1,"t":3600}"#, at: 0)
        harness.send("a", #"{"t":"1970-01-01T02:00:00.5Z","n":null}"#, at: 0)
        harness.send("a", #"{"v":"1"}"#, at: 0)
        harness.send("a", #"[]"#, at: 60_000)
        harness.send("a", #" {"n":"x", "t":"yesterday"}"#, at: 120_000)
        #expect(
            harness.take() == [
                #"o {"v":1,"t":3600000,"h":1}"#, #"o {"v":null,"t":7200500,"h":2}"#,
                #"$sluice/rules/r/errors {"topic":"a","reason":"the field v has another type than declared","offset":5}"#,
                #"$sluice/rules/r/errors {"topic":"a","reason":"the payload is not an object, as its schema says","offset":0}"#,
                #"$sluice/rules/r/errors {"topic":"a","reason":"the field t has another type than declared","offset":15}"#,
            ])
    }

    @Test func otherDecodings() throws {
        let harness = try Harness(
            """
            rule n { from "n" as number where . > 5 publish "on" { v: . } }
            rule t { from "t" as text publish "ot" { v: . } }
            """)
        harness.send("n", " 7.50 ", at: 0)
        harness.send("n", "x", at: 0)
        harness.send("t", "héé", at: 0)
        harness.send("t", [0x61, 0xFF], at: 0)
        #expect(
            harness.take() == [
                #"on {"v":7.5}"#, #"$sluice/rules/n/errors {"topic":"n","reason":"not a number","offset":0}"#,
                #"ot {"v":"héé"}"#, #"$sluice/rules/t/errors {"topic":"t","reason":"invalid UTF-8","offset":1}"#,
            ])
    }
}
