/// What happens when in a demo. Seconds count from the first reading.
struct DemoPlan: Sendable, Equatable {
    enum Step: Sendable, Equatable {
        /// Number of the incident, from 0.
        case provoke(Int)
        case cutCloud
        case killGateway
        case startGateway
        case restoreCloud
    }

    struct Entry: Sendable, Equatable {
        var second: Double
        var step: Step
    }

    /// How long sensors are sampled.
    let seconds: Int
    /// In the order of time.
    let entries: [Entry]

    static let secondsRange = 30...3_600
    static let defaultSeconds = 42
    static let incidentCount = 3
    static let ticksPerSecond = 20
    /// What takes the place of the shipped summary's period.
    static let summarySeconds = 10
    static let outageSeconds = 10.0
    static let gatewayDownSeconds = 1.5

    /// How long each start, and each wait at the end, may take on a slow machine.
    static let startSecondsMax = 25.0
    static let settleSecondsMax = 60.0

    /// The first incident comes when the rules' windows are full, the second while the cloud is away and shortly before the
    /// gateway is ended, so that its report has to outlive both; the third when everything is back.
    /// Without `cutsCloud` the gateway is ended all the same.
    init(seconds: Int, cutsCloud: Bool) {
        self.seconds = seconds
        let first = max(7, 0.18 * Double(seconds))
        let cut = first + 5
        let restore = cut + Self.outageSeconds
        var entries = [
            Entry(second: first, step: .provoke(0)),
            Entry(second: cut, step: .cutCloud),
            Entry(second: cut + 2.5, step: .provoke(1)),
            Entry(second: cut + 5, step: .killGateway),
            Entry(second: cut + 5 + Self.gatewayDownSeconds, step: .startGateway),
            Entry(second: restore, step: .restoreCloud),
            Entry(second: restore + 0.45 * (Double(seconds) - restore), step: .provoke(2)),
        ]
        if !cutsCloud { entries.removeAll { $0.step == .cutCloud || $0.step == .restoreCloud } }
        self.entries = entries
    }
}
