import Messages
import MosquittoClient
import Synchronization

/// Who waits at the cloud for what the gateway sends. Its connection is not cut; should it be lost, the cloud keeps what
/// arrives meanwhile.
final class CloudReceiver: Sendable {
    private let session: MosquittoSession
    private let tally: CloudTallyBox
    private let filter: String

    /// Seconds for which the cloud keeps the session; it is ended in order anyway.
    private static let sessionExpirySeconds: UInt32 = 120

    /// `node` is the gateway's name, under which everything arrives.
    init(options: ConnectionOptions, node: String) throws(MosquittoError) {
        var options = options
        options.cleanStart = false
        options.sessionExpirySeconds = Self.sessionExpirySeconds
        filter = "\(node)/#"
        let tally = CloudTallyBox()
        self.tally = tally
        session = try MosquittoSession(
            .init(connection: options, reconnects: true),
            handlers: .init(message: { tally.note($0) }))
    }

    func connect() throws(MosquittoError) {
        try session.connect()
        try session.subscribe(filter: filter, qos: .atLeastOnce)
    }

    var now: CloudTally { tally.now }

    /// Gives up the subscription, so that nothing is kept for a receiver that does not come back.
    func disconnect() {
        try? session.unsubscribe(filter: filter)
        session.disconnect(drainMilliseconds: 1_000)
    }
}

private final class CloudTallyBox: Sendable {
    private let tally = Mutex(CloudTally())

    var now: CloudTally { tally.withLock { $0 } }

    func note(_ message: ReceivedMessage) {
        // What the cloud kept from before is none of this demo's.
        guard !message.retain else { return }
        let properties = message.properties.user.map { (name: $0.name, value: $0.value) }
        tally.withLock {
            $0.note(
                topic: message.topic, payload: message.payload, properties: properties,
                atSecond: DemoClock.seconds())
        }
    }
}
