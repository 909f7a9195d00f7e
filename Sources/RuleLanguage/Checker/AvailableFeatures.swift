/// Parts of the language that parse and are checked, but that the engine does not run yet. Deleting a line of
/// `notYet` switches one on.
package enum Feature: String, CaseIterable, Sendable {
    case dedupe = "`dedupe`"
    case everyEvents = "`every N events` windows"
    case over = "`every … over …` windows"
    case zone = "windows in a time zone"
    case session = "`session` windows"
    case silent = "`silent` windows"
    case silentAmong = "`silent … among` windows"
    case whenFor = "`when … for`"
    case whenUntil = "`when … until`"
    case onClear = "`on clear`"
    case history = "`previous`, `delta` and `changed`"
    case latest = "`latest`"
    case tables = "tables"
    case models = "models"
    case tests = "tests"
    case bytes = "payloads `as bytes`"
    case cbor = "payloads `as cbor`"
    case frozenBaseline = "frozen baselines"
    case gatedBaseline = "gated baselines"
    case priority = "priorities"
    case zoneArgument = "time zones in `hour` and `weekday`"

    package static let notYet: Set<Feature> = []
}

extension DiagnosticLog {
    /// Reports the use of a feature that this version does not have; whether it is there.
    @discardableResult
    func require(_ feature: Feature, _ span: SourceSpan) -> Bool {
        guard notYet.contains(feature) else { return true }
        let verb = feature.rawValue.hasSuffix("`") && feature != .history ? "is" : "are"
        report(.notAvailableYet, span, "\(feature.rawValue) \(verb) not available yet in this version")
        return false
    }
}
