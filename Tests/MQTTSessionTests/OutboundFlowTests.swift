import Messages
import Testing

@testable import MQTTSession

@Suite struct OutboundFlowTests {
    private func delivery(_ number: Int, qos: QoS = .atLeastOnce, sequence: UInt64 = 0) -> OutboundFlow.Delivery {
        OutboundFlow.Delivery(
            message: Message(topic: [97], payload: Array("\(number)".utf8), qos: qos), qos: qos, retain: false,
            sequence: sequence)
    }

    @Test func `the window holds, what waits goes out in order, nothing overtakes [MQTT-3.3.4-9] [MQTT-4.6.0-6]`() {
        var flow = OutboundFlow(inFlightMax: 2, waitingMax: 10)
        #expect(flow.offer(qos: .atLeastOnce, delivery: nil) == .send(packetID: 1))
        #expect(flow.offer(qos: .atLeastOnce, delivery: nil) == .send(packetID: 2))
        #expect(flow.offer(qos: .atLeastOnce, delivery: nil) == .wait)
        #expect(flow.enqueue(delivery(3)) == true)
        #expect(flow.enqueue(delivery(4)) == true)
        #expect(flow.next() == nil)
        #expect(flow.acknowledge(1) == .completed(sequence: 0))
        #expect(flow.offer(qos: .atLeastOnce, delivery: nil) == .wait, "something waits")
        let third = flow.next()
        #expect(third?.delivery.message.payload == Array("3".utf8))
        #expect(third?.packetID == 3)
        #expect(flow.next() == nil)
        #expect(flow.acknowledge(3) == .completed(sequence: 0), "out of order")
        #expect(flow.acknowledge(2) == .completed(sequence: 0))
        #expect(flow.next()?.packetID == 4)
        #expect(flow.inFlightCount == 1)
    }

    @Test func `QoS 2 frees its place at PUBCOMP, not before [MQTT-4.9.0-2]`() {
        var flow = OutboundFlow(inFlightMax: 1, waitingMax: 1)
        #expect(
            flow.offer(qos: .exactlyOnce, delivery: delivery(1, qos: .exactlyOnce, sequence: 9)) == .send(packetID: 1))
        #expect(flow.complete(1) == .unknown, "PUBCOMP before PUBREC")
        #expect(flow.receive(1, failed: false) == .release(sequence: 9))
        #expect(flow.receive(1, failed: false) == .release(sequence: 9), "PUBREC again asks for PUBREL again")
        #expect(flow.canSend == false)
        #expect(flow.complete(1) == .completed(sequence: 9))
        #expect(flow.canSend == true)
    }

    @Test func `an error in PUBREC ends the delivery [MQTT-4.4.0-2]`() {
        var flow = OutboundFlow(inFlightMax: 1, waitingMax: 1)
        _ = flow.offer(qos: .exactlyOnce, delivery: nil)
        #expect(flow.receive(1, failed: true) == .completed(sequence: 0))
        #expect(flow.canSend == true)
    }

    @Test func `acknowledgements of the wrong kind or unknown identifiers change nothing`() {
        var flow = OutboundFlow(inFlightMax: 4, waitingMax: 1)
        _ = flow.offer(qos: .atLeastOnce, delivery: nil)
        _ = flow.offer(qos: .exactlyOnce, delivery: nil)
        #expect(flow.acknowledge(2) == .unknown)
        #expect(flow.receive(1, failed: false) == .unknown)
        #expect(flow.acknowledge(77) == .unknown)
        #expect(flow.acknowledge(0) == .unknown)
        #expect(flow.inFlightCount == 2)
    }

    @Test func `the queue at its limit and one more`() {
        var flow = OutboundFlow(inFlightMax: 1, waitingMax: 2)
        #expect(flow.enqueue(delivery(1)) == true)
        #expect(flow.enqueue(delivery(2)) == true)
        #expect(flow.enqueue(delivery(3)) == false)
        #expect(flow.waitingBytes == 2 * delivery(1).message.footprintBytes)
        _ = flow.dropNext()
        #expect(flow.enqueue(delivery(3)) == true)
    }

    @Test func `identifiers wrap without touching one that is in use, and are never 0 [MQTT-2.2.1-3]`() {
        var flow = OutboundFlow(inFlightMax: 10, waitingMax: 1)
        var kept: [UInt16] = []
        for _ in 0..<3 {
            guard case .send(let packetID) = flow.offer(qos: .atLeastOnce, delivery: nil) else { return }
            kept.append(packetID)
        }
        for _ in 0..<200_000 {
            guard case .send(let packetID) = flow.offer(qos: .atLeastOnce, delivery: nil) else {
                Issue.record("the window is not full")
                return
            }
            if packetID == 0 || kept.contains(packetID) {
                Issue.record("identifier \(packetID) is in use")
                return
            }
            _ = flow.acknowledge(packetID)
        }
        #expect(flow.inFlightCount == 3)
        #expect(flow.heldCount <= 2 * 4 + 64, "finished entries do not pile up behind one that is never acknowledged")
    }

    @Test func `what was in flight comes back in its order after a restart [MQTT-4.6.0-1]`() {
        var flow = OutboundFlow(inFlightMax: 10, waitingMax: 10)
        flow.restore(delivery(1, sequence: 5), packetID: 11, phase: .sent)
        flow.restore(delivery(2, qos: .exactlyOnce, sequence: 6), packetID: 12, phase: .released)
        flow.restore(delivery(3, sequence: 7), packetID: 0, phase: nil)
        #expect(flow.unfinished.map(\.packetID) == [11, 12])
        #expect(flow.unfinished.map(\.phase) == [.sent, .released])
        #expect(flow.next()?.packetID == 13)
        #expect(flow.complete(12) == .completed(sequence: 6))
        #expect(flow.acknowledge(11) == .completed(sequence: 5))
    }
}

@Suite struct InboundFlowTests {
    @Test func `a repeated QoS 2 message is taken once [MQTT-4.3.3-10]`() {
        var flow = InboundFlow(receiveMax: 10)
        #expect(flow.arrive(qos: .exactlyOnce, packetID: 7) == .take)
        #expect(flow.arrive(qos: .exactlyOnce, packetID: 7) == .repeated)
        #expect(flow.release(7) == true)
        #expect(flow.release(7) == false)
        #expect(flow.arrive(qos: .exactlyOnce, packetID: 7) == .take)
    }

    @Test func `receive maximum at the limit and one more [MQTT-3.3.4-7]`() {
        var flow = InboundFlow(receiveMax: 2)
        #expect(flow.arrive(qos: .atLeastOnce, packetID: 1) == .take)
        #expect(flow.arrive(qos: .exactlyOnce, packetID: 2) == .take)
        #expect(flow.arrive(qos: .atLeastOnce, packetID: 3) == .overQuota)
        #expect(flow.arrive(qos: .exactlyOnce, packetID: 2) == .repeated, "a repetition takes no new place")
        #expect(flow.arrive(qos: .atMostOnce, packetID: 0) == .take)
        flow.acknowledged()
        #expect(flow.arrive(qos: .atLeastOnce, packetID: 3) == .take)
    }

    @Test func `QoS 2 exchanges go on at the next connection, QoS 1 ones do not`() {
        var flow = InboundFlow(receiveMax: 3)
        _ = flow.arrive(qos: .atLeastOnce, packetID: 1)
        _ = flow.arrive(qos: .exactlyOnce, packetID: 65_535)
        let next = flow.carried(toReceiveMax: 5)
        #expect(next.openCount == 1)
        #expect(next.receivedIDs == [65_535])
        var restored = InboundFlow(receiveMax: 5)
        restored.restore(65_535)
        restored.restore(65_535)
        #expect(restored.openCount == 1)
        #expect(restored.arrive(qos: .exactlyOnce, packetID: 65_535) == .repeated)
    }
}

@Suite struct AcknowledgementOrderTests {
    @Test func `one that waits for a commit holds back those behind it [MQTT-4.6.0-2]`() {
        var order = AcknowledgementOrder()
        order.append(.init(kind: .puback, packetID: 1, ticket: 5))
        order.append(.init(kind: .puback, packetID: 2))
        order.append(.init(kind: .pubrec, packetID: 3, ticket: 6, token: 9))
        #expect(order.next(committed: 4, isTokenOpen: { _ in false }) == nil)
        #expect(order.next(committed: 5, isTokenOpen: { _ in false })?.packetID == 1)
        #expect(order.next(committed: 5, isTokenOpen: { _ in false })?.packetID == 2)
        #expect(order.next(committed: 5, isTokenOpen: { _ in false }) == nil)
        #expect(order.next(committed: 6, isTokenOpen: { $0 == 9 }) == nil, "another loop has not committed")
        #expect(order.next(committed: 6, isTokenOpen: { _ in false })?.packetID == 3)
        #expect(order.isEmpty)
    }
}
