package import Messages

/// Retained messages by topic (MQTT 5.0, 3.3.1.3), bounded by bytes and count.
///
/// Not on the way of an ordinary message: it is touched when RETAIN is set and when somebody subscribes.
package struct RetainedStore: Sendable {
    package enum Change: Equatable {
        case stored, cleared
        /// There was nothing to clear.
        case unchanged
        /// The store is full (`bytesMax`, `countMax`): the earlier retained message of that topic, if any, stays.
        case refused
    }

    private var messages: [[UInt8]: Message] = [:]
    package private(set) var byteCount = 0
    package var count: Int { messages.count }
    private let bytesMax: Int
    private let countMax: Int

    package init(bytesMax: Int, countMax: Int = 1_000_000) {
        self.bytesMax = bytesMax
        self.countMax = countMax
    }

    /// Replaces the retained message of the topic; an empty payload removes it [MQTT-3.3.1-6] and is not itself kept.
    package mutating func apply(_ message: Message) -> Change {
        let old = messages[message.topic]
        if message.payload.isEmpty {
            guard let old else { return .unchanged }
            messages[message.topic] = nil
            byteCount -= old.footprintBytes
            return .cleared
        }
        let byteCountThen = byteCount - (old?.footprintBytes ?? 0) + message.footprintBytes
        guard byteCountThen <= bytesMax, old != nil || messages.count < countMax else { return .refused }
        messages[message.topic] = message
        byteCount = byteCountThen
        return .stored
    }

    /// Whether `apply` would store this message.
    package func hasRoom(for message: Message) -> Bool {
        let old = messages[message.topic]
        return byteCount - (old?.footprintBytes ?? 0) + message.footprintBytes <= bytesMax
            && (old != nil || messages.count < countMax)
    }

    /// Retained messages whose topic matches `filter`, ordered by topic so that a repetition gives the same order.
    /// What has expired at `nowMilliseconds` is left out.
    package func matching(_ filter: [UInt8], nowMilliseconds: Int64) -> [Message] {
        if !filter.contains(UInt8(ascii: "+")), !filter.contains(UInt8(ascii: "#")) {
            return messages[filter].flatMap { Self.isAlive($0, nowMilliseconds) ? [$0] : nil } ?? []
        }
        return messages.values
            .filter { Self.isAlive($0, nowMilliseconds) && TopicText.matches(name: $0.topic, filter: filter) }
            .sorted { $0.topic.lexicographicallyPrecedes($1.topic) }
    }

    /// Removes what has expired; returns the topics.
    package mutating func removeExpired(nowMilliseconds: Int64) -> [[UInt8]] {
        let expired = messages.values.filter { !Self.isAlive($0, nowMilliseconds) }
        for message in expired {
            messages[message.topic] = nil
            byteCount -= message.footprintBytes
        }
        return expired.map(\.topic)
    }

    private static func isAlive(_ message: Message, _ nowMilliseconds: Int64) -> Bool {
        guard let end = message.expiresAtMilliseconds else { return true }
        return end > nowMilliseconds
    }
}
