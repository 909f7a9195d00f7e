import RuleEngine
import Testing

/// Payloads `as cbor` (RFC 8949).
@Suite struct CBORTests {
    static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8).map { $0 < 0x3A ? $0 - 0x30 : $0 - 0x57 }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static let whole =
        #"rule c { from "c" as cbor publish "o" { v: . } } rule j { from "j" publish "o" { v: . } }"#

    /// Appendix A of the standard: each reads as the JSON beside it.
    @Test(
        "examples of the standard",
        arguments: [
            ("00", "0"), ("17", "23"), ("1818", "24"), ("1903e8", "1000"), ("1b000000e8d4a51000", "1000000000000"),
            ("1b7fffffffffffffff", "9223372036854775807"), ("1b8000000000000000", "9223372036854775808"),
            ("1bffffffffffffffff", "18446744073709551615"), ("c249010000000000000000", "18446744073709551616"),
            ("3b7fffffffffffffff", "-9223372036854775808"), ("3b8000000000000000", "-9223372036854775809"),
            ("3bffffffffffffffff", "-18446744073709551616"), ("c349010000000000000000", "-18446744073709551617"),
            ("c24101", "1"), ("c340", "-1"), ("c240", "0"), ("c25f41014100ff", "256"), ("c2440000000a", "10"),
            ("c24a0de0b6b3a76400000000", "65536000000000000000000"), ("20", "-1"), ("3903e7", "-1000"),
            ("f90000", "0.0"),
            ("f98000", "-0.0"), ("f93c00", "1.0"), ("fb3ff199999999999a", "1.1"), ("f93e00", "1.5"),
            ("f97bff", "65504.0"),
            ("fa47c35000", "100000.0"), ("fa7f7fffff", "3.4028234663852886e38"), ("fb7e37e43c8800759c", "1.0e300"),
            ("f90001", "5.960464477539063e-8"), ("f90400", "0.00006103515625"), ("f9c400", "-4.0"),
            ("fbc010666666666666", "-4.1"), ("f97c00", "null"), ("f97e00", "null"), ("f9fc00", "null"),
            ("fa7f800000", "null"), ("fb7ff8000000000000", "null"), ("f4", "false"), ("f5", "true"), ("f6", "null"),
            ("f7", "null"), ("f0", "null"), ("f8ff", "null"),
            ("c074323031332d30332d32315432303a30343a30305a", #""2013-03-21T20:04:00Z""#),
            ("c11a514b67b0", "1363896240"),
            ("c1fb41d452d9ec200000", "1363896240.5"), ("d74401020304", #""AQIDBA==""#),
            ("d82076687474703a2f2f7777772e6578616d706c652e636f6d", #""http://www.example.com""#), ("40", #""""#),
            ("4401020304", #""AQIDBA==""#), ("60", #""""#), ("6449455446", #""IETF""#), ("62225c", #""\"\\""#),
            ("62c3bc", #""ü""#), ("64f0908591", "\"\u{10151}\""), ("80", "[]"), ("83010203", "[1,2,3]"),
            ("8301820203820405", "[1,[2,3],[4,5]]"), ("a0", "{}"), ("a201020304", #"{"1":2,"3":4}"#),
            ("a26161016162820203", #"{"a":1,"b":[2,3]}"#), ("826161a161626163", #"["a",{"b":"c"}]"#),
            ("5f42010243030405ff", #""AQIDBAU=""#), ("7f657374726561646d696e67ff", #""streaming""#), ("9fff", "[]"),
            ("9f018202039f0405ffff", "[1,[2,3],[4,5]]"), ("83018202039f0405ff", "[1,[2,3],[4,5]]"),
            ("bf61610161629f0203ffff", #"{"a":1,"b":[2,3]}"#), ("bf6346756ef563416d7421ff", #"{"Fun":true,"Amt":-2}"#),
            ("bf7f61616162ff01ff", #"{"ab":1}"#), ("a22001f501", #"{"-1":1}"#), ("a2616101616102", #"{"a":2}"#),
            ("a3616101616202616103", #"{"a":3,"b":2}"#), ("a201016131f5", #"{"1":true}"#),
        ])
    func examples(_ hex: String, _ json: String) throws {
        let harness = try Harness(Self.whole)
        harness.send("c", Self.bytes(hex), at: 0)
        harness.send("j", json, at: 0)
        let lines = harness.take()
        #expect(lines.count == 2)
        #expect(lines.first == lines.last)
    }

    /// Appendix F of the standard, and what else is not one whole value.
    @Test(
        "malformed payloads are decode errors",
        arguments: [
            "", "18", "19", "1a", "1b", "1901", "1a0102", "1b01020304050607", "38", "58", "78", "98", "9a01ff00", "b8",
            "d8",
            "f8", "f900", "fa0000", "fb000000", "41", "61", "5affffffff00", "5bffffffffffffffff010203", "7affffffff00",
            "7b7fffffffffffffff010203", "81", "818181818181818181", "8200", "a1", "a20102", "a100", "a2000000", "c0",
            "5f4100",
            "7f6100", "9f", "9f0102", "bf", "bf01020102", "819f", "9f8000", "9f9f9f9f9fffffffff", "9f819f819f9fffffff",
            "1c",
            "1d", "1e", "3c", "5c", "7c", "9c", "bc", "dc", "fc", "fd", "fe", "f800", "f801", "f818", "f81f", "5f00ff",
            "5f21ff", "5f6100ff", "5f80ff", "5fa0ff", "5fc000ff", "5fe0ff", "7f4100ff", "5f5f4100ffff", "7f7f6100ffff",
            "ff",
            "81ff", "8200ff", "a1ff", "a1ff00", "a100ff", "a20000ff", "9f81ff", "9f829f819f9fffffffff", "bf00ff",
            "bf000000ff", "1f", "3f", "df", "0000", "a0f6", "9bffffffffffffffff00", "bb7fffffffffffffff0000",
        ])
    func malformed(_ hex: String) throws {
        let harness = try Harness(Self.whole)
        harness.send("c", Self.bytes(hex), at: 0)
        #expect(harness.counters.decodeErrors == 1)
        #expect(harness.take().first?.hasPrefix("$sluice/rules/c/errors ") == true)
    }

    @Test(
        "the reason and the byte are told",
        arguments: [
            ("6261c3", "invalid UTF-8", 2), ("a16162c3", "the payload ends in the middle of a value", 4),
            ("82617861ff", "invalid UTF-8", 4), ("0001", "bytes after the value", 1),
            ("7f6161620aff00", "invalid UTF-8", 5),
            ("1c", "not CBOR: a reserved kind of item", 0), ("bf00ff", "not CBOR: a key without a value", 2),
        ])
    func reasons(_ hex: String, _ reason: String, _ offset: Int) throws {
        let harness = try Harness(#"rule c { from "c" as cbor where .x > 1 publish "o" }"#)
        harness.send("c", Self.bytes(hex), at: 0)
        #expect(
            harness.take() == ["$sluice/rules/c/errors {\"topic\":\"c\",\"reason\":\"\(reason)\",\"offset\":\(offset)}"]
        )
    }

    @Test("64 containers inside one another are read, 65 are not")
    func depth() throws {
        let harness = try Harness(Self.whole)
        harness.send("c", [UInt8](repeating: 0x81, count: 64) + [0], at: 0)
        harness.send("c", [UInt8](repeating: 0xC6, count: 5_000) + [0], at: 0)
        #expect(harness.counters.decodeErrors == 0)
        harness.send("c", [UInt8](repeating: 0x9F, count: 65) + [UInt8](repeating: 0xFF, count: 65), at: 0)
        harness.send("c", [UInt8](repeating: 0x81, count: 100_000), at: 0)
        #expect(harness.counters.decodeErrors == 2)
        #expect(
            harness.take().last == #"$sluice/rules/c/errors {"topic":"c","reason":"nested deeper than 64","offset":64}"#
        )
    }

    @Test("integers that no double can hold are refused")
    func bignums() throws {
        let harness = try Harness(Self.whole)
        let most = [UInt8](repeating: 0xFF, count: 6) + [0xFB] + [UInt8](repeating: 0xFF, count: 121)
        harness.send("c", [0xC2, 0x58, 128] + most, at: 0)
        harness.send("c", [0xC3, 0x58, 129, 0] + most.dropLast() + [0xFE], at: 0)
        #expect(harness.counters.decodeErrors == 0)
        #expect(harness.take().first?.count == 308 + 9)
        for tooMuch in [
            [UInt8](repeating: 0xFF, count: 6) + [0xFC] + [UInt8](repeating: 0, count: 121),
            [1] + [UInt8](repeating: 0, count: 128),
        ] { harness.send("c", [0xC2, 0x58, UInt8(tooMuch.count)] + tooMuch, at: 0) }
        harness.send("c", [0xC3, 0x58, 128] + most, at: 0)
        #expect(harness.counters.decodeErrors == 3)
    }

    /// {"a": {"b": [10, {"c": "x"}]}, 7: h'01', "t": 1(1000)}
    private static let sample = bytes("a36161a16162820aa16163617807410161 74c11903e8".replacing(" ", with: ""))

    @Test("paths walk it as they walk JSON")
    func paths() throws {
        let harness = try Harness(
            #"rule c { from "c" as cbor publish "o" { l: .a.b, x: .a.b[0], c: .a.b[1].c, n: ."7", no: .a.b[2], m: .t + 1, w: .a["b"][1] } }"#
        )
        harness.send("c", Self.sample, at: 0)
        #expect(
            harness.take() == [
                #"o {"l":[10,{"c":"x"}],"x":10,"c":"x","n":"AQ==","no":null,"m":1001,"w":{"c":"x"}}"#
            ])
    }

    @Test("of a repeated key the last counts, and what an earlier one held goes")
    func repeated() throws {
        let harness = try Harness(#"rule c { from "c" as cbor publish "o" { b: .a.b, c: .a.c } }"#)
        // {"a": {"b": 1}, "a": {"c": 2}}
        harness.send("c", Self.bytes("a26161a16162016161a1616302"), at: 0)
        #expect(harness.take() == [#"o {"b":null,"c":2}"#])
    }

    @Test("is forwarded byte for byte, and objects are JSON")
    func forwarded() throws {
        let harness = try Harness(#"rule c { from "c" as cbor where .t > 1 publish "raw" publish "o" { t: .t } }"#)
        harness.send("c", Self.sample, at: 0)
        #expect(harness.outputs.map(\.payload) == [Self.sample, Array(#"{"t":1000}"#.utf8)])
    }

    @Test("schemas, event times and windows")
    func schema() throws {
        let harness = try Harness(
            #"rule c { from "c" as cbor { t: time s, v: number } at .t window every 10s publish "o" { n: count(), sum: sum(.v), t: time() } }"#
        )
        // {"t": 1(5.5), "v": 3}, then v as a text, then a list, then no map.
        harness.send("c", Self.bytes("a26174c1f94580617603"), at: 6_000)
        harness.send("c", Self.bytes("a26174c1f94580617661 33".replacing(" ", with: "")), at: 6_000)
        harness.send("c", Self.bytes("80"), at: 70_000)
        harness.drain()
        #expect(
            harness.take() == [
                #"$sluice/rules/c/errors {"topic":"c","reason":"the field v has another type than declared","offset":9}"#,
                #"o {"n":1,"sum":3,"t":10000}"#,
                #"$sluice/rules/c/errors {"topic":"c","reason":"the payload is not an object, as its schema says","offset":0}"#,
            ])
    }

    @Test("one topic for rules that read it in different ways")
    func mixed() throws {
        let harness = try Harness(
            """
            rule a { from "x" as cbor publish "a" { v: .v } }
            rule b { from "x" publish "b" { v: .v } }
            rule c { from "x" as bytes publish "c" }
            """)
        harness.send("x", #"{"v":1}"#, at: 0)
        harness.send("x", Self.bytes("a1617602"), at: 60_000)
        #expect(harness.outputs.map(\.rule) == ["a", "b", "c", "a", "b", "c"])
        #expect(harness.engine.counters.map(\.decodeErrors) == [1, 1, 0])
        #expect(
            harness.take().filter { !$0.hasPrefix("$") }.prefix(3) == [#"b {"v":1}"#, #"c {"v":1}"#, #"a {"v":2}"#])
    }

    @Test("values that are nested deeply survive a restart")
    func restart() throws {
        let text = #"rule c { from "c" as cbor publish "o" { p: previous([[.]]) } }"#
        let payload = [UInt8](repeating: 0x81, count: 64) + Self.bytes("4101")
        let before = try Harness(text)
        before.send("c", payload, at: 0)
        let after = try Harness(text)
        after.engine.restore(before.engine.takeDirtyGroups())
        #expect(after.engine.restoreDamaged == 0)
        after.send("c", payload, at: 0)
        let inner = String(repeating: "[", count: 66) + #""AQ==""# + String(repeating: "]", count: 66)
        #expect(after.take() == ["o {\"p\":\(inner)}"])
    }

    @Test("no bytes trap")
    func randomBytes() throws {
        let harness = try Harness(
            #"rule c { from "c" as cbor { a: list } publish "o" { v: ., b: .a[0].b, c: .a[1], d: .a[2].c, n: length(.a) } } rule d { from "c" as cbor publish "o" { v: ., b: .a[0].b, k: ."1" } }"#
        )
        var random = Seeded(8949)
        // Heads that are likely to go on, so that more than the first byte is looked at.
        let heads: [UInt8] = [
            0x00, 0x18, 0x20, 0x3B, 0x41, 0x5F, 0x61, 0x7F, 0x81, 0x82, 0x9F, 0xA1, 0xA2, 0xBF, 0xC2, 0xC3, 0xD8, 0xF5,
            0xF9, 0xFB, 0xFF, 0x61,
        ]
        for round in 0..<6_000 {
            var bytes: [UInt8] = round % 3 == 0 ? Self.sample : []
            let count = Int.random(in: 1...24, using: &random)
            if bytes.isEmpty {
                for _ in 0..<count {
                    let isHead = Bool.random(using: &random)
                    bytes.append(
                        isHead ? heads.randomElement(using: &random) ?? 0 : .random(in: 0...255, using: &random))
                }
            } else {
                for _ in 0..<3 {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                }
            }
            harness.send("c", bytes, at: Int64(round))
            _ = harness.take()
        }
        #expect(harness.counters.decodeErrors > 1_000)
        #expect(harness.engine.counters[1].published > 100)
    }
}
