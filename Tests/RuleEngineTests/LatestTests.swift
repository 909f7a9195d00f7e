import RuleEngine
import RuleLanguage
import Testing

/// `latest`: the last message on another topic.
@Suite struct LatestTests {
    @Test func theLastMessageOfTheSameCaptures() throws {
        let harness = try Harness(
            #"""
            rule r { from "m/{id}/temp" let s = latest("m/{id}/set") publish "o" payload [s.v, s, latest("mode")] }
            """#)
        harness.send("m/a/temp", "{}", at: 0)
        harness.send("m/a/set", #"{"v":1}"#, at: 0)
        harness.send("m/b/set", #"{"v":2}"#, at: 0)
        harness.send("mode", "\"auto\"", at: 0)
        harness.send("m/a/temp", "{}", at: 0)
        harness.send("m/a/set", #" {"v": 3} "#, at: 0)
        harness.send("m/b/temp", "{}", at: 0)
        harness.send("m/a/temp", "{}", at: 0)
        #expect(
            harness.outputs.map(\.text) == [
                "[null,null,null]", #"[1,{"v":1},"auto"]"#, #"[2,{"v":2},"auto"]"#, #"[3,{"v":3},"auto"]"#,
            ])
    }

    @Test(
        "what does not decode is missing",
        arguments: [
            "", "{", "1 2", "nope", "\u{7}", String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
        ])
    func malformed(_ payload: String) throws {
        let harness = try Harness(#"rule r { from "a" publish "o" payload [exists(latest("b")), latest("b")] }"#)
        harness.send("b", "5", at: 0)
        harness.send("a", "{}", at: 0)
        harness.send("b", payload, at: 0)
        harness.send("a", "{}", at: 0)
        #expect(harness.outputs.map(\.text) == ["[true,5]", "[false,null]"])
        #expect(harness.counters.decodeErrors == 0)
    }

    @Test func aMessageDoesNotSeeItself() throws {
        let harness = try Harness(#"rule r { from "a/{x}" publish "o/{x}" payload latest("a/{x}").v ?? "none" }"#)
        for value in 1...3 { harness.send("a/x", "{\"v\":\(value)}", at: 0) }
        #expect(harness.take() == ["o/x none", "o/x 1", "o/x 2"])
    }

    @Test func messagesOfRulesCount() throws {
        // r1 publishes p; r2 takes it and sees the message a that came before; r3 evaluates a, before which no p was.
        let harness = try Harness(
            #"""
            rule r1 { from "a" publish "p" { v: .v * 10 } }
            rule r2 { from "p" publish "q" payload [.v, latest("a").v, latest("p").v] }
            rule r3 { from "a" publish "z" payload [latest("p").v, latest("q")] }
            """#)
        harness.send("a", #"{"v":1}"#, at: 0)
        harness.send("a", #"{"v":2}"#, at: 0)
        #expect(
            harness.take() == [
                #"p {"v":10}"#, "q [10,1,null]", "z [null,null]", #"p {"v":20}"#, "q [20,2,10]", "z [10,[10,1,null]]",
            ])
    }

    @Test func windowsThatCloseSeeWhatCameBefore() throws {
        let harness = try Harness(
            #"""
            rule t { from "a/{id}" window every 10s by id publish "o/{id}" payload [count(), latest("s/{id}")] }
            rule e { from "s/{id}" at .t window every 10s by id publish "e" payload latest("s/{id}") }
            """#)
        harness.send("a/x", "{}", at: 1_000)
        harness.send("s/x", #"{"t":1000}"#, at: 2_000)
        harness.advance(to: 10_000)
        // Both close on the timer; the next one of `e` by a message, which is not yet there for it.
        #expect(harness.take() == [#"o/x [1,{"t":1000}]"#])
        harness.send("s/x", #"{"t":30000}"#, at: 10_500)
        #expect(harness.take() == [#"e {"t":1000}"#])
    }

    @Test func retainedMessagesAreMessagesToo() throws {
        let harness = try Harness(#"rule r { from "a" publish "o" payload latest("s") }"#)
        harness.send("s", "1", at: 0, retained: true)
        harness.send("a", "{}", at: 0, retained: true)
        harness.send("a", "{}", at: 0)
        #expect(harness.take() == ["o 1"])
    }

    @Test("captures of several levels, and within one")
    func topics() throws {
        let harness = try Harness(
            #"rule r { from "a/{x}/{rest...}" publish "o" payload [latest("s/{rest}/end"), latest("s/n-{x}"), latest("{x}")] }"#
        )
        harness.send("s/b/c/end", "1", at: 0)
        harness.send("s/n-x", "2", at: 0)
        harness.send("x", "3", at: 0)
        harness.send("$x", "4", at: 0)
        harness.send("a/x/b/c", "{}", at: 0)
        #expect(harness.take() == ["o [1,2,3]"])
        #expect(
            "$x".utf8.count == 2 && Array("$x".utf8).withUnsafeBytes { harness.engine.binding(forTopic: $0) } == nil)
    }

    // MARK: Bounds

    @Test func theTopicIdleLongestGoes() throws {
        var options = Harness.options
        options.groupsMax = 2
        let harness = try Harness(
            #"rule r { from "a" publish "o" payload latest("s/x") } rule q { from "b/{id}" publish "o" payload latest("s/{id}") }"#,
            options: options)
        for id in ["x", "y", "x", "z"] { harness.send("s/\(id)", "\"\(id)\"", at: 0) }
        for id in ["x", "y", "z"] { harness.send("b/\(id)", "{}", at: 0) }
        #expect(harness.take() == ["o x", "o z"])
        // y went, for which only `q` can ask.
        #expect(harness.engine.counters.map(\.groupsEvicted) == [0, 1])
        #expect(harness.engine.counters.map(\.runtimeErrors) == [0, 1])
        let gone = harness.engine.takeDirtyGroups().filter { $0.state == nil }
        #expect(gone.map(\.rule) == [""])
    }

    @Test func payloadsAreBoundedTogether() throws {
        var options = Harness.options
        options.latestBytesMax = 100
        let harness = try Harness(
            #"rule q { from "b/{id}" publish "o" payload length(latest("s/{id}") ?? "") }"#, options: options)
        let text = "\"" + String(repeating: "x", count: 38) + "\""
        for id in ["x", "y", "x", "z"] { harness.send("s/\(id)", text, at: 0) }
        for id in ["x", "y", "z"] { harness.send("b/\(id)", "{}", at: 0) }
        #expect(harness.take() == ["o 38", "o 0", "o 38"])
        #expect(harness.counters.groupsEvicted == 1)
    }

    // MARK: Restart and reload

    private static let source = #"rule r { from "a/{id}" publish "o/{id}" payload latest("s/{id}") ?? "none" }"#

    @Test func aRestartKeepsThem() throws {
        let first = try Harness(Self.source)
        first.send("s/x", "1", at: 0)
        first.send("s/y", "2", at: 0)
        var store = StateTests.Store()
        store.take(first.engine.takeDirtyGroups())
        first.send("s/x", "3", at: 0)
        store.take(first.engine.takeDirtyGroups())
        let second = try Harness(Self.source)
        second.engine.restore(store.groups)
        #expect(second.engine.restoreDamaged == 0)
        for id in ["x", "y", "z"] { second.send("a/\(id)", "{}", at: 0) }
        #expect(second.take() == ["o/x 3", "o/y 2", "o/z none"])
        #expect(second.engine.takeDirtyGroups().filter { $0.key.first == 6 }.isEmpty)
    }

    @Test func theLogOfInputsHoldsThem() throws {
        let topic = Array("s/x".utf8)
        let payload = Array("1".utf8)
        let first = try Harness(Self.source)
        var log: [UInt8] = []
        topic.withUnsafeBytes { topic in
            payload.withUnsafeBytes { payload in
                let binding = first.engine.binding(forTopic: topic)
                #expect(binding?.keepsState == true)
                RuleInputLog.append(RuleInput(topic: topic, payload: payload, arrivalNanoseconds: 5), to: &log)
            }
        }
        try RuleInputLog.replay(log, into: first.engine, outputs: &first.outputs)
        first.send("a/x", "{}", at: 1)
        #expect(first.take() == ["o/x 1"])
    }

    @Test func damagedOnesAreLeftOut() throws {
        let first = try Harness(Self.source)
        first.send("s/x", "1", at: 0)
        let states = first.engine.takeDirtyGroups().map { state in
            var state = state
            if state.key.first == 6 { state.state?[3] ^= 1 }
            return state
        }
        let second = try Harness(Self.source)
        second.engine.restore(states)
        #expect(second.engine.restoreDamaged == 1)
        second.send("a/x", "{}", at: 0)
        #expect(second.take() == ["o/x none"])
    }

    @Test func aReloadKeepsWhatIsStillAskedFor() throws {
        let harness = try Harness(Self.source)
        harness.send("s/x", "1", at: 0)
        let other = try Harness.compile(
            #"rule n { from "b/{id}" where .v > 0 publish "n/{id}" payload latest("s/{id}") ?? "none" }"#)
        _ = try harness.engine.reload(other, into: &harness.outputs)
        harness.send("b/x", #"{"v":1}"#, at: 0)
        #expect(harness.take() == ["n/x 1"])
        _ = harness.engine.takeDirtyGroups()
        let none = try Harness.compile(#"rule n { from "b" publish "n" }"#)
        _ = try harness.engine.reload(none, into: &harness.outputs)
        #expect(harness.engine.takeDirtyGroups().contains { $0.rule.isEmpty && $0.state == nil })
        _ = try harness.engine.reload(try Harness.compile(Self.source), into: &harness.outputs)
        harness.send("a/x", "{}", at: 0)
        #expect(harness.take() == ["o/x none"])
    }
}
