extension ExpressionChecker {
    /// Puts the rules of a zone into the plan; reports a name that is not known. False: it can't be used.
    @discardableResult
    func useZone(_ name: String, _ span: SourceSpan) -> Bool {
        if zones.contains(where: { $0.name == name }) { return true }
        switch scope.zones(name) {
        case .found(let rules):
            zones.append(rules)
            return true
        case .unknown(let nearest):
            log.report(
                .unknownZone, span, "unknown time zone `\(name)`",
                help: nearest.map { "did you mean `\($0)`?" } ?? "write an IANA name, such as `Europe/Berlin`")
        case .unavailable(let problem, let help):
            log.report(.unknownZone, span, "the time zone `\(name)` can't be used: \(problem)", help: help)
        }
        return false
    }

    /// The zone after the time in `hour(t, zone)`.
    func checkZoneArgument(_ value: CheckedExpression, _ span: SourceSpan) -> Bool {
        guard let name = value.expression.literalText else {
            log.report(
                .constantNeeded, span, "the time zone is a text in quotes or a constant",
                help: "such as `hour(time(), \"Europe/Berlin\")`")
            return false
        }
        return useZone(name, span)
    }
}
