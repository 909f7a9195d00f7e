import CMallocHook

/// Heap allocations of this thread per message.
enum AllocationCount {
    /// Warm buffers and tables, then the least of ten runs: what a run allocates once in a while is not the message's.
    private static let runs = 10
    private static let warmUpCycles = 100

    static func perMessage(cycles: Int, messagesPerCycle: Int, _ cycle: () throws -> Void) rethrows -> Double {
        for _ in 0..<warmUpCycles { try cycle() }
        var least = UInt64.max
        for _ in 0..<runs {
            let before = cmallochook_read().allocations
            for _ in 0..<cycles { try cycle() }
            least = min(least, cmallochook_read().allocations - before)
        }
        return Double(least) / Double(cycles * messagesPerCycle)
    }

    /// Whether allocations of the Swift runtime reach the hook; a gate that counts nothing must not pass.
    static var isHooked: Bool {
        let before = cmallochook_read().allocations
        let made = Probe()
        return withExtendedLifetime(made) { cmallochook_read().allocations > before }
    }

    private final class Probe {
        let value = Array("probe of the allocation hook".utf8)
    }
}

/// Keeps a value from being optimised away.
@inline(never)
func consume<Value>(_ value: Value) {}
