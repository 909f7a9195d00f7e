import Testing

@testable import SluiceNode

struct ClockWatchTests {
    private static let second: Int64 = 1_000_000_000

    @Test func aClockThatMovesWithTimeIsLeftAlone() {
        var watch = ClockWatch(wall: 100 * Self.second, uptime: 5)
        #expect(watch.look(wall: 110 * Self.second, uptime: 10_000_000_005) == nil)
        // Corrected by less than a second.
        #expect(watch.look(wall: 121 * Self.second - 1, uptime: 20_000_000_005) == nil)
    }

    @Test(arguments: [3_600, -3_600, 2, -2] as [Int64])
    func aJumpIsTold(seconds: Int64) {
        var watch = ClockWatch(wall: 10_000 * Self.second, uptime: 0)
        let after = (10_010 + seconds) * Self.second
        #expect(watch.look(wall: after, uptime: 10_000_000_000) == seconds * Self.second)
        // Once.
        #expect(watch.look(wall: after + Self.second, uptime: 11_000_000_000) == nil)
    }

    @Test func anyNumbersAreTaken() {
        var watch = ClockWatch(wall: .min, uptime: .max)
        #expect(watch.look(wall: .max, uptime: 0) == .max)
        #expect(watch.look(wall: .min, uptime: .max) == .min)
    }
}
