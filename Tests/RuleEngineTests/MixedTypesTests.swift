import Testing

/// Windows whose values are of several types.
struct MixedTypesTests {
    private func run(_ window: String, _ aggregate: String, _ values: [String]) throws -> [String] {
        let harness = try Harness("rule r { from \"t\" window \(window) publish \"o\" { v: \(aggregate) } }")
        for (index, value) in values.enumerated() {
            harness.send("t", "{\"v\":\(value)}", at: Int64(index) * 1_000)
        }
        harness.drain()
        return harness.take().map { String($0.dropFirst("o {\"v\":".count).dropLast()) }
    }

    @Test func aTextThatLeftCountsNoMore() throws {
        let values = ["\"x\"", "5", "6", "7", "8"]
        #expect(try run("last 3", "min(.v)", values) == ["\"x\"", "\"x\"", "\"x\"", "5", "6"])
        #expect(try run("last 3s", "max(.v)", values) == ["\"x\"", "\"x\"", "\"x\"", "7", "8"])
    }

    @Test func theFirstValueSaysTheType() throws {
        let values = ["1", "\"x\"", "-3", "true", "2"]
        #expect(try run("last 5", "min(.v)", values) == ["1", "1", "-3", "-3", "-3"])
        #expect(try run("last 3", "max(.v)", values) == ["1", "1", "1", "\"x\"", "2"])
        #expect(try run("every 10s", "min(.v)", values) == ["-3"])
        #expect(try run("every 5 events", "max(.v)", values) == ["2"])
    }

    @Test func theFirstOfTheWholeHoppingWindowSaysTheType() throws {
        let values = ["7", "8", "\"x\"", "-3", "9"]
        #expect(try run("every 2s over 4s", "min(.v)", values) == ["7", "-3", "\"x\"", "9"])
        #expect(try run("every 2s over 4s", "max(.v)", values) == ["8", "8", "\"x\"", "9"])
    }

    @Test(arguments: ["last 5", "last 10s", "every 5 events", "session 1s", "every 10s"])
    func rangeIsOfNumbers(_ window: String) throws {
        #expect(try run(window, "range(.v)", ["\"x\"", "5", "\"y\"", "2.5", "true"]).last == "2.5")
        #expect(try run(window, "range(.v)", ["\"x\"", "\"y\"", "true", "\"z\"", "\"z\""]).last == "null")
    }
}
