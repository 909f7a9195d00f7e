import Messages
import Testing

@testable import TopicRouting

@Suite struct RetainedStoreTests {
    private func message(_ topic: String, _ payload: String, expires: Int64? = nil) -> Message {
        Message(
            topic: Array(topic.utf8), payload: Array(payload.utf8), qos: .atLeastOnce, retain: true,
            expiresAtMilliseconds: expires)
    }

    private func topics(_ messages: [Message]) -> [String] {
        messages.map { String(decoding: $0.topic, as: UTF8.self) }
    }

    @Test func `the last message of a topic counts, an empty one clears [MQTT-3.3.1-5] [MQTT-3.3.1-6]`() {
        var store = RetainedStore(bytesMax: 10_000)
        #expect(store.apply(message("a/b", "1")) == .stored)
        #expect(store.apply(message("a/b", "22")) == .stored)
        #expect(store.count == 1)
        #expect(store.matching(Array("a/+".utf8), nowMilliseconds: 0).map(\.payload) == [Array("22".utf8)])
        #expect(store.apply(message("a/b", "")) == .cleared)
        #expect(store.apply(message("a/b", "")) == .unchanged)
        #expect(store.byteCount == 0)
    }

    @Test func `bytes at the limit are stored, one more is refused and the old value stays`() {
        let first = message("t", "12345")
        var store = RetainedStore(bytesMax: first.footprintBytes)
        #expect(store.apply(first) == .stored)
        #expect(store.apply(message("t", "123456")) == .refused)
        #expect(store.apply(message("u", "1")) == .refused)
        #expect(store.matching(Array("#".utf8), nowMilliseconds: 0).map(\.payload) == [Array("12345".utf8)])
        var counted = RetainedStore(bytesMax: 10_000, countMax: 1)
        #expect(counted.apply(message("a", "1")) == .stored)
        #expect(counted.apply(message("b", "1")) == .refused)
        #expect(counted.apply(message("a", "2")) == .stored)
    }

    @Test func `wildcards leave out $ topics, order is by topic, expired messages are not sent`() {
        var store = RetainedStore(bytesMax: 100_000)
        for topic in ["b", "a", "$SYS/x", "a/c"] { _ = store.apply(message(topic, "x")) }
        _ = store.apply(message("gone", "x", expires: 50))
        #expect(topics(store.matching(Array("#".utf8), nowMilliseconds: 50)) == ["a", "a/c", "b"])
        #expect(topics(store.matching(Array("#".utf8), nowMilliseconds: 49)) == ["a", "a/c", "b", "gone"])
        #expect(store.removeExpired(nowMilliseconds: 50) == [Array("gone".utf8)])
        #expect(topics(store.matching(Array("$SYS/#".utf8), nowMilliseconds: 0)) == ["$SYS/x"])
    }
}
