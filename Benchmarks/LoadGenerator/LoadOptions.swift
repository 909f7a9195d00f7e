/// Who publishes to whom.
enum Pattern: String, CaseIterable {
    /// Every publisher has its own topic; every subscriber holds one wildcard filter over all of them.
    case fanIn = "fan-in"
    /// Publisher k and subscriber k share topic k.
    case pairs
    /// All publishers share one topic that every subscriber subscribes to by name.
    case fanOut = "fan-out"
}

/// When a run ends: after a measured time, or when a given number of messages went through.
enum RunLength {
    case seconds(Double)
    case messages(Int)
}

/// What one run does. `parse` documents names, units and ranges; nothing outside them is accepted.
struct LoadOptions {
    var host = "127.0.0.1"
    var port = 1883
    /// 4 for MQTT 3.1.1, 5 for MQTT 5.
    var version: UInt8 = 4
    var publishers = 50
    var subscribers = 1
    var pattern = Pattern.fanIn
    var qos: UInt8 = 0
    var payloadBytes = 64
    /// PUBLISH packets per `write`.
    var batch = 8
    /// Messages of one publisher that are sent and not yet delivered to all (and, QoS > 0, acknowledged). By default
    /// 64; 16 at QoS 2, since brokers end a connection with more than some 20 unfinished exchanges.
    var window = 0
    var length = RunLength.seconds(3)
    var warmUpSeconds = 0.5
    /// The whole run, from the first connection to the last delivery.
    var timeoutSeconds = 0.0
    /// Messages published per second by all publishers together; nil: as fast as the window allows.
    var rate: Int?
    /// The process whose CPU time is read at both ends of the measured interval.
    var brokerProcess: Int32?
    var isJSON = false

    /// How many copies of one message the broker has to deliver.
    var copies: Int { pattern == .pairs ? 1 : subscribers }

    static let usage = """
        usage: LoadGenerator [--host 127.0.0.1] [--port 1883] [--mqtt 3.1.1|5]
                   [--pattern fan-in|pairs|fan-out] [--publishers 50] [--subscribers 1]
                   [--qos 0|1|2] [--payload BYTES] [--batch PUBLISH-PER-WRITE] [--window MESSAGES-PER-PUBLISHER]
                   [--seconds 3 | --messages TOTAL] [--warm-up 0.5] [--rate MESSAGES-PER-SECOND] [--timeout SECONDS]
                   [--cpu-of PID] [--format text|json]
        """
}

extension LoadOptions {
    static func parse(_ arguments: [String]) throws(LoadError) -> LoadOptions {
        var options = LoadOptions()
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if name == "--help" || name == "-h" { throw .help(usage) }
            guard let value = rest.popFirst() else { throw .usage("\(name) needs a value") }
            try options.take(name, value)
        }
        try options.check()
        return options
    }

    private mutating func take(_ name: String, _ value: String) throws(LoadError) {
        switch name {
        case "--host": host = value
        case "--port": port = try Self.integer(name, value, 1...65_535)
        case "--mqtt": version = UInt8(try Self.choice(name, value, ["3.1.1": 4, "5": 5]))
        case "--publishers": publishers = try Self.integer(name, value, 1...Self.connectionsMax)
        case "--subscribers": subscribers = try Self.integer(name, value, 1...Self.connectionsMax)
        case "--pattern":
            guard let known = Pattern(rawValue: value) else {
                throw .usage("--pattern is one of fan-in, pairs, fan-out, not '\(value)'")
            }
            pattern = known
        case "--qos": qos = UInt8(try Self.integer(name, value, 0...2))
        case "--payload": payloadBytes = try Self.integer(name, value, PublishTemplate.markBytes...1_048_576)
        case "--batch": batch = try Self.integer(name, value, 1...1_024)
        case "--window": window = try Self.integer(name, value, 1...16_384)
        case "--seconds": length = .seconds(try Self.real(name, value, 0.1...3_600))
        case "--messages": length = .messages(try Self.integer(name, value, 1...1_000_000_000))
        case "--warm-up": warmUpSeconds = try Self.real(name, value, 0...600)
        case "--rate": rate = try Self.integer(name, value, 1...100_000_000)
        case "--timeout": timeoutSeconds = try Self.real(name, value, 0.1...7_200)
        case "--cpu-of": brokerProcess = Int32(try Self.integer(name, value, 1...Int(Int32.max)))
        case "--format": isJSON = try Self.choice(name, value, ["text": 0, "json": 1]) == 1
        default: throw .usage("there is no option \(name)\n\(Self.usage)")
        }
    }

    /// Connections of either kind; the account of who got what has one entry per pair of them.
    private static let connectionsMax = 20_000
    private static let accountEntriesMax = 4_000_000

    private mutating func check() throws(LoadError) {
        if pattern == .pairs, publishers != subscribers {
            throw .usage("--pattern pairs needs as many subscribers as publishers")
        }
        if pattern != .pairs, publishers * subscribers > Self.accountEntriesMax {
            throw .usage("publishers × subscribers may be at most \(Self.accountEntriesMax)")
        }
        if window == 0 { window = max(qos == 2 ? 16 : 64, batch) }
        if window < batch { throw .usage("--window must be at least --batch") }
        if timeoutSeconds == 0 {
            switch length {
            case .seconds(let seconds): timeoutSeconds = seconds + warmUpSeconds + 30
            case .messages: timeoutSeconds = 300
            }
        }
    }

    private static func integer(_ name: String, _ text: String, _ range: ClosedRange<Int>) throws(LoadError) -> Int {
        guard let value = Int(text), range.contains(value) else {
            throw .usage("\(name) takes \(range.lowerBound) to \(range.upperBound), not '\(text)'")
        }
        return value
    }

    private static func real(
        _ name: String, _ text: String, _ range: ClosedRange<Double>
    ) throws(LoadError) -> Double {
        guard let value = Double(text), range.contains(value) else {
            throw .usage("\(name) takes \(range.lowerBound) to \(range.upperBound) seconds, not '\(text)'")
        }
        return value
    }

    private static func choice(_ name: String, _ text: String, _ known: [String: Int]) throws(LoadError) -> Int {
        guard let value = known[text] else {
            throw .usage("\(name) is one of \(known.keys.sorted().joined(separator: ", ")), not '\(text)'")
        }
        return value
    }
}
