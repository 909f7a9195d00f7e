/// The civil time of one zone: when its offset from UTC changes. Plain data that come in from outside; the checker puts
/// those that a rule names into its plan.
package struct TimeZoneRules: Sendable, Equatable, CustomStringConvertible {
    package struct Transition: Sendable, Equatable {
        /// Seconds since the Unix epoch at which the offset begins to hold.
        package var seconds: Int64
        /// Seconds east of UTC.
        package var offsetSeconds: Int64

        package init(seconds: Int64, offsetSeconds: Int64) {
            self.seconds = seconds
            self.offsetSeconds = offsetSeconds
        }
    }

    /// Offsets lie below this, in seconds (RFC 8536 has at most 26 hours).
    package static let offsetSecondsMax: Int64 = 26 * 3600
    /// No zone has changed its offset more than a few hundred times; recurring rules are written out to the year 2262.
    package static let transitionsMax = 8_192

    package let name: String
    /// Before the first transition.
    package let firstOffsetSeconds: Int64
    package let transitions: [Transition]

    /// Nil unless the transitions rise, are at most `transitionsMax`, and all offsets are below `offsetSecondsMax`.
    package init?(name: String, firstOffsetSeconds: Int64, transitions: [Transition]) {
        let offsets = [firstOffsetSeconds] + transitions.map(\.offsetSeconds)
        let isRising = zip(transitions, transitions.dropFirst()).allSatisfy { $0.seconds < $1.seconds }
        guard isRising, transitions.count <= Self.transitionsMax,
            offsets.allSatisfy({ $0 > -Self.offsetSecondsMax && $0 < Self.offsetSecondsMax })
        else { return nil }
        self.name = name
        self.firstOffsetSeconds = firstOffsetSeconds
        self.transitions = transitions
    }

    /// The offset that holds at `seconds` since the Unix epoch.
    package func offsetSeconds(at seconds: Int64) -> Int64 { offset(afterCount(of: seconds)) }

    /// The first instant, in seconds since the Unix epoch, whose civil time is `local` (seconds since 1970-01-01 00:00 of
    /// civil time). Where the clock jumps over that time it is the instant of the jump.
    package func firstInstant(ofLocal local: Int64) -> Int64 {
        // No clock is further from UTC than a day and two hours, so the civil time lies before `local` here.
        var count = afterCount(of: local - 2 * Self.offsetSecondsMax)
        while true {
            let instant = local - offset(count)
            if count > 0, instant < transitions[count - 1].seconds { return transitions[count - 1].seconds }
            guard count < transitions.count, instant >= transitions[count].seconds else { return instant }
            count += 1
        }
    }

    /// How many transitions have happened at `seconds`.
    private func afterCount(of seconds: Int64) -> Int {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].seconds <= seconds { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func offset(_ count: Int) -> Int64 {
        count == 0 ? firstOffsetSeconds : transitions[count - 1].offsetSeconds
    }

    /// Short, and different for different rules: plans are compared by their descriptions.
    package var description: String {
        var hash = UInt64(bitPattern: firstOffsetSeconds)
        for transition in transitions {
            for word in [transition.seconds, transition.offsetSeconds] {
                hash = (hash ^ UInt64(bitPattern: word)) &* 0x9E37_79B9_7F4A_7C15
                hash ^= hash >> 29
            }
        }
        return "\(name)#\(hash)"
    }
}

/// What is known of a zone's name.
package enum TimeZoneLookup: Sendable {
    case found(TimeZoneRules)
    /// There is no such zone; the known name that was probably meant.
    case unknown(nearest: String?)
    /// The data can't be read: what is wrong and what to do.
    case unavailable(problem: String, help: String)

    /// The answer where nobody gave a source of zones.
    package static let none = TimeZoneLookup.unavailable(
        problem: "there are no time zone data", help: "leave the zone out: times are then in UTC")
}
