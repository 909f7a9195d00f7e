import Foundation
import RuleEngine
import RuleLanguage
import Testing

/// What `explain` says of memory is what the process takes.
@Suite struct StateSizeTests {
    /// A rule's clauses between `from` and `publish`, events of each group, and milliseconds from one to the next.
    struct Sample: Sendable {
        var clauses: String
        var events: Int
        var spacing: Int64 = 1
        /// Bytes of a group that it must not exceed.
        var bytesMax = Double.infinity
    }

    static let samples = [
        Sample(clauses: "", events: 3),
        Sample(clauses: "window last 100 by id when zscore(.v) > 3", events: 120, bytesMax: 1_228),
        Sample(clauses: "window every 10s by id when mean(.v) > 3", events: 3, bytesMax: 256),
        Sample(clauses: "window every 10s by id when mean(.v) > percentile(.v, 95)", events: 5, bytesMax: 850),
        Sample(clauses: "window last 30s by id when mean(.v) > 300", events: 5, spacing: 5_000, bytesMax: 1_000),
        Sample(clauses: "window last 30s by id when count() > 1000 and max(.v) > 300", events: 5, spacing: 5_000),
        Sample(clauses: "window last 1 by id when last(.v) > 3 for 1h", events: 3),
        Sample(clauses: "window last 1 by id when last(.v) > 3 until last(.v) < 2", events: 3),
        Sample(clauses: "where .v > 1 limit 1 per 10m by id", events: 3),
    ]

    private static let groups = 10_000

    /// Bytes in use on the heap, mapped blocks included, as malloc counts them.
    private static func heapBytes() -> Int {
        typealias Report = @convention(c) (Int32, UnsafeMutablePointer<FILE>) -> Int32
        var text: UnsafeMutablePointer<CChar>?
        var size = 0
        guard let symbol = dlsym(nil, "malloc_info"), let file = open_memstream(&text, &size) else { return 0 }
        _ = unsafeBitCast(symbol, to: Report.self)(0, file)
        fclose(file)
        defer { free(text) }
        let report = text.map { String(cString: $0) } ?? ""
        // Behind the last heap stand the sums.
        let sums = report.components(separatedBy: "</heap>").last ?? ""
        func sum(_ element: String) -> Int {
            let line = sums.components(separatedBy: "\n").first { $0.contains(element) } ?? ""
            let number = line.components(separatedBy: "size=\"").last?.prefix { $0.isNumber } ?? ""
            return Int(number) ?? 0
        }
        return sum("system type=\"current\"") + sum("total type=\"mmap\"") - sum("total type=\"fast\"")
            - sum("total type=\"rest\"")
    }

    /// Heap bytes of each group, and the engine that holds them.
    private static func measure(_ plan: RulePlan, _ sample: Sample) throws -> (bytes: Double, engine: RuleEngine) {
        let set = RuleSetPlan(rules: [plan])
        let engine = try RuleEngine(set, options: Harness.options, clockNanoseconds: 0)
        var outputs: [RuleOutput] = []
        outputs.reserveCapacity(16)
        let topic = Array("in".utf8)
        let payloads = (0..<groups).map { Array("{\"id\":\"sensor-of-\(100_000 + $0)\",\"v\":90.5}".utf8) }
        let binding = try #require(topic.withUnsafeBytes { engine.binding(forTopic: $0) })
        _ = heapBytes()
        let before = heapBytes()
        for event in 0..<sample.events {
            for payload in payloads {
                topic.withUnsafeBytes { topic in
                    payload.withUnsafeBytes { payload in
                        let arrival = Int64(event) * sample.spacing * 1_000_000
                        let input = RuleInput(topic: topic, payload: payload, arrivalNanoseconds: arrival)
                        engine.process(input, binding, into: &outputs)
                    }
                }
                outputs.removeAll(keepingCapacity: true)
            }
        }
        return (Double(heapBytes() - before) / Double(groups), engine)
    }

    /// What is wrong with a sample; nil when computed and measured bytes agree.
    private static func complaint(_ sample: Sample) throws -> String? {
        let body = sample.clauses.contains("every") ? "{ n: 1 }" : "{ id }"
        let source = "rule r { from \"in\" let id = .id \(sample.clauses) publish \"o\" \(body) }"
        let plan = try Harness.compile(source).rules[0]
        let (bytes, engine) = try measure(plan, sample)
        let size = try RuleStateSize(plan, options: Harness.options)
        let computed = Double(size.bytesPerGroup(groups: groups, events: sample.events))
        let text = "\(sample.clauses): computed \(Int(computed)), measured \(Int(bytes))"
        print(text)
        guard engine.counters[0].eventsIn == UInt64(groups * sample.events) else { return "events are missing" }
        if sample.clauses.isEmpty { return !size.hasGroups && computed == 0 && abs(bytes) < 8 ? nil : text }
        if bytes > sample.bytesMax { return "\(text), more than \(Int(sample.bytesMax))" }
        return abs(bytes - computed) <= bytes * 0.2 ? nil : text
    }

    /// In a process of its own, where nobody else uses the heap.
    @Test("computed and measured bytes of 10,000 groups agree within 20 %")
    func sizesAgree() async throws {
        let result = await #expect(
            processExitsWith: .success, observing: [\.standardErrorContent, \.standardOutputContent]
        ) {
            let complaints = try StateSizeTests.samples.compactMap { try StateSizeTests.complaint($0) }
            for complaint in complaints { FileHandle.standardError.write(Data("\(complaint)\n".utf8)) }
        }
        let said = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
        #expect(said == "")
        print(result.map { String(decoding: $0.standardOutputContent, as: UTF8.self) } ?? "")
    }
}
