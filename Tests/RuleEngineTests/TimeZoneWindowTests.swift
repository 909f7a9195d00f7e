import RuleEngine
import Testing

/// Windows and functions in the civil time of a zone. Bounds are from Python's zoneinfo.
@Suite struct TimeZoneWindowTests {
    /// Start and end of the window in which an event at `seconds` lies.
    private func window(_ length: String, _ zone: String, _ seconds: Int64) throws -> [Int64] {
        let harness = try Harness(
            "rule r { from \"s\" at .t s ahead 40000d window every \(length) in \"\(zone)\" "
                + "publish \"o\" { s: window_start() , e: window_end(), t: time() } }", clock: -1_000_000_000_000)
        harness.send("s", "{\"t\":\(seconds)}", at: 0)
        harness.drain()
        let line = try #require(harness.take().first)
        let numbers = line.split { !"-0123456789".contains($0) }.compactMap { Int64($0) }
        #expect(numbers.count == 3 && numbers[1] == numbers[2])
        return numbers.prefix(2).map { $0 / 1000 }
    }

    @Test(
        "days",
        arguments: [
            // 23 and 25 hours.
            ("Europe/Berlin", 1_774_740_000, 1_774_738_800, 1_774_821_600),
            ("Europe/Berlin", 1_774_821_599, 1_774_738_800, 1_774_821_600),
            ("Europe/Berlin", 1_792_890_000, 1_792_879_200, 1_792_969_200),
            // The day begins at 01:00, since there is no midnight.
            ("America/Sao_Paulo", 1_541_300_399, 1_541_214_000, 1_541_300_400),
            ("America/Sao_Paulo", 1_541_300_400, 1_541_300_400, 1_541_383_200),
            ("America/Sao_Paulo", 1_550_368_800, 1_550_282_400, 1_550_372_400),
            ("America/Sao_Paulo", 1_550_372_400, 1_550_372_400, 1_550_458_800),
            ("Asia/Beirut", 1_679_781_599, 1_679_695_200, 1_679_781_600),
            ("Asia/Beirut", 1_679_781_600, 1_679_781_600, 1_679_864_400),
            ("Asia/Beirut", 1_698_526_800, 1_698_440_400, 1_698_530_400),
            // A day that was left out.
            ("Pacific/Apia", 1_325_239_199, 1_325_152_800, 1_325_239_200),
            ("Pacific/Apia", 1_325_239_200, 1_325_239_200, 1_325_325_600),
            // The hour that came again after midnight belongs to the day that had begun.
            ("America/St_Johns", 1_289_096_999, 1_289_010_600, 1_289_097_000),
            ("America/St_Johns", 1_289_097_000, 1_289_097_000, 1_289_187_000),
            ("America/St_Johns", 1_289_097_160, 1_289_097_000, 1_289_187_000),
            ("Asia/Kolkata", -1, -19_800, 66_600),
        ])
    func days(_ zone: String, _ seconds: Int64, _ start: Int64, _ end: Int64) throws {
        #expect(try window("1d", zone, seconds) == [start, end])
        #expect(try window("24h", zone, seconds) == [start, end])
    }

    @Test(
        "hours",
        arguments: [
            // 02:00 to 03:00 is left out: the hours before and after it are whole.
            ("1h", 1_774_745_999, 1_774_742_400, 1_774_746_000), ("1h", 1_774_746_000, 1_774_746_000, 1_774_749_600),
            // 02:00 to 03:00 comes twice: one window of two hours.
            ("1h", 1_792_886_399, 1_792_882_800, 1_792_886_400), ("1h", 1_792_886_400, 1_792_886_400, 1_792_893_600),
            ("1h", 1_792_893_599, 1_792_886_400, 1_792_893_600),
            ("6h", 1_774_750_000, 1_774_738_800, 1_774_756_800), ("6h", 1_774_756_800, 1_774_756_800, 1_774_778_400),
            ("2h", 1_774_746_000, 1_774_746_000, 1_774_749_600),
            ("8h", 1_792_890_000, 1_792_879_200, 1_792_911_600),
        ])
    func hours(_ length: String, _ seconds: Int64, _ start: Int64, _ end: Int64) throws {
        #expect(try window(length, "Europe/Berlin", seconds) == [start, end])
    }

    @Test("several days count from 1970-01-01, weeks from Monday 1970-01-05")
    func weeks() throws {
        #expect(try window("7d", "Europe/Berlin", 1_774_746_000) == [1_774_220_400, 1_774_821_600])
        #expect(try window("7d", "UTC", 0) == [-259_200, 345_600])
        #expect(try window("2d", "UTC", 86_399) == [0, 172_800])
        #expect(try window("2d", "UTC", -1) == [-172_800, 0])
        #expect(try window("14d", "UTC", 86_399) == [0, 1_209_600])
    }

    @Test("windows that overlap are as long as their days")
    func overlapping() throws {
        let harness = try Harness(
            #"rule r { from "s" at .t s window every 1d over 2d in "Europe/Berlin" publish "o" { n: count(), s: window_start(), e: window_end() } }"#
        )
        for t in [1_774_737_000, 1_774_740_000] { harness.send("s", "{\"t\":\(t)}", at: 1_774_740_000_000) }
        harness.drain()
        #expect(
            harness.take() == [
                #"o {"n":1,"s":1774566000000,"e":1774738800000}"#,
                #"o {"n":2,"s":1774652400000,"e":1774821600000}"#, #"o {"n":1,"s":1774738800000,"e":1774908000000}"#,
            ])
        #expect(harness.counters.lateEvents == 0)
    }

    @Test("a day that was left out closes no second time")
    func overlappingOverAGap() throws {
        let harness = try Harness(
            #"rule r { from "s" at .t s window every 1d over 3d in "Pacific/Apia" publish "o" { n: count(), e: window_end() } }"#
        )
        harness.send("s", #"{"t":1325200000}"#, at: 1_325_200_000_000)
        harness.drain()
        // The days to the end of the 29th, of the 30th (the same instant) and of the 31st: two results.
        #expect(
            harness.take() == [#"o {"n":1,"e":1325239200000}"#, #"o {"n":1,"e":1325325600000}"#])
    }

    @Test("closed windows in a zone keep their state over a restart")
    func restart() throws {
        let text =
            #"rule r { from "s" window every 1d in "Europe/Berlin" publish "o" { n: count(), e: window_end() } }"#
        let before = try Harness(text, clock: 1_774_740_000_000)
        before.send("s", "{}", at: 1_774_740_000_000)
        let after = try Harness(text)
        after.engine.restore(before.engine.takeDirtyGroups())
        after.resume(at: 1_774_821_600_001)
        #expect(after.take() == [#"o {"n":1,"e":1774821600000}"#])
    }

    @Test(
        "hour and weekday",
        arguments: [
            ("Europe/Berlin", 1_774_745_999, 1, 7), ("Europe/Berlin", 1_774_746_000, 3, 7),
            ("Europe/Berlin", 1_774_821_600, 0, 1), ("America/Sao_Paulo", 1_541_300_400, 1, 7),
            ("America/St_Johns", 1_289_097_060, 23, 6), ("Asia/Kolkata", -1, 5, 4), ("UTC", -1, 23, 3),
        ])
    func functions(_ zone: String, _ seconds: Int64, _ hour: Int, _ weekday: Int) throws {
        let harness = try Harness(
            "rule r { from \"s\" at .t s ahead 40000d publish \"o\" { h: hour(time(), \"\(zone)\"), "
                + "d: weekday(time(), \"\(zone)\"), n: hour(previous(time()), \"\(zone)\") } }")
        harness.send("s", "{\"t\":\(seconds)}", at: 0)
        #expect(harness.take() == ["o {\"h\":\(hour),\"d\":\(weekday),\"n\":null}"])
        #expect(harness.counters.runtimeErrors == 0)
    }
}
