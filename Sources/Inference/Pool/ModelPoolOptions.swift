package import RuleEngine

/// Bounds of a pool; those of queues and runs hold for each model.
package struct ModelPoolOptions: Sendable, Equatable {
    /// Threads that run models, 1 or more.
    package var threads = 1
    /// The most rows of one run.
    package var batchMax = OnnxModel.batchRowsMax
    /// How long a row may wait for others to be run with, nanoseconds; 0: it never does.
    package var batchDelay: Int64 = 0
    /// The most rows that wait, and their bytes.
    package var queueMax = 10_000
    package var queueBytesMax = 64 << 20
    /// From submission to answer, nanoseconds, above 0.
    package var deadline: Int64 = 1_000_000_000
    /// Runs in a row that fail or time out before the model is suspended.
    package var failuresMax = 5
    /// The first suspension and the longest, nanoseconds; each is twice the one before.
    package var suspensionMin: Int64 = 1_000_000_000
    package var suspensionMax: Int64 = 60_000_000_000

    package init() {}
}

/// Results for rows of one model.
package struct ModelAnswers: Sendable, Equatable {
    package var tickets: [ModelTicket] = []
    /// The results one after the other, in the order of `tickets`.
    package var results: [UInt8] = []
    /// Where in `results` each result ends.
    package var ends: [Int] = []

    package init() {}

    package mutating func append(_ ticket: ModelTicket, _ failure: ModelFailure) {
        tickets.append(ticket)
        ModelResultWriter.fail(failure, nanoseconds: 0, to: &results)
        ends.append(results.count)
    }

    /// Calls `body` with each ticket and its result.
    package func forEach(_ body: (ModelTicket, UnsafeRawBufferPointer) -> Void) {
        results.withUnsafeBytes { bytes in
            var begin = 0
            for (ticket, end) in zip(tickets, ends) {
                body(ticket, UnsafeRawBufferPointer(rebasing: bytes[begin..<end]))
                begin = end
            }
        }
    }
}

/// What happened to one model since the pool began.
package struct ModelCounters: Sendable, Equatable {
    /// Rows that were run, runs, and the most rows of one run.
    package var rows: UInt64 = 0
    package var runs: UInt64 = 0
    package var batchedMax: UInt64 = 0
    /// Rows that ONNX Runtime refused, and what it said of the last one.
    package var failures: UInt64 = 0
    package var lastFailure: String?
    /// Rows without an answer within the deadline.
    package var timeouts: UInt64 = 0
    /// Rows refused since the queue was full.
    package var rejected: UInt64 = 0
    /// Rows refused since the model was suspended, and how often it was.
    package var suspended: UInt64 = 0
    package var breakerOpens: UInt64 = 0
    /// Results that came after the deadline and were thrown away.
    package var late: UInt64 = 0
    /// Time in runs.
    package var busyNanoseconds: UInt64 = 0
    /// Rows that wait now.
    package var queued = 0
    /// Whether it is suspended now.
    package var isSuspended = false

    package init() {}
}
