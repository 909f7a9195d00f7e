import Broker
import Identity
import MQTTWire
import Messages
import NIOCore
import TestSupport
import Testing

@Suite struct ConnectTests {
    @Test(arguments: [ProtocolVersion.v311, .v5])
    func `anything before CONNECT closes the connection unanswered [MQTT-3.1.0-1]`(version: ProtocolVersion)
        async throws
    {
        try await withBroker { harness in
            let client = try WireClient(port: harness.port, version: version)
            client.send { PingEncoder.writeRequest(into: &$0) }
            #expect(try client.untilClosed().isEmpty)
        }
    }

    @Test func `a second CONNECT is a protocol error [MQTT-3.1.0-2]`() async throws {
        try await withBroker { harness in
            let client = try WireClient(port: harness.port, version: .v5)
            try client.connect("a")
            client.send { ConnectEncoder.write(Connect(version: .v5, clientID: [97]), into: &$0) }
            let packets = try client.untilClosed()
            guard case .disconnect(let disconnect)? = packets.first?.packet else {
                Issue.record("no DISCONNECT")
                return
            }
            #expect(disconnect.reason == .protocolError)
        }
    }

    @Test func `an unknown protocol level is answered in a form every client reads [MQTT-3.1.2-2]`() async throws {
        try await withBroker { harness in
            let client = try WireClient(port: harness.port)
            client.send([0x10, 0x0D, 0, 4] + Array("MQTT".utf8) + [6, 2, 0, 60, 0, 1, 97])
            let packets = try client.untilClosed()
            guard case .connack(let connack)? = packets.first?.packet else {
                Issue.record("no CONNACK")
                return
            }
            #expect(connack.reason != .success)
        }
    }

    @Test
    func
        `an empty client identifier: assigned in 5, refused in 3.1.1 for a session that survives [MQTT-3.1.3-6] [MQTT-3.1.3-8]`()
        async throws
    {
        try await withBroker { harness in
            let five = try WireClient(port: harness.port, version: .v5)
            let assigned = try five.connect("").assignedClientID
            #expect(assigned?.isEmpty == false)
            let three = try WireClient(port: harness.port)
            #expect(try three.connect("", cleanStart: false).reason != .success)
            #expect(try three.untilClosed().isEmpty)
            let clean = try WireClient(port: harness.port)
            #expect(try clean.connect("").reason == .success)
        }
    }

    @Test(arguments: [1, 2])
    func `a newer connection takes the session over, the older is told 0x8E [MQTT-3.1.4-3]`(loopCount: Int) async throws
    {
        try await withBroker(loopCount: loopCount) { harness in
            // Several takeovers, so that with two loops both directions occur.
            var older = try WireClient(port: harness.port, version: .v5)
            try older.connect("same", cleanStart: true) { $0.sessionExpirySeconds = 100 }
            try older.subscribe("t/#")
            for round in 0..<6 {
                let newer = try WireClient(port: harness.port, version: .v5)
                let connack = try newer.connect("same", cleanStart: false) { $0.sessionExpirySeconds = 100 }
                #expect(connack.sessionPresent)
                guard case .disconnect(let disconnect)? = try older.untilClosed().last?.packet else {
                    Issue.record("no DISCONNECT")
                    return
                }
                #expect(disconnect.reason == .sessionTakenOver)
                newer.publish("t/x", "\(round)", qos: .atLeastOnce, packetID: 1)
                let received = try newer.receivePublish()
                #expect(received.text == "\(round)")
                newer.acknowledge(.puback, received.publish?.packetID ?? 0)
                try newer.roundTrip()
                older = newer
            }
        }
    }

    @Test func `session present only when there is one; clean start ends it [MQTT-3.2.2-2] [MQTT-3.2.2-3]`()
        async throws
    {
        try await withBroker { harness in
            func connect(clean: Bool, expiry: UInt32) throws -> (WireClient, Connack) {
                let client = try WireClient(port: harness.port, version: .v5)
                let connack = try client.connect("s", cleanStart: clean) { $0.sessionExpirySeconds = expiry }
                return (client, connack)
            }
            let (first, one) = try connect(clean: false, expiry: 100)
            #expect(!one.sessionPresent)
            first.disconnect()
            _ = try first.untilClosed()
            let (second, two) = try connect(clean: false, expiry: 0)
            #expect(two.sessionPresent)
            second.disconnect()
            _ = try second.untilClosed()
            let (third, three) = try connect(clean: false, expiry: 100)
            #expect(!three.sessionPresent, "expiry 0 ended it")
            third.disconnect()
            _ = try third.untilClosed()
            let (_, four) = try connect(clean: true, expiry: 0)
            #expect(!four.sessionPresent)
        }
    }

    @Test func `session expiry may not rise from 0 in DISCONNECT [MQTT-3.14.2-2]`() async throws {
        try await withBroker { harness in
            let client = try WireClient(port: harness.port, version: .v5)
            try client.connect("a")
            client.disconnect(sessionExpirySeconds: 10)
            guard case .disconnect(let disconnect)? = try client.untilClosed().last?.packet else {
                Issue.record("no DISCONNECT")
                return
            }
            #expect(disconnect.reason == .protocolError)
        }
    }

    @Test func `an unsupported authentication method is refused with 0x8C (4.12)`() async throws {
        try await withBroker { harness in
            let client = try WireClient(port: harness.port, version: .v5)
            #expect(
                try client.connect("a") { $0.authenticationMethod = Array("SCRAM".utf8) }.reason
                    == .badAuthenticationMethod)
        }
    }

    @Test func `garbage, and a packet above the limit, end only their own connection`() async throws {
        var limits = BrokerLimits()
        limits.payloadBytesMax = 1_000
        try await withBroker(limits: limits) { harness in
            let bystander = try WireClient(port: harness.port)
            try bystander.connect("bystander")
            for bytes in [
                Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0xFF, count: 64),
                [0x10, 0xFF, 0xFF, 0xFF, 0xFF],
            ] {
                let client = try WireClient(port: harness.port)
                client.send(bytes)
                _ = try client.untilClosed()
            }
            let large = try WireClient(port: harness.port, version: .v5)
            try large.connect("large")
            large.publish("t", String(repeating: "x", count: 1_001), qos: .atLeastOnce, packetID: 1)
            guard case .disconnect(let disconnect)? = try large.untilClosed().last?.packet else {
                Issue.record("no DISCONNECT")
                return
            }
            #expect(disconnect.reason == .packetTooLarge)
            // A fixed header alone is enough to be refused: nothing is buffered.
            let announced = try WireClient(port: harness.port, version: .v5)
            try announced.connect("announced")
            announced.send([0x30, 0xFF, 0xFF, 0xFF, 0x7F])
            #expect(try announced.untilClosed().count == 1)
            #expect(try bystander.expectNothing())
        }
    }

    @Test
    func `the will is published when the connection breaks, not after DISCONNECT 0x00 [MQTT-3.1.2-8] [MQTT-3.1.2-10]`()
        async throws
    {
        try await withBroker { harness in
            let watcher = try WireClient(port: harness.port, version: .v5)
            try watcher.connect("watcher")
            try watcher.subscribe("will/#")
            func client(_ name: String) throws -> WireClient {
                let client = try WireClient(port: harness.port, version: .v5)
                try client.connect(name) {
                    $0.will = Will(
                        topic: Array("will/\(name)".utf8), payload: Array("gone".utf8), qos: .atLeastOnce, retain: false
                    )
                }
                return client
            }
            let polite = try client("polite")
            polite.disconnect()
            _ = try polite.untilClosed()
            let asking = try client("asking")
            asking.disconnect(.disconnectWithWill)
            _ = try asking.untilClosed()
            #expect(try watcher.receivePublish().topic == "will/asking", "[MQTT-3.14.4-3]")
            try client("broken").reset()
            #expect(try watcher.receivePublish().topic == "will/broken")
        }
    }
}
