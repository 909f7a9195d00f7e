import Ledger
import Messages
import Synchronization
import TopicRouting

#if canImport(Glibc)
import Glibc
#endif

/// One subscriber of a route.
struct RouteTarget {
    /// Kept alive by `Route.owners`: iterating targets counts no references.
    let session: Unmanaged<ClientSession>
    let qos: QoS
    let noLocal: Bool
    let retainAsPublished: Bool
    let identifiers: [UInt32]
}

/// Where messages of one topic go, made once per topic and generation. Belongs to one loop.
final class Route {
    let topic: [UInt8]
    /// The same bytes where comparing them counts no reference.
    private let name: UnsafeMutableRawBufferPointer
    let targets: [RouteTarget]
    let owners: [ClientSession]
    /// Other loops that hold subscribers.
    let remoteLoops: [Int]
    /// Some subscriber on another loop outlives its connection, so its loop must commit before the publisher is told.
    let isRemoteDurable: Bool
    /// What the message stage keeps for this topic, on the stage's own loop.
    let stageBinding: AnyObject?
    /// The stage takes the topic but lives on another loop.
    let goesToRemoteStage: Bool
    let outbox: [OutboxRoute]
    /// Nobody gets messages of this topic.
    let isEmpty: Bool

    init(
        topic: [UInt8], targets: [RouteTarget], owners: [ClientSession], remoteLoops: [Int], isRemoteDurable: Bool,
        stageBinding: AnyObject?, goesToRemoteStage: Bool, outbox: [OutboxRoute]
    ) {
        self.topic = topic
        name = UnsafeMutableRawBufferPointer.allocate(byteCount: topic.count, alignment: 1)
        name.copyBytes(from: topic)
        self.targets = targets
        self.owners = owners
        self.remoteLoops = remoteLoops
        self.isRemoteDurable = isRemoteDurable
        self.stageBinding = stageBinding
        self.goesToRemoteStage = goesToRemoteStage
        self.outbox = outbox
        self.isEmpty =
            targets.isEmpty && remoteLoops.isEmpty && stageBinding == nil && !goesToRemoteStage && outbox.isEmpty
    }

    deinit { name.deallocate() }
}

extension Route {
    /// Whether this is the route of `topic`.
    @inline(__always)
    func isRoute(of topic: UnsafeRawBufferPointer) -> Bool {
        guard name.count == topic.count, let left = name.baseAddress, let right = topic.baseAddress else {
            return false
        }
        return memcmp(left, right, topic.count) == 0
    }
}

/// Routes of one loop by topic. Emptied when the generation changes.
struct RouteCache: ~Copyable {
    private var table = TopicTable()
    private var routes: [Route] = []
    private(set) var generation: UInt64 = 0

    /// The route of `topic` made under `generation`, or nil.
    mutating func find(_ topic: UnsafeRawBufferPointer, generation: UInt64) -> Route? {
        guard generation == self.generation else {
            table.removeAll()
            routes.removeAll(keepingCapacity: true)
            self.generation = generation
            return nil
        }
        let slot = table.slot(of: topic)
        return slot < 0 ? nil : routes[slot]
    }

    mutating func insert(_ route: Route, topic: UnsafeRawBufferPointer) {
        let (_, cleared) = table.insert(topic)
        if cleared { routes.removeAll(keepingCapacity: true) }
        routes.append(route)
    }
}

extension BrokerLoop {
    /// Makes the route of a topic from the shared tree. Allocates; the result is cached.
    @inline(never)
    func makeRoute(_ topicBytes: UnsafeRawBufferPointer) -> Route {
        let topic = [UInt8](topicBytes)
        let loopIndex = index
        let (matches, homes, takers) = state.withTree { shared in
            let matches = shared.tree.match(topic)
            return (matches, matches.map { shared.homes[$0.subscriber] }, shared.takers)
        }
        var targets: [RouteTarget] = []
        var owners: [ClientSession] = []
        var remote: Set<Int> = []
        var isRemoteDurable = false
        for (match, home) in zip(matches, homes) {
            guard let home else { continue }
            if home.loop != loopIndex {
                remote.insert(home.loop)
                isRemoteDurable = isRemoteDurable || home.isDurable
                continue
            }
            guard let session = sessions[match.subscriber] else { continue }
            owners.append(session)
            targets.append(
                RouteTarget(
                    session: .passUnretained(session), qos: match.qos, noLocal: match.noLocal,
                    retainAsPublished: match.retainAsPublished, identifiers: match.identifiers))
        }
        let stageTakes = takers.stageTakes(topic)
        return Route(
            topic: topic, targets: targets, owners: owners, remoteLoops: remote.sorted(),
            isRemoteDurable: isRemoteDurable,
            stageBinding: stageTakes ? stage?.binding(topic) : nil,
            goesToRemoteStage: stageTakes && stage == nil, outbox: takers.outboxRoutes(topic))
    }

    @inline(__always)
    func route(for topic: UnsafeRawBufferPointer) -> Route {
        let generation = state.generation.load(ordering: .acquiring)
        if let route = routes.find(topic, generation: generation) { return route }
        let route = makeRoute(topic)
        routes.insert(route, topic: topic)
        return route
    }
}
