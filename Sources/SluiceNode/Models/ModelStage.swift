import Inference
import Logging
import RuleEngine
import RuleLanguage

/// Runs the models that rules call, on threads of its own, and brings the results back. Confined to the rules' loop.
final class ModelStage {
    private let configuration: InferenceConfiguration
    private let files: ModelFiles
    private let logger: Logger
    private var pool: ModelPool?
    private var mailbox: ModelMailbox?
    private var notify: (@Sendable () -> Void)?
    /// SHA-256 of what runs, by path.
    private var running: [String: String] = [:]
    /// Paths in the order of the pool's models.
    private var places: [String] = []
    private var published: [String: [UInt8]] = [:]
    /// Suspensions that the log tells of, by path.
    private var told: [String: UInt64] = [:]

    init(_ configuration: InferenceConfiguration, files: ModelFiles, logger: Logger) {
        self.configuration = configuration
        self.files = files
        self.logger = logger
    }

    /// `notify` is called from any thread when results wait to be taken.
    func start(_ engine: RuleEngine, notify: @escaping @Sendable () -> Void) {
        self.notify = notify
        replace(engine)
    }

    func stop() {
        pool?.stop()
        pool = nil
    }

    /// Puts the models of the engine's plan in the place of the running ones, between two runs.
    func replace(_ engine: RuleEngine) {
        let opened = files.models(engine.models)
        files.keep(engine.models)
        install(opened, engine.models.map(\.path))
        var now: [String: String] = [:]
        for plan in engine.models {
            guard let signature = plan.signature else { continue }
            now[plan.path] = signature.sha256
            guard running[plan.path] != signature.sha256 else { continue }
            logger.info(
                running[plan.path] == nil ? "model is ready" : "model was replaced",
                metadata: [
                    "model": "\(plan.name)", "file": "\(plan.path)", "sha256": "\(signature.sha256)",
                    "bytes": "\(signature.byteCount)", "opset": "\(signature.opset)",
                    "batched": "\(signature.isBatched)",
                ])
        }
        running = now
        published = [:]
    }

    /// Models in the same places keep their counts, and what is known of their failures.
    private func install(_ opened: [OnnxModel?], _ paths: [String]) {
        defer { places = paths }
        if let pool, paths == places {
            let unanswered = pool.replace(opened)
            if !unanswered.tickets.isEmpty { mailbox?.put(unanswered) }
            return
        }
        told = [:]
        if let pool { pool.reset(opened) } else if !opened.isEmpty { makePool(opened) }
    }

    private func makePool(_ opened: [OnnxModel?]) {
        guard let notify else { return }
        let mailbox = ModelMailbox(notify: notify)
        var options = ModelPoolOptions()
        options.threads = configuration.threads ?? ModelPool.threadsByDefault
        options.deadline = configuration.deadline.nanoseconds
        options.queueMax = configuration.queuedCalls
        options.batchMax = configuration.batch
        options.batchDelay = configuration.batchDelay.nanoseconds
        pool = ModelPool(opened, options: options) { mailbox.put($0) }
        self.mailbox = mailbox
    }

    /// Hands on what rules asked for.
    func submit(_ engine: RuleEngine) {
        guard engine.hasRows, let pool else { return }
        for batch in engine.takeBatches() {
            let refused = pool.submit(batch)
            if !refused.tickets.isEmpty { mailbox?.put(refused) }
        }
    }

    func takeAnswers() -> [ModelAnswers] { mailbox?.take() ?? [] }

    /// Waits for results, a little longer than any call may take. False: none came.
    func waitForAnswers() -> Bool {
        let deadline = Int(configuration.deadline.nanoseconds / 1_000_000)
        return mailbox?.wait(milliseconds: deadline + 1_000) ?? false
    }

    /// For each model that did anything since the last call: its name, and its counts as a JSON object.
    func changedStatistics(_ engine: RuleEngine) -> [(model: String, json: [UInt8])] {
        guard let counters = pool?.counters() else { return [] }
        var changed: [(model: String, json: [UInt8])] = []
        for (plan, counts) in zip(engine.models, counters) {
            tellOfFailures(plan, counts)
            let json = Array(Self.json(plan, counts).utf8)
            if published.updateValue(json, forKey: plan.path) != json { changed.append((plan.name, json)) }
        }
        return changed
    }

    /// A model that fails is told of once for each time that it is left alone.
    private func tellOfFailures(_ plan: ModelPlan, _ counts: ModelCounters) {
        let known = told.updateValue(counts.breakerOpens, forKey: plan.path) ?? 0
        guard counts.breakerOpens > known else { return }
        logger.warning(
            "a model fails and is suspended for a while: its calls give missing",
            metadata: [
                "model": "\(plan.name)", "file": "\(plan.path)", "failed": "\(counts.failures)",
                "timed-out": "\(counts.timeouts)", "reason": "\(counts.lastFailure ?? "no answer in time")",
            ])
    }

    private static func json(_ plan: ModelPlan, _ counts: ModelCounters) -> String {
        let mean = counts.runs > 0 ? Double(counts.busyNanoseconds) / Double(counts.runs) / 1e6 : 0
        return """
            {"model":\(JSONText.quoted(plan.name)),"file":\(JSONText.quoted(plan.path)),\
            "sha256":"\(plan.signature?.sha256 ?? "")","runs":\(counts.runs),"rows":\(counts.rows),\
            "rows_per_run_max":\(counts.batchedMax),"failed":\(counts.failures),"timed_out":\(counts.timeouts),\
            "queue_full":\(counts.rejected),"suspended":\(counts.suspended),"suspensions":\(counts.breakerOpens),\
            "late":\(counts.late),"queued":\(counts.queued),"run_ms_mean":\(mean)}
            """
    }
}

extension Duration {
    /// Whole nanoseconds; of what the configuration allows none are too many.
    fileprivate var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
