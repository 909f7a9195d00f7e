import Foundation
import Messages
import MosquittoPeers
import Synchronization
import Testing

@testable import MosquittoClient

/// Collects what handlers are called with and lets a test wait for it.
final class Collected<Element: Sendable>: @unchecked Sendable {  // guarded by `condition`
    private let condition = NSCondition()
    private var elements: [Element] = []

    func add(_ element: Element) {
        condition.withLock {
            elements.append(element)
            condition.broadcast()
        }
    }

    /// Waits until there are so many, at most 20 s.
    func wait(for count: Int) -> [Element] {
        let limit = Date(timeIntervalSinceNow: 20)
        condition.lock()
        defer { condition.unlock() }
        while elements.count < count, condition.wait(until: limit) {}
        return elements
    }

    var all: [Element] { condition.withLock { elements } }
}

func options(_ port: Int, _ version: ProtocolVersion = .v5) -> MosquittoSession.Options {
    MosquittoSession.Options(connection: ConnectionOptions(host: "127.0.0.1", port: port, version: version))
}

@Suite(.enabled(if: MosquittoBroker.isAvailable, "mosquitto is not installed (apt install mosquitto)"))
struct SessionTests {
    @Test(arguments: [ProtocolVersion.v311, .v5], QoS.allCases)
    func messagesArriveInOrder(version: ProtocolVersion, qos: QoS) throws {
        let broker = try MosquittoBroker(configuration: ["allow_anonymous true", "max_queued_messages 10000"])
        let received = Collected<ReceivedMessage>()
        let subscriber = try MosquittoSession(
            options(broker.port, version), handlers: .init(message: { received.add($0) }))
        try subscriber.connect()
        #expect(try subscriber.subscribe(filter: "order/#", qos: qos) == qos)

        let publisher = try MosquittoSession(options(broker.port, version))
        try publisher.connect()
        let outcomes = Collected<MosquittoSession.Outcome>()
        for number in 0..<500 {
            try publisher.publish(topic: Array("order/a".utf8), payload: Array("\(number)".utf8), qos: qos) {
                outcomes.add($0)
            }
        }
        publisher.disconnect()
        #expect(outcomes.all.count == 500)
        #expect(outcomes.all.allSatisfy { $0 == .acknowledged(reason: 0) })
        let messages = received.wait(for: 500)
        #expect(messages.map { String(decoding: $0.payload, as: UTF8.self) } == (0..<500).map(String.init))
        #expect(messages.allSatisfy { $0.qos == qos && $0.topicText == "order/a" })
        subscriber.disconnect()
    }

    @Test func propertiesTravelWithAMessage() throws {
        let broker = try MosquittoBroker()
        let received = Collected<ReceivedMessage>()
        let subscriber = try MosquittoSession(options(broker.port), handlers: .init(message: { received.add($0) }))
        try subscriber.connect()
        try subscriber.subscribe(filter: "p", qos: .atLeastOnce)
        var properties = PublishProperties(user: [.init("x-mid", "n/1"), .init("unit", "°C")])
        properties.contentType = "application/json"
        properties.responseTopic = "reply"
        properties.correlationData = [0, 1, 0]
        properties.payloadIsText = true
        let publisher = try MosquittoSession(options(broker.port))
        try publisher.connect()
        try publisher.publishAndWait(topic: "p", payload: [1, 0, 2], qos: .atLeastOnce, properties: properties)
        let message = try #require(received.wait(for: 1).first)
        #expect(message.properties == properties)
        #expect(message.payload == [1, 0, 2])
        publisher.disconnect()
        subscriber.disconnect()
    }

    @Test func noSubscriberIsASuccess() throws {
        let broker = try MosquittoBroker()
        let publisher = try MosquittoSession(options(broker.port))
        try publisher.connect()
        let outcomes = Collected<MosquittoSession.Outcome>()
        try publisher.publish(topic: Array("nobody".utf8), payload: [], qos: .atLeastOnce) { outcomes.add($0) }
        #expect(outcomes.wait(for: 1) == [.acknowledged(reason: ReasonCode.noMatchingSubscribers)])
        publisher.disconnect()
    }

    @Test func retainedMessagesAndWillsWork() throws {
        let broker = try MosquittoBroker()
        let received = Collected<ReceivedMessage>()
        let publisher = try MosquittoSession(options(broker.port))
        try publisher.connect()
        try publisher.publishAndWait(topic: "state/a", payload: [7], qos: .atLeastOnce, retain: true)
        let subscriber = try MosquittoSession(options(broker.port), handlers: .init(message: { received.add($0) }))
        try subscriber.connect()
        try subscriber.subscribe(filter: "state/#", qos: .atLeastOnce)
        #expect(received.wait(for: 1).first?.retain == true)

        var dying = options(broker.port)
        dying.connection.will = .init(topic: "state/will", payload: [9], qos: .atLeastOnce, retain: false)
        let client = try MosquittoSession(dying)
        try client.connect()
        client.abort()
        #expect(received.wait(for: 2).last?.topicText == "state/will")
        publisher.disconnect()
        subscriber.disconnect()
    }

    @Test func wrongPasswordIsRefusedWithWhatToDo() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("alice:$7$101$AAAAAAAAAAAAAAAA$AAAA\n", to: "passwords")
        let broker = try MosquittoBroker(configuration: ["allow_anonymous false", "password_file \(file)"])
        for version in [ProtocolVersion.v311, .v5] {
            var wrong = options(broker.port, version)
            wrong.connection.username = "alice"
            wrong.connection.password = "wrong"
            let session = try MosquittoSession(wrong)
            #expect { try session.connect() } throws: { error in
                guard let error = error as? MosquittoError, case .refused(let reason) = error.code else { return false }
                return (reason == 0x87 || reason == 0x86) && error.message.contains("check the credentials")
            }
        }
    }

    @Test func nobodyListeningIsUnreachable() throws {
        let session = try MosquittoSession(options(freePort()))
        #expect { try session.connect() } throws: { error in
            (error as? MosquittoError)?.code == .unreachable(errno: ECONNREFUSED)
        }
        #expect(throws: MosquittoError.self) { try session.publishAndWait(topic: "a", payload: [], qos: .atMostOnce) }
    }

    @Test func aNameThatDoesNotExistSaysSo() throws {
        var unknown = options(1883)
        unknown.connection.host = "no-such-host.invalid"
        let session = try MosquittoSession(unknown)
        #expect { try session.connect() } throws: { ($0 as? MosquittoError)?.code == .nameNotFound }
    }

    /// `localhost` usually stands for ::1 first; mosquitto listens on 127.0.0.1 only.
    @Test func everyAddressOfANameIsTried() throws {
        let broker = try MosquittoBroker()
        var named = options(broker.port)
        named.connection.host = "localhost"
        let session = try MosquittoSession(named)
        try session.connect()
        session.disconnect()
    }

    @Test func afterABrokersRestartMessagesAndSubscriptionsGoOn() throws {
        let broker = try MosquittoBroker()
        let received = Collected<ReceivedMessage>()
        let connects = Collected<Bool>()
        var again = options(broker.port)
        again.reconnects = true
        again.reconnectDelayMilliseconds = 20
        let session = try MosquittoSession(
            again, handlers: .init(message: { received.add($0) }, connected: { _ in connects.add(true) }))
        try session.connect()
        try session.subscribe(filter: "again", qos: .atLeastOnce)
        try session.publishAndWait(topic: "again", payload: [1], qos: .atLeastOnce)
        broker.stop()
        let outcomes = Collected<MosquittoSession.Outcome>()
        try session.publish(topic: Array("other".utf8), payload: [2], qos: .atLeastOnce) { outcomes.add($0) }
        let second = try MosquittoBroker(port: broker.port)
        #expect(connects.wait(for: 2).count == 2)
        #expect(outcomes.wait(for: 1).count == 1)
        try session.publishAndWait(topic: "again", payload: [3], qos: .atLeastOnce)
        #expect(received.wait(for: 2).map(\.payload) == [[1], [3]])
        session.disconnect()
        second.stop()
    }

    @Test func anOversizedMessageFailsAloneAndTheNextOneArrives() throws {
        let broker = try MosquittoBroker(configuration: ["allow_anonymous true", "max_packet_size 1000"])
        let session = try MosquittoSession(options(broker.port))
        try session.connect()
        let large = [UInt8](repeating: 1, count: 2_000)
        #expect { try session.publishAndWait(topic: "a", payload: large, qos: .atLeastOnce) } throws: {
            ($0 as? MosquittoError)?.code == .packetTooLarge
        }
        try session.publishAndWait(topic: "a", payload: [1], qos: .atLeastOnce)
        session.disconnect()
    }

    @Test func aBadTopicFailsAloneWithAUsageError() throws {
        let broker = try MosquittoBroker()
        let session = try MosquittoSession(options(broker.port))
        try session.connect()
        #expect { try session.publishAndWait(topic: "a/#", payload: [], qos: .atMostOnce) } throws: {
            ($0 as? MosquittoError)?.code == .usage
        }
        #expect { try session.subscribe(filter: "a/#/b", qos: .atMostOnce) } throws: {
            ($0 as? MosquittoError)?.code == .usage
        }
        try session.publishAndWait(topic: "a", payload: [], qos: .atMostOnce)
        session.disconnect()
    }

    /// `select` stops at 1,024 file descriptors; the loop must not (trap E1 of the field notes).
    @Test func fileDescriptorsFrom1024OnWork() throws {
        let broker = try MosquittoBroker()
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        try #require(limit.rlim_max > 1_300, "the limit of open files is too low for this test")
        limit.rlim_cur = max(limit.rlim_cur, 1_300)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        var taken: [Int32] = []
        defer { for descriptor in taken { close(descriptor) } }
        while (taken.last ?? 0) < 1_100 {
            let descriptor = dup(2)
            guard descriptor >= 0 else { break }
            taken.append(descriptor)
        }
        let session = try MosquittoSession(options(broker.port))
        try session.connect()
        for number in 0..<50 { try session.publishAndWait(topic: "high", payload: [UInt8(number)], qos: .atLeastOnce) }
        session.disconnect()
        #expect(taken.last ?? 0 >= 1_024)
    }
}
