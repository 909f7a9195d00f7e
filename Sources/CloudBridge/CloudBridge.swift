package import Ledger
package import Logging
import MosquittoClient
import Synchronization

/// Carries the outbox of one bridge to its upstream broker: in order, within a window, again after every failure, until
/// the broker has acknowledged it. One thread of its own.
///
/// Every message carries user properties with its stable id (`x-mid`) and its place in its lane (`x-epoch`, `x-lane`,
/// `x-seq`), when the upstream speaks MQTT 5. A message may arrive twice, with the same id; never less than once,
/// unless the broker refused it for good, it expired or the outbox was full, all of which is counted.
package final class CloudBridge: Sendable {
    package let name: String
    private let configuration: UpstreamConfiguration
    private let settings: BridgeMachine.Settings
    private let store: any OutboxStore
    private let mailbox: BridgeMailbox
    private let board = StatusBoard()
    private let thread = Mutex<LoopThread?>(nil)
    private let logger: Logger

    /// Throws `ConfigurationProblems`, or an error of the ledger. Nothing runs yet.
    package convenience init(
        configuration: UpstreamConfiguration, ledger: Ledger, node: String, logger: Logger
    ) throws {
        try self.init(configuration: configuration, store: ledger, node: node, logger: logger)
    }

    /// `seed` is for the pauses between attempts.
    package init(
        configuration: UpstreamConfiguration, store: any OutboxStore, node: String, logger: Logger,
        seed: UInt64 = .random(in: .min ... .max)
    ) throws {
        let problems = configuration.problems(node: node)
        guard problems.isEmpty else { throw ConfigurationProblems(bridge: configuration.name, sentences: problems) }
        self.name = configuration.name
        self.configuration = configuration
        self.store = store
        settings = BridgeMachine.Settings(
            window: configuration.window,
            acknowledgementTimeoutMilliseconds: configuration.acknowledgementTimeoutMilliseconds,
            connectTimeoutMilliseconds: configuration.connectTimeoutMilliseconds, version: configuration.version,
            preset: configuration.preset, lanes: try RouteMap(routes: configuration.routes, node: node).lanes,
            seed: seed)
        var logger = logger
        logger[metadataKey: "bridge"] = "\(configuration.name)"
        self.logger = logger
        let mailbox = try BridgeMailbox()
        self.mailbox = mailbox
        store.onOutboxCommit(bridge: configuration.name) { mailbox.noteGrowth() }
    }

    deinit { stop() }

    /// Starts the thread. Later calls do nothing; a stopped bridge is not started again.
    package func start() {
        thread.withLock { thread in
            guard thread == nil else { return }
            do {
                thread = try makeThread()
            } catch {
                logger.error("the bridge can't be started", metadata: ["reason": "\(error)"])
                board.update { $0.lastError = "\(error)" }
            }
        }
    }

    /// Waits a moment for acknowledgements that are due, disconnects and joins the thread. What was not acknowledged
    /// stays in the outbox. The ledger must still be open.
    package func stop() {
        mailbox.requestStop()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    package var status: BridgeStatus { board.current }

    private func makeThread() throws -> LoopThread {
        let (configuration, settings, store, mailbox, board, logger) =
            (configuration, settings, store, mailbox, board, logger)
        return try LoopThread(name: "bridge-\(name)") {
            do {
                // The reader belongs to the thread that uses it.
                let source = try store.makeOutboxSource(bridge: configuration.name)
                UpstreamLoop(
                    configuration, settings: settings, store: store, source: source, mailbox: mailbox, board: board,
                    logger: logger
                ).run()
            } catch {
                logger.error("the outbox can't be opened; restart the node", metadata: ["reason": "\(error)"])
                board.update { $0.lastError = "\(error)" }
            }
        }
    }
}
