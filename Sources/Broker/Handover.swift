import MQTTWire
import Messages
import NIOCore

/// Messages that one loop gathered during a cycle for another: bytes once, handed over once.
struct Handover {
    struct Item {
        var packet: Range<Int>
        var packetIDOffset: Int
        var topic: Range<Int>
        var payload: Range<Int>
        var properties: Range<Int>
        var version: ProtocolVersion
        var qos: QoS
        var retain: Bool
        var isForwardable: Bool
        var expirySeconds: UInt32?
        var publisher: Int64
        var client: String?
        var toSubscribers: Bool
        var toStage: Bool
        /// The publisher's loop waits for this loop's commit under this number; 0: it does not.
        var token: UInt64
    }

    var bytes: [UInt8] = []
    var items: [Item] = []

    mutating func append(
        _ frame: PublishFrame, client: String?, toSubscribers: Bool, toStage: Bool, token: UInt64
    ) {
        func copy(_ part: UnsafeRawBufferPointer) -> Range<Int> {
            let start = bytes.count
            bytes.append(contentsOf: part)
            return start..<bytes.count
        }
        items.append(
            Item(
                packet: copy(frame.packet), packetIDOffset: frame.packetIDOffset, topic: copy(frame.topic),
                payload: copy(frame.payload), properties: copy(frame.properties), version: frame.version,
                qos: frame.qos, retain: frame.retain, isForwardable: frame.isForwardable,
                expirySeconds: frame.expirySeconds, publisher: frame.publisher, client: client,
                toSubscribers: toSubscribers, toStage: toStage, token: token))
    }
}

extension BrokerLoop {
    /// Puts the message into the batches of the loops that need it. Returns the token under which they report their
    /// commits, or 0 when nothing there is durable.
    func handOver(_ frame: PublishFrame, _ route: Route, client: String?, toStage: Bool) -> UInt64 {
        let stageLoop = toStage && route.goesToRemoteStage ? peers.firstIndex { $0.stage != nil } : nil
        var loops = Set(route.remoteLoops)
        if let stageLoop { loops.insert(stageLoop) }
        var token: UInt64 = 0
        if frame.qos != .atMostOnce, route.isRemoteDurable || stageLoop != nil {
            lastToken += 1
            token = lastToken
            openTokens[token] = loops.count
        }
        for loop in loops {
            handovers[loop].append(
                frame, client: client, toSubscribers: route.remoteLoops.contains(loop), toStage: loop == stageLoop,
                token: token)
        }
        scheduleCycle()
        return token
    }

    func handOver() {
        for index in handovers.indices where !handovers[index].items.isEmpty {
            let batch = handovers[index]
            handovers[index] = Handover()
            let peer = peers[index]
            let origin = self.index
            peer.eventLoop.execute { peer.receive(batch, from: origin) }
        }
    }

    private func receive(_ batch: Handover, from origin: Int) {
        batch.bytes.withUnsafeBytes { bytes in
            func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }
            for item in batch.items {
                let frame = PublishFrame(
                    packet: part(item.packet), packetIDOffset: item.packetIDOffset, topic: part(item.topic),
                    payload: part(item.payload), properties: part(item.properties), version: item.version,
                    qos: item.qos, retain: item.retain, isForwardable: item.isForwardable,
                    expirySeconds: item.expirySeconds, publisher: item.publisher)
                let route = route(for: frame.topic)
                var isDurable = false
                if item.toSubscribers, fanOut(frame, route) { isDurable = true }
                if item.toStage, let binding = route.stageBinding, let stage,
                    stage.take(passing(frame, client: item.client), binding)
                {
                    isDurable = true
                }
                guard item.token != 0 else { continue }
                if isDurable {
                    tokensInBatch.append((origin, item.token))
                } else {
                    let peer = peers[origin]
                    peer.eventLoop.execute { peer.tokenCommitted(item.token) }
                }
            }
        }
        scheduleCycle()
    }
}
