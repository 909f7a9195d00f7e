import Dispatch
import Glibc
package import Messages
import Synchronization

/// A client for programs: connects, publishes and subscribes from any thread; its own thread runs the connection.
///
/// Messages are sent in the order of the calls to `publish`. At most `pendingMax` are accepted and unfinished: after
/// that `publish` waits. With `reconnects`, messages without an acknowledgement are sent again after a reconnect, in
/// order (so QoS 1 and 2 arrive at least once), and subscriptions are made again.
package final class MosquittoSession: Sendable {
    package struct Options: Sendable {
        package var connection: ConnectionOptions
        /// QoS 1 and 2 messages under way; the server's Receive Maximum may lower it.
        package var window: Int
        /// Messages accepted and not finished.
        package var pendingMax: Int
        package var acknowledgementTimeoutMilliseconds: Int64
        package var reconnects: Bool
        /// Pause between two attempts.
        package var reconnectDelayMilliseconds: Int64

        package init(
            connection: ConnectionOptions, window: Int = 20, pendingMax: Int = 1_000,
            acknowledgementTimeoutMilliseconds: Int64 = 20_000, reconnects: Bool = false,
            reconnectDelayMilliseconds: Int64 = 1_000
        ) {
            self.connection = connection
            self.window = min(max(window, 1), 1_000)
            self.pendingMax = max(pendingMax, 1)
            self.acknowledgementTimeoutMilliseconds = acknowledgementTimeoutMilliseconds
            self.reconnects = reconnects
            self.reconnectDelayMilliseconds = reconnectDelayMilliseconds
        }
    }

    /// How a message ended.
    package enum Outcome: Sendable, Equatable {
        /// Written (QoS 0), or acknowledged with this reason code, which may be a refusal (≥ 0x80).
        case acknowledged(reason: UInt8)
        /// The session ended before.
        case failed(MosquittoError)
    }

    /// Called on the session's thread. They may publish, but must not block.
    package struct Handlers: Sendable {
        package var message: @Sendable (ReceivedMessage) -> Void
        /// After every CONNACK, also after a reconnect.
        package var connected: @Sendable (ServerLimits) -> Void
        /// The connection ended without `disconnect`.
        package var disconnected: @Sendable (MosquittoError) -> Void
        package init(
            message: @escaping @Sendable (ReceivedMessage) -> Void = { _ in },
            connected: @escaping @Sendable (ServerLimits) -> Void = { _ in },
            disconnected: @escaping @Sendable (MosquittoError) -> Void = { _ in }
        ) {
            self.message = message
            self.connected = connected
            self.disconnected = disconnected
        }
    }

    private let options: Options
    private let shared: SessionMailbox
    private let thread: Mutex<LoopThread?>

    package init(_ options: Options, handlers: Handlers = Handlers()) throws(MosquittoError) {
        self.options = options
        shared = try SessionMailbox(handlers: handlers, pendingMax: options.pendingMax)
        thread = Mutex(nil)
    }

    deinit {
        shared.requestStop(drainMilliseconds: 0)
        thread.withLock { $0?.join() }
    }

    /// Connects and waits for CONNACK. Without `reconnects` a failure ends the session; with it the first attempt must
    /// succeed nevertheless, so that a wrong address does not stay unnoticed. Called once.
    package func connect() throws(MosquittoError) {
        let reply = Reply<MosquittoError?>()
        let options = options
        let shared = shared
        let created = try LoopThread(name: "mqtt-client") {
            SessionLoop(options, mailbox: shared, firstConnect: reply).run()
        }
        thread.withLock { $0 = created }
        if let error = reply.wait() { throw error }
    }

    /// Sends a message. `completion` is called on the session's thread, once. Waits while `pendingMax` messages are
    /// unfinished; on the session's own thread it throws `.limit` instead.
    package func publish(
        topic: [UInt8], payload: [UInt8], qos: QoS, retain: Bool = false,
        properties: PublishProperties = PublishProperties(), completion: (@Sendable (Outcome) -> Void)? = nil
    ) throws(MosquittoError) {
        try shared.reserveRoom()
        let message = OutgoingMessage(
            topic: topic, payload: payload, qos: qos, retain: retain, properties: properties, completion: completion)
        try shared.submit(.publish(message))
    }

    /// Sends a message and waits for its acknowledgement. Throws when the session ends before; a refusal by the server
    /// is thrown too.
    package func publishAndWait(
        topic: String, payload: [UInt8], qos: QoS, retain: Bool = false,
        properties: PublishProperties = PublishProperties()
    ) throws(MosquittoError) {
        let reply = Reply<Outcome>()
        try publish(topic: Array(topic.utf8), payload: payload, qos: qos, retain: retain, properties: properties) {
            reply.give($0)
        }
        switch reply.wait() {
        case .acknowledged(let reason) where ReasonCode.isFailure(reason):
            throw MosquittoError(
                .refused(reason),
                "\(options.connection.place) did not take the message for '\(topic)': \(ReasonCode.text(reason))")
        case .acknowledged:
            return
        case .failed(let error):
            throw error
        }
    }

    /// Subscribes and waits for SUBACK; the granted QoS. Throws when the server refuses the filter.
    @discardableResult
    package func subscribe(filter: String, qos: QoS) throws(MosquittoError) -> QoS {
        let reply = Reply<Result<UInt8, MosquittoError>>()
        try shared.submit(.subscribe(filter: filter, qos: qos, reply))
        switch reply.wait() {
        case .failure(let error):
            throw error
        case .success(let code):
            guard let granted = QoS(rawValue: code) else {
                throw MosquittoError(
                    .refused(code),
                    "\(options.connection.place) refused the subscription to '\(filter)': "
                        + ReasonCode.text(code))
            }
            return granted
        }
    }

    /// Unsubscribes and waits for UNSUBACK.
    package func unsubscribe(filter: String) throws(MosquittoError) {
        let reply = Reply<Result<UInt8, MosquittoError>>()
        try shared.submit(.unsubscribe(filter: filter, reply))
        if case .failure(let error) = reply.wait() { throw error }
    }

    /// Waits until accepted messages are finished, at most `drainMilliseconds`, sends DISCONNECT and joins the thread.
    /// Messages that are still unfinished get `.failed`. Not to be called on the session's thread.
    package func disconnect(drainMilliseconds: Int64 = 10_000) {
        shared.requestStop(drainMilliseconds: drainMilliseconds)
        thread.withLock {
            $0?.join()
            $0 = nil
        }
    }

    /// Ends the connection without DISCONNECT, as a crash would: the server publishes the will.
    package func abort() {
        shared.requestStop(drainMilliseconds: nil)
        thread.withLock {
            $0?.join()
            $0 = nil
        }
    }
}

/// A message on its way from `publish` to its acknowledgement.
struct OutgoingMessage: Sendable {
    var topic: [UInt8]
    var payload: [UInt8]
    var qos: QoS
    var retain: Bool
    var properties: PublishProperties
    var completion: (@Sendable (MosquittoSession.Outcome) -> Void)?
}

/// One answer from the session's thread to a caller that waits for it.
final class Reply<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let semaphore = DispatchSemaphore(value: 0)

    /// Only the first answer counts.
    func give(_ answer: Value) {
        let isFirst = value.withLock { current in
            guard current == nil else { return false }
            current = answer
            return true
        }
        if isFirst { semaphore.signal() }
    }

    func wait() -> Value {
        while true {
            semaphore.wait()
            if let answer = value.withLock({ $0 }) { return answer }
        }
    }
}
