/// What one client may do. Immutable once compiled; its filters lie in one array, so that a check touches
/// little memory.
package struct ClientAccess: Sendable {
    private struct Clause: Sendable {
        let rule: Int32
        let deny: Bool
        let start: Int32
        let end: Int32

        var decision: AccessDecision { deny ? .refused(rule: Int(rule)) : .allowed(rule: Int(rule)) }
    }

    private var filters: [UInt8] = []
    private var publish: [Clause] = []
    private var subscribe: [Clause] = []

    /// Every topic that does not begin with `$` may be published to, so that `mayPublish` need not be asked for those.
    package private(set) var allowsAllPublishes = false
    private var deniesSomePublish = false

    /// Nothing is allowed.
    init() {}

    mutating func addPublish(_ filter: [UInt8], rule: Int, deny: Bool) {
        publish.append(add(filter, rule: rule, deny: deny))
        if deny {
            deniesSomePublish = true
        } else if !deniesSomePublish, filter == [UInt8(ascii: "#")] {
            allowsAllPublishes = true
        }
    }

    mutating func addSubscribe(_ filter: [UInt8], rule: Int, deny: Bool) {
        subscribe.append(add(filter, rule: rule, deny: deny))
    }

    private mutating func add(_ filter: [UInt8], rule: Int, deny: Bool) -> Clause {
        let start = filters.count
        filters.append(contentsOf: filter)
        // In range: `AccessRules` checked `AccessRule.Limit.expandedByteCount` and `ruleCount` for the longest name.
        return Clause(rule: Int32(rule), deny: deny, start: Int32(start), end: Int32(filters.count))
    }

    /// Whether a PUBLISH to this topic name (`TopicText.isName`) is allowed. Does not allocate.
    package func mayPublish(_ topic: UnsafeRawBufferPointer) -> AccessDecision {
        if topic.first == UInt8(ascii: "$") { return .refused(rule: nil) }
        return filters.withUnsafeBytes { filters in
            for clause in publish {
                let filter = UnsafeRawBufferPointer(rebasing: filters[Int(clause.start)..<Int(clause.end)])
                if FilterComparison.matches(name: topic, filter: filter) { return clause.decision }
            }
            return .refused(rule: nil)
        }
    }

    /// Whether a subscription to this filter (`TopicText.isFilter`) is allowed. A shared subscription,
    /// `$share/group/filter`, needs what its filter needs (MQTT 5.0, 4.8.2).
    package func maySubscribe(_ filter: [UInt8]) -> AccessDecision {
        guard let plain = Self.withoutShare(filter) else { return .refused(rule: nil) }
        return plain.withUnsafeBytes { requested in
            filters.withUnsafeBytes { filters in
                for clause in subscribe {
                    let filter = UnsafeRawBufferPointer(rebasing: filters[Int(clause.start)..<Int(clause.end)])
                    let isMatch =
                        clause.deny
                        ? FilterComparison.overlaps(filter, requested)
                        : FilterComparison.covers(allowed: filter, requested: requested)
                    if isMatch { return clause.decision }
                }
                return .refused(rule: nil)
            }
        }
    }

    /// The filter of a shared subscription, or the filter itself; nil: neither. [MQTT-4.8.2-1] [MQTT-4.8.2-2]
    private static func withoutShare(_ filter: [UInt8]) -> ArraySlice<UInt8>? {
        guard !filter.isEmpty else { return nil }
        guard filter.starts(with: "$share/".utf8) else { return filter[...] }
        let rest = filter.dropFirst("$share/".utf8.count)
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")), slash > rest.startIndex else { return nil }
        let group = rest[..<slash]
        let inner = rest[(slash + 1)...]
        if group.contains(UInt8(ascii: "+")) || group.contains(UInt8(ascii: "#")) || inner.isEmpty { return nil }
        return inner
    }
}
