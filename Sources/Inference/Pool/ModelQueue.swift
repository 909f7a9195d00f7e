internal import RuleEngine

/// Rows of one model that wait, oldest first, all of one size and with one time to wait, so that they expire in order.
struct ModelQueue {
    /// Rows taken out.
    struct Rows: Equatable {
        var tickets: [ModelTicket]
        var deadlines: [Int64]
        var bytes: [UInt8]
    }

    let rowByteCount: Int
    private var tickets: [ModelTicket] = []
    private var deadlines: [Int64] = []
    private var bytes: [UInt8] = []
    /// Rows at the front that are gone.
    private var head = 0

    /// Empty memory larger than this is given back.
    private static let keptBytesMax = 1 << 20

    init(rowByteCount: Int) { self.rowByteCount = rowByteCount }

    var count: Int { tickets.count - head }
    var firstDeadline: Int64? { count > 0 ? deadlines[head] : nil }

    /// Rows that fit still.
    func room(_ options: ModelPoolOptions) -> Int {
        let byBytes = rowByteCount > 0 ? options.queueBytesMax / rowByteCount : options.queueMax
        return max(0, min(options.queueMax, byBytes) - count)
    }

    mutating func append(_ newTickets: ArraySlice<ModelTicket>, _ rows: ArraySlice<UInt8>, deadline: Int64) {
        tickets.append(contentsOf: newTickets)
        deadlines.append(contentsOf: repeatElement(deadline, count: newTickets.count))
        bytes.append(contentsOf: rows)
    }

    mutating func take(_ most: Int) -> Rows {
        let end = head + min(max(0, most), count)
        let rows = Rows(
            tickets: Array(tickets[head..<end]), deadlines: Array(deadlines[head..<end]),
            bytes: Array(bytes[head * rowByteCount..<end * rowByteCount]))
        drop(end - head)
        return rows
    }

    /// Takes out the rows whose deadline is `now` or before.
    mutating func takeExpired(at now: Int64) -> ArraySlice<ModelTicket> {
        var end = head
        while end < tickets.count, deadlines[end] <= now { end += 1 }
        guard end > head else { return [] }
        let expired = tickets[head..<end]
        drop(end - head)
        return expired
    }

    mutating func takeAll() -> ArraySlice<ModelTicket> {
        guard count > 0 else { return [] }
        let all = tickets[head...]
        drop(count)
        return all
    }

    private mutating func drop(_ number: Int) {
        head += number
        if head == tickets.count {
            let keeps = bytes.capacity <= Self.keptBytesMax
            tickets.removeAll(keepingCapacity: keeps)
            deadlines.removeAll(keepingCapacity: keeps)
            bytes.removeAll(keepingCapacity: keeps)
            head = 0
        } else if head >= 1024, head > count {
            tickets.removeFirst(head)
            deadlines.removeFirst(head)
            bytes.removeFirst(head * rowByteCount)
            head = 0
        }
    }
}
