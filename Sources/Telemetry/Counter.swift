import Synchronization

/// A number that only one thread writes and any thread may read: a plain load and store, no locked instruction.
/// Counts since the start of the process.
package struct Counter: ~Copyable, Sendable {
    private let value = Atomic<UInt64>(0)

    package init() {}

    /// Only from the owning thread.
    @inline(__always)
    package borrowing func add(_ amount: Int = 1) {
        value.store(value.load(ordering: .relaxed) &+ UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }

    package borrowing func set(_ amount: Int) {
        value.store(UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }

    package borrowing func read() -> UInt64 { value.load(ordering: .relaxed) }
}
