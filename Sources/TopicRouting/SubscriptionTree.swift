package import Messages

/// Who a subscription belongs to: the number of a session.
package typealias SubscriberID = Int64

/// What one subscription asks for (MQTT 5.0, 3.8.3.1).
package struct Subscription: Sendable, Equatable {
    package var subscriber: SubscriberID
    package var qos: QoS
    /// Messages the subscriber itself published are not sent to it.
    package var noLocal: Bool
    /// The RETAIN flag is forwarded as it was published.
    package var retainAsPublished: Bool
    /// 1…268,435,455; 0: none.
    package var identifier: UInt32

    package init(
        subscriber: SubscriberID, qos: QoS, noLocal: Bool = false, retainAsPublished: Bool = false,
        identifier: UInt32 = 0
    ) {
        self.subscriber = subscriber
        self.qos = qos
        self.noLocal = noLocal
        self.retainAsPublished = retainAsPublished
        self.identifier = identifier
    }
}

/// One subscriber that gets a message, its overlapping subscriptions merged: the greatest QoS [MQTT-3.3.4-2], and the
/// identifiers of all of them [MQTT-3.3.4-4].
package struct RouteMatch: Sendable, Equatable {
    package var subscriber: SubscriberID
    package var qos: QoS
    package var noLocal: Bool
    package var retainAsPublished: Bool
    package var identifiers: [UInt32]
}

/// All subscriptions by topic filter. Not on the way of a message: a match is made once per topic and generation and then
/// cached (`TopicTable`).
///
/// Nodes lie in one array and refer to each other by index; what is removed is reused. The depth is bounded by
/// `TopicText.levelCountMax`, since filters longer than that are refused before they come here.
package struct SubscriptionTree: Sendable {
    private struct Node {
        var level: [UInt8] = []
        var parent: Int32 = -1
        var children: [[UInt8]: Int32] = [:]
        /// Child for `+`.
        var single: Int32 = -1
        /// Subscriptions that end here.
        var subscriptions: [Subscription] = []
        /// Subscriptions to this level and everything below it (`#`).
        var multi: [Subscription] = []
        var isEmpty: Bool { children.isEmpty && single < 0 && subscriptions.isEmpty && multi.isEmpty }
    }

    private var nodes: [Node] = [Node()]
    private var free: [Int32] = []
    /// Changes with every change of the tree; a cached route of an older generation is not valid.
    package private(set) var generation: UInt64 = 1
    package private(set) var subscriptionCount = 0
    package var isEmpty: Bool { subscriptionCount == 0 }

    package init() {}

    /// Adds or replaces the subscription of this subscriber to `filter`. Returns whether there was none before.
    /// - Precondition: `filter` is well formed (`TopicText.isFilter`).
    @discardableResult
    package mutating func insert(_ subscription: Subscription, filter: [UInt8]) -> Bool {
        generation &+= 1
        let (index, isMulti) = makeNode(for: filter)
        let list = isMulti ? \Node.multi : \Node.subscriptions
        let place = nodes[index][keyPath: list].firstIndex { $0.subscriber == subscription.subscriber }
        if let place {
            nodes[index][keyPath: list][place] = subscription
            return false
        }
        nodes[index][keyPath: list].append(subscription)
        subscriptionCount += 1
        return true
    }

    /// Removes a subscription; returns whether it existed.
    @discardableResult
    package mutating func remove(subscriber: SubscriberID, filter: [UInt8]) -> Bool {
        guard let (index, isMulti) = findNode(for: filter) else { return false }
        let list = isMulti ? \Node.multi : \Node.subscriptions
        guard let place = nodes[index][keyPath: list].firstIndex(where: { $0.subscriber == subscriber }) else {
            return false
        }
        nodes[index][keyPath: list].remove(at: place)
        subscriptionCount -= 1
        generation &+= 1
        prune(from: Int32(index))
        return true
    }

    /// Makes every cached route invalid although no subscription changed (a session moved, rules were reloaded).
    package mutating func invalidate() { generation &+= 1 }

    /// Subscribers of topic name `topic`, each once, in order of their numbers.
    package func match(_ topic: [UInt8]) -> [RouteMatch] {
        let levels = Self.split(topic)
        var found: [Subscription] = []
        let isSystem = topic.first == UInt8(ascii: "$")
        collect(node: 0, levels: levels[...], skipWildcards: isSystem, into: &found)
        found.sort { $0.subscriber < $1.subscriber }
        var matches: [RouteMatch] = []
        for subscription in found {
            if let last = matches.last, last.subscriber == subscription.subscriber {
                matches[matches.count - 1].merge(subscription)
            } else {
                matches.append(RouteMatch(subscription))
            }
        }
        return matches
    }

    /// Recursion is as deep as the topic has levels, at most `TopicText.levelCountMax`.
    private func collect(
        node index: Int32, levels: ArraySlice<[UInt8]>, skipWildcards: Bool, into found: inout [Subscription]
    ) {
        let node = nodes[Int(index)]
        if !skipWildcards { found.append(contentsOf: node.multi) }
        guard let level = levels.first else {
            found.append(contentsOf: node.subscriptions)
            return
        }
        let rest = levels.dropFirst()
        if let child = node.children[level] { collect(node: child, levels: rest, skipWildcards: false, into: &found) }
        if node.single >= 0, !skipWildcards {
            collect(node: node.single, levels: rest, skipWildcards: false, into: &found)
        }
    }

    private mutating func makeNode(for filter: [UInt8]) -> (index: Int, isMulti: Bool) {
        var index: Int32 = 0
        for level in Self.split(filter) {
            if level == Self.multiLevel { return (Int(index), true) }
            let isSingle = level == Self.singleLevel
            let next = isSingle ? nodes[Int(index)].single : nodes[Int(index)].children[level] ?? -1
            if next >= 0 {
                index = next
                continue
            }
            let made = allocate(Node(level: level, parent: index))
            if isSingle { nodes[Int(index)].single = made } else { nodes[Int(index)].children[level] = made }
            index = made
        }
        return (Int(index), false)
    }

    private func findNode(for filter: [UInt8]) -> (index: Int, isMulti: Bool)? {
        var index: Int32 = 0
        for level in Self.split(filter) {
            if level == Self.multiLevel { return (Int(index), true) }
            let next = level == Self.singleLevel ? nodes[Int(index)].single : nodes[Int(index)].children[level] ?? -1
            guard next >= 0 else { return nil }
            index = next
        }
        return (Int(index), false)
    }

    private mutating func allocate(_ node: Node) -> Int32 {
        if let index = free.popLast() {
            nodes[Int(index)] = node
            return index
        }
        nodes.append(node)
        return Int32(nodes.count - 1)
    }

    private mutating func prune(from start: Int32) {
        var index = start
        while index > 0, nodes[Int(index)].isEmpty {
            let node = nodes[Int(index)]
            if nodes[Int(node.parent)].single == index {
                nodes[Int(node.parent)].single = -1
            } else {
                nodes[Int(node.parent)].children[node.level] = nil
            }
            nodes[Int(index)] = Node()
            free.append(index)
            index = node.parent
        }
    }

    private static let multiLevel: [UInt8] = [UInt8(ascii: "#")]
    private static let singleLevel: [UInt8] = [UInt8(ascii: "+")]

    static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
    }
}

extension RouteMatch {
    init(_ subscription: Subscription) {
        self.init(
            subscriber: subscription.subscriber, qos: subscription.qos, noLocal: subscription.noLocal,
            retainAsPublished: subscription.retainAsPublished,
            identifiers: subscription.identifier == 0 ? [] : [subscription.identifier])
    }

    /// A second subscription of the same subscriber that matches the same topic. Its own messages are withheld only when
    /// every one of them asks for that.
    mutating func merge(_ other: Subscription) {
        qos = max(qos, other.qos)
        noLocal = noLocal && other.noLocal
        retainAsPublished = retainAsPublished || other.retainAsPublished
        if other.identifier != 0 { identifiers.append(other.identifier) }
    }
}
