import Foundation
import RuleLanguage
import Testing

/// SplitMix64: the same numbers on every run.
struct SeededRandom {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// Whatever the text, compiling ends, traps nowhere, and gives either a plan or an error with a place in the text.
///
/// SLUICE_FUZZ_FACTOR=50 makes each test so many times as long.
@Suite("Fuzz")
struct FuzzTests {
    private static let factor = ProcessInfo.processInfo.environment["SLUICE_FUZZ_FACTOR"].flatMap { Int($0) } ?? 1

    /// The files that are shipped.
    private static let shipped: [[UInt8]] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("rules").resolvingSymlinksInPath()
        let paths = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?.allObjects ?? []
        return paths.compactMap { $0 as? URL }.filter { $0.pathExtension == "rules" }
            .sorted { $0.path < $1.path }.compactMap { try? Array(Data(contentsOf: $0)) }
    }()

    private static let words = [
        "rule", "r", "x", "{", "}", "from", "\"t/{x}\"", "\"a/+/#\"", "as", "json", "number", "text", "at", ".ts", "ms",
        "late", "5s", "ahead", "where",
        "let", "a", "=", "window", "last", "100", "10s", "every", "5m", "over", "in", "\"Europe/Berlin\"", "session",
        "silent", "among", "by", ",", "when",
        "for", "until", "limit", "1", "per", "publish", "on", "clear", "qos", "2", "retain", "expires", "priority",
        "high", "payload", ".", ".v", ".\"k\"",
        "(", ")", "[", "]", "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "??", "and", "or", "not",
        "between", "if", "then", "else", "true",
        "false", "missing", "mean(", "zscore(", "count()", "percentile(.v, 95)", "abs(", "round(.v, 2)", "time()",
        "now()", "matches(.v, 'a+')", "previous(",
        "latest(\"t/{x}\")", "exists(", "\"{.v}\"", "\"", "'", "\\", "#", "\n", "1e400", "1.5", "1_000", "7d",
        "9223372036854775808", ":", "against:",
        "\"others\"", "model", "table", "key", "labels", "test", "send", "wait", "expect", "nothing", "times", "events",
        "dedupe", "within", "é", "\u{301}", "…",
        "&&", "!", "=", "}}", "{x", "64KB", "m(", "within", "retained()", "window_start()", "\"u\"",
        "m(temperatures: .l, open: [.b, true], mode_0: 1)", ".value", ".outputs", "[.v, .v]", "collect(.v)",
    ]

    private func check(_ text: String) {
        let compilation = RuleCompiler.compile(
            [RuleSourceFile(name: "f.rules", text: text)],
            models: { testModels["rules/\($0)"] ?? findModel("rules/m.onnx") }, zones: findZone)
        let hasErrors = compilation.diagnostics.contains { $0.severity == .error }
        if (compilation.plan == nil) != hasErrors { Issue.record("plan and errors disagree: \(text)") }
        for diagnostic in compilation.diagnostics
        where diagnostic.place.line < 1 || diagnostic.place.column < 1 || diagnostic.text.isEmpty {
            Issue.record("no place: \(text)")
        }
        guard let formatted = RuleFormatter.format(RuleSourceFile(name: "f.rules", text: text)).text else { return }
        let again = RuleFormatter.format(RuleSourceFile(name: "f.rules", text: formatted)).text
        if again != formatted { Issue.record("formats twice: \(text)") }
    }

    @Test("token soup", arguments: 0..<4)
    func soup(_ part: Int) {
        var random = SeededRandom(seed: UInt64(part) + 1)
        for round in 0..<3_000 * Self.factor {
            var text = round % 4 == 0 ? "model m from \"models/oven.onnx\" " : ""
            if round % 2 == 0 { text += "rule r { from \"t/{x}\" " }
            for _ in 0..<random.next(below: 40) { text += Self.words[random.next(below: Self.words.count)] + " " }
            check(text)
        }
    }

    @Test("mutations of sound rules", arguments: 0..<4)
    func mutations(_ part: Int) {
        var random = SeededRandom(seed: UInt64(part) + 100)
        let sound = firstLookRules.split(separator: "\n\n").map { Array($0.utf8) }
        for _ in 0..<3_000 * Self.factor {
            var bytes = sound[random.next(below: sound.count)]
            for _ in 0...random.next(below: 6) { mutate(&bytes, &random) }
            check(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test("mutations of the shipped files, and one half with another", arguments: 0..<4)
    func shippedFiles(_ part: Int) {
        #expect(Self.shipped.count > 15)
        var random = SeededRandom(seed: UInt64(part) + 200)
        for round in 0..<150 * Self.factor {
            var bytes = Self.shipped[random.next(below: Self.shipped.count)]
            if round % 3 == 0 {
                let other = Self.shipped[random.next(below: Self.shipped.count)]
                bytes = Array(bytes[..<random.next(below: bytes.count)] + other[random.next(below: other.count)...])
                if bytes.isEmpty { continue }
            }
            for _ in 0...random.next(below: 6) { mutate(&bytes, &random) }
            check(String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test("bytes")
    func bytes() {
        var random = SeededRandom(seed: 300)
        for _ in 0..<300 * Self.factor {
            let bytes = (0..<random.next(below: 200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            check(String(decoding: bytes, as: UTF8.self))
            check(String(decoding: bytes.map { $0 & 0x7F }, as: UTF8.self))
        }
    }

    @Test("what nests deep", arguments: ["(", "[", "not ", "-", "{a:", "if ", "abs(", "\"{", "1 + (", ".a[", "x ?? ("])
    func deep(_ part: String) {
        for count in [10, 100, 2_000] {
            let nested = String(repeating: part, count: count)
            check("rule r { from \"t/{x}\" where \(nested)")
            check(
                "rule r { from \"t/{x}\" publish \"o\" payload \(nested)1\(String(repeating: ")", count: count)) }")
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let at = random.next(below: bytes.count)
        switch random.next(below: 5) {
        case 0: bytes.remove(at: at)
        case 1: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 2: bytes.insert(UInt8(random.next(below: 127)), at: at)
        case 3: bytes.insert(contentsOf: Self.words[random.next(below: Self.words.count)].utf8, at: at)
        default:
            let end = min(bytes.count, at + random.next(below: 20))
            if end - at < bytes.count { bytes.removeSubrange(at..<end) }
        }
        if bytes.isEmpty { bytes = [0x23] }
    }
}
