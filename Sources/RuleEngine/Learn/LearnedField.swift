import RuleLanguage

/// What was seen of one field of a payload, in bounded memory.
struct LearnedField: Sendable {
    struct Kinds: OptionSet, Sendable {
        let rawValue: UInt8
        static let number = Kinds(rawValue: 1)
        static let text = Kinds(rawValue: 2)
        static let boolean = Kinds(rawValue: 4)
        static let list = Kinds(rawValue: 8)
        static let object = Kinds(rawValue: 16)
    }

    static let samplesMax = 5
    private static let sampleBytesMax = 40
    private static let units: [TimeUnit] = [.s, .ms, .us, .ns]
    /// How far from its message's time a number may be to be taken for a time: 400 days.
    private static let nearNanoseconds: Int64 = 400 * 86_400_000_000_000
    /// 2000-01-01 and 2100-01-01.
    private static let plausible: ClosedRange<Int64> = 946_684_800_000_000_000...4_102_444_800_000_000_000

    let path: [String]
    /// Messages in which it has a value, and in which it is null.
    private(set) var count = 0
    private(set) var nullCount = 0
    private(set) var kinds: Kinds = []
    private(set) var least = Double.infinity
    private(set) var greatest = -Double.infinity
    private(set) var samples: [String] = []
    private(set) var hasMoreSamples = false
    private var lastMessage = -1
    private var areTextsTimes = true
    /// Units in which each number was near the time of its message, and in which each was a time of this century.
    private var nearUnits: Set<TimeUnit> = Set(units)
    private var plausibleUnits: Set<TimeUnit> = Set(units)

    init(path: [String]) { self.path = path }

    /// Of a field that a payload holds twice the first counts as seen, and both give samples.
    mutating func take(_ value: Value, message: Int, timeNanoseconds: Int64) {
        if lastMessage != message {
            lastMessage = message
            if value.isMissing { nullCount += 1 } else { count += 1 }
        }
        switch value.kind {
        case .missing: return
        case .boolean: kinds.insert(.boolean)
        case .integer, .double, .bigInteger:
            kinds.insert(.number)
            takeNumber(value, timeNanoseconds)
        case .text:
            kinds.insert(.text)
            areTextsTimes = areTextsTimes && CivilTime.parse(value.slice) != nil
        case .list, .jsonList:
            kinds.insert(.list)
            return
        default:
            kinds.insert(.object)
            return
        }
        takeSample(value)
    }

    private mutating func takeNumber(_ value: Value, _ timeNanoseconds: Int64) {
        least = min(least, value.asDouble)
        greatest = max(greatest, value.asDouble)
        for unit in plausibleUnits {
            guard let instant = CivilTime.instant(value, unit: unit), Self.plausible.contains(instant) else {
                plausibleUnits.remove(unit)
                nearUnits.remove(unit)
                continue
            }
            let (distance, overflow) = instant.subtractingReportingOverflow(timeNanoseconds)
            if overflow || distance.magnitude > UInt64(Self.nearNanoseconds) { nearUnits.remove(unit) }
        }
    }

    private mutating func takeSample(_ value: Value) {
        guard samples.count < Self.samplesMax || !hasMoreSamples else { return }
        var bytes: [UInt8] = []
        JSONWriter.append(value, to: &bytes)
        let sample = LearnedText.shown(bytes, bytesMax: Self.sampleBytesMax)
        if samples.contains(sample) { return }
        if samples.count < Self.samplesMax { samples.append(sample) } else { hasMoreSamples = true }
    }

    /// What was seen by another.
    mutating func merge(_ other: LearnedField) {
        count += other.count
        nullCount += other.nullCount
        kinds.formUnion(other.kinds)
        least = min(least, other.least)
        greatest = max(greatest, other.greatest)
        areTextsTimes = areTextsTimes && other.areTextsTimes
        nearUnits.formIntersection(other.nearUnits)
        plausibleUnits.formIntersection(other.plausibleUnits)
        hasMoreSamples = hasMoreSamples || other.hasMoreSamples
        for sample in other.samples where !samples.contains(sample) {
            if samples.count < Self.samplesMax { samples.append(sample) } else { hasMoreSamples = true }
        }
    }

    // MARK: What it is

    /// As a schema names it; nil when several types were seen, or none.
    var type: String? {
        switch kinds {
        case .boolean: "boolean"
        case .list: "list"
        case .object: "object"
        case .text: areTextsTimes ? "time" : "text"
        case .number: timeUnit.map { "time \($0.rawValue)" } ?? "number"
        case [.number, .text]: areTextsTimes ? timeUnit.map { "time \($0.rawValue)" } : nil
        default: nil
        }
    }

    /// Numbers are times when they are near the time of their messages, or when the name says so.
    private var timeUnit: TimeUnit? {
        let units = isNamedLikeTime ? plausibleUnits : nearUnits
        return Self.units.first { units.contains($0) }
    }

    private var isNamedLikeTime: Bool {
        guard let name = path.last?.lowercased() else { return false }
        return ["ts", "t", "at", "since", "when", "epoch"].contains(name)
            || ["time", "stamp", "date"].contains { name.hasSuffix($0) || name.hasPrefix($0) }
    }

    /// "a number or a text".
    var shownKinds: String {
        let names: [(Kinds, String)] = [
            (.number, "number"), (.text, "text"), (.boolean, "boolean"), (.list, "list"), (.object, "object"),
        ]
        let seen = names.filter { kinds.contains($0.0) }.map(\.1)
        return seen.isEmpty ? "always null" : seen.joined(separator: " or ")
    }

    /// "always; 1 to 3", of `messages` messages.
    func remark(of messages: Int) -> String {
        var presence = count == 0 ? [] : [count == messages ? "always" : LearnedText.share(count, of: messages)]
        if nullCount > 0 { presence.append("null in \(LearnedText.share(nullCount, of: messages))") }
        var parts = [presence.joined(separator: ", ")]
        if hasMoreSamples, kinds == .number {
            parts.append("\(LearnedText.number(least)) to \(LearnedText.number(greatest))")
        } else if !samples.isEmpty {
            parts.append(samples.joined(separator: ", ") + (hasMoreSamples ? ", …" : ""))
        }
        return parts.joined(separator: "; ")
    }
}
