// Findings about files that rules name; `testTables` holds those files.

extension GoldenDiagnostic {
    static let tables: [GoldenDiagnostic] = [
        GoldenDiagnostic(
            code: "E0212", title: "a column with a slip",
            source: #"""
                table machines from "machines.csv" key id
                rule r { from "t/{m}" where .v > machines[m].limt publish "u" }
                """#,
            expected: #"""
                error[E0212]: the table `machines` has no column `limt`
                  --> rules/spike.rules:2:46
                   |
                 2 | rule r { from "t/{m}" where .v > machines[m].limt publish "u" }
                   |                                              ^^^^ did you mean `limit`?
                """#),
        GoldenDiagnostic(
            code: "E0701", title: "a table that is not there",
            source: #"""
                table machines from "../machines.csv" key id
                rule r { from "t/{m}" where .v > machines[m].limit publish "u" }
                """#,
            expected: #"""
                error[E0701]: can't read the table `rules/../machines.csv`: there is no such file
                  --> rules/spike.rules:1:21
                   |
                 1 | table machines from "../machines.csv" key id
                   |                     ^^^^^^^^^^^^^^^^^ the path is relative to this file's folder
                """#),
        GoldenDiagnostic(
            code: "E0702", title: "a key that is no column",
            source: #"""
                table machines from "machines.csv" key machine
                rule r { from "t/{m}" where .v > machines[m].limit publish "u" }
                """#,
            expected: #"""
                error[E0702]: the table `rules/machines.csv` has no column `machine`
                  --> rules/spike.rules:1:40
                   |
                 1 | table machines from "machines.csv" key machine
                   |                                        ^^^^^^^ its columns are `id`, `limit`, `site`
                """#),
        GoldenDiagnostic(
            code: "E0703", title: "a row with a cell too few",
            source: #"""
                table machines from "short.csv" key id
                rule r { from "t/{m}" where .v > machines[m].limit publish "u" }
                """#,
            expected: #"""
                error[E0703]: this row has 1 cells, and the header has 2
                  --> rules/short.csv:3:1
                   |
                 3 | press-2
                   | ^^^^^^^ correct the row
                  ::: rules/spike.rules:1:1
                 1 | table machines from "short.csv" key id
                   | -------------------------------------- the table is declared here
                """#),
        GoldenDiagnostic(
            code: "W0704", title: "a key twice",
            source: #"""
                table machines from "twice.csv" key id
                rule r { from "t/{m}" where .v > machines[m].limit publish "u" }
                """#,
            expected: #"""
                warning[W0704]: the key `press-1` stands in the table twice; this row counts
                  --> rules/twice.csv:3:1
                   |
                 3 | press-1,90
                   | ^^^^^^^^^^ leave one out
                 2 | press-1,85
                   | ---------- this row is not used
                """#),
    ]
}
