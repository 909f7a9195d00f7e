/// Durations as people write them.
enum DurationText {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
        ("ms", 1_000_000), ("ns", 1),
    ]

    /// `1h30m`, `0s`: of a length that is not negative.
    static func text(_ nanoseconds: Int64) -> String {
        var rest = max(nanoseconds, 0)
        if rest == 0 { return "0s" }
        var result = ""
        for unit in units where rest >= unit.nanoseconds {
            result += "\(rest / unit.nanoseconds)\(unit.name)"
            rest %= unit.nanoseconds
        }
        return result
    }
}
