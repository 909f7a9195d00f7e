import RuleLanguage
import Testing

@Suite("Tables")
struct TableTests {
    private static let machines = "id,limit,site,spare\npress-1,85,Hall 2,\npress-2, 90.5 ,\"Hall, 3\",\n"

    private func compile(
        _ text: String, _ files: [String: String], name: String = "rules/hot.rules"
    ) -> RuleCompilation {
        RuleCompiler.compile([RuleSourceFile(name: name, text: text)]) { path in
            files[path].map { .content(Array($0.utf8)) } ?? .unreadable("there is no such file")
        }
    }

    private func rule(_ condition: String, _ path: String = "machines.csv", key: String = "id") -> String {
        """
        table machines from "\(path)" key \(key)
        rule r { from "in/{m}" where \(condition) publish "out" }
        """
    }

    /// The findings of a rule over one table, as `code file:line`.
    private func found(_ table: String, path: String = "machines.csv", key: String = "id") -> [String] {
        let text = rule("machines[m].limit > 1", path, key: key)
        return compile(text, ["rules/\(path)": table]).diagnostics.map {
            "\($0.code.name) \($0.place.file):\($0.place.line)"
        }
    }

    @Test("paths are relative to the file that names them")
    func paths() {
        let files = ["rules/machines.csv": Self.machines, "data/m.csv": Self.machines, "/x/m.csv": Self.machines]
        for path in ["machines.csv", "/x/m.csv"] {
            #expect(compile(rule("machines[m].limit > 1", path), files).diagnostics.text == "")
        }
        let flat = compile(rule("machines[m].limit > 1", "data/m.csv"), files, name: "hot.rules")
        #expect(flat.diagnostics.text == "")
        #expect(flat.attachmentPaths == ["data/m.csv"])
        let gone = compile(rule("machines[m].limit > 1", "../gone.csv"), files)
        #expect(gone.attachmentPaths == ["rules/../gone.csv"])
        #expect(
            gone.diagnostics.text == """
                error[E0701]: can't read the table `rules/../gone.csv`: there is no such file
                  --> rules/hot.rules:1:21
                   |
                 1 | table machines from "../gone.csv" key id
                   |                     ^^^^^^^^^^^^^ the path is relative to this file's folder

                """)
    }

    @Test("what is wrong with a .csv is told with its line")
    func badCSV() {
        #expect(found("id,limit\na,1\n\nb,2\n") == [])
        #expect(found("\u{FEFF}id,limit\r\na,1\r\n") == [])
        #expect(found("") == ["E0702 rules/hot.rules:1"])
        #expect(found("ids,limit\na,1\n") == ["E0702 rules/hot.rules:1"])
        #expect(found("id,limit,limit\n") == ["E0702 rules/machines.csv:1"])
        #expect(found("id,,limit\n") == ["E0702 rules/machines.csv:1"])
        #expect(found("id,limit\na,1,2\nb\nc,3\n") == ["E0703 rules/machines.csv:2", "E0703 rules/machines.csv:3"])
        #expect(found("id,limit\n,1\n") == ["E0703 rules/machines.csv:2"])
        #expect(found("id,limit\na,1\n\"b,1\n") == ["E0703 rules/machines.csv:3"])
        #expect(found("id,limit\n\"a\nb\",1\na,2\na,3\n") == ["W0704 rules/machines.csv:5"])
    }

    @Test("what is wrong with a .json is told with its line")
    func badJSON() {
        func json(_ text: String) -> [String] { found(text, path: "machines.json") }
        #expect(json("[]") == ["E0212 rules/hot.rules:2"])
        #expect(
            json("[{\"id\": \"a\", \"limit\": 1},\n {\"id\": 7, \"limit\": null, \"x\": {\"y\": [1, \"\\u00e4\"]}}]")
                == [])
        #expect(json("{\"id\": 1}") == ["E0703 rules/machines.json:1"])
        #expect(json("[{\"id\": \"a\", \"limit\": 1},\n 5]") == ["E0703 rules/machines.json:2"])
        #expect(json("[{\"id\": \"a\", \"limit\": 1}\n{}]") == ["E0703 rules/machines.json:2"])
        #expect(json("[{\"id\": \"a\", \"limit\": 01}]") == ["E0703 rules/machines.json:1"])
        #expect(json("[{\"id\": \"a\", \"limit\": 1e999}]") == ["E0703 rules/machines.json:1"])
        #expect(json("[{\"id\": \"a\", \"limit\": 1}]\n]") == ["E0703 rules/machines.json:2"])
        #expect(
            json("[\n{\"limit\": 1},\n{\"id\": 1.5, \"limit\": 2}]") == [
                "E0703 rules/machines.json:2", "E0703 rules/machines.json:3",
            ])
        #expect(json("[{\"ids\": \"a\", \"limit\": 1}]") == ["E0702 rules/hot.rules:1"])
        #expect(
            json("[{\"id\": \"\", \"limit\": 1},\n{\"id\": null}]") == [
                "E0703 rules/machines.json:1", "E0703 rules/machines.json:2",
            ])
        #expect(json("[{\"id\": \"a\", \"limit\": \"x") == ["E0703 rules/machines.json:1"])
        let deep = String(repeating: "[", count: 63) + String(repeating: "]", count: 63)
        #expect(json("[{\"id\": \"a\", \"limit\": 1, \"x\": \(deep)}]") == ["E0703 rules/machines.json:1"])
        #expect(json("[{\"id\": \"a\", \"limit\": 1, \"x\": \(deep.dropFirst().dropLast())}]") == [])
    }

    @Test("other files are no tables")
    func endings() {
        #expect(found("id,limit\n", path: "machines.xlsx") == ["E0701 rules/hot.rules:1"])
        let text = rule("machines[m].limit > 1")
        let bytes = RuleCompiler.compile([RuleSourceFile(name: "a.rules", text: text)]) { _ in
            .content([0x69, 0x64, 0x0A, 0xFF])
        }
        #expect(bytes.diagnostics.map(\.code.name) == ["E0701"])
        let large = RuleCompiler.compile([RuleSourceFile(name: "a.rules", text: text)]) { _ in
            .content(Array(repeating: 0x61, count: RuleLimits.tableBytesMax + 1))
        }
        #expect(large.diagnostics.map(\.code.name) == ["E0701"])
    }

    @Test("too many rows are an error at the first that is too many")
    func rows() {
        var rows = ""
        for number in 0...RuleLimits.tableRowsMax { rows += "\(number),1\n" }
        #expect(found("id,limit\n" + rows) == ["E0703 rules/machines.csv:\(RuleLimits.tableRowsMax + 2)"])
    }

    @Test(
        "columns and their types are checked",
        arguments: [
            ("machines[m].limit > 5", ""), ("machines[m][\"limit\"] > 5", ""), ("machines[m].limt > 5", "E0212"),
            ("machines[m][\"limt\"] > 5", "E0212"), ("machines[m].site > 5", "E0301"),
            ("machines[m].limit == \"85\"", "E0301"), ("machines[m].spare == \"x\"", ""),
            ("machines[.device].limit > 5", ""), ("machines[missing].limit > 5", "E0308"),
            ("machines[\"press-1\"].limit > .v", ""), ("machines[\"press-9\"].limit > .v", "W0309"),
            ("machines.limit > 5", "E0211"), ("machines > 5", "E0211"), ("machnes[m].limit > 5", "E0203"),
            ("exists(machines[m])", ""), ("machines[m][.column] == 5", ""),
        ])
    func columns(_ condition: String, _ expected: String) {
        let found = compile(rule(condition), ["rules/machines.csv": Self.machines]).diagnostics.map(\.code.name)
        #expect(found.joined() == expected)
    }

    @Test("a row can be named, and its columns are still known")
    func lets() {
        func found(_ clauses: String) -> [String] {
            let text =
                "table machines from \"machines.csv\" key id rule r { from \"in/{m}\" \(clauses) publish \"out\" }"
            return compile(text, ["rules/machines.csv": Self.machines]).diagnostics.map(\.code.name)
        }
        #expect(found("let row = machines[m] where row.limit > 5") == [])
        #expect(found("let row = machines[m] where row.limits > 5") == ["E0212"])
        #expect(found("let machines = .x where machines > 5") == [])
    }

    @Test("a broken table is told once, and each file that names it is refused")
    func once() {
        let files = ["a", "b"].map { name in
            RuleSourceFile(
                name: "\(name).rules",
                text:
                    "table t from \"t.csv\" key id rule \(name) { from \"\(name)\" where t[.x].y > 1 publish \"out\" }")
        }
        let compilation = RuleCompiler.compile(files) { _ in .content(Array("id,y\na\n".utf8)) }
        #expect(compilation.diagnostics.map(\.code.name) == ["E0703"])
        #expect(compilation.plan == nil)
        #expect(
            compilation.diagnostics.text == """
                error[E0703]: this row has 1 cells, and the header has 2
                  --> t.csv:2:1
                   |
                 2 | a
                   | ^ correct the row
                  ::: a.rules:1:1
                 1 | table t from "t.csv" key id rule a { from "a" where t[.x].y > 1 publish "out" }
                   | --------------------------- the table is declared here

                """)
    }

    @Test("a table without rows is one to which rows will come")
    func emptyTable() {
        #expect(compile(rule("machines[m].limit > 1"), ["rules/machines.csv": "id,limit\n"]).diagnostics.text == "")
    }
}
