internal import Foundation
package import RuleEngine
package import RuleLanguage

/// What a pool runs: an `OnnxModel`, or a stand-in for tests. The pool runs it on one thread at a time, and ends runs
/// from another.
package protocol PooledModel: AnyObject, Sendable {
    var signature: ModelSignature { get }
    var rowByteCount: Int { get }
    var batchMax: Int { get }
    func run(rows: UnsafeRawBufferPointer, count: Int, results: inout [UInt8], ends: inout [Int]) -> OnnxModel.Run
    func terminate()
    func resume()
}

extension OnnxModel: PooledModel {}

/// Runs models on threads of its own, whose priority is below that of the event loops.
///
/// A thread that is free takes all that waits for one model, up to the most of a run; a model is run by one thread at a
/// time. A run that outlives the deadline of all its rows is given up: its rows are answered, the library is told to
/// end it, and another thread takes the place of the one in it until that one comes back.
///
/// `@unchecked Sendable`: what changes is guarded by `lock`.
package final class ModelPool: @unchecked Sendable {
    private let options: ModelPoolOptions
    private let deliver: @Sendable (ModelAnswers) -> Void
    private let lock = PoolLock()

    // Guarded by `lock`, as all below.
    private var schedule: ModelSchedule
    private var models: [(any PooledModel)?]
    /// By number of the run.
    private var running: [UInt64: any PooledModel] = [:]
    /// Runs that were given up and have not come back.
    private var stuck: Set<UInt64> = []
    /// Threads that are not stuck, those that wait for work, and all.
    private var active = 0
    private var idle = 0
    private var threads = 0
    private var watches = false
    private var watcherSleeps = false
    private var isStopping = false

    /// How long `stop` waits for threads, nanoseconds.
    private static let stopTime: Int64 = 2_000_000_000

    /// - Parameters:
    ///   - models: in the order of the engine's `models`; nil: not loaded.
    ///   - deliver: takes answers on a thread of the pool, never after `stop` has returned. Called without locks, from
    ///     several threads at once.
    package init(
        _ models: [(any PooledModel)?], options: ModelPoolOptions, deliver: @escaping @Sendable (ModelAnswers) -> Void
    ) {
        self.options = options
        self.deliver = deliver
        self.models = models
        schedule = ModelSchedule(models.map(Self.described), options)
        lock.locked {
            for _ in 0..<max(1, options.threads) { startThread() }
            watches = true
        }
        start("sluice-watch") { [self] in watch() }
    }

    /// Threads for the models of a machine: some, so that a slow model leaves room for others, though the cores are
    /// fewer; the system shares those.
    package static var threadsByDefault: Int { max(4, ProcessInfo.processInfo.activeProcessorCount - 1) }

    // MARK: - From the engine's thread

    /// Queues rows. What is refused at once is in the result; the rest comes by `deliver`. Never waits for a run.
    package func submit(_ batch: ModelBatch) -> ModelAnswers {
        lock.locked {
            let refused = schedule.submit(batch, at: PoolLock.now())
            if idle > 0, schedule.nextReady != nil { lock.work.signal() }
            if watcherSleeps { lock.watch.signal() }
            return refused
        }
    }

    /// Other models from the next run on, between two runs of each. Rows that wait stay if the new model takes and
    /// gives the same; the result holds the answers of the others.
    package func replace(_ models: [(any PooledModel)?]) -> ModelAnswers {
        lock.locked {
            let changed = models.indices.map { index in
                !self.models.indices.contains(index) || self.models[index] !== models[index]
            }
            self.models = models
            let answers = schedule.replace(models.map(Self.described), changed: changed)
            lock.work.broadcast()
            return answers
        }
    }

    /// Other models for another set of rules: what waits or is being run gets no answer any more.
    package func reset(_ models: [(any PooledModel)?]) {
        lock.locked {
            self.models = models
            schedule.reset(models.map(Self.described))
        }
    }

    /// By model.
    package func counters() -> [ModelCounters] {
        lock.locked { schedule.counters(at: PoolLock.now()) }
    }

    /// Ends all threads but those that are stuck in a run, and waits for them, two seconds at most. What waits gets no
    /// answer. Not for `deliver` to call.
    package func stop() {
        lock.locked {
            isStopping = true
            for model in running.values { model.terminate() }
            lock.work.broadcast()
            lock.watch.broadcast()
            let limit = PoolLock.now() + Self.stopTime
            while active > 0 || watches, PoolLock.now() < limit { lock.wait(lock.gone, until: limit) }
        }
    }

    private static func described(_ model: (any PooledModel)?) -> ModelSchedule.Model? {
        model.map { model in
            ModelSchedule.Model(
                rowByteCount: model.rowByteCount, batchMax: max(1, model.batchMax), inputs: model.signature.inputs,
                outputs: model.signature.outputs)
        }
    }

    // MARK: - Threads

    private func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.start()
    }

    /// Call with the lock held.
    private func startThread() {
        threads += 1
        active += 1
        start("sluice-model") { [self] in work() }
    }

    private func work() {
        // Of this thread alone, as Linux takes it.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
        var buffers = Buffers()
        lock.lock()
        while !isStopping {
            let now = PoolLock.now()
            let expired = expire(at: now)
            if let job = schedule.next(at: now, isFree: isFree), let model = models[job.model] {
                running[job.run] = model
                if idle > 0, schedule.nextReady != nil { lock.work.signal() }
                guard perform(job, model, expired, &buffers) else { break }
            } else if expired.tickets.isEmpty {
                idle += 1
                lock.wait(lock.work, until: schedule.nextReady.flatMap { $0 > now ? $0 : nil })
                idle -= 1
            } else {
                answer(expired)
            }
        }
        threads -= 1
        active -= 1
        lock.gone.broadcast()
        lock.unlock()
    }

    private struct Buffers {
        var results: [UInt8] = []
        var ends: [Int] = []
    }

    /// Runs and answers, without the lock meanwhile. False: the thread that took this one's place goes on.
    private func perform(
        _ job: ModelSchedule.Job, _ model: any PooledModel, _ expired: ModelAnswers, _ buffers: inout Buffers
    ) -> Bool {
        lock.unlock()
        if !expired.tickets.isEmpty { deliver(expired) }
        buffers.results.removeAll(keepingCapacity: true)
        buffers.ends.removeAll(keepingCapacity: true)
        let count = job.rows.tickets.count
        let outcome = job.rows.bytes.withUnsafeBytes { rows in
            model.run(rows: rows, count: count, results: &buffers.results, ends: &buffers.ends)
        }
        lock.lock()
        running[job.run] = nil
        let (answered, consequences) = schedule.finish(job.run, rows: count, outcome, at: PoolLock.now())
        let wasStuck = stuck.remove(job.run) != nil
        if wasStuck {
            model.resume()
            active += 1
        }
        answer(Self.answers(job.rows.tickets, answered, buffers))
        answer(consequences)
        guard wasStuck, active > max(1, options.threads) else { return true }
        // The rows that came meanwhile for this model are another thread's now.
        lock.work.signal()
        return false
    }

    private static func answers(_ tickets: [ModelTicket], _ answered: Int, _ buffers: Buffers) -> ModelAnswers {
        var answers = ModelAnswers()
        guard answered < tickets.count, buffers.ends.count == tickets.count else { return answers }
        let begin = answered > 0 ? buffers.ends[answered - 1] : 0
        answers.tickets = Array(tickets[answered...])
        answers.results = Array(buffers.results[begin...])
        answers.ends = buffers.ends[answered...].map { $0 - begin }
        return answers
    }

    /// Delivers without the lock, which is held before and after.
    private func answer(_ answers: ModelAnswers) {
        guard !answers.tickets.isEmpty, !isStopping else { return }
        lock.unlock()
        deliver(answers)
        lock.lock()
    }

    /// Whether no thread is in the model, perhaps for a run that was forgotten.
    private func isFree(_ index: Int) -> Bool {
        guard let model = models[index] else { return false }
        return !running.values.contains { $0 === model }
    }

    /// Answers what is late, ends the runs that are, and puts other threads in the place of theirs.
    private func expire(at now: Int64) -> ModelAnswers {
        let (answers, ended) = schedule.expire(at: now)
        for run in ended {
            running[run]?.terminate()
            stuck.insert(run)
            active -= 1
            if threads < max(1, options.threads) + models.count { startThread() }
        }
        return answers
    }

    private func watch() {
        lock.lock()
        var isQuiet = false
        while !isStopping {
            let now = PoolLock.now()
            answer(expire(at: now))
            if isStopping { break }
            let deadline = schedule.nextDeadline
            if deadline == nil, isQuiet {
                watcherSleeps = true
                lock.wait(lock.watch, until: nil)
                watcherSleeps = false
                isQuiet = false
            } else {
                isQuiet = deadline == nil
                // No row that comes meanwhile has an earlier deadline than this.
                lock.wait(lock.watch, until: deadline ?? now + max(1, options.deadline))
            }
        }
        watches = false
        lock.gone.broadcast()
        lock.unlock()
    }
}
