import RuleEngine
import Testing

/// The payload of a line is the JSON text as it stands there, whatever rules can make of it.
struct ReplayPayloadTests {
    private func payload(_ text: String) throws -> String {
        let line = try ReplayLine.parse(Array("{\"topic\":\"t\",\"payload\": \(text) ,\"qos\":1,\"time\":5}".utf8))
        #expect(line.qos == 1 && line.timeNanoseconds == 5_000_000)
        return String(decoding: line.payload, as: UTF8.self)
    }

    @Test(arguments: ["5.00", "1E2", "-0", #""a\u0041""#, "null", #"{ "a" : [ 1.50 ] }"#, "123456789012345678901"])
    func itIsKept(_ text: String) throws {
        #expect(try payload(text) == text)
    }

    @Test(arguments: [
        String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
        String(repeating: "[", count: 500) + String(repeating: "]", count: 500),
        "1e999", #"{"v":[1e999,"]}\""]}"#, #"{"v":"\ud800"}"#, #""\udc00,\\""#,
    ])
    func whatNoValueHoldsIsForTheRulesToRefuse(_ text: String) throws {
        #expect(try payload(text) == text)
    }

    @Test(arguments: [
        #"{"topic":"t","time":1,"payload":{"v":1}"#, #"{"topic":"t","time":1,"payload":{v:1}}"#,
        #"{"topic":"t","time":1,"payload":}"#, #"{"topic":"t","time":1,"payload":[1e999}"#, #"{"topic":"t",}"#,
        #"{"topic":"t" "time":1}"#, #"{"topic":"t","time":1,"payload":"\ud800}"#,
        #"{"topic":"t","time":1,"client":"\ud800"}"#,
        "{", "[1]", #"{"topic""#,
    ])
    func aBrokenLineIsAnError(_ line: String) {
        #expect(throws: RuleEngineError.self) { try ReplayLine.parse(Array(line.utf8)) }
    }
}
