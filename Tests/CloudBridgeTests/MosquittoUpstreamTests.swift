import Foundation
import Ledger
import Logging
import Messages
import MosquittoClient
import MosquittoPeers
import Synchronization
import Testing

@testable import CloudBridge

private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// What a receiver in the cloud keeps: every message with its id and number, in order of arrival.
private final class Receiver: Sendable {
    private struct Arrival {
        var id: String
        var sequence: UInt64
    }

    private let arrivals = Mutex<[String: [Arrival]]>([:])

    func take(_ message: ReceivedMessage) {
        var values: [String: String] = [:]
        for property in message.properties.user { values[property.name] = property.value }
        guard let id = values["x-mid"], let lane = values["x-lane"], let sequence = values["x-seq"].flatMap(UInt64.init)
        else {
            Issue.record("a message without its properties")
            return
        }
        arrivals.withLock { $0[lane, default: []].append(Arrival(id: id, sequence: sequence)) }
    }

    func distinct(_ lane: String) -> Int { arrivals.withLock { Set(($0[lane] ?? []).map(\.sequence)).count } }
    func total(_ lane: String) -> Int { arrivals.withLock { $0[lane]?.count ?? 0 } }

    /// Sequences in the order in which they came for the first time.
    func firstArrivals(_ lane: String) -> [UInt64] {
        var seen: Set<UInt64> = []
        return arrivals.withLock { $0[lane] ?? [] }.map(\.sequence).filter { seen.insert($0).inserted }
    }

    func idsAreStable(_ lane: String) -> Bool {
        var ids: [UInt64: String] = [:]
        for arrival in arrivals.withLock({ $0[lane] ?? [] }) {
            if let known = ids[arrival.sequence], known != arrival.id { return false }
            ids[arrival.sequence] = arrival.id
        }
        return Set(ids.values).count == ids.count
    }
}

private func eventually(_ condition: () -> Bool) -> Bool {
    let limit = Date(timeIntervalSinceNow: 60)
    while !condition() {
        guard Date() < limit else { return false }
        poll(nil, 0, 5)
    }
    return true
}

private func configuration(port: Int, routes: [String] = ["a/#"]) -> UpstreamConfiguration {
    var configuration = UpstreamConfiguration(
        name: "cloud", host: "127.0.0.1", port: port, clientID: "gateway",
        routes: routes.map { .init(from: $0, to: "up/{rest}") })
    configuration.preset.reconnectMinMilliseconds = 5
    configuration.preset.reconnectMaxMilliseconds = 20
    return configuration
}

private func subscriber(
    port: Int, receiver: Receiver, clientID: String? = nil
) throws -> MosquittoSession {
    var connection = ConnectionOptions(host: "127.0.0.1", port: port)
    if let clientID {
        connection.clientID = clientID
        connection.cleanStart = false
        connection.sessionExpirySeconds = 600
    }
    let session = try MosquittoSession(
        .init(connection: connection, reconnects: true, reconnectDelayMilliseconds: 5),
        handlers: .init(message: { receiver.take($0) }))
    try session.connect()
    try session.subscribe(filter: "#", qos: .atLeastOnce)
    return session
}

@Suite(.enabled(if: MosquittoBroker.isAvailable, "mosquitto is not installed (apt install mosquitto)"))
struct MosquittoUpstreamTests {
    @Test func severalLanesArriveInOrderAndCompletely() throws {
        let broker = try MosquittoBroker(configuration: ["allow_anonymous true", "max_queued_messages 0"])
        let receiver = Receiver()
        let subscriber = try subscriber(port: broker.port, receiver: receiver)
        let outbox = MemoryOutbox()
        let lanes = ["a/#", "b/#", "c/#"]
        let bridge = try CloudBridge(
            configuration: configuration(port: broker.port, routes: ["a/#", "b/#"]), store: outbox, node: "node",
            logger: quiet)
        bridge.start()
        for block in 0..<10 {
            for lane in lanes {
                outbox.append((1...100).map { row(UInt64(block * 100 + $0), lane: lane, topic: "up/x") })
            }
        }
        #expect(eventually { lanes.allSatisfy { receiver.distinct($0) == 1_000 } })
        #expect(eventually { outbox.remaining == 0 })
        for lane in lanes { #expect(receiver.firstArrivals(lane) == Array(1...1_000)) }
        #expect(bridge.status.state == .connected && bridge.status.lastError == nil)
        bridge.stop()
        #expect(bridge.status.counters.acknowledged == 3_000)
        subscriber.disconnect()
    }

    /// The broker dies again and again; only the persistent session of the receiver and the outbox remember anything.
    @Test func aBrokerThatRestartsLosesNothingAndChangesNoOrder() throws {
        let folder = try TemporaryFolder()
        let settings = [
            "allow_anonymous true", "max_queued_messages 0", "persistence true", "persistence_location \(folder.path)/",
            "autosave_interval 1", "autosave_on_changes true",
        ]
        var broker = try MosquittoBroker(configuration: settings)
        let receiver = Receiver()
        let subscriber = try subscriber(port: broker.port, receiver: receiver, clientID: "receiver")
        let outbox = MemoryOutbox()
        let bridge = try CloudBridge(
            configuration: configuration(port: broker.port), store: outbox, node: "node", logger: quiet)
        bridge.start()
        let port = broker.port
        for round in 0..<4 {
            outbox.append((1...250).map { row(UInt64(round * 250 + $0), topic: "up/x") })
            #expect(eventually { receiver.distinct("a/#") >= round * 250 + 50 })
            broker.stopInOrder()
            broker = try MosquittoBroker(configuration: settings, port: port)
        }
        #expect(eventually { receiver.distinct("a/#") == 1_000 && outbox.remaining == 0 })
        #expect(receiver.firstArrivals("a/#") == Array(1...1_000))
        #expect(receiver.idsAreStable("a/#"))
        // The receiver may see more repeats than the bridge made: its broker delivers again too.
        let counters = bridge.status.counters
        #expect(counters.disconnects >= 1 && counters.resent <= counters.disconnects * 32)
        bridge.stop()
        subscriber.disconnect()
    }

    @Test(.enabled(if: TestAuthority.isAvailable, "openssl is not installed (apt install openssl)"))
    func mutualTLSWorksAndAnotherAuthorityIsRefused() throws {
        let authority = try TestAuthority()
        let server = try authority.issue("server", alternativeNames: "DNS:localhost,IP:127.0.0.1")
        let client = try authority.issue("gateway")
        let broker = try MosquittoBroker(configuration: [
            "cafile \(authority.certificateFile)", "certfile \(server.certificate)", "keyfile \(server.key)",
            "require_certificate true", "use_identity_as_username true",
        ])
        let outbox = MemoryOutbox()
        outbox.append((1...200).map { row($0, topic: "up/x") })

        // A broker that cannot prove to be the right one gets nothing.
        let stranger = try TestAuthority()
        var wrong = configuration(port: broker.port)
        wrong.tls = .init(
            authorityFile: stranger.certificateFile, certificateFile: client.certificate, keyFile: client.key)
        let distrustful = try CloudBridge(configuration: wrong, store: outbox, node: "node", logger: quiet)
        distrustful.start()
        #expect(eventually { distrustful.status.state == .waiting })
        #expect(distrustful.status.lastError?.contains("not from a trusted authority") == true)
        distrustful.stop()
        #expect(outbox.remaining == 200)

        var right = configuration(port: broker.port)
        right.tls = .init(
            authorityFile: authority.certificateFile, certificateFile: client.certificate, keyFile: client.key)
        let bridge = try CloudBridge(configuration: right, store: outbox, node: "node", logger: quiet)
        bridge.start()
        #expect(eventually { outbox.remaining == 0 })
        bridge.stop()
    }

    /// A killed server sends FIN without close_notify; with the library's own loop that ends its thread for ever (E6).
    @Test(.enabled(if: TestAuthority.isAvailable, "openssl is not installed (apt install openssl)"))
    func aTLSServerThatIsKilledIsFoundAgain() throws {
        let authority = try TestAuthority()
        let server = try authority.issue("server", alternativeNames: "DNS:localhost,IP:127.0.0.1")
        let settings = [
            "allow_anonymous true", "cafile \(authority.certificateFile)", "certfile \(server.certificate)",
            "keyfile \(server.key)",
        ]
        var broker = try MosquittoBroker(configuration: settings)
        let port = broker.port
        var configuration = configuration(port: port)
        configuration.tls = .init(authorityFile: authority.certificateFile)
        let outbox = MemoryOutbox()
        let bridge = try CloudBridge(configuration: configuration, store: outbox, node: "node", logger: quiet)
        bridge.start()
        for round in 0..<3 {
            outbox.append((1...50).map { row(UInt64(round * 50 + $0), topic: "up/x") })
            #expect(eventually { outbox.remaining == 0 })
            broker.stop()
            broker = try MosquittoBroker(configuration: settings, port: port)
        }
        #expect(eventually { bridge.status.counters.disconnects == 3 && bridge.status.state == .connected })
        bridge.stop()
    }

    @Test func theRealLedgerIsEmptiedAcrossRestartsOfTheBridge() throws {
        let broker = try MosquittoBroker(configuration: ["allow_anonymous true", "max_queued_messages 0"])
        let receiver = Receiver()
        let subscriber = try subscriber(port: broker.port, receiver: receiver)
        let folder = try TemporaryFolder()
        let (ledger, _) = try Ledger.open(.init(folder: folder.file("data"), node: "node"))
        func append(_ count: Int) {
            let entry = OutboxEntry(
                bridge: "cloud", lane: "a/#", id: nil, topic: Array("up/x".utf8), payload: [1, 2, 3], properties: [],
                qos: .atLeastOnce, retain: false, createdAtMilliseconds: WallClock.milliseconds(),
                expiresAtMilliseconds: nil)
            ledger.submit((0..<count).map { _ in .appendOutbox(entry) }) { #expect($0 == nil) }
        }
        for round in 1...4 {
            let bridge = try CloudBridge(
                configuration: configuration(port: broker.port), ledger: ledger, node: "node", logger: quiet)
            append(300)
            bridge.start()
            #expect(eventually { receiver.distinct("a/#") >= (round - 1) * 500 + 100 })
            append(200)
            if round < 4 { bridge.stop() }
            if round == 4 {
                #expect(eventually { ledger.outboxStatus(bridge: "cloud").rows == 0 })
                bridge.stop()
            }
        }
        #expect(eventually { receiver.distinct("a/#") == 2_000 })
        #expect(receiver.firstArrivals("a/#") == Array(1...2_000))
        #expect(receiver.idsAreStable("a/#"))
        // Stopping in order waits for acknowledgements and removals, so nothing comes twice.
        #expect(receiver.total("a/#") == 2_000)
        subscriber.disconnect()
        ledger.close()
    }
}
