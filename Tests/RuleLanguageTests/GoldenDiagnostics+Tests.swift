extension GoldenDiagnostic {
    static let everything = all + testBlocks + zones + tables + models

    /// Of `test` blocks.
    private static let testBlocks: [GoldenDiagnostic] = [
        GoldenDiagnostic(
            code: "W0605", title: "test with a mistyped topic",
            source: #"""
                rule r { from "sensors/{s}/reading" publish "out/{s}" }
                test "passes on" {
                  send "sensor/a/reading" { value: 1 }
                  expect "out/a/b"
                  expect "out/a"
                }
                """#,
            expected: #"""
                warning[W0605]: no rule of this file takes "sensor/a/reading"
                  --> rules/spike.rules:3:8
                   |
                 3 |   send "sensor/a/reading" { value: 1 }
                   |        ^^^^^^^^^^^^^^^^^^ a test runs the rules of its own file

                warning[W0605]: no rule of this file publishes to "out/a/b"
                  --> rules/spike.rules:4:10
                   |
                 4 |   expect "out/a/b"
                   |          ^^^^^^^^^ a test runs the rules of its own file
                """#)
    ]
}
