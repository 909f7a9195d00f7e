extension GoldenDiagnostic {
    static let zones: [GoldenDiagnostic] = [
        GoldenDiagnostic(
            code: "E0220", title: "a misspelt zone",
            source: #"""
                rule r { from "t" window every 1d in "Europe/Berln" publish "u" { n: count() } }
                """#,
            expected: #"""
                error[E0220]: unknown time zone `Europe/Berln`
                  --> rules/spike.rules:1:38
                   |
                 1 | rule r { from "t" window every 1d in "Europe/Berln" publish "u" { n: count() } }
                   |                                      ^^^^^^^^^^^^^^ did you mean `Europe/Berlin`?
                """#),
        GoldenDiagnostic(
            code: "E0220", title: "no data of zones",
            source: #"""
                rule r { from "t" where hour(time(), "Europe/Paris") > 5 publish "u" }
                """#,
            expected: #"""
                error[E0220]: the time zone `Europe/Paris` can't be used: there is no folder /usr/share/zoneinfo
                  --> rules/spike.rules:1:38
                   |
                 1 | rule r { from "t" where hour(time(), "Europe/Paris") > 5 publish "u" }
                   |                                      ^^^^^^^^^^^^^^ install the system's package `tzdata`
                """#),
    ]
}
