import Broker
import MQTTWire
import Messages
import Telemetry
import TestSupport
import Testing

@Suite struct SessionTests {
    private func durable(_ port: Int, _ name: String, clean: Bool = false) throws -> (WireClient, Connack) {
        let client = try WireClient(port: port, version: .v5)
        let connack = try client.connect(name, cleanStart: clean) { $0.sessionExpirySeconds = 1_000 }
        return (client, connack)
    }

    @Test(arguments: [1, 2])
    func `messages for a client that is away wait for it, over a restart too, in order [MQTT-4.6.0-6]`(loopCount: Int)
        async throws
    {
        try await withBroker(loopCount: loopCount) { harness in
            let (first, _) = try durable(harness.port, "away")
            try first.subscribe("q/#", SubscriptionOptions(qos: .exactlyOnce))
            first.reset()
            let publisher = try WireClient(port: harness.port, version: .v5)
            try publisher.connect("publisher")
            for number in UInt16(1)...50 {
                publisher.publish(
                    "q/x", "\(number)", qos: number % 2 == 0 ? .exactlyOnce : .atLeastOnce, packetID: number)
            }
            for _ in 1...50 { _ = try publisher.receive() }
            publisher.publish("q/x", "QoS 0 is not kept")
            #expect(try publisher.expectNothing())
            try await harness.restart()
            let (second, connack) = try durable(harness.port, "away")
            #expect(connack.sessionPresent)
            for number in 1...50 {
                let received = try second.receivePublish()
                #expect(received.text == "\(number)")
                let header = try #require(received.publish)
                second.acknowledge(header.qos == .atLeastOnce ? .puback : .pubrec, header.packetID)
                if header.qos == .exactlyOnce {
                    try second.receiveRelease(header.packetID)
                    second.acknowledge(.pubcomp, header.packetID)
                }
            }
            #expect(try second.expectNothing())
        }
    }

    @Test
    func `what was not acknowledged is sent again with DUP and its identifier, in order [MQTT-4.4.0-1] [MQTT-3.3.1-1]`()
        async throws
    {
        try await withBroker { harness in
            let (first, _) = try durable(harness.port, "c")
            try first.subscribe("q/#", SubscriptionOptions(qos: .exactlyOnce))
            let publisher = try WireClient(port: harness.port)
            try publisher.connect("publisher")
            for number in UInt16(1)...4 { publisher.publish("q/x", "\(number)", qos: .exactlyOnce, packetID: number) }
            var ids: [UInt16] = []
            for _ in 1...4 { ids.append(try #require(try first.receivePublish().publish).packetID) }
            first.acknowledge(.pubrec, ids[1])
            guard case .pubrel = try first.receive().packet else { throw WireClient.Failure.nothingCame }
            first.reset()
            let (second, connack) = try durable(harness.port, "c")
            #expect(connack.sessionPresent)
            var again: [String] = []
            for _ in 1...4 {
                let received = try second.receive()
                if case .pubrel(let release) = received.packet {
                    again.append("release \(release.packetID == ids[1])")
                } else {
                    #expect(received.publish?.dup == true)
                    #expect(ids.contains(received.publish?.packetID ?? 0))
                    again.append(received.text)
                }
            }
            #expect(again == ["1", "release true", "3", "4"])
        }
    }

    @Test func `a session that was told to end does not come back after a restart (3.14.2.2.2)`() async throws {
        try await withBroker { harness in
            let (first, _) = try durable(harness.port, "ended")
            try first.subscribe("a/#")
            first.disconnect(sessionExpirySeconds: 0)
            _ = try first.untilClosed()
            let (second, _) = try durable(harness.port, "shortened")
            try second.subscribe("a/#")
            second.disconnect()
            _ = try second.untilClosed()
            let third = try WireClient(port: harness.port, version: .v5)
            let resumed = try third.connect("shortened", cleanStart: false)
            #expect(resumed.sessionPresent)
            third.reset()
            try await harness.restart()
            for name in ["ended", "shortened"] {
                let (_, connack) = try durable(harness.port, name)
                #expect(!connack.sessionPresent, "\(name)")
            }
        }
    }

    @Test func `subscriptions and retained messages survive a restart`() async throws {
        try await withBroker { harness in
            let (first, _) = try durable(harness.port, "keeper")
            try first.subscribe("a/#", SubscriptionOptions(qos: .atLeastOnce))
            try first.subscribe("b/#", SubscriptionOptions(qos: .atLeastOnce))
            first.send {
                UnsubscribeEncoder.write(
                    Unsubscribe(packetID: 9, filters: [Array("b/#".utf8), Array("c".utf8)]), version: .v5, into: &$0)
            }
            guard case .unsuback(let unsuback) = try first.receive().packet else {
                throw WireClient.Failure.nothingCame
            }
            #expect(unsuback.reasons == [.success, .noSubscriptionExisted], "[MQTT-3.11.3-2]")
            first.publish("state", "kept", qos: .atLeastOnce, packetID: 1, retain: true)
            _ = try first.receive()
            try await harness.restart()
            let (second, connack) = try durable(harness.port, "keeper")
            #expect(connack.sessionPresent)
            second.publish("b/x", "no", qos: .atLeastOnce, packetID: 2)
            second.publish("a/x", "yes", qos: .atLeastOnce, packetID: 3)
            #expect(try second.receivePublish().text == "yes")
            try second.subscribe("state", packetID: 4)
            #expect(try second.receivePublish().text == "kept")
        }
    }

    @Test func `a QoS 2 message that was taken is not taken again after a restart [MQTT-4.3.3-10]`() async throws {
        try await withBroker { harness in
            let (subscriber, _) = try durable(harness.port, "subscriber")
            try subscriber.subscribe("q/#")
            let (publisher, _) = try durable(harness.port, "publisher")
            publisher.publish("q/x", "once", qos: .exactlyOnce, packetID: 7)
            guard case .pubrec = try publisher.receive().packet else { throw WireClient.Failure.nothingCame }
            try await harness.restart()
            let (again, connack) = try durable(harness.port, "publisher")
            #expect(connack.sessionPresent)
            again.publish("q/x", "once", qos: .exactlyOnce, packetID: 7, dup: true)
            guard case .pubrec = try again.receive().packet else { throw WireClient.Failure.nothingCame }
            again.acknowledge(.pubrel, 7)
            guard case .pubcomp = try again.receive().packet else { throw WireClient.Failure.nothingCame }
            let (back, _) = try durable(harness.port, "subscriber")
            let received = try back.receivePublish()
            #expect(received.text == "once")
            back.acknowledge(.puback, received.publish?.packetID ?? 0)
            #expect(try back.expectNothing())
        }
    }

    @Test func `the queue of a client that is away is bounded, and what does not fit is counted`() async throws {
        var limits = BrokerLimits()
        limits.queuedMessagesMax = 10
        try await withBroker(limits: limits) { harness in
            let (first, _) = try durable(harness.port, "away")
            try first.subscribe("q/#")
            first.reset()
            let publisher = try WireClient(port: harness.port, version: .v5)
            try publisher.connect("publisher")
            for number in UInt16(1)...25 { publisher.publish("q/x", "\(number)", qos: .atLeastOnce, packetID: number) }
            for _ in 1...25 { _ = try publisher.receive() }
            #expect(harness.broker.totals().droppedQueueFull == 15)
            let (second, _) = try durable(harness.port, "away")
            for number in 1...10 { #expect(try second.receivePublish().text == "\(number)") }
            #expect(try second.expectNothing())
        }
    }

    @Test func `a message that expired while its client was away is not sent [MQTT-3.3.2-5]`() async throws {
        try await withBroker { harness in
            let (first, _) = try durable(harness.port, "away")
            try first.subscribe("q/#")
            first.reset()
            let publisher = try WireClient(port: harness.port, version: .v5)
            try publisher.connect("publisher")
            publisher.publish("q/x", "gone", qos: .atLeastOnce, packetID: 1, expirySeconds: 0)
            publisher.publish("q/x", "here", qos: .atLeastOnce, packetID: 2, expirySeconds: 100)
            for _ in 1...2 { _ = try publisher.receive() }
            let (second, _) = try durable(harness.port, "away")
            #expect(try second.receivePublish().text == "here")
            #expect(harness.broker.totals().droppedExpired == 1)
        }
    }

    @Test func `with several loops every subscriber gets every message once and in order`() async throws {
        try await withBroker(loopCount: 3) { harness in
            let subscribers = try (0..<6).map { number in
                let client = try WireClient(port: harness.port, version: number % 2 == 0 ? .v311 : .v5)
                try client.connect("s\(number)")
                try client.subscribe("p/#", SubscriptionOptions(qos: number < 3 ? .atLeastOnce : .atMostOnce))
                return client
            }
            let publishers = try (0..<3).map { number in
                let client = try WireClient(port: harness.port)
                try client.connect("p\(number)")
                return client
            }
            for number in 1...100 {
                for (index, publisher) in publishers.enumerated() {
                    publisher.publish("p/\(index)", "\(number)", qos: .atLeastOnce, packetID: UInt16(number))
                }
            }
            for publisher in publishers { for _ in 1...100 { _ = try publisher.receive() } }
            for subscriber in subscribers {
                var last: [String: Int] = [:]
                for _ in 0..<300 {
                    let received = try subscriber.receivePublish()
                    let number = try #require(Int(received.text))
                    #expect(number == last[received.topic, default: 0] + 1)
                    last[received.topic] = number
                    if let header = received.publish, header.qos == .atLeastOnce {
                        subscriber.acknowledge(.puback, header.packetID)
                    }
                }
                #expect(try subscriber.expectNothing())
            }
        }
    }
}
