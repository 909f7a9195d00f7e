/// What happens in a demo, in which order, and when.
struct DemoPlan: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        /// Number of the incident, from 0.
        case provoke(Int)
        case cutCloud
        case killGateway
        case startGateway
        case restoreCloud
    }

    /// What a step waits for besides its time: a machine that is busy with other things needs longer, and a burst in the
    /// middle of a backlog would show nothing.
    enum Gate: Sendable, Equatable {
        case none
        /// Every sensor is connected, has a full window of readings behind it and nothing of note under way, and the one
        /// that is to notice what comes next has been steady.
        case calm
        /// The burst before is over.
        case quiet
        /// Every sensor is connected.
        case connected
    }

    struct Entry: Sendable, Equatable {
        /// Seconds after the step before; the first counts from the first reading.
        var gap: Double
        var gate: Gate
        var step: Step
    }

    /// How long sensors are sampled, on a machine that keeps up.
    let seconds: Int
    let entries: [Entry]
    /// Seconds after the last step.
    let lastGap: Double

    static let secondsRange = 30...3_600
    static let defaultSeconds = 42
    static let incidentCount = 3
    static let ticksPerSecond = 20
    /// What takes the place of the shipped summary's period.
    static let summarySeconds = 10
    static let outageSeconds = 10.0
    static let gatewayDownSeconds = 1.5
    /// Readings of which the shipped spike rule makes its mean.
    static let windowReadings = 100

    /// How long each start, each gate and the wait at the end may take on a slow machine.
    static let startSecondsMax = 25.0
    static let gateSecondsMax = 20.0
    static let settleSecondsMax = 60.0

    /// The first incident comes when the rules' windows are full, the second while the cloud is away and shortly before the
    /// gateway is ended, so that its report has to outlive both; the third when everything is back.
    /// Without `cutsCloud` the gateway is ended all the same.
    init(seconds: Int, cutsCloud: Bool) {
        self.seconds = seconds
        let first = max(7, 0.18 * Double(seconds))
        let beforeKill = 2.5
        let untilRestore = Self.outageSeconds - 2.5 - beforeKill - Self.gatewayDownSeconds
        let rest = Double(seconds) - first - 5 - Self.outageSeconds
        entries = [
            Entry(gap: first, gate: .calm, step: .provoke(0)),
            Entry(gap: 5, gate: .quiet, step: .cutCloud),
            Entry(gap: 2.5, gate: .connected, step: .provoke(1)),
            Entry(gap: beforeKill, gate: .quiet, step: .killGateway),
            Entry(gap: Self.gatewayDownSeconds, gate: .none, step: .startGateway),
            Entry(gap: untilRestore, gate: .connected, step: .restoreCloud),
            Entry(gap: 0.45 * rest, gate: .calm, step: .provoke(2)),
        ].filter { cutsCloud || ($0.step != .cutCloud && $0.step != .restoreCloud) }
        lastGap = 0.55 * rest
    }
}
