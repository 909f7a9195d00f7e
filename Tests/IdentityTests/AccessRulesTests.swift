import Messages
import Testing

@testable import Identity

@Suite("Access rules")
struct AccessRulesTests {
    static let device = ClientIdentity(proved: "pump-1", listener: "devices")
    static let nobody = ClientIdentity(proved: nil, listener: "local")

    /// The rules of the example configuration.
    static let example = [
        AccessRule(identity: "*", publish: ["sensors/{identity}/#"], subscribe: ["commands/{identity}/#"]),
        AccessRule(listener: "local", publish: ["#"], subscribe: ["#"]),
    ]

    private func access(_ rules: [AccessRule], _ client: ClientIdentity) throws -> ClientAccess {
        try AccessRules(rules).compiled(for: client)
    }

    @Test(
        "publishing under the example rules",
        arguments: [
            ("sensors/pump-1/temperature", AccessDecision.allowed(rule: 1)),
            ("sensors/pump-1", .allowed(rule: 1)),
            ("sensors/pump-1/", .allowed(rule: 1)),
            ("sensors/pump-10/temperature", .refused(rule: nil)),
            ("sensors/pump", .refused(rule: nil)),
            ("sensors//pump-1", .refused(rule: nil)),
            ("commands/pump-1/stop", .refused(rule: nil)),
            ("$SYS/broker/uptime", .refused(rule: nil)),
        ])
    func examplePublish(topic: String, expected: AccessDecision) throws {
        #expect(try access(Self.example, Self.device).publish(topic) == expected)
    }

    @Test(
        "subscribing under the example rules",
        arguments: [
            ("commands/pump-1/#", AccessDecision.allowed(rule: 1)),
            ("commands/pump-1/+/start", .allowed(rule: 1)),
            ("commands/pump-1", .allowed(rule: 1)),
            ("commands/+/start", .refused(rule: nil)),
            ("commands/#", .refused(rule: nil)),
            ("#", .refused(rule: nil)),
            ("+/pump-1/#", .refused(rule: nil)),
            ("sensors/pump-1/#", .refused(rule: nil)),
        ])
    func exampleSubscribe(filter: String, expected: AccessDecision) throws {
        #expect(try access(Self.example, Self.device).subscribe(filter) == expected)
    }

    @Test("a rule with {identity} is not for a client without a proved name")
    func unproved() throws {
        let local = try access(Self.example, Self.nobody)
        #expect(local.publish("sensors//x") == .allowed(rule: 2))
        let elsewhere = try access(Self.example, ClientIdentity(proved: nil, listener: "web"))
        #expect(elsewhere.publish("sensors//x") == .refused(rule: nil))
        #expect(elsewhere.subscribe("commands//#") == .refused(rule: nil))
        // The whole rule, not only the filter with the placeholder.
        let mixed = [AccessRule(publish: ["open/#", "sensors/{identity}/#"])]
        #expect(try access(mixed, Self.nobody).publish("open/x") == .refused(rule: nil))
        #expect(try access(mixed, Self.device).publish("open/x") == .allowed(rule: 1))
    }

    @Test("no rules: everything is refused")
    func noRules() throws {
        let access = try access([], Self.device)
        #expect(access.publish("a") == .refused(rule: nil))
        #expect(access.subscribe("a") == .refused(rule: nil))
        #expect(!access.allowsAllPublishes)
    }

    @Test("the first rule that matches decides, also when it denies")
    func firstMatch() throws {
        let rules = [
            AccessRule(publish: ["plant/secret/open"]),
            AccessRule(publish: ["plant/secret/#"], subscribe: ["plant/secret/#"], deny: true),
            AccessRule(publish: ["plant/#"], subscribe: ["plant/#"]),
        ]
        let access = try access(rules, Self.device)
        #expect(access.publish("plant/secret/open") == .allowed(rule: 1))
        #expect(access.publish("plant/secret/key") == .refused(rule: 2))
        #expect(access.publish("plant/line/1") == .allowed(rule: 3))
        #expect(access.subscribe("plant/line/#") == .allowed(rule: 3))
        #expect(access.subscribe("plant/secret/key") == .refused(rule: 2))
    }

    @Test(
        "a subscription that reaches into what is denied is refused, however wide",
        arguments: [
            "plant/secret/#", "plant/secret", "plant/+", "plant/+/key", "plant/#", "+/secret/key",
        ])
    func denyOverlap(filter: String) throws {
        let rules = [
            AccessRule(subscribe: ["plant/secret/#"], deny: true), AccessRule(subscribe: ["#"]),
        ]
        #expect(try access(rules, Self.device).subscribe(filter) == .refused(rule: 1))
        #expect(try access(rules, Self.device).subscribe("#") == .refused(rule: 1))
        #expect(try access(rules, Self.device).subscribe("plant/line/#") == .allowed(rule: 2))
    }

    @Test("a rule for publish says nothing about subscribe")
    func operationsAreSeparate() throws {
        let access = try access([AccessRule(publish: ["a"]), AccessRule(subscribe: ["b"])], Self.device)
        #expect(access.publish("a") == .allowed(rule: 1))
        #expect(access.subscribe("a") == .refused(rule: nil))
        #expect(access.publish("b") == .refused(rule: nil))
        #expect(access.subscribe("b") == .allowed(rule: 2))
    }

    @Test(
        "who a rule is for",
        arguments: [
            ("*", "pump-1", true), ("*", nil, true), ("pump-1", "pump-1", true), ("pump-1", nil, false),
            ("pump-1", "pump-10", false), ("pump-1", "Pump-1", false), ("pump-*", "pump-1", true),
            ("pump-*", "pump-", true), ("pump-*", "pump", false), ("*-1", "pump-1", true), ("*-1", "pump-2", false),
            ("p*m*1", "pump-1", true), ("p*m*1", "p1m", false), ("ab*ba", "aba", false), ("ab*ba", "abba", true),
            ("a*b*c", "a-b-b-c", true), ("a*bc*c", "abc", false), ("**", "x", true), ("**", nil, false),
            ("a**b", "ab", true),
            ("*ab*ab*", "abab", true), ("*ab*ab*", "abxa", false),
            // The same character composed and decomposed: two names.
            ("caf\u{E9}", "caf\u{E9}", true), ("caf\u{E9}", "cafe\u{301}", false),
        ] as [(String, String?, Bool)])
    func identityPattern(pattern: String, name: String?, isFor: Bool) throws {
        let access = try access(
            [AccessRule(identity: pattern, publish: ["t"])], ClientIdentity(proved: name, listener: "l"))
        #expect(access.publish("t").isAllowed == isFor)
    }

    @Test("a rule of another listener does not count")
    func listener() throws {
        let rules = [AccessRule(listener: "devices", publish: ["t"])]
        #expect(try access(rules, ClientIdentity(proved: "x", listener: "devices")).publish("t").isAllowed)
        #expect(try !access(rules, ClientIdentity(proved: "x", listener: "device")).publish("t").isAllowed)
    }

    @Test(
        "a name that could reach beyond one level gets nothing",
        arguments: [
            "+", "#", "a/b", "pump-1/#", "../x", "a+", "$SYS", "", "x\0", "a\nb", "a\u{200B}b", "a\u{202E}b",
            "\u{FFFD}",
            String(repeating: "x", count: 257),
        ])
    func injection(name: String) throws {
        let rules = [AccessRule(publish: ["{identity}/#", "#"], subscribe: ["{identity}/#", "#", "$SYS/#"])]
        let access = try access(rules, ClientIdentity(proved: name, listener: "devices"))
        for topic in ["a", "a/b", "pump-2/x", "$SYS/x"] {
            #expect(access.publish(topic) == .refused(rule: nil))
            #expect(access.subscribe(topic) == .refused(rule: nil))
        }
        #expect(!access.allowsAllPublishes)
        #expect(ClientName.flaw(in: name) != nil)
    }

    @Test("a placeholder in a name is not filled in again, and a star in it is no glob")
    func noSecondExpansion() throws {
        let rules = [AccessRule(publish: ["a/{identity}/b"])]
        let braces = try access(rules, ClientIdentity(proved: "{identity}", listener: "l"))
        #expect(braces.publish("a/{identity}/b").isAllowed)
        #expect(!braces.publish("a/a/b").isAllowed)
        let star = try access(rules, ClientIdentity(proved: "*", listener: "l"))
        #expect(!star.publish("a/x/b").isAllowed)
    }

    @Test("the name may be a part of a level, and occur several times")
    func placeholderInLevel() throws {
        let rules = [AccessRule(publish: ["v1/dev-{identity}-x/{identity}"])]
        let access = try access(rules, Self.device)
        #expect(access.publish("v1/dev-pump-1-x/pump-1").isAllowed)
        #expect(!access.publish("v1/dev-pump-1-x/pump-2").isAllowed)
    }

    @Test("[MQTT-4.7.2-1] topics of the broker: # does not reach them, and no rule lets a client publish there")
    func dollarTopics() throws {
        let rules = [AccessRule(publish: ["#", "+/x"], subscribe: ["#"]), AccessRule(subscribe: ["$SYS/#"])]
        let access = try access(rules, Self.device)
        #expect(access.allowsAllPublishes)
        #expect(access.publish("$SYS/x") == .refused(rule: nil))
        #expect(access.publish("$sluice/x") == .refused(rule: nil))
        #expect(access.publish("a/$SYS") == .allowed(rule: 1))
        #expect(access.subscribe("$SYS/broker/#") == .allowed(rule: 2))
        #expect(access.subscribe("$sluice/#") == .refused(rule: nil))
    }

    @Test(
        "[MQTT-4.8.2-1] a shared subscription needs what its filter needs",
        arguments: [
            ("$share/g/commands/pump-1/#", AccessDecision.allowed(rule: 1)), ("$share/g/#", .refused(rule: nil)),
            ("$share/g/$SYS/#", .refused(rule: nil)), ("$share//commands/pump-1/#", .refused(rule: nil)),
            ("$share/g/", .refused(rule: nil)), ("$share/g", .refused(rule: nil)), ("$share/", .refused(rule: nil)),
            ("$share/+/commands/pump-1/a", .refused(rule: nil)), ("$share", .refused(rule: nil)),
        ])
    func shared(filter: String, expected: AccessDecision) throws {
        #expect(try access(Self.example, Self.device).subscribe(filter) == expected)
    }

    @Test("when publishing everywhere is allowed, asking can be skipped; a deny in front forbids that")
    func allowsAll() throws {
        let all = AccessRule(publish: ["#"])
        let some = AccessRule(publish: ["a/#"])
        let deny = AccessRule(publish: ["b"], deny: true)
        let denySubscribe = AccessRule(subscribe: ["b"], deny: true)
        let cases: [([AccessRule], Bool)] = [
            ([all], true), ([some, all], true), ([all, deny], true), ([deny, all], false), ([some], false),
            ([denySubscribe, all], true), ([AccessRule(publish: ["#"], deny: true)], false),
            ([AccessRule(listener: "other", publish: ["b"], deny: true), all], true),
        ]
        for (rules, expected) in cases {
            #expect(try access(rules, Self.device).allowsAllPublishes == expected)
        }
    }

    @Test("every name that is allowed to have a flawless text keeps its rights inside its level", arguments: 1...20)
    func randomNames(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let alphabet = Array("ab/+#$*{}\0\n-é.").map(String.init) + ["{identity}"]
        let rules = [AccessRule(publish: ["s/{identity}/#"], subscribe: ["s/{identity}/#"])]
        for _ in 0..<200 {
            let name = (0..<Int.random(in: 0...4, using: &random))
                .map { _ in alphabet[Int.random(in: alphabet.indices, using: &random)] }.joined()
            let access = try access(rules, ClientIdentity(proved: name, listener: "l"))
            for other in ["a", "b", "ab", "victim"] where other != name {
                #expect(!access.publish("s/\(other)/x").isAllowed, "name \(name.debugDescription)")
                #expect(!access.subscribe("s/\(other)/#").isAllowed, "name \(name.debugDescription)")
            }
            #expect(!access.subscribe("s/+/#").isAllowed)
            #expect(access.publish("s/\(name)/x").isAllowed == (ClientName.flaw(in: name) == nil))
        }
    }
}

@Suite("Access rules that are refused")
struct AccessRuleErrorTests {
    private func reason(_ rules: [AccessRule]) -> String? {
        do throws(AccessRuleError) {
            _ = try AccessRules(rules)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(
        "the error names the rule and says what to write",
        arguments: [
            (AccessRule(), "add `publish` or `subscribe`"),
            (AccessRule(publish: ["a/#/b"]), "\"a/#/b\" is not a topic filter"),
            (AccessRule(publish: [""]), "is not a topic filter"),
            (AccessRule(publish: ["a+"]), "is not a topic filter"),
            (AccessRule(subscribe: ["+{identity}"]), "is not a topic filter"),
            (AccessRule(subscribe: ["a/{client}"]), "has a `{` that does not begin {identity}"),
            (AccessRule(publish: ["$SYS/#"]), "topics that begin with `$` belong to the broker"),
            (AccessRule(subscribe: ["$share/g/a"]), "without `$share/…/`"),
            (AccessRule(identity: "", publish: ["a"]), "write \"*\" for everybody"),
            (AccessRule(identity: "a/*", publish: ["a"]), "no client can have `identity` \"a/*\""),
            (AccessRule(identity: "*********", publish: ["a"]), "more than 8 `*`"),
        ])
    func reasons(rule: AccessRule, text: String) {
        let good = AccessRule(publish: ["a"])
        let reason = reason([good, rule])
        #expect(reason?.hasPrefix("access rule 2: ") == true)
        #expect(reason?.contains(text) == true, "\(reason ?? "accepted")")
    }

    @Test("limits hold at the limit and fail beyond it")
    func limits() {
        let one = AccessRule(publish: ["a"])
        let rules = AccessRule.Limit.ruleCount
        #expect(reason(Array(repeating: one, count: rules)) == nil)
        #expect(reason(Array(repeating: one, count: rules + 1))?.hasPrefix("access: ") == true)

        let filters = AccessRule.Limit.filterCount
        #expect(reason([AccessRule(publish: Array(repeating: "a", count: filters))]) == nil)
        #expect(reason([AccessRule(publish: Array(repeating: "a", count: filters + 1))]) != nil)

        let bytes = AccessRule.Limit.filterByteCount
        #expect(reason([AccessRule(publish: [String(repeating: "a", count: bytes)])]) == nil)
        #expect(reason([AccessRule(publish: [String(repeating: "a", count: bytes + 1)])]) != nil)

        let placeholders = AccessRule.Limit.placeholderCount
        #expect(reason([AccessRule(publish: [String(repeating: "{identity}", count: placeholders)])]) == nil)
        #expect(reason([AccessRule(publish: [String(repeating: "{identity}", count: placeholders + 1)])]) != nil)

        // Together: 256 filters of 4,096 bytes are the limit of 1 MiB exactly.
        let full = AccessRule(publish: Array(repeating: String(repeating: "a", count: bytes), count: filters))
        #expect(AccessRule.Limit.expandedByteCount == bytes * filters)
        #expect(reason([full]) == nil)
        #expect(reason([full, one])?.contains("take more than") == true)
    }

    @Test("a rule for the longest name with the most placeholders works")
    func longestName() throws {
        let name = String(repeating: "n", count: ClientName.byteCountMax)
        let filter = String(repeating: "{identity}", count: AccessRule.Limit.placeholderCount)
        let access = try AccessRules([AccessRule(publish: [filter])])
            .compiled(for: ClientIdentity(proved: name, listener: "l"))
        #expect(access.publish(String(repeating: name, count: AccessRule.Limit.placeholderCount)).isAllowed)
    }
}

extension ClientAccess {
    func publish(_ topic: String) -> AccessDecision {
        Array(topic.utf8).withUnsafeBytes { mayPublish($0) }
    }

    func subscribe(_ filter: String) -> AccessDecision {
        maySubscribe(Array(filter.utf8))
    }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
