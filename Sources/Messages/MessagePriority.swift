/// What goes upstream first when more waits than can be sent. Each priority of a route has a lane of its own: order holds
/// within a lane.
package enum MessagePriority: UInt8, Sendable, CaseIterable {
    case high, normal, low

    /// No topic filter, which is what routes are named by, begins so.
    private static let mark = "#"

    /// The lane of a route's messages of this priority.
    package func lane(of route: String) -> String {
        switch self {
        case .high: "\(Self.mark)high \(route)"
        case .normal: route
        case .low: "\(Self.mark)low \(route)"
        }
    }

    /// The priority of what waits in a lane.
    package init(lane: String) {
        self = Self.allCases.first { $0 != .normal && lane.hasPrefix($0.lane(of: "")) } ?? .normal
    }
}

/// How a message that rules published is known upstream.
package struct UpstreamMark: Sendable {
    /// Its stable identifier.
    package var id: String
    package var priority: MessagePriority

    package init(id: String, priority: MessagePriority = .normal) {
        self.id = id
        self.priority = priority
    }
}
