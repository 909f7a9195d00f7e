/// What one event loop of the broker counted. Written by that loop, summed over loops when somebody asks.
package final class BrokerCounters: Sendable {
    /// PUBLISH packets taken from clients, and their payload bytes.
    package let messagesReceived = Counter()
    package let bytesReceived = Counter()
    /// PUBLISH packets appended for clients.
    package let messagesSent = Counter()
    /// Deliveries that did not happen, by cause.
    package let droppedQueueFull = Counter()
    package let droppedSlowSubscriber = Counter()
    package let droppedOffline = Counter()
    package let droppedExpired = Counter()
    package let droppedTooLarge = Counter()
    /// Retained messages refused since the store was full.
    package let retainedRefused = Counter()
    /// Refusals by access rules.
    package let publishRefused = Counter()
    package let subscribeRefused = Counter()
    /// Connections: taken, refused in CONNECT or before it, ended for a violation of the protocol.
    package let connectionsAccepted = Counter()
    package let connectionsRefused = Counter()
    package let protocolErrors = Counter()
    package let handshakeFailures = Counter()
    /// Connections open now.
    package let connectionsOpen = Counter()
    /// Acknowledgements withheld or refused since a commit failed.
    package let commitFailures = Counter()

    package init() {}
}

/// The sum over all loops at one moment.
package struct BrokerTotals: Sendable, Equatable {
    package var messagesReceived: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    package var messagesSent: UInt64 = 0
    package var droppedQueueFull: UInt64 = 0
    package var droppedSlowSubscriber: UInt64 = 0
    package var droppedOffline: UInt64 = 0
    package var droppedExpired: UInt64 = 0
    package var droppedTooLarge: UInt64 = 0
    package var retainedRefused: UInt64 = 0
    package var publishRefused: UInt64 = 0
    package var subscribeRefused: UInt64 = 0
    package var connectionsAccepted: UInt64 = 0
    package var connectionsRefused: UInt64 = 0
    package var protocolErrors: UInt64 = 0
    package var handshakeFailures: UInt64 = 0
    package var connectionsOpen: UInt64 = 0
    package var commitFailures: UInt64 = 0

    package init() {}

    package mutating func add(_ counters: BrokerCounters) {
        messagesReceived += counters.messagesReceived.read()
        bytesReceived += counters.bytesReceived.read()
        messagesSent += counters.messagesSent.read()
        droppedQueueFull += counters.droppedQueueFull.read()
        droppedSlowSubscriber += counters.droppedSlowSubscriber.read()
        droppedOffline += counters.droppedOffline.read()
        droppedExpired += counters.droppedExpired.read()
        droppedTooLarge += counters.droppedTooLarge.read()
        retainedRefused += counters.retainedRefused.read()
        publishRefused += counters.publishRefused.read()
        subscribeRefused += counters.subscribeRefused.read()
        connectionsAccepted += counters.connectionsAccepted.read()
        connectionsRefused += counters.connectionsRefused.read()
        protocolErrors += counters.protocolErrors.read()
        handshakeFailures += counters.handshakeFailures.read()
        connectionsOpen += counters.connectionsOpen.read()
        commitFailures += counters.commitFailures.read()
    }
}
