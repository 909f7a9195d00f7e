import RuleLanguage

/// Compiles one file under the name that the goldens show.
func compile(_ text: String) -> RuleCompilation {
    RuleCompiler.compile(
        [RuleSourceFile(name: "rules/spike.rules", text: text)],
        attachments: { path in
            testTables[path].map { .content(Array($0.utf8)) } ?? .unreadable("there is no such file")
        }, models: findModel, zones: findZone)
}

/// A few zones, of which the checker only knows that they are there.
func findZone(_ name: String) -> TimeZoneLookup {
    switch name {
    case "UTC", "Europe/Berlin":
        TimeZoneRules(name: name, firstOffsetSeconds: 0, transitions: []).map { .found($0) } ?? .none
    case "Europe/Paris":
        .unavailable(
            problem: "there is no folder /usr/share/zoneinfo", help: "install the system's package `tzdata`")
    default: .unknown(nearest: name == "Europe/Berln" ? "Europe/Berlin" : nil)
    }
}

/// Files that rules of tests name.
let testTables = [
    "rules/devices.csv": "id,place\n", "rules/sensors.csv": "id,site\na,north\n",
    "rules/machines.csv": "id,limit,site\npress-1,85,north\npress-2,90,south\n",
    "rules/short.csv": "id,limit\npress-1,85\npress-2\n", "rules/twice.csv": "id,limit\npress-1,85\npress-1,90\n",
]

/// The plan of the one rule in `text`; nil when there is any error.
func plan(_ text: String) -> RulePlan? {
    compile(text).plan?.rules.first
}

/// The names of all codes, in order.
func codes(_ text: String) -> [String] {
    compile(text).diagnostics.map(\.code.name)
}

/// The codes of a rule with these clauses between `from` and `publish`.
func codes(clauses: String) -> [String] {
    codes("rule r { from \"in/{x}\" \(clauses) publish \"out\" { n: 1 } }")
}

/// The codes of a rule whose `where` is `condition`.
func codes(where condition: String) -> [String] { codes(clauses: "where \(condition)") }
