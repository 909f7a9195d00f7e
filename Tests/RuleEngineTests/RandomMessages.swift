/// Messages as no sensor should send them, and some as they do.
struct RandomMessages {
    struct Message {
        var topic: [UInt8]
        var payload: [UInt8]
        var nanoseconds: Int64
        var qos: UInt8
        var retained: Bool
        var client: String?
        /// No message comes: time passes.
        var isClockOnly: Bool
    }

    private var random: Seeded
    private var now: Int64 = 1_000_000_000

    init(seed: UInt64) { random = Seeded(seed) }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    private mutating func chance(_ of: Int) -> Bool { below(of) == 0 }

    mutating func next() -> Message {
        moveClock()
        let topic = [
            "s/\(identity())", "s/\(identity())", "s/\(identity())", "n/\(identity())", "c/\(identity())", "x/y",
        ]
        let name = topic[below(topic.count)]
        return Message(
            topic: Array(name.utf8), payload: name.hasPrefix("n") ? Array(number().utf8) : payload(), nanoseconds: now,
            qos: UInt8(below(3)), retained: chance(20), client: chance(2) ? "client" : nil, isClockOnly: chance(15))
    }

    private mutating func identity() -> String {
        chance(30) ? "é%2F \(below(40))" : ["a", "b", "c", "d", "e", "f"][below(6)]
    }

    private mutating func moveClock() {
        let second: Int64 = 1_000_000_000
        switch below(40) {
        case 0: now += 3_600 * second
        case 1: now += 400 * 86_400 * second
        case 2: now -= 5 * second
        case 3..<10: break
        case 10..<14: now = (now / second + 1) * second
        default: now += Int64(below(600)) * 1_000_000
        }
    }

    // MARK: Payloads

    private mutating func payload() -> [UInt8] {
        switch below(40) {
        case 0: return []
        case 1: return (0..<below(40)).map { _ in UInt8(below(256)) }
        case 2: return Array((String(repeating: "[", count: 70) + String(repeating: "]", count: 70)).utf8)
        case 3:
            return Array("{\"v\":\(String(repeating: "{\"v\":", count: 60))1\(String(repeating: "}", count: 60))}".utf8)
        case 4: return Array("{\"v\":1,\"v\":[2],\"t\":\"\\u{D800}\"}".utf8)
        case 5: return Array(object().dropLast(below(20)))
        case 6:
            var bytes = object()
            bytes[below(bytes.count)] = UInt8(below(256))
            return bytes
        case 7: return Array("\"\(text())\"".utf8)
        case 8: return [0xA2, 0x61, 0x76, 0xFB, 0x3F, 0xF0, 0, 0, 0, 0, 0, UInt8(below(4)), 0x61, 0x74, 0x61, 0x79]
        case 9: return [0xA1, 0x61, 0x76, UInt8(below(24))]
        default: return object()
        }
    }

    private mutating func object() -> [UInt8] {
        var members: [String] = []
        for name in ["v", "n", "t", "q", "b", "ts", "a", "o"] where !chance(8) {
            members.append("\"\(name)\":\(member(name))")
        }
        return Array("{\(members.joined(separator: ","))}".utf8)
    }

    private mutating func member(_ name: String) -> String {
        if chance(25) { return ["null", number(), "\"\(text())\"", "[]", "{}", "true"][below(6)] }
        switch name {
        case "v": return "\(Double.random(in: -4...9, using: &random))"
        case "n": return chance(10) ? number() : "\(below(5))"
        case "t": return "\"\(text())\""
        case "q": return ["\"good\"", "\"bad\"", "1", "1.0", "[1]", "true"][below(6)]
        case "b": return ["true", "false"][below(2)]
        case "ts": return time()
        case "a": return "[\(number()),\(below(9)),\"\(text())\"]"
        default: return "{\"x\":\(number()),\"y\":[{\"z\":null}]}"
        }
    }

    private mutating func number() -> String {
        [
            "0", "-0.0", "1", "2", "3", "-1", "0.1", "1e308", "-1e308", "1e-320", "9223372036854775807",
            "-9223372036854775808",
            "18446744073709551617", "1e400", "123456789012345678901234567890", "0.1e-7", "nan", "007",
        ][below(18)]
    }

    private mutating func text() -> String {
        ["text 1", "text 2", "", "12", "a", "é\u{1F600}", "\\n\\u0000", String(repeating: "long", count: 30)][below(8)]
    }

    private mutating func time() -> String {
        switch below(12) {
        case 0:
            return ["-9223372036855", "9223372036854", "1e18", "0", "\"2026-03-01T10:00:00Z\"", "\"soon\""][below(6)]
        default: return "\(now / 1_000_000 + Int64(below(12_000)) - 8_000)"
        }
    }
}
