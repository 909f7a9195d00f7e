import RuleEngine
import RuleLanguage
import Testing

@Suite struct PayloadFieldsTests {
    private func read(_ text: String, as decoding: SourcePlan.Decoding = .json) -> [String] {
        PayloadFields.read(Array(text.utf8), as: decoding).map { field in
            "\(field.path.joined(separator: ".")) \(field.type): \(field.text)"
        }
    }

    @Test func everyFieldHasItsTypeAndValue() {
        #expect(
            read(#"{"v": 21.50, "on": true, "s": "a\"b", "n": null, "l": [1, 2], "o": {"x": {"y": 1}}}"#) == [
                #" an object: {"v":21.50,"on":true,"s":"a\"b","n":null,"l":[1,2],"o":{"x":{"y":1}}}"#,
                "v a number: 21.5", "on a boolean: true", #"s a text: "a\"b""#, "n null: null", "l a list: [1,2]",
                #"o an object: {"x":{"y":1}}"#, #"o.x an object: {"y":1}"#, "o.x.y a number: 1",
            ])
    }

    @Test func aRepeatedNameCountsWithItsLastValue() {
        #expect(read(#"{"a": 1, "b": 2, "a": 3}"#).dropFirst() == ["a a number: 3", "b a number: 2"])
    }

    @Test func theSourceSaysHowPayloadsAreRead() {
        #expect(read("21.5", as: .number) == [" a number: 21.5"])
        #expect(read("[21.5]", as: .number) == [])
        #expect(read("hello", as: .text) == [#" a text: "hello""#])
        #expect(read("hello", as: .bytes) == [" bytes: 5 bytes"])
        #expect(read("h", as: .bytes) == [" bytes: 1 byte"])
        // {"v": 21, 3: "x"}
        let cbor: [UInt8] = [0xA2, 0x61, 0x76, 0x15, 0x03, 0x61, 0x78]
        let fields = PayloadFields.read(cbor, as: .cbor)
        #expect(fields.map(\.path) == [[], ["v"], ["3"]])
        #expect(fields.map(\.text).dropFirst() == ["21", #""x""#])
    }

    @Test(arguments: [
        ("{", SourcePlan.Decoding.json), ("{\"a\":1}x", .json), ("", .json), ("\u{FF}", .cbor), ("", .cbor),
    ])
    func whatIsBrokenHasNoFields(_ text: String, _ decoding: SourcePlan.Decoding) {
        #expect(read(text, as: decoding) == [])
        #expect(PayloadFields.read([0xFF, 0xFE], as: .text).isEmpty)
    }

    @Test func everythingIsBounded() {
        let limit = PayloadFields.payloadBytesMax
        #expect(read("\"" + String(repeating: "a", count: limit - 2) + "\"").count == 1)
        #expect(read("\"" + String(repeating: "a", count: limit - 1) + "\"").isEmpty)
        let long = read("{\"t\": \"" + String(repeating: "a", count: 500) + "\"}")
        #expect(long.last == "t a text: \"" + String(repeating: "a", count: 79) + "…")
        let many = (0..<1_000).map { "\"f\($0)\": {\"x\": 1}" }.joined(separator: ", ")
        #expect(read("{\(many)}").count == PayloadFields.fieldsMax)
        let name = String(repeating: "n", count: PayloadFields.nameBytesMax)
        #expect(read("{\"\(name)\": 1}").count == 2)
        #expect(read("{\"\(name)n\": 1}").count == 1)
        let deep = String(repeating: "{\"a\":", count: 60) + "1" + String(repeating: "}", count: 60)
        #expect(read(deep).count == 5)
    }

    @Test func whatCouldHarmAScreenIsReplaced() {
        #expect(read("{\"t\": \"\u{202E}\"}").last == "t a text: \"\u{FFFD}\"")
    }

    @Test(arguments: [SourcePlan.Decoding.json, .cbor, .number, .text])
    func anyBytesAreSurvived(_ decoding: SourcePlan.Decoding) {
        let samples: [[UInt8]] = [
            Array(#"{"v": -1.5e3, "o": {"l": [1, {"a": "\u00e9"}], "n": null}, "t": "x"}"#.utf8),
            [0xA3, 0x61, 0x76, 0xFB, 0x40, 0x09, 0x21, 0xFB, 0x54, 0x44, 0x2D, 0x18, 0x01, 0x9F, 0x02, 0xFF]
                + [0x62, 0x6F, 0x6F, 0xBF, 0x61, 0x61, 0xC2, 0x42, 0x01, 0x02, 0xFF],
        ]
        #expect(samples.map { PayloadFields.read($0, as: .json).count } == [6, 0])
        #expect(samples.map { PayloadFields.read($0, as: .cbor).count } == [0, 5])
        var random: UInt64 = 5
        func next(_ limit: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) % limit
        }
        for round in 0..<4_000 {
            var bytes = samples[round % samples.count]
            for _ in 0...next(4) {
                let place = next(bytes.count)
                if next(4) == 0 { bytes.remove(at: place) } else { bytes[place] = UInt8(next(256)) }
            }
            #expect(PayloadFields.read(bytes, as: decoding).count <= PayloadFields.fieldsMax)
        }
    }
}
