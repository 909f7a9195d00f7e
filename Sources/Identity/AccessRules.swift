package import Messages

/// Who may publish and subscribe to what: the rules of the configuration, compiled.
///
/// The first rule that matches a request decides; if none does, the request is refused. A rule matches a publish if one
/// of its filters matches the topic. It matches a subscription if one of its filters covers what the subscription asks
/// for; a rule that denies already matches if it has a single topic in common with it, as a wider subscription
/// would otherwise bring what the rule withholds.
package struct AccessRules: Sendable {
    private struct Rule: Sendable {
        let pattern: IdentityPattern
        let listener: String?
        let publish: [FilterTemplate]
        let subscribe: [FilterTemplate]
        let deny: Bool
        let needsIdentity: Bool
    }

    private let rules: [Rule]

    /// Throws for the first rule that could never work as written.
    package init(_ rules: [AccessRule]) throws(AccessRuleError) {
        guard rules.count <= AccessRule.Limit.ruleCount else {
            throw AccessRuleError(
                rule: 0,
                reason: "\(rules.count) rules are more than \(AccessRule.Limit.ruleCount); use globs and {identity}")
        }
        var compiled: [Rule] = []
        var byteCount = 0
        for (index, rule) in rules.enumerated() {
            let one = try Self.compile(rule, number: index + 1)
            byteCount += (one.publish + one.subscribe).reduce(0) { $0 + $1.expandedByteCountMax }
            guard byteCount <= AccessRule.Limit.expandedByteCount else {
                throw AccessRuleError(
                    rule: index + 1,
                    reason: "the filters up to here take more than \(AccessRule.Limit.expandedByteCount) bytes; "
                        + "use globs")
            }
            compiled.append(one)
        }
        self.rules = compiled
    }

    /// What this client may do, resolved once for its connection. A client whose proved name has a flaw
    /// (`ClientName.flaw`) may do nothing; it should not have been let in.
    package func compiled(for client: ClientIdentity) -> ClientAccess {
        if let name = client.proved, ClientName.flaw(in: name) != nil { return ClientAccess() }
        let name = client.proved.map { Array($0.utf8) }
        var access = ClientAccess()
        for (index, rule) in rules.enumerated() {
            if rule.needsIdentity, name == nil { continue }
            if let listener = rule.listener, listener != client.listener { continue }
            guard rule.pattern.matches(name) else { continue }
            for template in rule.publish {
                access.addPublish(template.filled(with: name ?? []), rule: index + 1, deny: rule.deny)
            }
            for template in rule.subscribe {
                access.addSubscribe(template.filled(with: name ?? []), rule: index + 1, deny: rule.deny)
            }
        }
        return access
    }

    private static func compile(_ rule: AccessRule, number: Int) throws(AccessRuleError) -> Rule {
        if rule.publish.isEmpty, rule.subscribe.isEmpty {
            throw AccessRuleError(
                rule: number, reason: "it says nothing: add `publish` or `subscribe` with filters such as [\"#\"]")
        }
        let pattern: IdentityPattern
        do {
            pattern = try IdentityPattern(rule.identity)
        } catch {
            throw AccessRuleError(rule: number, reason: error.reason)
        }
        let publish = try templates(rule.publish, key: "publish", number: number)
        let subscribe = try templates(rule.subscribe, key: "subscribe", number: number)
        return Rule(
            pattern: pattern, listener: rule.listener, publish: publish, subscribe: subscribe, deny: rule.deny,
            needsIdentity: publish.contains { $0.needsIdentity } || subscribe.contains { $0.needsIdentity })
    }

    private static func templates(
        _ filters: [String], key: String, number: Int
    ) throws(AccessRuleError) -> [FilterTemplate] {
        guard filters.count <= AccessRule.Limit.filterCount else {
            throw AccessRuleError(
                rule: number,
                reason: "`\(key)` has \(filters.count) filters, more than \(AccessRule.Limit.filterCount)")
        }
        var templates: [FilterTemplate] = []
        for filter in filters {
            do {
                templates.append(try FilterTemplate(filter, forPublish: key == "publish"))
            } catch {
                throw AccessRuleError(rule: number, reason: "`\(key)`: \(error.reason)")
            }
        }
        return templates
    }
}
