/// Leaves a model alone for a while when it fails several times in a row, then tries one run. Times in nanoseconds of
/// any clock that does not go back.
struct CircuitBreaker: Equatable {
    private enum State: Equatable {
        case closed(failures: Int)
        case open(until: Int64, period: Int64)
        /// One run is on trial; `period` was the last suspension.
        case trial(period: Int64)
    }

    private var state = State.closed(failures: 0)
    private let failuresMax: Int
    private let periodMin: Int64
    private let periodMax: Int64

    init(_ options: ModelPoolOptions) {
        failuresMax = max(1, options.failuresMax)
        periodMin = max(1, options.suspensionMin)
        periodMax = max(periodMin, options.suspensionMax)
    }

    func isSuspended(at now: Int64) -> Bool {
        if case .open(let until, _) = state { return now < until }
        return false
    }

    /// Whether the next run is a trial, which should be a small one.
    var isOnTrial: Bool {
        if case .closed = state { return false }
        return true
    }

    /// A run begins, at a time when it is not suspended.
    mutating func begin() {
        if case .open(_, let period) = state { state = .trial(period: period) }
    }

    mutating func succeed() { state = .closed(failures: 0) }

    /// A run failed or timed out; whether a suspension begins.
    mutating func fail(at now: Int64) -> Bool {
        switch state {
        case .closed(let failures) where failures + 1 < failuresMax:
            state = .closed(failures: failures + 1)
            return false
        case .closed: suspend(periodMin, now)
        case .trial(let period), .open(_, let period):
            suspend(period > periodMax / 2 ? periodMax : period * 2, now)
        }
        return true
    }

    private mutating func suspend(_ period: Int64, _ now: Int64) {
        let (until, overflow) = now.addingReportingOverflow(period)
        state = .open(until: overflow ? .max : until, period: period)
    }
}
