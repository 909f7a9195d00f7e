/// What an evaluation can ask about its message and its time. Valid as long as the message is being taken.
struct EvaluationContext: BitwiseCopyable {
    var topic = ByteSlice.empty
    var payload = ByteSlice.empty
    var properties = ByteSlice.empty
    var client = Value.missing
    var qos: UInt8 = 0
    var retained = false
    /// False where a timer evaluates.
    var hasEvent = false
    var arrival: Int64 = 0
    /// `time()`.
    var time: Int64 = 0
    /// `now()`.
    var now: Int64 = 0
    /// Number of the message; a timer comes after all that there were.
    var number = UInt64.max
    var windowStart = Value.missing
    var windowEnd = Value.missing

    /// The value of a fact by its place in `MessageFact.order`.
    func fact(_ index: Int) -> Value {
        switch index {
        case 0: hasEvent ? .text(topic) : .missing
        case 1: hasEvent ? .integer(Int64(qos)) : .missing
        case 2: hasEvent ? .boolean(retained) : .missing
        case 3: client
        case 4: .time(time)
        case 5: hasEvent ? .time(arrival) : .missing
        case 6: .time(now)
        case 7: windowStart
        case 8: windowEnd
        default: .missing
        }
    }

    /// The first user property of this name (MQTT 5.0, 3.3.2.3.7), or missing.
    func property(_ name: ByteSlice) -> Value {
        var index = 0
        func skip(_ count: Int) -> Bool {
            index += count
            return index <= properties.count
        }
        func string() -> ByteSlice? {
            guard index + 2 <= properties.count else { return nil }
            let length = Int(properties[index]) << 8 | Int(properties[index + 1])
            guard index + 2 + length <= properties.count else { return nil }
            defer { index += 2 + length }
            return properties.slice(index + 2, index + 2 + length)
        }
        while index < properties.count {
            let identifier = properties[index]
            index += 1
            switch identifier {
            case 0x26:
                guard let key = string(), let value = string() else { return .missing }
                if key.equals(name) { return UTF8Check.firstFault(value) == nil ? .text(value) : .missing }
            case 0x01: guard skip(1) else { return .missing }
            case 0x02: guard skip(4) else { return .missing }
            case 0x23: guard skip(2) else { return .missing }
            case 0x03, 0x08, 0x09: guard string() != nil else { return .missing }
            case 0x0B:
                while index < properties.count, properties[index] & 0x80 != 0 { index += 1 }
                guard skip(1) else { return .missing }
            default: return .missing
            }
        }
        return .missing
    }
}
