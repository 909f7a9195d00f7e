import RuleEngine
import Testing

/// Which group goes when there are too many, and that a restart does not change it.
@Suite struct EvictionTests {
    private static func harness(_ source: String, _ states: [RuleGroupState], groupsMax: Int = 2) throws -> Harness {
        var options = Harness.options
        options.groupsMax = groupsMax
        let harness = try Harness(source, options: options)
        harness.engine.restore(states)
        return harness
    }

    @Test("an event that the steps stop has used its group")
    func aStoppedEventCounts() throws {
        let source =
            #"rule r { from "t/{k}" where .v > 0 where changed(.v) window last 9 by k publish "o" { k, n: count() } }"#
        var store = StateTests.Store()
        let before = try Self.harness(source, [])
        before.send("t/a", #"{"v":1}"#, at: 1)
        before.send("t/b", #"{"v":1}"#, at: 2)
        store.take(before.engine.takeDirtyGroups())
        before.send("t/a", #"{"v":-1}"#, at: 3)
        store.take(before.engine.takeDirtyGroups())
        let after = try Self.harness(source, store.groups)
        for harness in [before, after] {
            _ = harness.take()
            harness.send("t/c", #"{"v":1}"#, at: 4)
            harness.send("t/a", #"{"v":2}"#, at: 5)
            #expect(harness.take() == [#"o {"k":"c","n":1}"#, #"o {"k":"a","n":2}"#])
        }
    }

    @Test("of two groups that one event used, the window's stays and the history's goes")
    func twoGroupsOfOneEvent() throws {
        let source = #"rule r { from "t/{k}" window last 9 publish "o" { k, n: count(), d: delta(.v) } }"#
        let before = try Self.harness(source, [])
        before.send("t/a", #"{"v":1}"#, at: 1)
        let states = before.engine.takeDirtyGroups()
        for states in [states, states.reversed()] {
            let after = try Self.harness(source, states)
            after.send("t/b", #"{"v":5}"#, at: 2)
            #expect(after.take() == [#"o {"k":"b","n":2,"d":null}"#])
        }
        before.send("t/b", #"{"v":5}"#, at: 2)
        #expect(before.take().last == #"o {"k":"b","n":2,"d":null}"#)
    }

    @Test("a group that went before a rule changed stays away after a restart")
    func gonePriorToAReload() throws {
        func source(_ when: String) -> String {
            #"rule r { from "t/{k}" window last 9 by k \#(when) publish "o" { k, n: count() } }"#
        }
        var store = StateTests.Store()
        let before = try Self.harness(source(""), [])
        for (ms, id) in ["a", "b"].enumerated() { before.send("t/\(id)", "{}", at: Int64(ms)) }
        store.take(before.engine.takeDirtyGroups())
        before.send("t/c", "{}", at: 3)
        _ = try before.engine.reload(try Harness.compile(source("when count() > 1")), into: &before.outputs)
        store.take(before.engine.takeDirtyGroups())
        #expect(store.groups.filter { $0.key.first == 0 }.count == 2)
    }

    @Test("a lower limit keeps those that were used last, and no number comes twice")
    func aLowerLimit() throws {
        let source = #"""
            rule r { from "t/{k}" dedupe k within 1s window last 9 by k limit 9 per 1s by k publish "o" { k, n: count() } }
            """#
        let before = try Self.harness(source, [], groupsMax: 5)
        for (ms, id) in ["a", "b", "c", "d", "a"].enumerated() { before.send("t/\(id)", "{}", at: Int64(ms) * 1_100) }
        let after = try Self.harness(source, before.engine.takeDirtyGroups())
        for id in ["d", "a", "b"] { after.send("t/\(id)", "{}", at: 9_000) }
        #expect(after.take() == [#"o {"k":"d","n":2}"#, #"o {"k":"a","n":3}"#, #"o {"k":"b","n":1}"#])
        #expect(Set((before.outputs + after.outputs).map(\.id)).count == 8)
    }

    @Test("a rule that stops to keep groups, and begins again, uses no number twice")
    func withAndWithoutGroups() throws {
        func source(_ when: String) -> String { #"rule r { from "t/{k}" \#(when) publish "o" { v: .v } }"# }
        let harness = try Self.harness(source("when .v > 0 until .v < 0"), [])
        for value in [1, -1, 1] { harness.send("t/a", "{\"v\":\(value)}", at: 1) }
        _ = try harness.engine.reload(try Harness.compile(source("")), into: &harness.outputs)
        harness.send("t/a", #"{"v":2}"#, at: 2)
        let states = harness.engine.takeDirtyGroups()
        let after = try Self.harness(source("when .v > 0 until .v < 0"), states)
        after.send("t/a", #"{"v":3}"#, at: 3)
        #expect((harness.outputs + after.outputs).map { $0.id.split(separator: "/").last } == ["1", "2", "3", "4"])
    }
}
