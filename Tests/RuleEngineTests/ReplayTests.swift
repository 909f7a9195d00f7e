import RuleEngine
import RuleLanguage
import Testing

@Suite struct ReplayTests {
    private func run(_ source: String, _ lines: [String], drain: Bool = true) throws -> (lines: [String], earlier: Int)
    {
        let engine = try RuleEngine(try Harness.compile(source), options: Harness.options, clockNanoseconds: 0)
        var run = ReplayRun(engine)
        var outputs: [RuleOutput] = []
        for line in lines { run.take(try ReplayLine.parse(Array(line.utf8)), into: &outputs) }
        run.finish(drain: drain, into: &outputs)
        return (
            outputs.map { output in
                var line: [UInt8] = []
                ReplayOutput.append(output, to: &line)
                return String(decoding: line, as: UTF8.self)
            }, run.earlierLines
        )
    }

    @Test func linesInAndOut() throws {
        let result = try run(
            #"rule r { from "s/{id}" publish "o/{id}" qos 2 retain { c: client(), q: qos(), p: property("a"), v: .v } publish "f/{id}" }"#,
            [
                #"{"topic":"s/a","payload": {"v": 1e2} ,"time":1700000000123,"qos":1,"client":"dev","properties":{"a":"x"}}"#,
                #"{"topic":"s/b","payload":7,"time":1700000000122}"#,
                #"{"topic":"s/c","payload_text":"{\"v\":\n2}","time":1700000000124.5}"#,
            ])
        #expect(result.earlier == 1)
        #expect(
            result.lines == [
                #"{"time":1700000000123,"rule":"r","topic":"o/a","qos":2,"retain":true,"payload":{"c":"dev","q":1,"p":"x","v":100.0}}"#,
                #"{"time":1700000000123,"rule":"r","topic":"f/a","qos":1,"retain":false,"payload":{"v":1e2}}"#,
                #"{"time":1700000000123,"rule":"r","topic":"o/b","qos":2,"retain":true,"payload":{"c":null,"q":0,"p":null,"v":null}}"#,
                #"{"time":1700000000123,"rule":"r","topic":"f/b","qos":1,"retain":false,"payload":7}"#,
                #"{"time":1700000000124,"rule":"r","topic":"o/c","qos":2,"retain":true,"payload":{"c":null,"q":0,"p":null,"v":2}}"#,
                #"{"time":1700000000124,"rule":"r","topic":"f/c","qos":1,"retain":false,"payload":{"v":2}}"#,
            ])
    }

    @Test func textPayloadsAndDraining() throws {
        let source =
            #"rule r { from "t" as text publish "o" payload . } rule e { from "t" as text window every 1s publish "n" { n: count() } }"#
        let lines = [#"{"topic":"t","payload_text":"a\"b","time":-1500}"#, #"{"topic":"t","time":-1000}"#]
        #expect(
            try run(source, lines).lines == [
                #"{"time":-1500,"rule":"r","topic":"o","qos":1,"retain":false,"payload_text":"a\"b"}"#,
                #"{"time":-1000,"rule":"e","topic":"n","qos":1,"retain":false,"payload":{"n":1}}"#,
                #"{"time":-1000,"rule":"r","topic":"o","qos":1,"retain":false,"payload_text":""}"#,
                #"{"time":0,"rule":"e","topic":"n","qos":1,"retain":false,"payload":{"n":1}}"#,
            ])
        #expect(try run(source, lines, drain: false).lines.count == 3)
    }

    @Test(arguments: [
        "", "7", "{", #"{"topic":"a"}"#, #"{"topic":"","time":1}"#, #"{"topic":"a/+","time":1}"#, #"{"time":1}"#,
        #"{"topic":"a","time":"x"}"#, #"{"topic":"a","time":1,"qos":3}"#,
        #"{"topic":"a","time":1,"properties":{"a":1}}"#,
        #"{"topic":"a","time":1,"payload":1,"payload_text":"x"}"#, #"{"topic":"a","time":1} x"#,
    ])
    func unreadableLinesAreErrors(_ line: String) {
        #expect(throws: RuleEngineError.self) { try ReplayLine.parse(Array(line.utf8)) }
    }

    @Test func tables() throws {
        let csv =
            "\u{FEFF}ts,id,temp,note\r\n2000-01-01 00:00:01,a,1.50,\"x, \"\"y\"\"\"\r\n2000-01-01T00:00:02.5Z,b,,\n\n946684803000,a,n/a,1e3\n"
        var reader = CSVReader(Array(csv.utf8))
        let header = try #require(try reader.next())
        let table = try ReplayTable(
            header: header, topic: "sensors/{id}/{file}", timeColumn: "ts", captureTexts: ["file": "week1"])
        var lines: [ReplayLine] = []
        while let row = try reader.next() { lines.append(try table.line(row)) }
        #expect(
            lines.map { String(decoding: $0.topic, as: UTF8.self) } == [
                "sensors/a/week1", "sensors/b/week1", "sensors/a/week1",
            ])
        #expect(
            lines.map { String(decoding: $0.payload, as: UTF8.self) } == [
                #"{"temp":1.50,"note":"x, \"y\""}"#, #"{"temp":null,"note":null}"#, #"{"temp":"n/a","note":1e3}"#,
            ])
        #expect(
            lines.map(\.timeNanoseconds) == [946_684_801_000_000_000, 946_684_802_500_000_000, 946_684_803_000_000_000])
        #expect(throws: RuleEngineError.self) { try ReplayTable(header: header, topic: "s/{x}", timeColumn: "ts") }
        #expect(throws: RuleEngineError.self) { try ReplayTable(header: header, topic: "s", timeColumn: "time") }
        #expect(throws: RuleEngineError.self) { try table.line([Array("soon".utf8)]) }
        #expect(throws: RuleEngineError.self) { try table.line([Array("1".utf8), Array("a/b".utf8)]) }
        var open = CSVReader(Array("a,\"b".utf8))
        #expect(throws: RuleEngineError.self) { try open.next() }
    }

    @Test(
        arguments: [
            ("2000-01-01T00:00:00Z", 946_684_800_000_000_000), ("1969-12-31 23:59:59.999999999", -1),
            ("2000-02-29t12:00:00.1+01:00", 951_822_000_100_000_000), ("1999-12-31T23:59:60Z", 946_684_800_000_000_000),
        ] as [(String, Int64)])
    func timesRead(_ text: String, _ expected: Int64) throws {
        let harness = try Harness(#"rule r { from "s" at .t publish "o" { } }"#, clock: 1_000_000_000_000)
        harness.send("s", "{\"t\":\"\(text)\"}", at: 1_000_000_000_000)
        #expect(harness.outputs.last?.evaluationNanoseconds == expected)
    }

    @Test(arguments: [
        "2001-02-29T00:00:00Z", "2000-13-01T00:00:00Z", "2000-01-01", "2000-01-01T24:00:00Z", "2000-01-01T00:00:00.Z",
        "2000-01-01T00:00:00+1:00", "2000-01-01T00:00:00Zx", "9999-01-01T00:00:00Z",
    ])
    func badTimesAreDecodeErrors(_ text: String) throws {
        let harness = try Harness(#"rule r { from "s" at .t publish "o" { } }"#)
        harness.send("s", "{\"t\":\"\(text)\"}", at: 0)
        #expect(harness.counters.decodeErrors == 1)
        #expect(harness.outputs.last?.isEngineTopic == true)
    }

    @Test func aheadIsBounded() throws {
        let harness = try Harness(#"rule r { from "s" at .t s ahead 10s publish "o" { } }"#)
        harness.send("s", #"{"t":110}"#, at: 100_000)
        harness.send("s", #"{"t":110.000001}"#, at: 100_000)
        #expect(harness.counters.decodeErrors == 1)
        #expect(harness.outputs.first?.evaluationNanoseconds == 110_000_000_000)
    }
}
