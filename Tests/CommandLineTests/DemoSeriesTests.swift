import ArgumentParser
import Testing

@testable import sluice

struct DemoSeriesTests {
    private func series(_ text: String) throws -> RecordedSeries {
        try RecordedSeries(name: "machine", path: "machine.csv", text: text)
    }

    @Test func columnsAreFoundByName() throws {
        let found = try series("timestamp,value,unit\r\n2013-12-02 21:15:00,73.5,C\r\n2013-12-02 21:20:00,,C\r\n\r\n")
        #expect(found.rows == [.init(value: 73.5, time: "2013-12-02 21:15:00", otherMembers: "\"unit\":\"C\"")])
    }

    @Test func quotedCellsMayHoldCommas() throws {
        let found = try series("note,value\n\"a, \"\"b\"\"\",1\n")
        #expect(found.rows == [.init(value: 1, time: "", otherMembers: #""note":"a, \"b\"""#)])
    }

    @Test(arguments: [
        ("", "holds no readings"), ("timestamp,temperature\n1,2\n", "no column \"value\""),
        ("timestamp,value\n1\n", "line 2: 1 cells"), ("timestamp,value\n1,2\n1,hot\n", "line 3: \"hot\""),
        ("timestamp,value\n1,inf\n", "line 2"),
    ])
    func whatIsNoSeriesIsRefusedWithItsLine(text: String, reason: String) {
        let failure = #expect(throws: RecordedSeries.Unreadable.self) { try series(text) }
        #expect(failure?.description.contains(reason) == true)
    }

    @Test(arguments: [
        ("1970-01-01 00:00:00", Int64(0)), ("2013-12-02 21:15:00", 1_386_018_900_000),
        ("2000-02-29T12:00:00.5Z", 951_825_600_500), ("1969-12-31T23:59:59Z", -1_000),
        ("2024-03-01T00:30:00+01:00", 1_709_249_400_000), ("1500", 1_500),
    ])
    func timesAreRead(text: String, milliseconds: Int64) {
        #expect(RecordedSeries.Row(value: 0, time: text, otherMembers: "").milliseconds == milliseconds)
    }

    @Test(arguments: ["", "yesterday", "2013-13-02 21:15:00", "2013-12-02 21:15:00 Uhr", "2013-12-02 25:15:00"])
    func otherTimesAreNone(text: String) {
        #expect(RecordedSeries.Row(value: 0, time: text, otherMembers: "").milliseconds == nil)
    }

    @Test func sensorNamesCanBeCertified() throws {
        var found = try series("value\n1\n")
        found.name = "öl druck/1"
        #expect(found.sensorName(besides: []) == "l-druck-1")
        found.name = "gateway"
        #expect(found.sensorName(besides: ["gateway", "gateway-2"]) == "gateway-3")
        found.name = "ca"
        #expect(found.sensorName(besides: []) == "ca-2")
        found.name = String(repeating: "x", count: 200)
        #expect(found.sensorName(besides: []).utf8.count <= 64)
    }

    @Test func aSpikeStandsOutOfWhateverCameBefore() {
        for recent in [[Double](repeating: 5, count: 100), (0..<100).map { 20 + Double($0 % 7) }] {
            let spike = RecordedTelemetry.spike(above: recent)
            let window = recent.dropFirst() + [spike]
            let mean = window.reduce(0, +) / 100
            let deviation = (window.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 100).squareRoot()
            #expect((spike - mean) / deviation > 6)
        }
    }

    @Test func aRecordingIsPlayedWithinTheDemoWithSpikesWhereTheyAreOrdered() throws {
        let rows = (0..<3_000).map { "\($0 % 10)" }.joined(separator: "\n")
        let spikes = SpikeDesk()
        var feed = RecordedTelemetry(
            series: [try series("value\n" + rows)], seconds: 30, reserved: ["machine"], spikes: spikes)
        #expect(feed.sensorNames == ["machine-2"])
        #expect(feed.readings(atSecond: 10).count == 1_000)
        spikes.order(sensor: 0)
        let readings = feed.readings(atSecond: 30)
        #expect(readings.count == 2_000)
        let made = try #require(spikes.takeMade())
        #expect(readings.count { $0.value == made.value } == 1)
        #expect(made.value > 9)
    }

    @Test func payloadsAreJSON() {
        let reading = SensorReading(sensor: 0, value: 1.5, members: "\"unit\":\"C\"")
        #expect(String(decoding: reading.payload(number: 7), as: UTF8.self) == #"{"value":1.5,"n":7,"unit":"C"}"#)
    }

    @Test func aSignalFollowsTheRecordedTimes() throws {
        let recorded = try series("timestamp,value\n1000,1\n3000,2\n4000,3\n")
        var signal = try SimulatedSignal(recorded, path: "x", pace: .speed(2), first: 0, rounds: 2)
        var seen: [(Double, Double)] = []
        while let second = signal.nextSecond { seen.append((second, signal.take().value)) }
        // One step of the usual length (0.75 s) lies between the rounds.
        #expect(seen.map(\.0) == [0, 1, 1.5, 2.25, 3.25, 3.75])
        #expect(seen.map(\.1) == [1, 2, 3, 1, 2, 3])
    }

    @Test func aSignalAtARateNeedsNoTimes() throws {
        var signal = try SimulatedSignal(series("value\n1\n2\n3\n"), path: "x", pace: .rate(4), first: 2, rounds: 1)
        var seen: [(Double, Double)] = []
        while let second = signal.nextSecond { seen.append((second, signal.take().value)) }
        #expect(seen.map(\.0) == [0, 0.25, 0.5])
        #expect(seen.map(\.1) == [3, 1, 2])
        #expect(throws: RecordedSeries.Unreadable.self) {
            try SimulatedSignal(series("value\n1\n"), path: "x", pace: .speed(1), first: 0, rounds: 1)
        }
    }

    @Test(arguments: [
        [], ["--sensors", "0"], ["--sensors", "1001"], ["--sensors", "2", "--sensor", "a"],
        ["--csv", "a", "--rate", "1", "--speed", "1"], ["--csv", "a", "--rate", "0"],
        ["--sensors", "1", "--speed", "2"],
        ["--sensors", "1", "-q", "3"], ["--sensors", "1", "--url", "mqtt://h", "--port", "1"],
        ["--sensors", "1", "--topic", "a/+"], ["--sensors", "1", "--topic", "a/{sensor}"],
    ])
    func wrongOptionsOfSimulateAreRefused(options: [String]) {
        #expect(throws: (any Error).self) { try SimulateCommand.parse(options) }
    }
}
