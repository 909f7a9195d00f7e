import Foundation
import Glibc

/// The processor time that this program's threads took or waited for.
///
/// The time taken alone says little on a busy machine: a burst that gets no processor would not show. Waiting shows it.
struct ProcessorDemand: Sendable {
    private var byThread: [String: UInt64] = [:]
    private var sum: UInt64 = 0

    /// Further threads are not looked at.
    private static let threadCountMax = 1_024

    /// Nanoseconds, over all threads that were ever seen; `nil`: the kernel does not tell.
    mutating func nanoseconds(text: (String) -> String?) -> UInt64? {
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task") else { return nil }
        var now: [String: UInt64] = [:]
        for thread in threads.prefix(Self.threadCountMax) {
            // A thread may end between the listing and this.
            now[thread] = text("/proc/self/task/\(thread)/schedstat").flatMap(ProcText.demandNanoseconds(schedstat:))
        }
        return add(now)
    }

    /// `now`: of each thread, what it has taken and waited for since it began.
    mutating func add(_ now: [String: UInt64]) -> UInt64? {
        guard !now.isEmpty else { return nil }
        for (thread, value) in now {
            // A lower value is that of a new thread with an old one's number.
            let before = byThread[thread].map { $0 <= value ? $0 : 0 } ?? 0
            sum = sum &+ (value - before)
        }
        byThread = now
        return sum
    }
}
