import Foundation
import Inference
import RuleEngine
import RuleLanguage
import Testing

/// Nothing times out, however busy the machine.
private let patient: ModelPoolOptions = {
    var options = ModelPoolOptions()
    options.deadline = 600_000_000_000
    options.suspensionMin = 60_000_000_000
    return options
}()

/// Threads and waiting, with models that do what a test says.
@Suite(.timeLimit(.minutes(1)))
struct ModelPoolTests {
    @Test func everyRowIsAnsweredOnce() throws {
        let inbox = Inbox()
        var options = patient
        options.threads = 3
        let models = [StandIn(), StandIn(batchMax: 1), StandIn(batchMax: 7)]
        let pool = ModelPool(models, options: options) { inbox.take($0) }
        for begin in stride(from: 0, to: 1000, by: 10) {
            for model in 0..<3 {
                let range = model * 1000 + begin..<model * 1000 + begin + 10
                #expect(pool.submit(Some.batch(model, range)).tickets.isEmpty)
            }
        }
        let results = inbox.results(3000)
        pool.stop()
        #expect(results.count == 3000)
        for (number, result) in results {
            #expect(try Result(result) == .outputs(.bytes([UInt8(truncatingIfNeeded: number)])))
        }
        #expect(pool.counters().map(\.rows) == [1000, 1000, 1000])
        #expect(pool.counters()[1].batchedMax == 1)
        #expect(models.map(\.together) == [1, 1, 1])
    }

    @Test func aStuckRunStopsNoOtherModel() throws {
        let inbox = Inbox()
        var options = ModelPoolOptions()
        options.deadline = 20_000_000
        let stuck = StandIn(blocked: true)
        let pool = ModelPool([stuck, StandIn()], options: options) { inbox.take($0) }
        _ = pool.submit(Some.batch(0, 0..<2))
        #expect(Some.failures(inbox.next(2)) == [0: .timedOut, 1: .timedOut])
        #expect(stuck.terminations == 1)
        for number in 2..<20 {
            var answers = ModelAnswers()
            repeat {
                _ = pool.submit(Some.batch(1, number..<number + 1))
                answers = inbox.next(1)
            } while Some.failures(answers)[UInt64(number)] == .timedOut
            #expect(answers.tickets == Some.tickets(number..<number + 1))
        }
        stuck.unblock()
        stuck.waitForResumption()
        #expect(pool.counters()[0].late == 2)
        #expect(pool.counters()[0].timeouts == 2)
        pool.stop()
        #expect(stuck.resumptions == 1)
    }

    @Test func stopLeavesWhatIsStuck() throws {
        let inbox = Inbox()
        var options = ModelPoolOptions()
        options.deadline = 5_000_000
        let stuck = StandIn(blocked: true)
        let pool = ModelPool([stuck], options: options) { inbox.take($0) }
        _ = pool.submit(Some.batch(0, 0..<1))
        #expect(Some.failures(inbox.next(1)) == [0: .timedOut])
        pool.stop()
        stuck.unblock()
        #expect(pool.submit(Some.batch(0, 1..<2)).tickets.isEmpty)
        #expect(inbox.count == 0)
    }

    @Test func aSwapIsBetweenTwoRuns() throws {
        let inbox = Inbox()
        let pool = ModelPool([StandIn(add: 0)], options: patient) { inbox.take($0) }
        for number in 0..<200 {
            if number == 100 { #expect(pool.replace([StandIn(add: 1)]).tickets.isEmpty) }
            _ = pool.submit(Some.batch(0, number..<number + 1))
            let result = try #require(inbox.results(1)[UInt64(number)])
            #expect(try Result(result) == .outputs(.bytes([UInt8(number < 100 ? number : number + 1)])))
        }
        #expect(Some.failures(pool.replace([nil])) == [:])
        #expect(Some.failures(pool.submit(Some.batch(0, 0..<1))) == [0: .unavailable])
        pool.stop()
    }

    @Test func failuresSuspendAndAreCounted() throws {
        let inbox = Inbox()
        let pool = ModelPool([StandIn(fails: true)], options: patient) { inbox.take($0) }
        for number in 0..<5 {
            _ = pool.submit(Some.batch(0, number..<number + 1))
            #expect(Some.failures(inbox.next(1)) == [UInt64(number): .failed])
        }
        #expect(pool.counters()[0].isSuspended)
        #expect(Some.failures(pool.submit(Some.batch(0, 9..<10))) == [9: .suspended])
        #expect(pool.counters()[0].failures == 5)
        #expect(pool.counters()[0].lastFailure == "no")
        #expect(pool.counters()[0].breakerOpens == 1)
        pool.stop()
    }
}

@Suite(.enabled(if: Runtime.isWanted, Runtime.absence), .timeLimit(.minutes(1)))
struct ModelPoolRuntimeTests {
    @Test func realModelsAnswer() throws {
        let inbox = Inbox()
        var options = patient
        options.threads = 2
        let models = [try Runtime.open(TestModels.regression), try Runtime.open(TestModels.lookup)]
        let pool = ModelPool(models, options: options) { inbox.take($0) }
        for number in 0..<500 {
            _ = pool.submit(Some.batch(0, number..<number + 1, rows: row([Float(number), 1])))
            _ = pool.submit(Some.batch(1, 500 + number..<501 + number, rows: row([Int64(number % 5)])))
        }
        let results = inbox.results(1000)
        pool.stop()
        for number in 0..<500 {
            let sum = try Result(try #require(results[UInt64(number)]))
            #expect(sum == .outputs(.floats([Float(number) + 2.5])))
            let entry = try Result(try #require(results[UInt64(500 + number)]))
            // The table has four entries.
            if number % 5 < 4 {
                #expect(entry == .outputs(.floats([Float(number % 5 + 1) * 10])))
            } else {
                #expect(entry == .failure(.failed))
            }
        }
    }

    @Test func aRunWithoutEndIsEnded() throws {
        let inbox = Inbox()
        var options = ModelPoolOptions()
        options.deadline = 50_000_000
        let pool = ModelPool([try Runtime.open(TestModels.endless)], options: options) { inbox.take($0) }
        _ = pool.submit(Some.batch(0, 0..<1, rows: row([Int64.max])))
        #expect(Some.failures(inbox.next(1)) == [0: .timedOut])
        // The thread comes back, and the model with it.
        var failure: ModelFailure? = .timedOut
        while failure == .timedOut {
            _ = pool.submit(Some.batch(0, 1..<2, rows: row([3 as Int64])))
            let (_, result) = try #require(inbox.results(1).first)
            failure = try Result(result).failure
        }
        #expect(failure == nil)
        pool.stop()
    }
}

/// A model that gives back each byte, perhaps increased.
final class StandIn: PooledModel, @unchecked Sendable {
    let signature = ModelSignature(inputs: [], outputs: [], isBatched: true, opset: 0, byteCount: 0, sha256: "")
    let rowByteCount = 1
    let batchMax: Int
    private let add: UInt8
    private let fails: Bool
    private let lock = NSLock()
    private let gate = DispatchSemaphore(value: 0)
    private let resumption = DispatchSemaphore(value: 0)
    private var isBlocked: Bool
    private var inside = 0
    private(set) var together = 0
    private(set) var terminations = 0
    private(set) var resumptions = 0

    init(batchMax: Int = 256, add: UInt8 = 0, fails: Bool = false, blocked: Bool = false) {
        self.batchMax = batchMax
        self.add = add
        self.fails = fails
        isBlocked = blocked
    }

    func run(rows: UnsafeRawBufferPointer, count: Int, results: inout [UInt8], ends: inout [Int]) -> OnnxModel.Run {
        lock.withLock {
            inside += 1
            together = max(together, inside)
        }
        if lock.withLock({ isBlocked }) { gate.wait() }
        for byte in rows {
            if fails {
                ModelResultWriter.fail(.failed, nanoseconds: 0, to: &results)
            } else {
                ModelResultWriter.begin(nanoseconds: 0, outputCount: 1, to: &results)
                withUnsafeBytes(of: byte &+ add) { ModelResultWriter.append(.uint8, count: 1, $0, to: &results) }
            }
            ends.append(results.count)
        }
        lock.withLock { inside -= 1 }
        return OnnxModel.Run(failedRows: fails ? count : 0, batchedMax: count, reason: fails ? "no" : nil)
    }

    func unblock() {
        lock.withLock { isBlocked = false }
        gate.signal()
    }

    func terminate() { lock.withLock { terminations += 1 } }
    func resume() {
        lock.withLock { resumptions += 1 }
        resumption.signal()
    }

    func waitForResumption() { resumption.wait() }
}

/// Where answers arrive.
final class Inbox: @unchecked Sendable {
    private let condition = NSCondition()
    private var answers = ModelAnswers()

    var count: Int { condition.withLock { answers.tickets.count } }

    func take(_ more: ModelAnswers) {
        condition.withLock {
            let begin = answers.results.count
            answers.tickets += more.tickets
            answers.results += more.results
            answers.ends += more.ends.map { $0 + begin }
            condition.broadcast()
        }
    }

    /// Waits for so many answers and takes all.
    func next(_ count: Int) -> ModelAnswers {
        condition.withLock {
            while answers.tickets.count < count { condition.wait() }
            defer { answers = ModelAnswers() }
            return answers
        }
    }

    /// By number of the ticket.
    func results(_ count: Int) -> [UInt64: [UInt8]] {
        var results: [UInt64: [UInt8]] = [:]
        next(count).forEach { ticket, result in results[ticket.number] = Array(result) }
        return results
    }
}
