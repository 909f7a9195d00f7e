import Ledger
import Messages
import MosquittoClient

/// One ordered stream of rows: which are read, which are under way, up to where everything is done.
///
/// Rows leave in the order of their sequence. After a connection ended everything behind `doneThrough` is read from the
/// ledger again and sent again, in order, under the same ids; nothing is kept from the old connection but the knowledge
/// which rows were done out of order.
struct UpstreamLane: Sendable {
    struct Exchange: Sendable {
        enum State: Sendable, Equatable {
            case sent
            case done
            /// The server refused it for now: it goes back to the head of the lane once nothing is under way.
            case refused
        }
        var row: OutboxRow
        var token: UInt64
        var sentAt: Int64
        var state: State
    }

    let name: String
    let priority: MessagePriority
    var waiting = FirstInFirstOut<OutboxRow>()
    /// In the order of sending; done ones leave at the head.
    var underWay: [Exchange] = []
    private(set) var sentCount = 0
    private var refusedCount = 0
    /// Sequence of the last row that was read.
    private(set) var readThrough: UInt64 = 0
    /// Every row up to here is acknowledged, put aside or expired.
    private(set) var doneThrough: UInt64 = 0
    /// Rows behind `doneThrough` that are done nevertheless. At most a window of them.
    private var doneAhead: Set<UInt64> = []
    var greatestSent: UInt64 = 0
    var mayHaveMore = true

    /// The ledger has removed the rows up to here.
    var removalThrough: UInt64 = 0
    /// A removal is on its way to the ledger, of so many rows and up to there.
    var isRemoving = false
    var removingThrough: UInt64 = 0
    var removingCount = 0
    var removalNotBefore: Int64 = 0
    /// Done rows that the ledger still holds: what a crash would send again.
    var unremovedCount = 0

    /// How often a row was refused.
    private var refusals: [UInt64: Int] = [:]
    /// After a refusal: no row before this time.
    var pausedUntil: Int64 = 0
    /// After a refusal rows up to here go one at a time, so that none overtakes another.
    var singleThrough: UInt64 = 0
    var readNotBefore: Int64 = 0

    init(name: String) {
        self.name = name
        priority = MessagePriority(lane: name)
    }

    mutating func take(_ rows: [OutboxRow]) {
        for row in rows where row.sequence > readThrough {
            readThrough = row.sequence
            // What the old connection acknowledged out of order is not sent a second time.
            if !doneAhead.contains(row.sequence) { waiting.append(row) }
        }
        if rows.isEmpty { mayHaveMore = false }
        advanceOverDoneAhead()
    }

    /// The row that may be sent now.
    func next(now: Int64) -> OutboxRow? {
        guard now >= pausedUntil, let row = waiting.first else { return nil }
        if hasRefused { return nil }
        if sentCount > 0, let first = underWay.first, first.row.sequence <= singleThrough { return nil }
        return row
    }

    var hasRefused: Bool { refusedCount > 0 }

    mutating func sent(_ row: OutboxRow, token: UInt64, at now: Int64) {
        waiting.removeFirst()
        underWay.append(Exchange(row: row, token: token, sentAt: now, state: .sent))
        sentCount += 1
        greatestSent = max(greatestSent, row.sequence)
    }

    /// The first row that waits is done without having been sent.
    mutating func skipFirst(at now: Int64) {
        guard let row = waiting.first else { return }
        waiting.removeFirst()
        underWay.append(Exchange(row: row, token: 0, sentAt: now, state: .done))
        advance()
    }

    func index(of token: UInt64) -> Int? {
        underWay.firstIndex { $0.token == token && $0.state == .sent }
    }

    mutating func finish(_ index: Int) {
        underWay[index].state = .done
        sentCount -= 1
        refusals[underWay[index].row.sequence] = nil
        advance()
    }

    /// Notes a refusal and returns how often this row was refused. It stays in its place.
    mutating func refuse(_ index: Int) -> Int {
        underWay[index].state = .refused
        sentCount -= 1
        refusedCount += 1
        let sequence = underWay[index].row.sequence
        let count = (refusals[sequence] ?? 0) + 1
        refusals[sequence] = count
        return count
    }

    /// Gives up the row that was just refused.
    mutating func giveUpRefused(_ index: Int) {
        refusedCount -= 1
        sentCount += 1
        underWay[index].state = .sent
        finish(index)
    }

    /// Once nothing of a lane with refused rows is under way: they go back to its head.
    mutating func returnRefused() {
        guard sentCount == 0, hasRefused else { return }
        let back = underWay.filter { $0.state == .refused }.map(\.row)
        for exchange in underWay where exchange.state == .done { doneAhead.insert(exchange.row.sequence) }
        underWay.removeAll(keepingCapacity: true)
        refusedCount = 0
        singleThrough = max(singleThrough, back.last?.sequence ?? 0)
        waiting.prepend(back)
    }

    /// Whether the row is counted as refused so often that it must be given up; used when the server ends the
    /// connection because of it.
    mutating func blame(_ sequence: UInt64) -> Int {
        let count = (refusals[sequence] ?? 0) + 1
        refusals[sequence] = count
        return count
    }

    /// Gives a row up that is under way no more.
    mutating func giveUp(_ sequence: UInt64) {
        doneAhead.insert(sequence)
        refusals[sequence] = nil
    }

    /// The connection is gone.
    mutating func forgetConnection() {
        for exchange in underWay where exchange.state == .done { doneAhead.insert(exchange.row.sequence) }
        underWay.removeAll(keepingCapacity: true)
        sentCount = 0
        refusedCount = 0
        waiting = FirstInFirstOut()
        readThrough = doneThrough
        mayHaveMore = true
    }

    private mutating func advance() {
        var count = 0
        while count < underWay.count, underWay[count].state == .done {
            doneThrough = underWay[count].row.sequence
            doneAhead.remove(doneThrough)
            count += 1
        }
        guard count > 0 else { return }
        underWay.removeFirst(count)
        unremovedCount += count
        advanceOverDoneAhead()
    }

    /// Rows done out of order join the done ones as soon as nothing before them is open.
    private mutating func advanceOverDoneAhead() {
        guard !doneAhead.isEmpty else { return }
        let open = underWay.first?.row.sequence ?? waiting.first?.sequence ?? readThrough + 1
        for sequence in doneAhead.sorted() where sequence < open && sequence > doneThrough {
            doneThrough = sequence
            unremovedCount += 1
        }
        doneAhead = doneAhead.filter { $0 > doneThrough }
    }
}
