package import Ledger
package import Logging
import MQTTWire
import Messages
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
package import Telemetry
import TopicRouting

#if canImport(Glibc)
import Glibc
#endif

/// Why the broker can't run; the text says what to do.
package struct BrokerError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable { case portTaken, addressUnusable, certificateUnusable }
    package let code: Code
    package let description: String
}

/// Listeners and event loops. What happens to a message is in `ClientConnection` and `BrokerLoop`.
package final class Broker: Sendable {
    package let loops: [BrokerLoop]
    package let state: BrokerState
    private let group: MultiThreadedEventLoopGroup
    private let configuration: BrokerConfiguration
    private let ledger: Ledger
    private let logger: Logger

    /// Makes the loops and puts back what the ledger recovered. Nothing listens yet.
    package init(
        _ configuration: BrokerConfiguration, ledger: Ledger, recovered: RecoveredState, logger: Logger
    ) {
        let loopCount = configuration.loopCount ?? max(1, System.coreCount - 1)
        self.configuration = configuration
        self.ledger = ledger
        self.logger = logger
        self.group = MultiThreadedEventLoopGroup(numberOfThreads: loopCount)
        let greatestSequence = recovered.sessions.flatMap(\.queue).map(\.sequence).max() ?? 0
        let state = BrokerState(
            retainedBytesMax: configuration.limits.retainedBytesMax,
            greatestSessionKey: recovered.greatestSessionKey, greatestSequence: greatestSequence)
        self.state = state
        let eventLoops = Array(group.makeIterator())
        self.loops = eventLoops.enumerated().map { index, eventLoop in
            BrokerLoop(
                index: index, eventLoop: eventLoop, state: state, ledger: ledger, limits: configuration.limits,
                logger: logger, loopCount: loopCount)
        }
        for loop in loops { loop.peers = loops }
        state.withRetained { store in
            for message in recovered.retained { _ = store.apply(message) }
        }
        for (index, session) in recovered.sessions.enumerated() {
            // Before anything listens no loop touches its tables, so this thread may.
            loops[index % loops.count].restore(session)
        }
    }

    /// The message stage (rules) lives on the first loop.
    package var stageLoop: BrokerLoop { loops[0] }

    /// Binds every listener. Either all of them listen, or none and the error says why.
    /// Returns the port of each listener, in order.
    package func start() async throws -> [Int] {
        raiseDescriptorLimit()
        for loop in loops { loop.eventLoop.execute { loop.startClock() } }
        var channels: [any Channel] = []
        do {
            for listener in configuration.listeners { channels.append(try await bind(listener)) }
        } catch {
            for channel in channels { try? await channel.close() }
            throw error
        }
        return channels.map { $0.localAddress?.port ?? 0 }
    }

    /// Forgets every cached route: rules or bridge routes changed.
    package func setTakers(_ takers: TopicTakers) { state.setTakers(takers) }

    package func totals() -> BrokerTotals {
        var totals = BrokerTotals()
        for loop in loops { totals.add(loop.counters) }
        return totals
    }

    /// Ends every connection (MQTT 5 clients are told 0x8B) and the loops. Sessions that survive are in the ledger.
    package func stop() async {
        // A loop that is gone never answers: a second stop does nothing.
        guard !state.isStopping.exchange(true, ordering: .relaxed) else { return }
        for loop in loops {
            try? await loop.eventLoop.submit {
                loop.stopClock()
                for connection in loop.connections.values {
                    connection.disconnect(.serverShuttingDown, "the node stops", violation: false)
                }
            }.get()
        }
        await settle()
        try? await group.shutdownGracefully()
    }

    /// Waits until what the loops gathered is committed and they were told so: a loop that is gone can't be told. Twice,
    /// since ending a connection changes its session only when the channel is closed.
    private func settle() async {
        for _ in 0..<2 {
            for loop in loops { try? await loop.eventLoop.submit { loop.endCycle() }.get() }
            await withCheckedContinuation { continuation in
                ledger.submit([]) { _ in continuation.resume() }
            }
            for loop in loops { try? await loop.eventLoop.submit {}.get() }
        }
    }

    private func bind(_ listener: BrokerListener) async throws -> any Channel {
        let tls = try listener.tls.map { try TLSContext.make($0, listener: listener.name) }
        let access = configuration.access
        let connectionsMax = configuration.limits.connectionsMax
        let state = state
        let loops = loops
        let logger = logger
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4_096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .writeBufferWaterMark, value: ChannelOptions.Types.WriteBufferWaterMark(low: 131_072, high: 1_048_576)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let open = state.connectionCount.add(1, ordering: .relaxed).newValue
                    guard open <= connectionsMax, let loop = loops.first(where: { $0.eventLoop === channel.eventLoop })
                    else {
                        state.connectionCount.subtract(1, ordering: .relaxed)
                        loops.first { $0.eventLoop === channel.eventLoop }?.counters.connectionsRefused.add()
                        logger.warning(
                            "connection refused: the limit is reached", metadata: ["connections": "\(connectionsMax)"])
                        throw ChannelError.inputClosed
                    }
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(
                        ClientConnection(loop: loop, listener: listener, access: access))
                }
            }
        do {
            let channel = try await bootstrap.bind(host: listener.host, port: listener.port).get()
            logger.info(
                "listening",
                metadata: [
                    "listener": "\(listener.name)", "host": "\(listener.host)",
                    "port": "\(channel.localAddress?.port ?? 0)",
                    "tls": "\(tls != nil)",
                ])
            return channel
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw BrokerError(
                code: .portTaken,
                description:
                    "listener \(listener.name): port \(listener.port) on \(listener.host) is taken by another program; "
                    + "stop it or choose another port")
        } catch {
            throw BrokerError(
                code: .addressUnusable,
                description: "listener \(listener.name): can't listen on \(listener.host):\(listener.port): \(error)")
        }
    }

    /// A gateway's default of 1,024 descriptors would refuse sensors long before `connectionsMax`.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
