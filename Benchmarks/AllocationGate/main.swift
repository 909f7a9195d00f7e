import FoundationEssentials
import Glibc
import MQTTWire

/// Counts the heap allocations of one PUBLISH through decode → match → encode; fails above the committed thresholds.
///
///     AllocationGate [--thresholds FILE] [--prove]
///
/// `--prove` lets every message allocate once on purpose: the gate must then fail.
/// Exit codes: 0 within the thresholds; 1 above one of them; 2 wrong use; 3 cannot measure here.
struct AllocationGate {
    var thresholdsPath = "Benchmarks/Thresholds/6.3/allocations.json"
    var isProof = false
    private static let cycles = 2_500

    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--prove": isProof = true
            case "--thresholds":
                guard let path = rest.popFirst() else { return nil }
                thresholdsPath = path
            default: return nil
            }
        }
    }

    func run() -> Int32 {
        guard AllocationCount.isHooked else {
            complain("allocations do not reach the hook: link CMallocHook into this program")
            return 3
        }
        guard let file = FileManager.default.contents(atPath: thresholdsPath),
            let thresholds = try? JSONDecoder().decode([String: Double].self, from: file)
        else {
            complain("no thresholds in '\(thresholdsPath)': run in the package's folder, or give --thresholds FILE")
            return 3
        }
        guard Set(thresholds.keys) == Set(PublishCase.all.map(\.name)) else {
            complain("'\(thresholdsPath)' must name these and no others: \(PublishCase.all.map(\.name))")
            return 3
        }
        var exitCode: Int32 = 0
        for subject in PublishCase.all {
            guard let threshold = thresholds[subject.name], let count = measure(subject) else { return 3 }
            let isWithin = count <= threshold
            if !isWithin { exitCode = 1 }
            let verdict = isWithin ? "ok  " : "FAIL"
            print("\(verdict) \(subject.name): \(count) allocations per message, at most \(threshold)")
        }
        return exitCode
    }

    /// nil: the path did not work, which was said.
    private func measure(_ subject: PublishCase) -> Double? {
        var path = PublishPath(subject)
        do {
            return try AllocationCount.perMessage(
                cycles: Self.cycles, messagesPerCycle: PublishPath.publishesPerRead
            ) {
                consume(try path.readCycle())
                if isProof {
                    for size in 0..<PublishPath.publishesPerRead { consume([UInt8](repeating: 0, count: 64 + size)) }
                }
            }
        } catch {
            complain("\(subject.name): \(error)")
            return nil
        }
    }

    private func complain(_ sentence: String) {
        let line = "AllocationGate: \(sentence)\n"
        _ = write(STDERR_FILENO, line, line.utf8.count)
    }
}

guard let gate = AllocationGate(Array(CommandLine.arguments.dropFirst())) else {
    let usage = "usage: AllocationGate [--thresholds FILE] [--prove]\n"
    _ = write(STDERR_FILENO, usage, usage.utf8.count)
    exit(2)
}
exit(gate.run())
