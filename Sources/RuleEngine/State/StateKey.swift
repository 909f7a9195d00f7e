/// Keys of what is kept of a rule over a restart: a byte for the kind, then the key of the group or period.
enum StateKey {
    enum Kind: UInt8 { case group = 0, rule, sole, limit, dedupe, engine, latest, waiting }

    static func group(_ key: [UInt8]) -> [UInt8] { [Kind.group.rawValue] + key }
    static var rule: [UInt8] { [Kind.rule.rawValue] }
    static var sole: [UInt8] { [Kind.sole.rawValue] }
    static func limit(_ key: [UInt8]) -> [UInt8] { [Kind.limit.rawValue] + key }
    static func dedupe(_ index: Int, _ key: [UInt8]) -> [UInt8] {
        [Kind.dedupe.rawValue, UInt8(truncatingIfNeeded: index)] + key
    }
    static func latest(_ topic: [UInt8]) -> [UInt8] { [Kind.latest.rawValue] + topic }
    static var waiting: [UInt8] { [Kind.waiting.rawValue] }
    static var engine: [UInt8] { [Kind.engine.rawValue] }
}
