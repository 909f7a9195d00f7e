import Messages
import Testing

@testable import TopicRouting

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct SubscriptionTreeTests {
    private func tree(_ filters: [(Int64, String)]) -> SubscriptionTree {
        var tree = SubscriptionTree()
        for (subscriber, filter) in filters {
            tree.insert(Subscription(subscriber: subscriber, qos: .atLeastOnce), filter: bytes(filter))
        }
        return tree
    }

    @Test func `each subscriber once, with the greatest QoS and every identifier [MQTT-3.3.4-2] [MQTT-3.3.4-4]`() {
        var tree = SubscriptionTree()
        tree.insert(Subscription(subscriber: 1, qos: .atMostOnce, identifier: 7), filter: bytes("a/#"))
        tree.insert(Subscription(subscriber: 1, qos: .exactlyOnce, identifier: 9), filter: bytes("a/+"))
        tree.insert(Subscription(subscriber: 2, qos: .atLeastOnce), filter: bytes("a/b"))
        let matches = tree.match(bytes("a/b"))
        #expect(matches.map(\.subscriber) == [1, 2])
        #expect(matches[0].qos == .exactlyOnce)
        #expect(matches[0].identifiers.sorted() == [7, 9])
        #expect(matches[1].identifiers.isEmpty)
    }

    @Test func `a second subscription to the same filter replaces the first [MQTT-3.8.4-3]`() {
        var tree = SubscriptionTree()
        #expect(tree.insert(Subscription(subscriber: 1, qos: .atMostOnce), filter: bytes("x")) == true)
        #expect(tree.insert(Subscription(subscriber: 1, qos: .exactlyOnce), filter: bytes("x")) == false)
        #expect(tree.subscriptionCount == 1)
        #expect(tree.match(bytes("x")).map(\.qos) == [.exactlyOnce])
    }

    @Test func `wildcards do not match a first level that begins with $ [MQTT-4.7.2-1]`() {
        let tree = tree([(1, "#"), (2, "+/x"), (3, "$SYS/#"), (4, "$SYS/+")])
        #expect(tree.match(bytes("$SYS/x")).map(\.subscriber) == [3, 4])
    }

    @Test func `no local holds only when every matching subscription asks for it`() {
        var tree = SubscriptionTree()
        tree.insert(Subscription(subscriber: 1, qos: .atMostOnce, noLocal: true), filter: bytes("a"))
        #expect(tree.match(bytes("a"))[0].noLocal)
        tree.insert(Subscription(subscriber: 1, qos: .atMostOnce, noLocal: false), filter: bytes("#"))
        #expect(!tree.match(bytes("a"))[0].noLocal)
    }

    @Test func `every change gives a new generation, and what is removed leaves nothing behind`() {
        var tree = SubscriptionTree()
        let start = tree.generation
        tree.insert(Subscription(subscriber: 1, qos: .atMostOnce), filter: bytes("a/+/c/#"))
        #expect(tree.generation > start)
        #expect(tree.remove(subscriber: 2, filter: bytes("a/+/c/#")) == false)
        #expect(tree.remove(subscriber: 1, filter: bytes("a/+/c")) == false)
        #expect(tree.remove(subscriber: 1, filter: bytes("a/+/c/#")) == true)
        #expect(tree.isEmpty)
        #expect(tree.match(bytes("a/b/c/d")).isEmpty)
    }

    /// Against the definition: every filter compared with every topic.
    @Test func `random filters agree with matching one by one`() {
        var generator = SeededGenerator(seed: 20_260_101)
        let levels = ["a", "b", "", "$s"]
        for _ in 0..<300 {
            var tree = SubscriptionTree()
            var filters: [(Int64, String)] = []
            for subscriber in 0..<Int64(12) {
                var parts = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                    Bool.random(using: &generator) ? "+" : levels.randomElement(using: &generator)!
                }
                if Int.random(in: 0..<3, using: &generator) == 0 { parts.append("#") }
                let filter = parts.joined(separator: "/")
                guard TopicText.isFilter(bytes(filter)) else { continue }
                filters.append((subscriber, filter))
                tree.insert(Subscription(subscriber: subscriber, qos: .atMostOnce), filter: bytes(filter))
            }
            for removed in filters where Bool.random(using: &generator) {
                tree.remove(subscriber: removed.0, filter: bytes(removed.1))
                filters.removeAll { $0.0 == removed.0 }
            }
            for _ in 0..<20 {
                let topic = (0..<Int.random(in: 1...5, using: &generator))
                    .map { _ in levels.randomElement(using: &generator)! }.joined(separator: "/")
                guard TopicText.isName(bytes(topic)) else { continue }
                let expected = filters.filter { TopicText.matches(name: bytes(topic), filter: bytes($0.1)) }.map(\.0)
                #expect(tree.match(bytes(topic)).map(\.subscriber) == expected.sorted(), "\(topic) among \(filters)")
            }
        }
    }
}

/// SplitMix64: the same sequence on every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
