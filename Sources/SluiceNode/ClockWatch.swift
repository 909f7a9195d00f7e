/// Notices that the node's clock was set: it moved otherwise than the time that passed.
struct ClockWatch {
    /// What clocks are corrected by all the time is no jump.
    static let toleranceNanoseconds: Int64 = 1_000_000_000

    private var wall: Int64
    private var uptime: UInt64

    /// Both in nanoseconds: since the Unix epoch, and since any fixed instant.
    init(wall: Int64, uptime: UInt64) {
        self.wall = wall
        self.uptime = uptime
    }

    /// By how many nanoseconds the clock was set since the last look, forward if positive; nil: it was not.
    mutating func look(wall: Int64, uptime: UInt64) -> Int64? {
        defer {
            self.wall = wall
            self.uptime = uptime
        }
        let passed = Int64(clamping: uptime &- self.uptime)
        let (moved, overflow) = wall.subtractingReportingOverflow(self.wall)
        guard !overflow else { return wall > self.wall ? .max : .min }
        let (jump, isBeyond) = moved.subtractingReportingOverflow(passed)
        guard !isBeyond else { return moved > 0 ? .max : .min }
        return jump.magnitude > UInt64(Self.toleranceNanoseconds) ? jump : nil
    }
}
