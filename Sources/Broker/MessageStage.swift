package import Messages

/// A message as it passes: borrowed bytes, valid only during the call.
package struct PassingMessage {
    package let topic: UnsafeRawBufferPointer
    package let payload: UnsafeRawBufferPointer
    /// MQTT 5 properties as encoded, without the length in front; may hold a topic alias or expiry of the publisher.
    package let properties: UnsafeRawBufferPointer
    package let qos: QoS
    package let retain: Bool
    /// The name the publisher's certificate proved.
    package let client: String?
    /// Wall clock, nanoseconds since the Unix epoch.
    package let arrivalNanoseconds: Int64
}

/// What takes messages after the subscribers: the rules. Three functions, bound once when the node is wired, so that the
/// broker need not know whom it calls. Confined to one event loop.
package final class MessageStage {
    /// What this stage keeps for messages of one topic; nil when it takes none of them. Cached with the route.
    let binding: (_ topic: [UInt8]) -> AnyObject?
    /// Takes one message. Returns whether it caused something that must be committed before it is acknowledged.
    let take: (_ message: PassingMessage, _ binding: AnyObject) -> Bool
    /// The read cycle is over: hand what was gathered to the loop (`BrokerLoop.record`).
    let endCycle: () -> Void

    package init(
        binding: @escaping (_ topic: [UInt8]) -> AnyObject?,
        take: @escaping (_ message: PassingMessage, _ binding: AnyObject) -> Bool, endCycle: @escaping () -> Void
    ) {
        self.binding = binding
        self.take = take
        self.endCycle = endCycle
    }
}

/// Where the outbox takes messages of a topic.
package struct OutboxRoute: Sendable {
    package var bridge: String
    package var lane: String
    /// The topic at the remote broker.
    package var topic: [UInt8]
    /// The most the route's QoS allows.
    package var qosMax: QoS

    package init(bridge: String, lane: String, topic: [UInt8], qosMax: QoS) {
        self.bridge = bridge
        self.lane = lane
        self.topic = topic
        self.qosMax = qosMax
    }
}

/// Questions asked once per topic, when a route is made; answers are cached until `Broker.invalidateRoutes`.
package struct TopicTakers: Sendable {
    /// Whether the message stage takes messages of this topic.
    package var stageTakes: @Sendable ([UInt8]) -> Bool
    package var outboxRoutes: @Sendable ([UInt8]) -> [OutboxRoute]

    package init(
        stageTakes: @escaping @Sendable ([UInt8]) -> Bool = { _ in false },
        outboxRoutes: @escaping @Sendable ([UInt8]) -> [OutboxRoute] = { _ in [] }
    ) {
        self.stageTakes = stageTakes
        self.outboxRoutes = outboxRoutes
    }
}
