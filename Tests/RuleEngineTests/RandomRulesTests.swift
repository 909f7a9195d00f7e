import Foundation
import RuleEngine
import RuleLanguage
import Testing

/// Whatever rules the checker accepts and whatever messages come: nothing traps, everything that grows has a bound, and
/// an engine that is put away and made anew in between tells the same.
///
/// SLUICE_RANDOM_RULES=1000 runs so many sets of rules in place of a few, SLUICE_RANDOM_SEED=7920 the one of that seed.
@Suite struct RandomRulesTests {
    private static let parts = 4
    private static let setCount =
        ProcessInfo.processInfo.environment["SLUICE_RANDOM_RULES"].flatMap { Int($0) } ?? 120
    private static let onlySeed = ProcessInfo.processInfo.environment["SLUICE_RANDOM_SEED"].flatMap { UInt64($0) }
    /// What some of the rules contain; in each part nearly all.
    private static let clauses = [
        "as number", "as cbor", "at .ts", "dedupe", "where", "let", "window last 1", "s by id", "events",
        "every 1s over",
        "session", "silent", "Europe/Berlin", "when", " for ", " until ", "limit", "on clear", "payload", "baseline",
        "previous(", "changed(", "latest(", "among tab",
    ]
    private static let messageCount = 160

    private static func compile(_ text: String) -> RuleCompilation {
        RuleCompiler.compile(
            [RuleSourceFile(name: "t.rules", text: text)],
            attachments: { _ in .content(Array("id,limit\na,1\nb,2\nc,x\nzz,\n".utf8)) }, zones: TestZones.find)
    }

    private static func options(_ random: inout Seeded) -> RuleEngine.Options {
        var options = RuleEngine.Options(node: "n", epoch: "e", groupsMax: Int.random(in: 1...8, using: &random))
        options.windowValuesMax = Int.random(in: 2...30, using: &random)
        options.openWindowsMax = Int.random(in: 1...5, using: &random)
        options.cascadeDepthMax = 3
        options.payloadBytesMax = 400
        options.bindingCacheMax = 2
        options.latestBytesMax = 300
        return options
    }

    private static func feed(
        _ engine: RuleEngine, _ message: RandomMessages.Message, _ outputs: inout [RuleOutput]
    ) {
        if message.isClockOnly {
            engine.advance(
                toNanoseconds: message.nanoseconds, endsInstant: message.qos == 1, into: &outputs)
            return
        }
        message.topic.withUnsafeBytes { topic in
            message.payload.withUnsafeBytes { payload in
                guard let binding = engine.binding(forTopic: topic) else { return }
                let input = RuleInput(
                    topic: topic, payload: payload, qos: message.qos, retained: message.retained,
                    client: message.client, arrivalNanoseconds: message.nanoseconds)
                engine.process(input, binding, into: &outputs)
            }
        }
    }

    /// What one engine says, without a break.
    private static func straight(
        _ plan: RuleSetPlan, _ options: RuleEngine.Options, _ messages: [RandomMessages.Message]
    ) throws -> [RuleOutput] {
        let engine = try RuleEngine(plan, options: options, clockNanoseconds: 0)
        var outputs: [RuleOutput] = []
        for message in messages {
            let before = outputs.count
            feed(engine, message, &outputs)
            // Every window of every group of every rule, and what those cause.
            #expect(outputs.count - before <= 4_000)
        }
        engine.drain(into: &outputs)
        for rule in engine.counters { #expect(rule.groups <= options.groupsMax) }
        for output in outputs where !output.isEngineTopic { #expect(output.payload.count <= 2_000) }
        let bytes = engine.takeDirtyGroups().reduce(0) { $0 + ($1.state?.count ?? 0) }
        #expect(bytes < 1 << 20)
        return outputs
    }

    /// What engines say that follow one another, each with what the one before had kept.
    private static func broken(
        _ plan: RuleSetPlan, _ options: RuleEngine.Options, _ messages: [RandomMessages.Message],
        _ random: inout Seeded
    ) throws -> [RuleOutput] {
        var engine = try RuleEngine(plan, options: options, clockNanoseconds: 0)
        var store = StateTests.Store()
        var outputs: [RuleOutput] = []
        for message in messages {
            feed(engine, message, &outputs)
            switch Int.random(in: 0..<40, using: &random) {
            case 0, 1: store.take(engine.takeDirtyGroups())
            case 2, 3:
                store.take(engine.takeDirtyGroups())
                engine = try RuleEngine(plan, options: options, clockNanoseconds: 0)
                engine.restore(store.groups.shuffled(using: &random))
                #expect(engine.restoreSkipped == 0 && engine.restoreDamaged == 0)
            case 4: _ = try engine.reload(plan, into: &outputs)
            default: break
            }
        }
        engine.drain(into: &outputs)
        return outputs
    }

    @Test(arguments: 0..<parts)
    func anyRulesOverAnyMessages(_ part: Int) throws {
        var accepted = 0
        var published = 0
        var clauses: Set<String> = []
        for number in stride(from: part, to: Self.onlySeed == nil ? Self.setCount : 1, by: Self.parts) {
            let seed = Self.onlySeed ?? UInt64(number) &* 7_919 &+ 1
            var rules = RandomRules(seed: seed)
            let text = rules.next { Self.compile($0).plan != nil }
            guard text.contains("rule"), let plan = Self.compile(text).plan else { continue }
            accepted += 1
            clauses.formUnion(Self.clauses.filter { text.contains($0) })
            var random = Seeded(seed &+ 1)
            let options = Self.options(&random)
            var source = RandomMessages(seed: seed &+ 2)
            let messages = (0..<Self.messageCount).map { _ in source.next() }
            let expected = try Self.straight(plan, options, messages)
            let outputs = try Self.broken(plan, options, messages, &random)
            published += expected.count
            let difference = zip(outputs, expected).enumerated().first { $0.element.0 != $0.element.1 }
            if difference == nil, outputs.count == expected.count { continue }
            let shown = difference.map { "\($0.offset): \($0.element.0.line) instead of \($0.element.1.line)" } ?? ""
            Issue.record(
                "seed \(seed), \(options.groupsMax) groups: \(outputs.count) outputs, not \(expected.count)\n\(shown)\n\(text)"
            )
        }
        if Self.onlySeed != nil { return }
        #expect(accepted * 10 > 9 * Self.setCount / Self.parts)
        #expect(published > accepted * 10)
        #expect(clauses.count >= Self.clauses.count - 3)
    }

    // MARK: Changes

    /// The same rules without what changes no state.
    private static func variant(_ text: String, _ random: inout Seeded) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            let isSpare = line.hasPrefix("  when") || line.hasPrefix("  limit") || line.hasPrefix("  on clear")
            return !isSpare || Bool.random(using: &random)
        }
        return lines.joined(separator: "\n")
    }

    private static func damage(_ states: [RuleGroupState], _ random: inout Seeded) -> [RuleGroupState] {
        states.map { state in
            guard var body = state.state?.dropLast(8), body.count > 1, Bool.random(using: &random) else { return state }
            body[Int.random(in: 1..<body.count, using: &random)] =
                [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            return RuleGroupState(rule: state.rule, key: state.key, state: RuleGroupState.sealed(Array(body)))
        }
    }

    /// Rules that are exchanged, nodes that are down for a while, state that is damaged: no output twice, and nothing
    /// grows beyond its bound.
    @Test(arguments: 0..<parts)
    func anyRulesThatChange(_ part: Int) throws {
        for number in stride(from: part, to: Self.onlySeed == nil ? Self.setCount : 1, by: Self.parts) {
            let seed = Self.onlySeed ?? UInt64(number) &* 104_729 &+ 2
            var rules = RandomRules(seed: seed)
            let texts = (0..<2).map { _ in rules.next { Self.compile($0).plan != nil } }.filter { $0.contains("rule") }
            guard let first = texts.first else { continue }
            try Self.change(first, texts, seed)
        }
    }

    private static func change(_ first: String, _ texts: [String], _ seed: UInt64) throws {
        var random = Seeded(seed &+ 1)
        let options = options(&random)
        var text = first
        guard var plan = compile(text).plan else { return }
        var engine = try RuleEngine(plan, options: options, clockNanoseconds: 0)
        var source = RandomMessages(seed: seed &+ 2)
        var store = StateTests.Store()
        var outputs: [RuleOutput] = []
        var isDamaged = false
        for _ in 0..<messageCount {
            feed(engine, source.next(), &outputs)
            switch Int.random(in: 0..<30, using: &random) {
            case 0, 1:
                text = variant(
                    Bool.random(using: &random) ? text : texts.randomElement(using: &random) ?? text, &random)
                guard let next = compile(text).plan else { break }
                plan = next
                _ = try engine.reload(plan, into: &outputs)
            case 2:
                store.take(engine.takeDirtyGroups())
                let now = engine.clockNanoseconds + Int64.random(in: 0..<20_000_000_000, using: &random)
                engine = try RuleEngine(plan, options: options, clockNanoseconds: now)
                engine.restore(store.groups.shuffled(using: &random))
                engine.resume(atNanoseconds: now, into: &outputs)
            case 3 where Int.random(in: 0..<8, using: &random) == 0:
                isDamaged = true
                store.take(engine.takeDirtyGroups())
                let now = engine.clockNanoseconds
                engine = try RuleEngine(plan, options: options, clockNanoseconds: now)
                engine.restore(damage(store.groups, &random))
                engine.resume(atNanoseconds: now, into: &outputs)
            default: break
            }
            for rule in engine.counters where rule.groups > options.groupsMax {
                Issue.record("seed \(seed): \(rule.groups) groups\n\(text)")
            }
        }
        engine.drain(into: &outputs)
        if !isDamaged, Set(outputs.map(\.id)).count != outputs.count {
            let twice = Dictionary(grouping: outputs, by: \.id).first { $0.value.count > 1 }
            Issue.record("seed \(seed): \(twice?.key ?? "") \(twice?.value.map(\.line) ?? [])\n\(text)")
        }
    }
}
