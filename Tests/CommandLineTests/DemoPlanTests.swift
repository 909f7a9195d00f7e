import ArgumentParser
import Foundation
import Testing

@testable import sluice

struct DemoPlanTests {
    @Test(arguments: [DemoPlan.secondsRange.lowerBound, DemoPlan.defaultSeconds, 300, DemoPlan.secondsRange.upperBound])
    func everythingHappensInOrderAndInTime(seconds: Int) {
        let plan = DemoPlan(seconds: seconds, cutsCloud: true)
        #expect(
            plan.entries.map(\.step) == [
                .provoke(0), .cutCloud, .provoke(1), .killGateway, .startGateway, .restoreCloud, .provoke(2),
            ])
        #expect(plan.entries.allSatisfy { $0.gap > 0 })
        #expect(abs(plan.entries.reduce(plan.lastGap) { $0 + $1.gap } - Double(seconds)) < 0.001)
        // A burst and its report need some seconds after the last provocation.
        #expect(plan.lastGap >= 3)
        // The rules' windows are full before the first.
        #expect((plan.entries.first?.gap ?? 0) * Double(DemoPlan.ticksPerSecond) >= Double(DemoPlan.windowReadings))
        // The outage lasts as long as it should.
        #expect(abs(plan.entries[2...5].reduce(0) { $0 + $1.gap } - DemoPlan.outageSeconds) < 0.001)
    }

    @Test func aCloudElsewhereIsNotCut() {
        let plan = DemoPlan(seconds: 60, cutsCloud: false)
        #expect(plan.entries.map(\.step) == [.provoke(0), .provoke(1), .killGateway, .startGateway, .provoke(2)])
    }

    @Test func longPeriodsAreShortenedAndNamed() {
        let text =
            "rule a { window every 5m by sensor } rule b { window every 10s } rule c { window every 1.5h over 3h }"
        let (short, periods) = ShippedRules.shortening(text, to: 10)
        #expect(
            short
                == "rule a { window every 10s by sensor } rule b { window every 10s } rule c { window every 10s over 3h }"
        )
        #expect(periods == ["every 5m", "every 1.5h"])
        #expect(ShippedRules.shortening("window every 100 events", to: 10).text == "window every 100 events")
        #expect(ShippedRules.shortening("window last 30s", to: 10).periods.isEmpty)
    }

    @Test func aReportMustBeOfTheSensorInTimeAndLargeEnough() {
        var incident = Incident(title: "a burst", sensor: "cpu", sign: .rise(10))
        func anomaly(_ sensor: String = "cpu", value: Double = 50, at timestamp: Int64 = 5_000) -> Anomaly {
            Anomaly(sensor: sensor, value: value, score: 5, mean: 20, timestamp: timestamp)
        }
        #expect(!incident.isReported(by: anomaly()))
        incident.beganAt = 4_000
        #expect(incident.isReported(by: anomaly()))
        #expect(!incident.isReported(by: anomaly("memory")))
        #expect(!incident.isReported(by: anomaly(value: 29)))
        #expect(!incident.isReported(by: anomaly(at: 3_900)))
        #expect(!incident.isReported(by: anomaly(at: 40_000)))
        incident.sign = .value(50)
        #expect(incident.isReported(by: anomaly(at: 60_000)))
        #expect(!incident.isReported(by: anomaly(value: 50.001)))
        incident.sign = .value(.nan)
        #expect(incident.isOpen && !incident.isReported(by: anomaly()))
    }

    @Test func aBurstIsMadeWhereItStandsOut() {
        for (incident, _) in Provoker.machineIncidents() {
            let height = incident.height ?? 0
            let steady = (0..<DemoPlan.windowReadings).map { 5 + ($0 % 2 == 0 ? 0.1 : -0.1) * height }
            let restless = steady.map { 5 + ($0 - 5) * 3 }
            #expect(incident.standsOut(of: steady), "\(incident.title)")
            #expect(!incident.standsOut(of: restless) && !incident.standsOut(of: []), "\(incident.title)")
            // What the shipped rule would say of the least burst that such a window lets stand out.
            let values = steady.dropFirst().map { 5 + ($0 - 5) * 1.4 } + [5 + height]
            let mean = values.reduce(0, +) / Double(values.count)
            let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
            #expect((values[values.count - 1] - mean) / deviation > 4)
            guard case .rise(let step) = incident.sign else { continue }
            #expect(step <= height / 4)
        }
        #expect(Incident(title: "a spike", sensor: "s", sign: .value(1)).standsOut(of: []))
    }

    @Test func aSummaryNamesWhatIsWrong() {
        var summary = DemoSummary()
        summary.cloudReceived = 3
        summary.incidents = [.init(title: "a burst", sensor: "cpu", seconds: 0.2, score: 9)]
        #expect(summary.isRight)
        summary.incidents.append(.init(title: "a spike", sensor: "disk"))
        summary.lost = 2
        summary.duplicated = 1
        summary.outOfOrder = 4
        #expect(summary.wrong == ["2 lost", "1 duplicated", "4 out of order", "a spike missed"])
        #expect(summary.incidentsReported == 1)
    }

    @Test func theLineForProgramsIsOneObject() throws {
        var summary = DemoSummary()
        summary.sensors = 8
        summary.bytesIn = 1_000
        summary.bytesUp = 23
        summary.outageSeconds = 10.04
        summary.restarts = 1
        #expect(!summary.json.contains("\n"))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(summary.json.utf8)) as? [String: Any])
        #expect(object["saved_percent"] as? Double == 97.7)
        #expect(object["outage_seconds"] as? Double == 10)
        for key in [
            "sensors", "published", "acknowledged", "bytes_in", "bytes_up", "incidents_provoked", "incidents_reported",
            "cloud_received", "lost", "duplicated", "out_of_order", "restarts",
        ] {
            #expect(object[key] is Int, "\(key)")
        }
    }

    @Test(arguments: [
        ["--seconds", "29"], ["--seconds", "3601"], ["--cloud-ca", "x"], ["--format", "xml"], ["--node", "a/b"],
        ["extra"],
    ])
    func wrongOptionsAreRefused(options: [String]) {
        #expect(throws: (any Error).self) { try DemoCommand.parse(options) }
    }

    struct WrongCloud: Sendable {
        var url: String
        var authority: String?
        var certificate: String?
        var code = CommandFailure.Code.wrongUsage
    }

    @Test(arguments: [
        WrongCloud(url: "http://h"), WrongCloud(url: "mqtts://u:p@h"), WrongCloud(url: "mqtts://h:1", certificate: "c"),
        WrongCloud(url: "mqtt://h:1", authority: "c"),
        WrongCloud(url: "mqtts://h:1", authority: "/nonexistent/ca.pem", code: .cannotRun),
    ])
    func cloudsThatCannotBeAreRefused(cloud: WrongCloud) {
        let failure = #expect(throws: CommandFailure.self) {
            try DemoSettings.Cloud(
                url: cloud.url, authority: cloud.authority, certificate: cloud.certificate, key: nil)
        }
        #expect(failure?.code == cloud.code)
    }

    @Test func aCloudBehindTheRelayKeepsItsName() throws {
        let cloud = try DemoSettings.Cloud(url: "mqtts://localhost:8884", authority: nil, certificate: nil, key: nil)
        #expect(cloud.url(port: 21_000) == "mqtts://localhost:21000")
        #expect(cloud.tls != nil)
    }
}
