import RuleEngine
import Testing

@testable import Inference

private let second: Int64 = 1_000_000_000

struct CircuitBreakerTests {
    private func options(failuresMax: Int = 3) -> ModelPoolOptions {
        var options = ModelPoolOptions()
        options.failuresMax = failuresMax
        return options
    }

    @Test func opensAfterFailuresInARow() {
        var breaker = CircuitBreaker(options())
        #expect(breaker.fail(at: 0) == false)
        #expect(breaker.fail(at: 0) == false)
        #expect(!breaker.isSuspended(at: 0))
        #expect(breaker.fail(at: 10) == true)
        #expect(breaker.isSuspended(at: 10))
        #expect(breaker.isSuspended(at: 10 + second - 1))
        #expect(!breaker.isSuspended(at: 10 + second))
    }

    @Test func aSuccessBeginsAnew() {
        var breaker = CircuitBreaker(options())
        for _ in 0..<10 {
            #expect(breaker.fail(at: 0) == false)
            #expect(breaker.fail(at: 0) == false)
            breaker.succeed()
        }
    }

    @Test func aTrialClosesItOrDoublesTheSuspension() {
        var breaker = CircuitBreaker(options(failuresMax: 1))
        var now: Int64 = 0
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            #expect(breaker.fail(at: now) == true)
            let until = now + Int64(expected) * second
            #expect(breaker.isSuspended(at: until - 1))
            #expect(!breaker.isSuspended(at: until))
            #expect(breaker.isOnTrial)
            breaker.begin()
            now = until + 1
        }
        breaker.succeed()
        #expect(!breaker.isOnTrial)
        #expect(breaker.fail(at: now) == true)
        #expect(!breaker.isSuspended(at: now + second))
    }

    @Test func theEndOfTimeIsNoTrap() {
        var breaker = CircuitBreaker(options(failuresMax: 1))
        #expect(breaker.fail(at: .max - 5) == true)
        #expect(breaker.isSuspended(at: .max - 1))
    }
}

struct ModelQueueTests {
    private func tickets(_ range: Range<Int>) -> ArraySlice<ModelTicket> { Some.tickets(range)[...] }

    @Test func givesWhatCameFirst() {
        var queue = ModelQueue(rowByteCount: 2)
        queue.append(tickets(0..<2), [1, 2, 3, 4], deadline: 10)
        queue.append(tickets(2..<3), [5, 6], deadline: 20)
        #expect(queue.count == 3)
        #expect(queue.firstDeadline == 10)
        #expect(
            queue.take(1) == .init(tickets: Some.tickets(0..<1), deadlines: [10], bytes: [1, 2]))
        #expect(
            queue.take(9) == .init(tickets: Some.tickets(1..<3), deadlines: [10, 20], bytes: [3, 4, 5, 6]))
        #expect(queue.firstDeadline == nil)
        #expect(queue.take(1).tickets.isEmpty)
    }

    @Test func expiresUpToADeadline() {
        var queue = ModelQueue(rowByteCount: 1)
        queue.append(tickets(0..<2), [1, 2], deadline: 10)
        queue.append(tickets(2..<3), [3], deadline: 11)
        #expect(queue.takeExpired(at: 9).isEmpty)
        #expect(queue.takeExpired(at: 10) == tickets(0..<2))
        #expect(queue.take(5).bytes == [3])
    }

    @Test func keepsOrderOverManyRows() {
        var queue = ModelQueue(rowByteCount: 1)
        var next = 0
        var given = 0
        for round in 0..<2000 {
            let count = round % 7
            queue.append(tickets(next..<next + count), (next..<next + count).map { UInt8($0 % 251) }[...], deadline: 0)
            next += count
            let rows = queue.take(round % 5)
            #expect(rows.bytes == (given..<given + rows.tickets.count).map { UInt8($0 % 251) })
            #expect(rows.tickets == Some.tickets(given..<given + rows.tickets.count))
            given += rows.tickets.count
        }
        #expect(queue.count == next - given)
        #expect(queue.takeAll() == tickets(given..<next))
        #expect(queue.count == 0)
    }

    @Test func roomIsBoundedByRowsAndBytes() {
        var options = ModelPoolOptions()
        options.queueMax = 10
        options.queueBytesMax = 100
        var queue = ModelQueue(rowByteCount: 25)
        #expect(queue.room(options) == 4)
        queue.append(tickets(0..<3), [UInt8](repeating: 0, count: 75)[...], deadline: 0)
        #expect(queue.room(options) == 1)
        #expect(ModelQueue(rowByteCount: 1).room(options) == 10)
    }
}

/// Rows and tickets for tests.
enum Some {
    static func tickets(_ range: Range<Int>) -> [ModelTicket] {
        range.map { ModelTicket(rule: 0, call: 0, number: UInt64($0)) }
    }

    /// Rows of one byte.
    static func batch(_ model: Int, _ range: Range<Int>) -> ModelBatch {
        batch(model, range, rows: range.map { UInt8(truncatingIfNeeded: $0) })
    }

    static func batch(_ model: Int, _ range: Range<Int>, rows: [UInt8]) -> ModelBatch {
        ModelBatch(model: model, tickets: tickets(range), rows: rows)
    }

    /// By number of the ticket.
    static func failures(_ answers: ModelAnswers) -> [UInt64: ModelFailure] {
        var failures: [UInt64: ModelFailure] = [:]
        answers.forEach { ticket, result in
            failures[ticket.number] = result.first.flatMap(ModelFailure.init(rawValue:))
        }
        return failures
    }
}
