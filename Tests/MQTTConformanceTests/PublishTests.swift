import Broker
import Identity
import MQTTWire
import Messages
import Telemetry
import TestSupport
import Testing

@Suite struct PublishTests {
    private func pair(
        _ harness: BrokerHarness, _ version: ProtocolVersion, _ options: SubscriptionOptions
    ) throws -> (publisher: WireClient, subscriber: WireClient) {
        let subscriber = try WireClient(port: harness.port, version: version)
        try subscriber.connect("subscriber")
        try subscriber.subscribe("t/#", options)
        let publisher = try WireClient(port: harness.port, version: version)
        try publisher.connect("publisher")
        return (publisher, subscriber)
    }

    @Test(arguments: [ProtocolVersion.v311, .v5], [ProtocolVersion.v311, .v5])
    func `every QoS to every QoS, both versions: the lower counts (3.8.4) [MQTT-3.8.4-8]`(
        publisherVersion: ProtocolVersion, subscriberVersion: ProtocolVersion
    ) async throws {
        try await withBroker { harness in
            for granted in QoS.allCases {
                let subscriber = try WireClient(port: harness.port, version: subscriberVersion)
                try subscriber.connect("s\(granted)")
                try subscriber.subscribe("t/\(granted)", SubscriptionOptions(qos: granted))
                let publisher = try WireClient(port: harness.port, version: publisherVersion)
                try publisher.connect("p\(granted)")
                for qos in QoS.allCases {
                    publisher.publish(
                        "t/\(granted)", "\(qos)", qos: qos, packetID: qos == .atMostOnce ? 0 : 10 + UInt16(qos.rawValue)
                    )
                    if qos == .atLeastOnce {
                        guard case .puback(let ack) = try publisher.receive().packet else {
                            throw WireClient.Failure.nothingCame
                        }
                        #expect(ack.packetID == 11)
                    } else if qos == .exactlyOnce {
                        guard case .pubrec = try publisher.receive().packet else {
                            throw WireClient.Failure.nothingCame
                        }
                        publisher.acknowledge(.pubrel, 12)
                        guard case .pubcomp = try publisher.receive().packet else {
                            throw WireClient.Failure.nothingCame
                        }
                    }
                    let received = try subscriber.receivePublish()
                    let header = try #require(received.publish)
                    #expect(received.text == "\(qos)")
                    #expect(header.qos == min(qos, granted))
                    #expect(!header.dup && !header.retain)
                    try finish(header, subscriber)
                }
            }
        }
    }

    private func finish(_ header: PublishHeader, _ subscriber: WireClient) throws {
        switch header.qos {
        case .atMostOnce: break
        case .atLeastOnce: subscriber.acknowledge(.puback, header.packetID)
        case .exactlyOnce:
            subscriber.acknowledge(.pubrec, header.packetID)
            guard case .pubrel = try subscriber.receive().packet else { throw WireClient.Failure.nothingCame }
            subscriber.acknowledge(.pubcomp, header.packetID)
        }
    }

    @Test func `a QoS 2 PUBLISH repeated before PUBREL is answered each time and delivered once [MQTT-4.3.3-10]`()
        async throws
    {
        try await withBroker { harness in
            let (publisher, subscriber) = try pair(harness, .v5, SubscriptionOptions(qos: .atMostOnce))
            for dup in [false, true, true] {
                publisher.publish("t/x", "once", qos: .exactlyOnce, packetID: 5, dup: dup)
                guard case .pubrec(let ack) = try publisher.receive().packet else {
                    throw WireClient.Failure.nothingCame
                }
                #expect(ack.reason == .success)
            }
            publisher.acknowledge(.pubrel, 5)
            guard case .pubcomp(let known) = try publisher.receive().packet else {
                throw WireClient.Failure.nothingCame
            }
            #expect(known.reason == .success)
            publisher.acknowledge(.pubrel, 5)
            guard case .pubcomp(let unknown) = try publisher.receive().packet else {
                throw WireClient.Failure.nothingCame
            }
            #expect(unknown.reason == .packetIdentifierNotFound, "[MQTT-4.3.3-11]")
            #expect(try subscriber.receivePublish().text == "once")
            #expect(try subscriber.expectNothing())
        }
    }

    @Test func `the first PUBLISH with DUP is delivered, without DUP [MQTT-3.3.1-3]`() async throws {
        try await withBroker { harness in
            let (publisher, subscriber) = try pair(harness, .v311, SubscriptionOptions(qos: .atLeastOnce))
            publisher.publish("t/x", "first", qos: .atLeastOnce, packetID: 5, dup: true)
            let header = try #require(try subscriber.receivePublish().publish)
            #expect(!header.dup)
        }
    }

    @Test func `more than Receive Maximum unacknowledged: DISCONNECT 0x93 [MQTT-3.3.4-7]`() async throws {
        var limits = BrokerLimits()
        limits.receiveMax = 3
        try await withBroker(limits: limits) { harness in
            let (publisher, _) = try pair(harness, .v5, SubscriptionOptions(qos: .atMostOnce))
            for packetID in UInt16(1)...4 { publisher.publish("t/x", "x", qos: .exactlyOnce, packetID: packetID) }
            guard case .disconnect(let disconnect)? = try publisher.untilClosed().last?.packet else {
                Issue.record("no DISCONNECT")
                return
            }
            #expect(disconnect.reason == .receiveMaximumExceeded)
        }
    }

    @Test func `the client's Receive Maximum is kept, order too [MQTT-3.3.4-9] [MQTT-4.6.0-6]`() async throws {
        try await withBroker { harness in
            let subscriber = try WireClient(port: harness.port, version: .v5)
            try subscriber.connect("subscriber") { $0.receiveMaximum = 2 }
            try subscriber.subscribe("t/#")
            let publisher = try WireClient(port: harness.port, version: .v5)
            try publisher.connect("publisher")
            for number in 1...20 { publisher.publish("t/x", "\(number)", qos: .atLeastOnce, packetID: UInt16(number)) }
            for number in 1...20 { _ = (number, try publisher.receive()) }
            var open: [UInt16] = []
            for number in 1...20 {
                if open.count == 2 { subscriber.acknowledge(.puback, open.removeFirst()) }
                let received = try subscriber.receivePublish()
                #expect(received.text == "\(number)")
                open.append(received.publish?.packetID ?? 0)
                if open.count == 2 { #expect(try subscriber.expectNothing(), "a third before an acknowledgement") }
            }
        }
    }

    @Test
    func
        `retained: kept, replaced, cleared; RETAIN set only for new subscriptions [MQTT-3.3.1-6] [MQTT-3.3.1-8] [MQTT-3.3.1-12]`()
        async throws
    {
        try await withBroker { harness in
            let (publisher, live) = try pair(harness, .v5, SubscriptionOptions(qos: .atLeastOnce))
            let published = try WireClient(port: harness.port, version: .v5)
            try published.connect("as-published")
            try published.subscribe("t/#", SubscriptionOptions(qos: .atMostOnce, retainAsPublished: true))
            publisher.publish("t/r", "one", qos: .atLeastOnce, packetID: 1, retain: true)
            publisher.publish("t/r", "two", qos: .atLeastOnce, packetID: 2, retain: true)
            for _ in 0..<2 { _ = try publisher.receive() }
            #expect(try live.receivePublish().publish?.retain == false)
            #expect(try published.receivePublish().publish?.retain == true)
            let late = try WireClient(port: harness.port)
            try late.connect("late")
            try late.subscribe("t/+")
            let received = try late.receivePublish()
            #expect(received.text == "two")
            #expect(received.publish?.retain == true)
            publisher.publish("t/r", "", qos: .atLeastOnce, packetID: 3, retain: true)
            _ = try publisher.receive()
            let later = try WireClient(port: harness.port)
            try later.connect("later")
            try later.subscribe("t/+")
            #expect(try later.expectNothing())
        }
    }

    @Test func `properties travel, alias and identifier stay on their connection [MQTT-3.3.2-7] [MQTT-3.3.4-3]`()
        async throws
    {
        try await withBroker { harness in
            let (publisher, _) = try pair(harness, .v5, SubscriptionOptions(qos: .atMostOnce))
            let subscriber = try WireClient(port: harness.port, version: .v5)
            try subscriber.connect("identified")
            try subscriber.subscribe("t/#", SubscriptionOptions(qos: .atLeastOnce), identifier: 77)
            var values = PublishPropertyValues()
            values.userProperties = [UserProperty(name: Array("k".utf8), value: Array("v".utf8))]
            publisher.publish(
                "t/x", "1", qos: .atLeastOnce, packetID: 1, properties: values.encoded(), expirySeconds: 60, alias: 4)
            publisher.publish("", "2", qos: .atLeastOnce, packetID: 2, alias: 4)
            for text in ["1", "2"] {
                let received = try subscriber.receivePublish()
                #expect(received.topic == "t/x")
                #expect(received.text == text)
                let header = try #require(received.publish)
                #expect(header.topicAlias == 0)
                #expect(
                    received.properties.withUnsafeBytes { PublishProperties.subscriptionIdentifiers(in: $0) } == [77])
                if text == "1" {
                    #expect(header.propertyFlags.contains(.userProperty))
                    #expect((55...60).contains(header.messageExpirySeconds))
                }
            }
        }
    }

    @Test func `a topic alias that was never set, or is too great, ends the connection [MQTT-3.3.2-9]`() async throws {
        try await withBroker { harness in
            for (alias, reason) in [(UInt16(3), ReasonCode.protocolError), (1_000, .topicAliasInvalid)] {
                let client = try WireClient(port: harness.port, version: .v5)
                try client.connect("c\(alias)")
                client.publish(alias == 3 ? "" : "t", "x", alias: alias)
                guard case .disconnect(let disconnect)? = try client.untilClosed().last?.packet else {
                    Issue.record("no DISCONNECT")
                    return
                }
                #expect(disconnect.reason == reason)
            }
        }
    }

    @Test func `a packet larger than the client takes is dropped for it alone [MQTT-3.1.2-24] [MQTT-3.1.2-25]`()
        async throws
    {
        try await withBroker { harness in
            let (publisher, other) = try pair(harness, .v5, SubscriptionOptions(qos: .atLeastOnce))
            let small = try WireClient(port: harness.port, version: .v5)
            try small.connect("small") { $0.packetBytesMax = 100 }
            try small.subscribe("t/#")
            publisher.publish("t/x", String(repeating: "x", count: 200), qos: .atLeastOnce, packetID: 1)
            publisher.publish("t/x", "fits", qos: .atLeastOnce, packetID: 2)
            #expect(try small.receivePublish().text == "fits")
            #expect(try other.receivePublish().payload.count == 200)
        }
    }

    @Test func `no local, and a subscription of its own otherwise [MQTT-3.8.3-3]`() async throws {
        try await withBroker { harness in
            let client = try WireClient(port: harness.port, version: .v5)
            try client.connect("c")
            try client.subscribe("own/#", SubscriptionOptions(qos: .atMostOnce, noLocal: true))
            client.publish("own/x", "1")
            #expect(try client.expectNothing())
            try client.subscribe("own/#", SubscriptionOptions(qos: .atMostOnce))
            client.publish("own/x", "2")
            #expect(try client.receivePublish().text == "2")
        }
    }

    @Test func `acknowledgements keep the order of the messages [MQTT-4.6.0-2]`() async throws {
        try await withBroker { harness in
            let (publisher, _) = try pair(harness, .v311, SubscriptionOptions(qos: .atMostOnce))
            // Retained ones wait for the disk, the others do not.
            for packetID in UInt16(1)...40 {
                publisher.publish(
                    "t/\(packetID % 5)", "x", qos: .atLeastOnce, packetID: packetID, retain: packetID % 3 == 0)
            }
            for packetID in UInt16(1)...40 {
                guard case .puback(let ack) = try publisher.receive().packet else {
                    throw WireClient.Failure.nothingCame
                }
                #expect(ack.packetID == packetID)
            }
        }
    }

    @Test func `what an access rule does not allow goes nowhere, and an MQTT 5 client is told 0x87`() async throws {
        let rules = [AccessRule(identity: "*", listener: nil, publish: ["open/#"], subscribe: ["#"], deny: false)]
        try await withBroker(rules: rules) { harness in
            let subscriber = try WireClient(port: harness.port)
            try subscriber.connect("subscriber")
            #expect(try subscriber.subscribe("#") == [.grantedQoS1])
            let publisher = try WireClient(port: harness.port, version: .v5)
            try publisher.connect("publisher")
            publisher.publish("closed/x", "x", qos: .atLeastOnce, packetID: 1)
            guard case .puback(let ack) = try publisher.receive().packet else { throw WireClient.Failure.nothingCame }
            #expect(ack.reason == .notAuthorized)
            publisher.publish("open/x", "y", qos: .atLeastOnce, packetID: 2)
            guard case .puback(let second) = try publisher.receive().packet else {
                throw WireClient.Failure.nothingCame
            }
            #expect(second.reason == .success)
            #expect(try subscriber.receivePublish().text == "y")
            #expect(try subscriber.expectNothing())
            #expect(harness.broker.totals().publishRefused == 1)
        }
    }
}
