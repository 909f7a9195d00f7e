import RuleEngine
import RuleLanguage
import Testing

/// Lookups in tables while rules run.
@Suite struct TableTests {
    static func compile(_ source: String, _ files: [String: String]) throws -> RuleSetPlan {
        let result = RuleCompiler.compile([RuleSourceFile(name: "t.rules", text: source)]) { path in
            files[path].map { .content(Array($0.utf8)) } ?? .unreadable("there is no such file")
        }
        for diagnostic in result.diagnostics where diagnostic.severity == .error {
            Issue.record("\(diagnostic.code): \(diagnostic.message)")
        }
        return try #require(result.plan)
    }

    private static let csv = "id,limit,site,note\npress-1,85,\"Hall, 2\",\n7,90.5,12x,1e2\n7, -3 ,B,\"\"\"q\"\"\"\n"

    @Test func cellsOfACSV() throws {
        let plan = try Self.compile(
            """
            table t from "t.csv" key id
            rule r { from "a" let row = t[.k] publish "o" payload [t[.k].limit, row.site, t[.k].note, t[.k], exists(row)] }
            """, ["t.csv": Self.csv])
        let harness = try Harness(plan)
        for key in ["\"press-1\"", "7", "\"7\"", "7.0", "null", "\"press-2\"", "[7]"] {
            harness.send("a", "{\"k\":\(key)}", at: 0)
        }
        let seven = #"[-3,"B","\"q\"",{"id":"7","limit":-3,"site":"B","note":"\"q\""},true]"#
        let none = "[null,null,null,null,false]"
        #expect(
            harness.outputs.map(\.text) == [
                #"[85,"Hall, 2",null,{"id":"press-1","limit":85,"site":"Hall, 2","note":null},true]"#, seven, seven,
                none, none, none, none,
            ])
        #expect(harness.counters.runtimeErrors == 0)
    }

    @Test func valuesOfAJSON() throws {
        let json = """
            [{"id": "a", "on": true, "big": 123456789012345678901, "range": {"low": [1, 2.50]}, "x": 1, "x": 2},
             {"id": 12, "text": "\\u00e4\\n", "range": null}]
            """
        let plan = try Self.compile(
            """
            table t from "t.json" key id
            rule r { from "a/{id}" publish "o" payload [t[id].on, t[id].big, t[id].range.low[1], t[id].x, t[id].text] }
            """, ["t.json": json])
        let harness = try Harness(plan)
        for id in ["a", "12", "b"] { harness.send("a/\(id)", "{}", at: 0) }
        #expect(
            harness.outputs.map(\.text) == [
                "[true,123456789012345678901,2.5,2,null]", #"[null,null,null,null,"ä\n"]"#,
                "[null,null,null,null,null]",
            ])
    }

    @Test func tablesInEveryClause() throws {
        let plan = try Self.compile(
            """
            table t from "t.csv" key id
            rule r { from "a/{m}" where exists(t[m].limit) let over = .v - t[m].limit window last 2 by t[m].site
              when max(over) > t[m].limit / 100 publish "o/{t[m].site}" { over: max(over) } }
            """, ["t.csv": "id,limit,site\nx,10,A\ny,20,A\nz,,B\n"])
        let harness = try Harness(plan)
        harness.send("a/x", #"{"v":12}"#, at: 0)
        harness.send("a/y", #"{"v":15}"#, at: 0)
        harness.send("a/y", #"{"v":15}"#, at: 0)
        harness.send("a/z", #"{"v":99}"#, at: 0)
        #expect(harness.take() == [#"o/A {"over":2}"#, #"o/A {"over":2}"#])
    }

    @Test func anEditedTableKeepsTheState() throws {
        let source = """
            table t from "t.csv" key id
            rule r { from "a/{m}" where exists(t[m].limit) window last 3 by m when count() > 1
              publish "o" { n: count(), limit: t[m].limit } }
            """
        let harness = try Harness(try Self.compile(source, ["t.csv": "id,limit\nx,1\n"]))
        harness.send("a/x", "{}", at: 0)
        var outputs: [RuleOutput] = []
        let changed = try Self.compile(source, ["t.csv": "id,limit\nx,2\n"])
        #expect(try harness.engine.reload(changed, into: &outputs).kept == ["r"])
        harness.send("a/x", "{}", at: 0)
        #expect(harness.take() == [#"o {"n":2,"limit":2}"#])
    }

    @Test func filesHaveTablesOfTheirOwn() throws {
        let files = ["a", "b"].map { name in
            RuleSourceFile(
                name: "\(name)/r.rules",
                text:
                    "table t from \"t.csv\" key id rule \(name) { from \"in\" publish \"\(name)\" payload t[\"k\"].v }")
        }
        let plan = RuleCompiler.compile(files) { .content(Array("id,v\nk,from \($0)\n".utf8)) }.plan
        let harness = try Harness(try #require(plan))
        harness.send("in", "{}", at: 0)
        #expect(harness.take() == ["a from a/t.csv", "b from b/t.csv"])
    }
}
