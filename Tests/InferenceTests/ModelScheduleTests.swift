import RuleEngine
import Testing

@testable import Inference

private let second: Int64 = 1_000_000_000

struct ModelScheduleTests {
    private func schedule(
        models: Int = 1, batchMax: Int = 256, _ change: (inout ModelPoolOptions) -> Void = { _ in }
    ) -> ModelSchedule {
        var options = ModelPoolOptions()
        change(&options)
        let model = ModelSchedule.Model(rowByteCount: 1, batchMax: batchMax, inputs: [], outputs: [])
        return ModelSchedule(Array(repeating: model, count: models), options)
    }

    private func take(_ schedule: inout ModelSchedule, at now: Int64) throws -> ModelSchedule.Job {
        let job = schedule.next(at: now)
        return try #require(job)
    }

    private let done = OnnxModel.Run(failedRows: 0, batchedMax: 1, nanoseconds: 7)

    @Test func aRowAloneIsRunAtOnce() throws {
        var schedule = schedule()
        #expect(schedule.submit(Some.batch(0, 5..<6), at: 100) == ModelAnswers())
        let job = try take(&schedule, at: 100)
        #expect(job.rows.tickets == Some.tickets(5..<6))
        #expect(schedule.next(at: 100) == nil)
        #expect(schedule.finish(job.run, rows: 1, done, at: 200).answered == 0)
        #expect(schedule.counters(at: 200)[0].busyNanoseconds == 7)
    }

    @Test func whatWaitsIsRunTogetherUpToTheMost() throws {
        var schedule = schedule(batchMax: 8)
        _ = schedule.submit(Some.batch(0, 0..<20), at: 0)
        var sizes: [Int] = []
        while let job = schedule.next(at: 0) {
            sizes.append(job.rows.tickets.count)
            #expect(schedule.next(at: 0) == nil, "a model is run once at a time")
            _ = schedule.finish(job.run, rows: sizes[sizes.count - 1], done, at: 0)
        }
        #expect(sizes == [8, 8, 4])
    }

    @Test func aBatchTakesAQuarterOfTheDeadlineAtMost() throws {
        var schedule = schedule { $0.deadline = 1000 }
        _ = schedule.submit(Some.batch(0, 0..<1), at: 0)
        var sizes: [Int] = []
        // Nanoseconds of each run.
        for time: Int64 in [50, 50, 50, 2000, 100] {
            let job = try take(&schedule, at: 0)
            sizes.append(job.rows.tickets.count)
            let outcome = OnnxModel.Run(failedRows: 0, batchedMax: 1, nanoseconds: time)
            _ = schedule.finish(job.run, rows: job.rows.tickets.count, outcome, at: 0)
            _ = schedule.submit(Some.batch(0, 1..<100), at: 0)
        }
        // A row costs 50, 30 = (50 + 10) / 2, 18, 153, 126.
        #expect(sizes == [1, 5, 8, 13, 1])
    }

    @Test func modelsTakeTurns() throws {
        var schedule = schedule(models: 3, batchMax: 1)
        for model in 0..<3 { _ = schedule.submit(Some.batch(model, 0..<4), at: 0) }
        var order: [Int] = []
        while let job = schedule.next(at: 0) {
            order.append(job.model)
            _ = schedule.finish(job.run, rows: 1, done, at: 0)
        }
        #expect(order == [1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    }

    @Test func aDelayWaitsForOthers() throws {
        var schedule = schedule(batchMax: 4) { $0.batchDelay = 50 }
        _ = schedule.submit(Some.batch(0, 0..<1), at: 100)
        #expect(schedule.next(at: 149) == nil)
        #expect(schedule.nextReady == 150)
        _ = schedule.submit(Some.batch(0, 1..<2), at: 120)
        #expect(schedule.next(at: 150)?.rows.tickets == Some.tickets(0..<2))
        var full = self.schedule(batchMax: 4) { $0.batchDelay = 50 }
        _ = full.submit(Some.batch(0, 0..<4), at: 100)
        #expect(full.next(at: 100) != nil)
    }

    @Test func whatDoesNotFitIsRefused() {
        var schedule = schedule { $0.queueMax = 3 }
        let refused = schedule.submit(Some.batch(0, 0..<5), at: 0)
        #expect(Some.failures(refused) == [3: .queueFull, 4: .queueFull])
        #expect(schedule.counters(at: 0)[0].rejected == 2)
        #expect(schedule.counters(at: 0)[0].queued == 3)
        var none = ModelSchedule([nil], ModelPoolOptions())
        #expect(Some.failures(none.submit(Some.batch(0, 0..<1), at: 0)) == [0: .unavailable])
        #expect(Some.failures(none.submit(Some.batch(7, 0..<1), at: 0)) == [0: .unavailable])
        var odd = Some.batch(0, 0..<2)
        odd.rows.removeLast()
        #expect(Some.failures(schedule.submit(odd, at: 0)) == [0: .input, 1: .input])
    }

    @Test func rowsExpireWithoutARun() throws {
        var schedule = schedule()
        _ = schedule.submit(Some.batch(0, 0..<1), at: 0)
        _ = schedule.submit(Some.batch(0, 1..<2), at: 5)
        #expect(schedule.nextDeadline == second)
        #expect(schedule.expire(at: second - 1).answers == ModelAnswers())
        let (answers, ended) = schedule.expire(at: second)
        #expect(Some.failures(answers) == [0: .timedOut])
        #expect(ended.isEmpty)
        #expect(schedule.next(at: second)?.rows.tickets == Some.tickets(1..<2))
        #expect(schedule.counters(at: second)[0].timeouts == 1)
    }

    @Test func aRunIsGivenUpWhenAllItsRowsAreLate() throws {
        var schedule = schedule()
        _ = schedule.submit(Some.batch(0, 0..<1), at: 0)
        _ = schedule.submit(Some.batch(0, 1..<2), at: 5)
        let job = try take(&schedule, at: 10)
        #expect(schedule.nextDeadline == second)
        let first = schedule.expire(at: second)
        #expect(Some.failures(first.answers) == [0: .timedOut])
        #expect(first.ended.isEmpty)
        #expect(schedule.nextDeadline == second + 5)
        let last = schedule.expire(at: second + 5)
        #expect(Some.failures(last.answers) == [1: .timedOut])
        #expect(last.ended == [job.run])
        #expect(schedule.nextDeadline == nil)
        #expect(schedule.expire(at: second + 6).ended.isEmpty)
        _ = schedule.submit(Some.batch(0, 2..<3), at: second + 6)
        #expect(schedule.next(at: second + 6) == nil, "somebody is in the model still")
        #expect(schedule.finish(job.run, rows: 2, done, at: second + 7).answered == 2)
        #expect(schedule.counters(at: second + 7)[0].late == 2)
        #expect(schedule.next(at: second + 7) != nil)
    }

    @Test func failedRunsSuspendTheModel() throws {
        var schedule = schedule { $0.failuresMax = 2 }
        let failed = OnnxModel.Run(failedRows: 1, batchedMax: 1, nanoseconds: 1)
        for attempt in 0..<2 {
            _ = schedule.submit(Some.batch(0, 0..<1), at: 0)
            let job = try take(&schedule, at: 0)
            _ = schedule.submit(Some.batch(0, 1..<2), at: 0)
            let waiting = schedule.finish(job.run, rows: 1, failed, at: 0).consequences
            #expect(Some.failures(waiting) == (attempt == 1 ? [1: .suspended] : [:]))
            if attempt == 0, let job = schedule.next(at: 0) {
                // One good row of several is a success.
                _ = schedule.finish(job.run, rows: 2, failed, at: 0)
                _ = schedule.submit(Some.batch(0, 0..<1), at: 0)
                let again = try take(&schedule, at: 0)
                #expect(schedule.finish(again.run, rows: 1, failed, at: 0).consequences == ModelAnswers())
            }
        }
        #expect(Some.failures(schedule.submit(Some.batch(0, 5..<6), at: second - 1)) == [5: .suspended])
        #expect(schedule.counters(at: second - 1)[0].isSuspended)
        #expect(schedule.counters(at: second)[0].breakerOpens == 1)
        _ = schedule.submit(Some.batch(0, 0..<9), at: second)
        let trial = try take(&schedule, at: second)
        #expect(trial.rows.tickets.count == 1)
        _ = schedule.finish(trial.run, rows: 1, done, at: second)
        #expect(schedule.next(at: second)?.rows.tickets.count == 8)
    }

    @Test func aSwapKeepsWhatTheNewModelTakes() throws {
        var schedule = schedule(models: 2)
        let other = ModelSchedule.Model(rowByteCount: 2, batchMax: 1, inputs: [], outputs: [])
        _ = schedule.submit(Some.batch(0, 0..<1), at: 0)
        _ = schedule.submit(Some.batch(1, 1..<2), at: 0)
        let answers = schedule.replace([schedule.slots[0].model, other], changed: [true, true])
        #expect(Some.failures(answers) == [1: .unavailable])
        #expect(schedule.next(at: 0)?.model == 0)
        #expect(schedule.next(at: 0) == nil)
        #expect(Some.failures(schedule.replace([], changed: [])) == [:])
        #expect(schedule.next(at: 0) == nil)
    }

    @Test func aNewModelNeedNotWaitForAStuckOne() throws {
        var schedule = schedule()
        _ = schedule.submit(Some.batch(0, 0..<1), at: 0)
        let stuck = try take(&schedule, at: 0)
        #expect(schedule.expire(at: second).ended == [stuck.run])
        _ = schedule.replace([schedule.slots[0].model], changed: [true])
        _ = schedule.submit(Some.batch(0, 1..<2), at: second)
        #expect(schedule.next(at: second)?.rows.tickets == Some.tickets(1..<2))
        #expect(schedule.finish(stuck.run, rows: 1, done, at: second).answered == 1)
    }

    @Test func aResetForgets() throws {
        var schedule = schedule()
        _ = schedule.submit(Some.batch(0, 0..<2), at: 0)
        let job = try take(&schedule, at: 0)
        _ = schedule.submit(Some.batch(0, 2..<3), at: 0)
        schedule.reset([schedule.slots[0].model])
        #expect(schedule.next(at: 0) == nil)
        #expect(schedule.finish(job.run, rows: 2, done, at: 0).answered == 2)
        _ = schedule.submit(Some.batch(0, 3..<4), at: 0)
        #expect(schedule.next(at: 0, isFree: { _ in false }) == nil)
        #expect(schedule.next(at: 0) != nil)
    }
}
