import RuleEngine
import RuleLanguage
import Testing

/// Rules from source text, driven by messages with a virtual clock in milliseconds.
final class Harness {
    let engine: RuleEngine
    var outputs: [RuleOutput] = []
    private var read = 0

    static let options = RuleEngine.Options(node: "n", epoch: "e")

    static func compile(_ source: String) throws -> RuleSetPlan {
        let result = RuleCompiler.compile(
            [RuleSourceFile(name: "t.rules", text: source)], zones: TestZones.find)
        for diagnostic in result.diagnostics where diagnostic.severity == .error {
            Issue.record("\(diagnostic.code): \(diagnostic.message)")
        }
        return try #require(result.plan)
    }

    convenience init(_ source: String, options: RuleEngine.Options = Harness.options, clock: Int64 = 0) throws {
        try self.init(try Harness.compile(source), options: options, clock: clock)
    }

    init(_ plan: RuleSetPlan, options: RuleEngine.Options = Harness.options, clock: Int64 = 0) throws {
        engine = try RuleEngine(plan, options: options, clockNanoseconds: clock * 1_000_000)
    }

    func send(
        _ topic: String, _ payload: String, at ms: Int64, qos: UInt8 = 0, retained: Bool = false,
        client: String? = nil, properties: [UInt8] = []
    ) {
        send(topic, Array(payload.utf8), at: ms, qos: qos, retained: retained, client: client, properties: properties)
    }

    func send(
        _ topic: String, _ payload: [UInt8], at ms: Int64, qos: UInt8 = 0, retained: Bool = false,
        client: String? = nil, properties: [UInt8] = []
    ) {
        Array(topic.utf8).withUnsafeBytes { topic in
            payload.withUnsafeBytes { payload in
                properties.withUnsafeBytes { properties in
                    guard let binding = engine.binding(forTopic: topic) else { return }
                    let input = RuleInput(
                        topic: topic, payload: payload, properties: properties, qos: qos, retained: retained,
                        client: client, arrivalNanoseconds: ms * 1_000_000)
                    engine.process(input, binding, into: &outputs)
                }
            }
        }
    }

    func advance(to ms: Int64) { engine.advance(toNanoseconds: ms * 1_000_000, into: &outputs) }
    func drain() { engine.drain(into: &outputs) }
    func resume(at ms: Int64) { engine.resume(atNanoseconds: ms * 1_000_000, into: &outputs) }

    /// Outputs since the last call as `topic payload`.
    func take() -> [String] {
        defer { read = outputs.count }
        return outputs[read...].map(\.line)
    }

    var counters: RuleCounters { engine.counters[0] }
}

extension RuleOutput {
    var text: String { String(decoding: payload, as: UTF8.self) }
    var line: String { String(decoding: topic, as: UTF8.self) + " " + text }
}

/// One evaluation of an expression over a payload: what `publish … payload` writes.
func value(_ expression: String, _ payload: String = "{}", lets: String = "") throws -> String {
    let harness = try Harness("rule r { from \"a/{name}\" \(lets) publish \"o\" { v: \(expression) } }")
    harness.send("a/x", payload, at: 1_000)
    let line = try #require(harness.take().first)
    return String(line.dropFirst("o {\"v\":".count).dropLast())
}

/// A small seeded generator (SplitMix64), the same everywhere.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
