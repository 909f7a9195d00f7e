import Messages
import Testing

@testable import CloudBridge

private func map(_ routes: [(String, String)]) throws -> RouteMap {
    try RouteMap(routes: routes.map { .init(from: $0.0, to: $0.1) }, node: "gateway-7")
}

private func mapped(_ map: RouteMap, _ topic: String) -> String? {
    map.mapped(topic: Array(topic.utf8)).map { "\($0.lane) → \(String(decoding: $0.topic, as: UTF8.self))" }
}

@Suite struct RouteMapTests {
    @Test func restIsWhatHashMatched() throws {
        let map = try map([("cloud/#", "{node}/{rest}")])
        #expect(mapped(map, "cloud/a/b") == "cloud/# → gateway-7/a/b")
        #expect(mapped(map, "cloud/") == "cloud/# → gateway-7")
        #expect(mapped(map, "other/a") == nil)
    }

    @Test func whereHashMatchesNothingTheSlashBeforeRestGoesToo() throws {
        let map = try map([("cloud/#", "{node}/{rest}"), ("+/x/#", "y{rest}")])
        #expect(mapped(map, "cloud") == "cloud/# → gateway-7")
        #expect(mapped(map, "p/x") == "+/x/# → y")
        #expect(mapped(map, "p/x/q") == "+/x/# → yq")
    }

    @Test func theFirstRouteThatMatchesDecidesAndEachIsALane() throws {
        let map = try map([("cloud/alarm/#", "alarms/{rest}"), ("cloud/#", "all/{rest}"), ("+/state", "s/{topic}")])
        #expect(map.lanes == ["cloud/alarm/#", "cloud/#", "+/state"])
        #expect(mapped(map, "cloud/alarm/1") == "cloud/alarm/# → alarms/1")
        #expect(mapped(map, "cloud/heat") == "cloud/# → all/heat")
        #expect(mapped(map, "pump/state") == "+/state → s/pump/state")
    }

    @Test func hashAloneTakesEverythingButTopicsOfTheBroker() throws {
        let map = try map([("#", "{node}/{rest}")])
        #expect(mapped(map, "a/b") == "# → gateway-7/a/b")
        #expect(mapped(map, "$SYS/uptime") == nil)
    }

    @Test(arguments: [
        ("a/#/b", "x"), ("a", "{rest}"), ("a/#", "{what}/x"), ("a/#", "{rest"), ("a", "x/#"), ("a", ""), ("", "x"),
    ])
    func whatCannotWorkIsRefused(from: String, to: String) {
        #expect(throws: ConfigurationProblems.self) { try map([(from, to)]) }
    }

    @Test func allProblemsAreReportedAtOnce() {
        var configuration = UpstreamConfiguration(
            name: "", host: "h", port: 0, clientID: "", routes: [.init(from: "a/#/b", to: "x")])
        configuration.window = 0
        configuration.keepAliveSeconds = 3
        configuration.tls = .init(certificateFile: "c")
        #expect(configuration.problems(node: "n").count == 7)
    }

    @Test func aURLIsReadAndCredentialsInItRefused() throws {
        let configuration = try UpstreamConfiguration(
            name: "c", url: "mqtts://broker.example.com", clientID: "n", routes: [])
        #expect(configuration.port == 8883 && configuration.tls != nil && configuration.host == "broker.example.com")
        #expect(throws: ConfigurationProblems.self) {
            try UpstreamConfiguration(name: "c", url: "mqtt://u:p@h", clientID: "n", routes: [])
        }
        #expect(throws: ConfigurationProblems.self) {
            try UpstreamConfiguration(name: "c", url: "mqtt://h", authorityFile: "ca.pem", clientID: "n", routes: [])
        }
    }
}

@Suite struct BackoffTests {
    @Test func pausesGrowToTheirBoundAndAreSpread() {
        var backoff = Backoff(minMilliseconds: 1_000, maxMilliseconds: 120_000, seed: 1)
        var greatest: [Int64] = []
        for _ in 0..<400 {
            backoff.reset()
            for step in 0..<10 {
                let pause = backoff.pauseMilliseconds(after: .network)
                if greatest.count <= step { greatest.append(0) }
                greatest[step] = max(greatest[step], pause)
                #expect(pause >= Backoff.pauseMinMilliseconds)
                #expect(pause <= min(120_000, 1_000 << Int64(step)))
            }
        }
        #expect(greatest[0] > 900 && greatest[9] > 110_000)
    }

    @Test(arguments: [FailureKind.credentials, .takenOver, .configuration])
    func whereAPersonMustActPausesAreLong(kind: FailureKind) {
        for seed in 0..<100 {
            var backoff = Backoff(minMilliseconds: 1_000, maxMilliseconds: 120_000, seed: UInt64(seed))
            for _ in 0..<12 {
                let pause = backoff.pauseMilliseconds(after: kind)
                #expect(pause >= 10_000 && pause <= 600_000)
            }
        }
    }
}
