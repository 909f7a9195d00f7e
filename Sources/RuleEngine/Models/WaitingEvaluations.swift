import RuleLanguage

/// An event or an evaluation that waits at a site for the results of its calls.
final class WaitingEvaluation {
    let number: UInt64
    let site: Int
    /// Times, facts and registers, as `RuleRuntime.frame` writes them, and the rows of the calls.
    let frame: [UInt8]
    /// The group, where the way up to the site found one.
    let group: Group?
    /// As `RuleRuntime.historyHolder`.
    let holder: Group?
    /// Histories computed already.
    let histories: [Int]
    let depth: Int
    /// The clock when it came to the site.
    let clock: Int64
    let messageNumber: UInt64
    let eventNumber: UInt64
    /// What a run toward `for` has reached before this evaluation.
    let reached: Int64
    /// For each call of the site; nil: not there yet. Empty: none is.
    private(set) var results: [[UInt8]?]
    private(set) var openCount: Int

    init(
        number: UInt64, site: Int, frame: [UInt8], group: Group?, holder: Group?, histories: [Int], depth: Int,
        clock: Int64, messageNumber: UInt64, eventNumber: UInt64, reached: Int64, results: [[UInt8]?], callCount: Int
    ) {
        self.number = number
        self.site = site
        self.frame = frame
        self.group = group
        self.holder = holder
        self.histories = histories
        self.depth = depth
        self.clock = clock
        self.messageNumber = messageNumber
        self.eventNumber = eventNumber
        self.reached = reached
        self.results = results
        openCount = callCount - results.count { $0 != nil }
    }

    @inline(__always) var isReady: Bool { openCount == 0 }

    /// Whether a call has no result yet.
    func isOpen(_ place: Int) -> Bool { results.isEmpty || results[place] == nil }

    /// Keeps the result of a call that has none yet; `callCount` are the site's.
    func keep(_ result: [UInt8], of place: Int, callCount: Int) {
        if results.isEmpty { results = Array(repeating: nil, count: callCount) }
        results[place] = result
        openCount -= 1
    }

    /// About what it takes, bytes.
    var byteCount: Int { 256 + frame.count }
}

/// What waits at the sites of one rule: a queue for each, so that nothing overtakes anything. Confined to the engine's
/// thread.
struct WaitingEvaluations {
    /// First in, first out; entries before `head` are gone.
    private struct Queue {
        var entries: [WaitingEvaluation?] = []
        var head = 0

        var first: WaitingEvaluation? { head < entries.count ? entries[head] : nil }

        mutating func removeFirst() {
            entries[head] = nil
            head += 1
            if head == entries.count {
                entries.removeAll(keepingCapacity: head <= 1_024)
                head = 0
            } else if head >= 1_024, head * 2 >= entries.count {
                entries.removeFirst(head)
                head = 0
            }
        }

        /// Numbers rise from the head on.
        func find(_ number: UInt64) -> WaitingEvaluation? {
            var low = head
            var high = entries.count
            while low < high {
                let middle = (low + high) / 2
                guard let entry = entries[middle] else { return nil }
                if entry.number == number { return entry }
                if entry.number < number { low = middle + 1 } else { high = middle }
            }
            return nil
        }
    }

    private var queues: [Queue]
    private let isStep: [Bool]
    private(set) var count = 0
    private(set) var byteCount = 0
    /// Events that wait above the window.
    private(set) var stepCount = 0
    var isDirty = false
    /// Groups with a timer that comes after what waits above the window, and the first instant among those.
    var heldGroups: [Group] = []
    var heldInstant = Int64.max

    init(_ sites: [ModelSite]) {
        queues = sites.map { _ in Queue() }
        isStep = sites.map { if case .step = $0.place { true } else { false } }
    }

    func isEmpty(at site: Int) -> Bool { queues[site].first == nil }

    func first(at site: Int) -> WaitingEvaluation? { queues[site].first }

    func find(_ number: UInt64, at site: Int) -> WaitingEvaluation? { queues[site].find(number) }

    mutating func append(_ entry: WaitingEvaluation) {
        queues[entry.site].entries.append(entry)
        count += 1
        byteCount += entry.byteCount
        if isStep[entry.site] { stepCount += 1 } else { entry.group?.waiting += 1 }
        isDirty = true
    }

    mutating func removeFirst(at site: Int) {
        guard let entry = queues[site].first else { return }
        queues[site].removeFirst()
        count -= 1
        byteCount -= entry.byteCount
        if isStep[site] { stepCount -= 1 } else { entry.group?.waiting -= 1 }
        isDirty = true
    }

    /// The clock of the event that has waited longest above the window.
    var oldestStepClock: Int64 {
        var result = Int64.max
        for site in queues.indices where isStep[site] { result = min(result, queues[site].first?.clock ?? .max) }
        return result
    }

    /// What has come furthest and waits longest.
    var frontmost: WaitingEvaluation? { queues.last { $0.first != nil }?.first }

    /// All, site by site, from the last to the first: resumed in this order nothing overtakes.
    var all: [WaitingEvaluation] { queues.reversed().flatMap { $0.entries[$0.head...].compactMap { $0 } } }
}
