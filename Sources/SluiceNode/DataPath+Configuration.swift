import Broker
import CloudBridge
import Identity
import Ledger
import Messages
import RuleLanguage

/// From the configuration's words to each stage's own.
extension DataPath {
    static func ledgerOptions(_ configuration: NodeConfiguration) -> Ledger.Options {
        var limits: [String: OutboxLimits] = [:]
        for bridge in configuration.bridges {
            limits[bridge.name] = OutboxLimits(
                bytes: Int64(bridge.outbox.bytes),
                ageMilliseconds: bridge.outbox.age.components.seconds * 1_000,
                whenFull: bridge.outbox.whenFull == .dropOldest ? .dropOldest : .dropNewest)
        }
        return Ledger.Options(folder: configuration.data, node: configuration.node, outboxLimits: limits)
    }

    static func brokerConfiguration(_ configuration: NodeConfiguration) throws -> BrokerConfiguration {
        let access = try AccessRules(
            configuration.access.map {
                AccessRule(
                    identity: $0.identity ?? "*", listener: $0.listener, publish: $0.publish, subscribe: $0.subscribe,
                    deny: $0.deny)
            })
        var limits = BrokerLimits()
        limits.payloadBytesMax = configuration.limits.payloadBytes
        limits.connectionsMax = configuration.limits.connections
        limits.keepAliveSecondsMax = Int(configuration.limits.keepAlive.components.seconds)
        limits.queuedMessagesMax = configuration.limits.queuedMessages
        limits.retainedBytesMax = configuration.limits.retainedBytes
        limits.queuedBytesMax = configuration.limits.memoryBytes
        return BrokerConfiguration(
            listeners: configuration.listeners.map(BrokerListener.init), access: access, limits: limits)
    }
}

extension BrokerListener {
    init(_ listener: ListenerConfiguration) {
        var files: TLSFiles?
        if case .tls(let tls) = listener.transport {
            files = TLSFiles(certificate: tls.certificate, key: tls.key, clientAuthority: tls.clientCA)
        }
        self.init(
            name: listener.name, host: listener.address.host, port: Int(listener.address.port), tls: files,
            anonymous: listener.anonymous, acknowledgesAfterCommit: listener.durability == .commit)
    }
}

/// Which messages enter which bridge's outbox, under which topic and in which lane.
struct BridgeRoutes: Sendable {
    private let bridges: [(name: String, map: RouteMap)]

    init(_ configuration: NodeConfiguration) throws {
        bridges = try configuration.bridges.map { bridge in
            (bridge.name, try RouteMap(routes: UpstreamConfiguration(bridge).routes, node: configuration.node))
        }
    }

    /// Asked once per topic.
    func routes(for topic: [UInt8]) -> [OutboxRoute] {
        bridges.compactMap { bridge in
            guard let mapped = bridge.map.mapped(topic: topic) else { return nil }
            return OutboxRoute(bridge: bridge.name, lane: mapped.lane, topic: mapped.topic, qosMax: mapped.qos)
        }
    }
}

extension UpstreamConfiguration {
    /// The bridge's own view of its section.
    init(_ bridge: BridgeConfiguration) {
        self.init(
            name: bridge.name, host: bridge.address.host, port: Int(bridge.address.port),
            tls: bridge.tls.map {
                TLS(authorityFile: $0.ca, certificateFile: $0.certificate, keyFile: $0.key)
            },
            clientID: bridge.clientID, username: bridge.username, password: bridge.password?.reveal(),
            routes: bridge.routes.map { Route(from: $0.from, to: $0.to, qos: $0.qos) })
    }
}

extension SourcePlan {
    /// Whether messages of topic name `topic` go to this source. Asked once per topic.
    func matches(_ topic: [UInt8]) -> Bool {
        TopicText.matches(name: topic, filter: Array(filter.utf8))
    }
}
