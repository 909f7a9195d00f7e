/// An application message that outlives the read which brought it: held for a session that is away, retained, or on its
/// way upstream. Messages that are only passed on are never turned into one (they are copied from buffer to buffer).
///
/// Immutable and shared: one instance serves every session that waits for it. `topic` is valid UTF-8 without wildcards,
/// 1…65,535 bytes. `properties` holds the MQTT 5 properties that travel with the message, encoded as in a PUBLISH
/// (3.3.2.3) without the length in front, and without topic alias, subscription identifiers and message expiry interval,
/// which belong to a connection or change with time.
package final class Message: Sendable {
    package let topic: [UInt8]
    package let payload: [UInt8]
    package let properties: [UInt8]
    /// The QoS with which it was published.
    package let qos: QoS
    package let retain: Bool
    /// Wall-clock milliseconds since the Unix epoch at which it expires (MQTT 5, 3.3.2.3.3); `nil`: never.
    package let expiresAtMilliseconds: Int64?

    package init(
        topic: [UInt8], payload: [UInt8], properties: [UInt8] = [], qos: QoS, retain: Bool = false,
        expiresAtMilliseconds: Int64? = nil
    ) {
        self.topic = topic
        self.payload = payload
        self.properties = properties
        self.qos = qos
        self.retain = retain
        self.expiresAtMilliseconds = expiresAtMilliseconds
    }

    /// What it counts for in limits by bytes: its parts and a constant for the bookkeeping around them.
    package var footprintBytes: Int { topic.count + payload.count + properties.count + 96 }
}
