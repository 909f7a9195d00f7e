import RuleEngine
import Testing

/// Payloads `as bytes`.
@Suite struct BytesPayloadTests {
    @Test func areForwardedByteForByte() throws {
        let harness = try Harness(#"rule r { from "s" as bytes publish "a" publish "b" payload . }"#)
        let payload: [UInt8] = [0, 255, 0xC3, 10, 128]
        harness.send("s", payload, at: 0)
        #expect(harness.outputs.map(\.payload) == [payload, payload])
        harness.send("s", [], at: 0)
        #expect(harness.outputs.suffix(2).map(\.payload) == [[], []])
        #expect(harness.counters.decodeErrors == 0)
    }

    @Test func areBase64InsideJSON() throws {
        let harness = try Harness(#"rule r { from "s" as bytes publish "o" { b: ., l: [.] } }"#)
        for bytes: [UInt8] in [[], [0], [0xFF, 0xFE], [1, 2, 3], [0xFB, 0xEF, 0xBE, 0xFF]] {
            harness.send("s", bytes, at: 0)
        }
        #expect(
            harness.take() == [
                #"o {"b":"","l":[""]}"#, #"o {"b":"AA==","l":["AA=="]}"#, #"o {"b":"//4=","l":["//4="]}"#,
                #"o {"b":"AQID","l":["AQID"]}"#, #"o {"b":"++++/w==","l":["++++/w=="]}"#,
            ])
    }

    @Test func becomeTextWhereTheyAreUTF8() throws {
        let harness = try Harness(
            #"rule r { from "s" as bytes let t = text(.) where exists(t) publish "o" { t, n: length(t) } }"#)
        harness.send("s", Array("Grüße".utf8), at: 0)
        harness.send("s", [0xC3], at: 0)
        #expect(harness.take() == [#"o {"t":"Grüße","n":5}"#])
    }

    @Test func compareByTheirBytes() throws {
        let harness = try Harness(#"rule r { from "s" as bytes where changed(.) publish "o" { b: . } }"#)
        for bytes: [UInt8] in [[1], [1], [1, 0]] { harness.send("s", bytes, at: 0) }
        #expect(harness.take() == [#"o {"b":"AQ=="}"#, #"o {"b":"AQA="}"#])
    }
}
