import Foundation
import Logging
import Messages
import MosquittoClient
import MosquittoPeers
import Testing

@testable import CloudBridge
@testable import Ledger

/// Collects what a script saw and lets a test wait for it.
private final class Seen<Element: Sendable>: @unchecked Sendable {  // guarded by `condition`
    private let condition = NSCondition()
    private var elements: [Element] = []

    func add(_ element: Element) {
        condition.withLock {
            elements.append(element)
            condition.broadcast()
        }
    }

    func wait(for count: Int) -> [Element] {
        let limit = Date(timeIntervalSinceNow: 30)
        condition.lock()
        defer { condition.unlock() }
        while elements.count < count, condition.wait(until: limit) {}
        return elements
    }
}

private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A bridge to a scripted broker on this machine, with pauses short enough for a test.
private func bridge(
    port: Int, outbox: MemoryOutbox, change: (inout UpstreamConfiguration) -> Void = { _ in }
) throws -> CloudBridge {
    var configuration = UpstreamConfiguration(
        name: "cloud", host: "127.0.0.1", port: port, clientID: "gateway",
        routes: [.init(from: "a/#", to: "{rest}")])
    configuration.preset.reconnectMinMilliseconds = 1
    configuration.preset.reconnectMaxMilliseconds = 1
    change(&configuration)
    return try CloudBridge(configuration: configuration, store: outbox, node: "node", logger: quiet, seed: 1)
}

private func outbox(_ count: UInt64) -> MemoryOutbox {
    let outbox = MemoryOutbox()
    outbox.append((1...count).map { row($0, payload: [UInt8($0)]) })
    return outbox
}

/// Waits until the condition holds, at most 30 s.
private func eventually(_ condition: () -> Bool) -> Bool {
    let limit = Date(timeIntervalSinceNow: 30)
    while !condition() {
        guard Date() < limit else { return false }
        poll(nil, 0, 2)
    }
    return true
}

private func payload(_ publish: Packet) -> UInt8 { publish.propertiesAndPayload.payload.first ?? 0 }

private let receiveMaximumOne: [UInt8] = [0x21, 0, 1]

@Suite struct ScriptedUpstreamTests {
    @Test func everyMessageCarriesItsIDAndItsPlaceInTheLane() throws {
        let seen = Seen<Packet>()
        let broker = try ScriptedBroker { peer in
            peer.acceptConnect()
            while let publish = peer.read(.publish) {
                seen.add(publish)
                peer.acknowledge(publish.packetID)
            }
        }
        let outbox = MemoryOutbox()
        // Properties of the hop before: a content type stays, its x-mid is replaced.
        let before: [UInt8] = [0x03, 0, 1, 0x74, 0x26, 0, 5] + Array("x-mid".utf8) + [0, 3] + Array("old".utf8)
        outbox.append([row(7, properties: before, expiresAt: WallClock.milliseconds() + 60_000)])
        let bridge = try bridge(port: broker.port, outbox: outbox)
        bridge.start()
        let publish = try #require(seen.wait(for: 1).first)
        let properties = try #require(PublishProperties(encoded: publish.propertiesAndPayload.properties))
        #expect(
            properties.user == [
                .init("x-mid", "node/e1/a/#/7"), .init("x-epoch", "e1"), .init("x-lane", "a/#"), .init("x-seq", "7"),
            ])
        #expect(properties.contentType == "t")
        #expect((59...60).contains(properties.expirySeconds ?? 0))
        #expect(eventually { outbox.remaining == 0 })
        bridge.stop()
        broker.stop()
    }

    /// The server accepts messages and never acknowledges: libmosquitto would wait for ever (trap E9).
    @Test func aSilentServerIsLeftAfterTheAcknowledgementTimeout() throws {
        let seen = Seen<[UInt8]>()
        let broker = try ScriptedBroker { peer in
            peer.acceptConnect()
            var payloads: [UInt8] = []
            while payloads.count < 3, let publish = peer.read(.publish) {
                payloads.append(payload(publish))
                #expect(!publish.isDuplicate, "a fresh handle knows no old packet")
                if peer.index > 0 { peer.acknowledge(publish.packetID) }
            }
            seen.add(payloads)
            peer.waitForEnd()
        }
        let outbox = outbox(3)
        let bridge = try bridge(port: broker.port, outbox: outbox) { $0.acknowledgementTimeoutMilliseconds = 200 }
        bridge.start()
        #expect(seen.wait(for: 2) == [[1, 2, 3], [1, 2, 3]])
        #expect(eventually { outbox.remaining == 0 })
        #expect(bridge.status.counters.acknowledgementTimeouts == 1)
        #expect(bridge.status.counters.resent == 3)
        bridge.stop()
        broker.stop()
    }

    /// libmosquitto lets the server's Receive Maximum override its own limit and may exceed it (trap E4).
    @Test func aReceiveMaximumOfOneIsKept() throws {
        let early = Seen<UInt8>()
        let seen = Seen<UInt8>()
        let broker = try ScriptedBroker { peer in
            peer.acceptConnect(properties: receiveMaximumOne)
            while let publish = peer.read(.publish) {
                seen.add(payload(publish))
                // A ping in between would show a second PUBLISH that came without waiting.
                if peer.hasBytesWaiting { early.add(payload(publish)) }
                peer.acknowledge(publish.packetID)
            }
        }
        let outbox = outbox(20)
        let bridge = try bridge(port: broker.port, outbox: outbox)
        bridge.start()
        #expect(seen.wait(for: 20) == Array(1...20))
        #expect(early.wait(for: 0).isEmpty)
        #expect(eventually { outbox.remaining == 0 })
        #expect(bridge.status.window == 1)
        bridge.stop()
        broker.stop()
    }

    /// With `loop_start` this ends the library's thread for ever (trap E5).
    @Test func aServersDisconnectIsFollowedByAReconnect() throws {
        let seen = Seen<UInt8>()
        let broker = try ScriptedBroker { peer in
            peer.acceptConnect()
            guard let publish = peer.read(.publish) else { return }
            if peer.index == 0 {
                peer.send([0xE0, 0x02, 0x8B, 0x00])  // DISCONNECT, server shutting down
                peer.waitForEnd()
                return
            }
            seen.add(payload(publish))
            peer.acknowledge(publish.packetID)
            peer.waitForEnd()
        }
        let outbox = outbox(1)
        let bridge = try bridge(port: broker.port, outbox: outbox)
        bridge.start()
        #expect(seen.wait(for: 1) == [1])
        #expect(eventually { outbox.remaining == 0 && bridge.status.counters.disconnects == 1 })
        bridge.stop()
        broker.stop()
    }

    /// Every cut, also inside CONNACK and between PUBLISH and PUBACK, must lead to the next attempt (trap E6).
    @Test func aConnectionCutAnywhereIsMadeAgain() throws {
        let seen = Seen<UInt8>()
        let connack: [UInt8] = [0x20, 3, 0, 0, 0]
        let broker = try ScriptedBroker { peer in
            switch peer.index {
            case 0: return  // at once
            case 1: _ = peer.bytes(4)  // inside CONNECT
            case 2: _ = peer.read(.connect)  // no CONNACK
            case 3...6:
                _ = peer.read(.connect)
                peer.send(Array(connack.prefix(peer.index - 2)))
            case 7:
                peer.acceptConnect()
            case 8:
                peer.acceptConnect()
                _ = peer.read(.publish)
                peer.send([0x40])  // inside PUBACK
            default:
                peer.acceptConnect()
                while let publish = peer.read(.publish) {
                    seen.add(payload(publish))
                    peer.acknowledge(publish.packetID)
                }
            }
        }
        let outbox = outbox(3)
        let bridge = try bridge(port: broker.port, outbox: outbox) { $0.version = .only(.v5) }
        bridge.start()
        #expect(seen.wait(for: 3) == [1, 2, 3])
        #expect(eventually { outbox.remaining == 0 })
        bridge.stop()
        broker.stop()
    }

    @Test(arguments: [UInt8(0x83), 0x97])
    func aRefusalForNowIsTriedAgainInOrder(reason: UInt8) throws {
        let seen = Seen<UInt8>()
        let refused = Seen<Bool>()
        let broker = try ScriptedBroker { peer in
            peer.acceptConnect(properties: receiveMaximumOne)
            var isFirst = true
            while let publish = peer.read(.publish) {
                if isFirst {
                    isFirst = false
                    refused.add(true)
                    peer.acknowledge(publish.packetID, reason: reason)
                } else {
                    seen.add(payload(publish))
                    peer.acknowledge(publish.packetID)
                }
            }
        }
        let outbox = outbox(3)
        let bridge = try bridge(port: broker.port, outbox: outbox)
        bridge.start()
        #expect(seen.wait(for: 3) == [1, 2, 3])
        #expect(refused.wait(for: 1).count == 1)
        #expect(eventually { outbox.remaining == 0 && bridge.status.counters.refusals == 1 })
        #expect(bridge.status.counters.deadLetters == 0)
        bridge.stop()
        broker.stop()
    }

    @Test func aMessageThatIsNotAuthorizedIsGivenUpAndTheOthersArrive() throws {
        let seen = Seen<UInt8>()
        let broker = try ScriptedBroker { peer in
            peer.acceptConnect()
            while let publish = peer.read(.publish) {
                seen.add(payload(publish))
                peer.acknowledge(publish.packetID, reason: payload(publish) == 2 ? 0x87 : 0)
            }
        }
        let outbox = outbox(3)
        let bridge = try bridge(port: broker.port, outbox: outbox)
        bridge.start()
        #expect(eventually { outbox.remaining == 0 })
        #expect(seen.wait(for: 3) == [1, 2, 3])
        #expect(bridge.status.counters.deadLetters == 1)
        bridge.stop()
        broker.stop()
    }

    /// PUBREC with a failure ends the exchange [MQTT-4.3.3-4]; the message comes again as a new one.
    @Test func aQoS2MessageThatPubrecRefusesIsTriedAgain() throws {
        let seen = Seen<UInt8>()
        let broker = try ScriptedBroker { peer in
            peer.acceptConnect()
            var refusals = 0
            while let packet = peer.read() {
                switch packet.kind {
                case .publish:
                    let id = [UInt8(packet.packetID >> 8), UInt8(packet.packetID & 0xFF)]
                    if refusals < 1 {
                        refusals += 1
                        peer.send([0x50, 3] + id + [0x97])
                    } else {
                        peer.send([0x50, 2] + id)
                    }
                case .publishRelease:
                    seen.add(1)
                    peer.send([0x70, 2, packet.body[0], packet.body[1]])
                default: break
                }
            }
        }
        let outbox = MemoryOutbox()
        outbox.append([row(1, qos: .exactlyOnce)])
        let bridge = try bridge(port: broker.port, outbox: outbox)
        bridge.start()
        #expect(seen.wait(for: 1) == [1])
        #expect(eventually { outbox.remaining == 0 })
        #expect(bridge.status.counters.refusals == 1)
        bridge.stop()
        broker.stop()
    }

    @Test func aServerThatRefusesVersion5Gets311() throws {
        let levels = Seen<UInt8>()
        let seen = Seen<[UInt8]>()
        let broker = try ScriptedBroker { peer in
            guard let connect = peer.read(.connect) else { return }
            levels.add(connect.connectLevel)
            guard connect.connectLevel == 4 else {
                peer.send([0x20, 2, 0, 1])  // a server of 3.1.1 answers in its own version
                peer.waitForEnd()
                return
            }
            peer.send([0x20, 2, 0, 0])
            while let publish = peer.read(.publish) {
                seen.add(publish.payload)
                peer.acknowledge(publish.packetID)
            }
        }
        let outbox = outbox(1)
        let bridge = try bridge(port: broker.port, outbox: outbox)
        bridge.start()
        #expect(seen.wait(for: 1) == [[1]])
        #expect(levels.wait(for: 2) == [5, 4])
        #expect(eventually { outbox.remaining == 0 })
        #expect(bridge.status.protocolLevel == 4)
        bridge.stop()
        broker.stop()
    }

    @Test func whatTheServerAnnouncesIsKept() throws {
        let seen = Seen<Packet>()
        let broker = try ScriptedBroker { peer in
            // Maximum QoS 1, no retained messages, packets of at most 200 bytes
            peer.acceptConnect(properties: [0x24, 1, 0x25, 0, 0x27, 0, 0, 0, 200])
            while let publish = peer.read(.publish) {
                seen.add(publish)
                peer.acknowledge(publish.packetID)
            }
        }
        let outbox = MemoryOutbox()
        outbox.append([
            row(1, payload: [UInt8](repeating: 1, count: 300)), row(2, payload: [2], qos: .exactlyOnce, retain: true),
        ])
        let bridge = try bridge(port: broker.port, outbox: outbox)
        bridge.start()
        let publish = try #require(seen.wait(for: 1).first)
        #expect(publish.qos == 1 && !publish.retain && payload(publish) == 2)
        #expect(eventually { outbox.remaining == 0 })
        let counters = bridge.status.counters
        #expect(counters.deadLetters == 1 && counters.qosLowered == 1 && counters.retainStripped == 1)
        bridge.stop()
        broker.stop()
    }

    @Test func refusedCredentialsAreInTheStatusAndNotTriedInATightLoop() throws {
        let connects = Seen<Int>()
        let broker = try ScriptedBroker { peer in
            peer.acceptConnect(reason: 0x86)
            connects.add(peer.index)
            peer.waitForEnd()
        }
        let bridge = try bridge(port: broker.port, outbox: outbox(1))
        bridge.start()
        #expect(eventually { bridge.status.state == .waiting })
        #expect(bridge.status.lastError?.contains("check the credentials") == true)
        #expect(connects.wait(for: 1) == [0])
        bridge.stop()
        broker.stop()
    }

    @Test func stoppingSendsDisconnectAndKeepsWhatWasNotAcknowledged() throws {
        let end = Seen<Packet.Kind?>()
        let started = Seen<Bool>()
        let broker = try ScriptedBroker { peer in
            peer.acceptConnect()
            _ = peer.read(.publish)
            started.add(true)
            var last: Packet.Kind?
            while let packet = peer.read() { last = packet.kind }
            end.add(last)
        }
        let outbox = outbox(2)
        let bridge = try bridge(port: broker.port, outbox: outbox)
        bridge.start()
        #expect(started.wait(for: 1) == [true])
        bridge.stop()
        #expect(end.wait(for: 1) == [.disconnect])
        #expect(outbox.remaining == 2)
        #expect(bridge.status.state == .stopped)
        broker.stop()
    }
}
