/// Timers in the order of the contract: by instant of the clock; at one instant first windows that end and `for`, then
/// (after the messages of that instant) `session` and `silent`; then by end, creation of the group, rule.
struct TimerQueue {
    struct Timer: BitwiseCopyable {
        var instant: Int64
        var end: Int64
        var creation: UInt64
        var ticket: UInt64
        var rule: Int32
        var slot: Int32
        /// Of groups that were created together: their order.
        var place: Int32
        /// 1: only after the instant has passed.
        var phase: UInt8

        func precedes(_ other: Timer) -> Bool {
            if instant != other.instant { return instant < other.instant }
            if phase != other.phase { return phase < other.phase }
            if end != other.end { return end < other.end }
            if creation != other.creation { return creation < other.creation }
            if rule != other.rule { return rule < other.rule }
            if place != other.place { return place < other.place }
            return ticket < other.ticket
        }
    }

    private var heap: [Timer] = []

    var count: Int { heap.count }
    var first: Timer? { heap.first }

    mutating func insert(_ timer: Timer) {
        heap.append(timer)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if !heap[child].precedes(heap[parent]) { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        sift(0)
    }

    private mutating func sift(_ start: Int) {
        var parent = start
        while true {
            var child = parent * 2 + 1
            if child >= heap.count { return }
            if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
            if !heap[child].precedes(heap[parent]) { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }

    mutating func removeAll(where isStale: (Timer) -> Bool) {
        heap.removeAll(where: isStale)
        for parent in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sift(parent) }
    }

    /// The instant of the next timer; one of the second phase only counts when its instant has passed.
    var next: Int64? {
        guard let first = heap.first else { return nil }
        return first.phase == 0 || first.instant == .max ? first.instant : first.instant + 1
    }
}
