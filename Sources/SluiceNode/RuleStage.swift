import Broker
import Inference
import Ledger
import Logging
import Messages
import NIOCore
import RuleEngine
import RuleLanguage

/// The rules in the way of messages. Lives on the broker's stage loop, with the engine's whole state.
///
/// Durability: what the engine was given since its last snapshot is logged in the same commit that holds what it caused.
/// After a crash the snapshot is restored and the log replayed, which gives the same state and the same outputs; those
/// were committed with their inputs, so they are not published again.
///
/// `@unchecked Sendable`: everything is touched on `loop.eventLoop` only; `DataPath` reaches it through that loop.
final class RuleStage: @unchecked Sendable {
    /// Logged bytes after which the state is written and the log forgotten. Bounds the replay after a crash to about a
    /// second and the log on disk.
    static let logBytesMax = 8 * 1_048_576
    /// A quiet engine writes its state after this many seconds anyway.
    static let snapshotSeconds: Int64 = 30
    /// How often the counts of rules that did something are published.
    static let statisticsSeconds: Int64 = 10

    private let loop: BrokerLoop
    private let engine: RuleEngine
    private let logger: Logger
    private let models: ModelStage
    private var inputs: [UInt8] = []
    private var outputs: [RuleOutput] = []
    private var loggedBytes = 0
    private var timer: Scheduled<Void>?
    private var timerAtNanoseconds: Int64 = .max
    private var snapshotTask: RepeatedTask?
    private var statisticsTask: RepeatedTask?
    private var clock: ClockWatch?
    /// The counters as they were last published.
    private var publishedCounters: [RuleCounters] = []

    init(loop: BrokerLoop, engine: RuleEngine, models: ModelStage, logger: Logger) {
        self.loop = loop
        self.engine = engine
        self.models = models
        self.logger = logger
    }

    /// Brings the engine to where the last commit left it. Returns how many outputs the replay suppressed.
    static func recover(_ engine: RuleEngine, from recovered: RecoveredState, logger: Logger) -> Int {
        engine.restore(recovered.ruleGroups.map { RuleGroupState(rule: $0.rule, key: $0.key, state: $0.state) })
        var suppressed: [RuleOutput] = []
        var count = 0
        for blob in recovered.ruleInputs {
            do {
                try RuleInputLog.replay(blob, into: engine, outputs: &suppressed)
            } catch {
                logger.error(
                    "a logged batch of rule inputs can't be read; windows may lack its events",
                    metadata: ["reason": "\(error)"])
            }
            count += suppressed.count
            suppressed.removeAll(keepingCapacity: true)
        }
        return count
    }

    /// On the loop: evaluates what came due while the node was down, then keeps time.
    func start() {
        let eventLoop = loop.eventLoop
        models.start(engine) { [weak self] in
            eventLoop.execute { [weak self] in self?.takeAnswers() }
        }
        engine.resume(atNanoseconds: loop.wallNanoseconds(), into: &outputs)
        models.submit(engine)
        publishOutputs()
        // In one commit with what it caused, so nothing of it is logged.
        snapshot()
        scheduleTimer()
        clock = ClockWatch(wall: loop.wallNanoseconds(), uptime: NIODeadline.now().uptimeNanoseconds)
        snapshotTask = loop.eventLoop.scheduleRepeatedTask(
            initialDelay: .seconds(Self.snapshotSeconds), delay: .seconds(Self.snapshotSeconds)
        ) { [weak self] _ in
            guard let self, self.loggedBytes > 0 else { return }
            self.snapshot()
        }
        statisticsTask = loop.eventLoop.scheduleRepeatedTask(
            initialDelay: .seconds(Self.statisticsSeconds), delay: .seconds(Self.statisticsSeconds)
        ) { [weak self] _ in
            self?.publishStatistics()
            self?.lookAtClock()
        }
    }

    /// On the loop, before the node stops: the state as it is, so that the next start replays nothing.
    func stop() {
        timer?.cancel()
        snapshotTask?.cancel()
        statisticsTask?.cancel()
        models.stop()
        // What still waits for a model is part of the state, and is asked again at the next start.
        snapshot()
    }

    /// How the broker reaches this stage. The stage lives as long as its loop.
    func messageStage() -> MessageStage {
        MessageStage(
            binding: { [self] in binding(forTopic: $0) }, take: { [self] in take($0, binding: $1) },
            endCycle: { [self] in endCycle() })
    }

    private func binding(forTopic topic: [UInt8]) -> AnyObject? {
        topic.withUnsafeBytes { engine.binding(forTopic: $0) }
    }

    private func take(_ message: PassingMessage, binding: AnyObject) -> Bool {
        let rules = unsafeDowncast(binding, to: RuleBinding.self)
        let input = RuleInput(
            topic: message.topic, payload: message.payload, properties: message.properties,
            qos: message.qos.rawValue, retained: false, client: message.client,
            arrivalNanoseconds: message.arrivalNanoseconds)
        let logStart = inputs.count
        RuleInputLog.append(input, to: &inputs)
        engine.process(input, rules, into: &outputs)
        if engine.hasRows { loop.scheduleCycle() }
        if outputs.isEmpty, !rules.keepsState {
            // Nothing of it is remembered: it need not be on disk.
            inputs.removeLast(inputs.count - logStart)
            return false
        }
        publishOutputs()
        return true
    }

    /// Results of models are inputs like messages: logged with what they cause.
    private func takeAnswers() {
        for answers in models.takeAnswers() {
            answers.forEach { ticket, result in
                guard let rule = engine.ruleName(of: ticket) else { return }
                let logStart = inputs.count
                RuleInputLog.append(answer: result, to: ticket, ofRule: rule, to: &inputs)
                if !engine.answer(ticket, result, into: &outputs) { inputs.removeLast(inputs.count - logStart) }
            }
            publishOutputs()
        }
        loop.scheduleCycle()
    }

    /// Waits until no rule waits for a model, which the calls' deadline bounds.
    private func settleModels() {
        models.submit(engine)
        while engine.waitingCount > 0, models.waitForAnswers() {
            takeAnswers()
            models.submit(engine)
        }
    }

    private func endCycle() {
        models.submit(engine)
        if !inputs.isEmpty {
            loggedBytes += inputs.count
            loop.record(.ruleInputs(inputs))
            inputs.removeAll(keepingCapacity: true)
            if loggedBytes > Self.logBytesMax { snapshot() }
        }
        scheduleTimer()
    }

    /// Replaces the rules between two messages. The state under the old ones is written first, so that a crash right after
    /// does not replay old inputs through new rules.
    func reload(_ plan: RuleSetPlan) throws -> ReloadReport {
        settleModels()
        snapshot()
        let report = try engine.reload(plan, into: &outputs)
        models.replace(engine)
        publishOutputs()
        snapshot()
        scheduleTimer()
        return report
    }

    var counters: [RuleCounters] { engine.counters }

    private func advance(to nanoseconds: Int64) {
        RuleInputLog.appendAdvance(toNanoseconds: nanoseconds, to: &inputs)
        engine.advance(toNanoseconds: nanoseconds, into: &outputs)
        publishOutputs()
        loop.scheduleCycle()
    }

    private func publishOutputs() {
        // Publishing can't come back here: the engine already gave its outputs to every rule that takes them.
        guard !outputs.isEmpty else { return }
        for output in outputs {
            let expiry = output.expiresNanoseconds.map { (loop.wallNanoseconds() + $0) / 1_000_000 }
            loop.publish(
                Message(
                    topic: output.topic, payload: output.payload, qos: QoS(rawValue: output.qos) ?? .atLeastOnce,
                    retain: output.retain, expiresAtMilliseconds: expiry),
                mark: output.isEngineTopic
                    ? nil : UpstreamMark(id: output.id, priority: MessagePriority(output.priority)))
        }
        outputs.removeAll(keepingCapacity: true)
    }

    private func lookAtClock() {
        let jump = clock?.look(wall: loop.wallNanoseconds(), uptime: NIODeadline.now().uptimeNanoseconds)
        guard let jump else { return }
        logger.warning(
            "the node's clock was set; windows that end meanwhile close at once, or wait until the clock is there again",
            metadata: ["by-ms": "\(jump / 1_000_000)"])
    }

    /// Tells what each rule did, on `$sluice/rules/<name>/stats`, if that has changed.
    private func publishStatistics() {
        let counters = engine.counters
        let before = Dictionary(publishedCounters.map { ($0.rule, $0) }, uniquingKeysWith: { first, _ in first })
        for (index, rule) in counters.enumerated() where before[rule.rule] != rule {
            guard let statistics = engine.statistics(ofRule: index) else { continue }
            loop.publish(
                Message(
                    topic: Array("$sluice/rules/\(rule.rule)/stats".utf8), payload: statistics.json, qos: .atMostOnce))
        }
        publishedCounters = counters
        for (model, statistics) in models.changedStatistics(engine) {
            loop.publish(
                Message(topic: Array("$sluice/models/\(model)/stats".utf8), payload: statistics, qos: .atMostOnce))
        }
    }

    private func snapshot() {
        if !inputs.isEmpty {
            loop.record(.ruleInputs(inputs))
            inputs.removeAll(keepingCapacity: true)
        }
        let groups = engine.takeDirtyGroups().map {
            RuleSnapshot.Group(rule: $0.rule, key: $0.key, state: $0.state)
        }
        loggedBytes = 0
        loop.record(.ruleSnapshot(RuleSnapshot(groups: groups, replacesAll: false)))
    }

    private func scheduleTimer() {
        let next = engine.nextTimerNanoseconds ?? .max
        guard next != timerAtNanoseconds else { return }
        timer?.cancel()
        timer = nil
        timerAtNanoseconds = next
        guard next != .max else { return }
        let delay = max(0, next - loop.wallNanoseconds())
        // A clock that is set back or forward must not leave a timer waiting for hours: look again within a minute.
        let wait = min(delay, 60_000_000_000)
        timer = loop.eventLoop.scheduleTask(in: .nanoseconds(wait)) { [weak self] in
            guard let self else { return }
            self.timerAtNanoseconds = .max
            let now = self.loop.wallNanoseconds()
            if now >= next { self.advance(to: now) }
            self.scheduleTimer()
        }
    }
}

extension MessagePriority {
    init(_ priority: PublishPlan.Priority) {
        self =
            switch priority {
            case .high: .high
            case .normal: .normal
            case .low: .low
            }
    }
}
