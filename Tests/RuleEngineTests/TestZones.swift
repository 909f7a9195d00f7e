import RuleLanguage

/// Parts of real zones around the changes that tests look at; the numbers are from Python's zoneinfo (tzdata 2024).
enum TestZones {
    private static func rules(_ name: String, _ first: Int64, _ transitions: [(Int64, Int64)]) -> TimeZoneLookup {
        TimeZoneRules(
            name: name, firstOffsetSeconds: first,
            transitions: transitions.map { TimeZoneRules.Transition(seconds: $0.0, offsetSeconds: $0.1) }
        ).map { .found($0) } ?? .none
    }

    static func find(_ name: String) -> TimeZoneLookup {
        switch name {
        case "UTC": rules(name, 0, [])
        // 2026: 02:00 → 03:00 and 03:00 → 02:00.
        case "Europe/Berlin": rules(name, 3600, [(1_774_746_000, 7200), (1_792_890_000, 3600)])
        // 2018-11-04 and 2019-02-17: 00:00 → 01:00 and 00:00 → 23:00.
        case "America/Sao_Paulo":
            rules(name, -7200, [(1_518_919_200, -10_800), (1_541_300_400, -7200), (1_550_368_800, -10_800)])
        // 2023-03-26 and 2023-10-29: 00:00 → 01:00 and 00:00 → 23:00.
        case "Asia/Beirut": rules(name, 7200, [(1_679_781_600, 10_800), (1_698_526_800, 7200)])
        // The whole of 2011-12-30 was left out.
        case "Pacific/Apia": rules(name, -36_000, [(1_325_239_200, 50_400)])
        // 2010-11-07: 00:01 → 23:01 of the day before.
        case "America/St_Johns": rules(name, -12_600, [(1_268_537_460, -9_000), (1_289_097_060, -12_600)])
        case "Asia/Kolkata": rules(name, 19_800, [])
        default: .unknown(nearest: nil)
        }
    }
}
