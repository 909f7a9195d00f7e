// The whole way of a message, in reading order:
//
//   bytes → packet → session → router ─┬→ subscribers
//                                      └→ rules → outbox → bridge → cloud broker
//                                           ▲        │
//                                           └ ledger ┘   (one commit: deliveries, retained, rule state, outbox; then the acks)
//
// Packets, sessions and routing are the broker's (`Broker`, `MQTTWire`, `MQTTSession`, `TopicRouting`). This file builds
// the stages and ties them together; nothing here runs per message.

import Broker
import CloudBridge
import Identity
import Ledger
import Logging
import Messages
import NIOCore
import RuleEngine
import RuleLanguage
import Synchronization

/// The stages of one node, wired.
final class DataPath: Sendable {
    let ledger: Ledger
    let broker: Broker
    let bridges: [CloudBridge]
    private let bridgeRoutes: BridgeRoutes
    /// Confined to the broker's stage loop.
    private let stage: RuleStage
    private let ruleTopics: Mutex<[SourcePlan]>
    private let logger: Logger

    /// Opens the store, puts back what it holds, compiles nothing: `plan` is checked already.
    init(
        _ configuration: NodeConfiguration, plan: RuleSetPlan, models: ModelFiles, logger: Logger
    ) async throws {
        self.logger = logger
        // 1. The store. What it recovered is handed to the stages below.
        let (ledger, recovered) = try Ledger.open(Self.ledgerOptions(configuration))
        self.ledger = ledger
        Self.log(recovered.report, logger)

        // 2. The broker: listeners, sessions, routing.
        let broker = Broker(
            try Self.brokerConfiguration(configuration), ledger: ledger, recovered: recovered, logger: logger)
        self.broker = broker

        // 3. Rules, on the broker's first loop.
        let loop = broker.stageLoop
        let bridgeRoutes = try BridgeRoutes(configuration)
        self.bridgeRoutes = bridgeRoutes
        self.ruleTopics = Mutex(plan.rules.flatMap { $0.sources + $0.latestTopics })
        let node = configuration.node
        let inference = configuration.inference
        self.stage = try await loop.eventLoop.submit {
            let engine = try RuleEngine(
                plan, options: RuleEngine.Options(node: node, epoch: ledger.epoch),
                clockNanoseconds: recovered.ruleInputs.isEmpty ? loop.wallNanoseconds() : 0)
            let suppressed = RuleStage.recover(engine, from: recovered, logger: logger)
            if !recovered.ruleInputs.isEmpty {
                logger.info(
                    "rule inputs since the last snapshot were replayed",
                    metadata: ["batches": "\(recovered.ruleInputs.count)", "outputs already stored": "\(suppressed)"])
            }
            let stage = RuleStage(
                loop: loop, engine: engine, models: ModelStage(inference, files: models, logger: logger),
                logger: logger)
            loop.stage = stage.messageStage()
            return stage
        }.get()

        // 4. Bridges: each drains its part of the ledger's outbox on a thread of its own.
        self.bridges = try configuration.bridges.map { bridge in
            try CloudBridge(
                configuration: UpstreamConfiguration(bridge), ledger: ledger, node: configuration.node, logger: logger)
        }
        setTakers()
    }

    /// Starts from the far end, so that nothing arrives before its consumer is there. Returns the listeners' ports.
    func start() async throws -> [Int] {
        let stage = stage
        try await broker.stageLoop.eventLoop.submit { stage.start() }.get()
        for bridge in bridges { bridge.start() }
        return try await broker.start()
    }

    /// Stops in the order of the data: clients, rules, bridges, store.
    func stop() async {
        let stage = stage
        try? await broker.stageLoop.eventLoop.submit { stage.stop() }.get()
        await broker.stop()
        for bridge in bridges { bridge.stop() }
        ledger.close()
    }

    /// Swaps the set of rules between two messages.
    func reload(_ plan: RuleSetPlan) async throws -> ReloadReport {
        let stage = stage
        let report = try await broker.stageLoop.eventLoop.submit { try stage.reload(plan) }.get()
        ruleTopics.withLock { $0 = plan.rules.flatMap { $0.sources + $0.latestTopics } }
        setTakers()
        return report
    }

    func ruleCounters() async -> [RuleCounters] {
        let stage = stage
        return (try? await broker.stageLoop.eventLoop.submit { stage.counters }.get()) ?? []
    }

    /// A message of the node itself (`$sluice/…`), published on the first loop.
    func publish(_ message: Message) {
        let loop = broker.stageLoop
        loop.eventLoop.execute { loop.publish(message) }
    }

    /// Tells the broker which topics rules and bridges take; every cached route is made anew.
    private func setTakers() {
        let bridgeRoutes = bridgeRoutes
        broker.setTakers(
            TopicTakers(
                stageTakes: { [weak self] topic in
                    self?.ruleTopics.withLock { sources in sources.contains { $0.matches(topic) } } ?? false
                },
                outboxRoutes: { bridgeRoutes.routes(for: $0) }))
    }

    private static func log(_ report: RecoveryReport, _ logger: Logger) {
        if case .salvaged = report.outcome {
            logger.error("the store was damaged; what could be read is in a new one", metadata: ["report": "\(report)"])
        } else {
            logger.info("store opened", metadata: ["report": "\(report)"])
        }
    }
}
