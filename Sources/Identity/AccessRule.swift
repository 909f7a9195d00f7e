/// One entry of `access:` in the configuration, as written.
package struct AccessRule: Sendable, Equatable {
    /// Whom it is for: `*` (the default) everybody, with or without a proved name; else an exact name or a glob in
    /// which each `*` stands for any run of characters, both of which only a proved name can match.
    package var identity: String
    /// The name of the listener the client came through; nil: any.
    package var listener: String?
    /// Filters, `{identity}` in them standing for the proved name of the client. A rule that has `{identity}` anywhere
    /// is not for clients without a proved name.
    package var publish: [String]
    package var subscribe: [String]
    /// The rule refuses what it matches, instead of allowing it.
    package var deny: Bool

    package init(
        identity: String = "*", listener: String? = nil, publish: [String] = [], subscribe: [String] = [],
        deny: Bool = false
    ) {
        self.identity = identity
        self.listener = listener
        self.publish = publish
        self.subscribe = subscribe
        self.deny = deny
    }

    /// Limits of the configuration; each is refused with an `AccessRuleError` when exceeded.
    package enum Limit {
        package static let ruleCount = 4_096
        /// Filters of one rule, for publish and for subscribe each.
        package static let filterCount = 256
        /// Bytes of one filter as written. With `placeholderCount` names put in it stays a valid filter for every
        /// client.
        package static let filterByteCount = 4_096
        package static let placeholderCount = 8
        /// Bytes of all filters together with the longest name put in: what one connection may cost at most.
        package static let expandedByteCount = 1_048_576
        package static let identityByteCount = 512
        /// Each `*` may cost another pass over the name.
        package static let starCount = 8
    }
}

/// Why the list of rules is refused.
package struct AccessRuleError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Its number in the configuration, counted from 1; 0: the list as a whole.
    package let rule: Int
    /// What is wrong and what to write instead.
    package let reason: String

    package var description: String { rule == 0 ? "access: \(reason)" : "access rule \(rule): \(reason)" }
}

/// The answer to one request.
package enum AccessDecision: Sendable, Hashable {
    /// `rule` is the number in the configuration, counted from 1, of the rule that decided.
    case allowed(rule: Int)
    /// nil: no rule matched, or no rule may allow it (a publish to a topic that begins with `$`).
    case refused(rule: Int?)

    package var isAllowed: Bool {
        switch self {
        case .allowed: true
        case .refused: false
        }
    }
}
