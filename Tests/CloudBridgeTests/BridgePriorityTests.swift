import Ledger
import Messages
import Testing

@testable import CloudBridge

struct BridgePriorityTests {
    @Test func laneNamesTellTheirPriorityAndNoRouteDoes() {
        for priority in MessagePriority.allCases {
            #expect(MessagePriority(lane: priority.lane(of: "cloud/#")) == priority)
        }
        #expect(MessagePriority.normal.lane(of: "cloud/#") == "cloud/#")
        for route in ["#", "high/#", "high ", "+/low", ""] { #expect(MessagePriority(lane: route) == .normal) }
    }

    @Test func highGoesFirstAndLowLastEachInItsOrder() {
        var driver = Driver(window: 2)
        let high = MessagePriority.high.lane(of: "a/#")
        let low = MessagePriority.low.lane(of: "a/#")
        driver.rows[low] = (1...2).map { row($0, lane: low) }
        driver.rows["a/#"] = (1...3).map { row($0) }
        driver.rows[high] = (1...3).map { row($0, lane: high) }
        driver.send(.start)
        driver.connect()
        var acknowledged = 0
        while acknowledged < driver.published.count {
            driver.send(.acknowledged(driver.published[acknowledged].token, reason: 0))
            acknowledged += 1
        }
        // The configured lane is known at once, the others when the ledger has named them.
        let order = driver.published.map { "\(MessagePriority(lane: $0.row.lane)) \($0.row.sequence)" }
        #expect(order.count == 8)
        #expect(order.filter { $0.hasPrefix("high") } == ["high 1", "high 2", "high 3"])
        #expect(Array(order.suffix(2)) == ["low 1", "low 2"])
        let lastHigh = order.lastIndex { $0.hasPrefix("high") } ?? 0
        #expect(order[..<lastHigh].filter { $0.hasPrefix("normal") }.count <= 2)
    }

    @Test func aHighMessageThatComesLaterOvertakesWhatWaits() {
        var driver = Driver(window: 1)
        let high = MessagePriority.high.lane(of: "a/#")
        driver.rows["a/#"] = (1...5).map { row($0) }
        driver.rows[high] = []
        driver.send(.start)
        driver.connect()
        #expect(driver.published.map(\.row.lane) == ["a/#"])
        driver.rows[high] = [row(1, lane: high)]
        driver.send(.outboxGrew)
        driver.send(.acknowledged(driver.published[0].token, reason: 0))
        #expect(driver.published.last?.row.lane == high)
        driver.send(.acknowledged(driver.published[1].token, reason: 0))
        #expect(driver.published.last.map { "\($0.row.lane) \($0.row.sequence)" } == "a/# 2")
    }
}
