import Messages

/// The thread side of a `MosquittoSession`: owns the connection, the queue and what is under way.
final class SessionLoop {
    private let options: MosquittoSession.Options
    private let mailbox: SessionMailbox
    private let firstConnect: Reply<MosquittoError?>

    private var connection: MosquittoConnection?
    private var limits: ServerLimits?
    /// Ways to reach the host that were not tried yet in this round.
    private var attempts: [ConnectionOptions] = []
    private var attemptDeadline: Int64 = 0
    private var nextRound: Int64 = 0
    private var nextKeepAlive: Int64 = 0
    private var hasConnected = false
    private var failure: MosquittoError?

    private var waiting = FirstInFirstOut<OutgoingMessage>()
    private var flight: [Flight] = []
    private var acknowledgedFlightCount = 0
    private var requests: [Request] = []
    private var subscriptions: [(filter: String, qos: QoS)] = []
    private var drainDeadline: Int64?
    private var commands: [SessionMailbox.Command] = []
    private var events: [ConnectionEvent] = []

    private struct Flight {
        var packetID: Int32
        var sentAt: Int64
        var message: OutgoingMessage
    }

    private struct Request {
        enum Kind {
            case subscribe(QoS)
            case unsubscribe
        }
        var kind: Kind
        var filter: String
        var packetID: Int32?
        var reply: Reply<Result<UInt8, MosquittoError>>?
    }

    /// QoS 0 messages that the library holds at most before they are written.
    private static let unwrittenMax = 200
    private static let keepAliveCheckMilliseconds: Int64 = 1_000
    private static let disconnectMilliseconds: Int64 = 2_000

    init(_ options: MosquittoSession.Options, mailbox: SessionMailbox, firstConnect: Reply<MosquittoError?>) {
        self.options = options
        self.mailbox = mailbox
        self.firstConnect = firstConnect
    }

    func run() {
        mailbox.noteOwner()
        while true {
            let now = MonotonicClock.milliseconds()
            if takeCommands(now: now) || failure != nil { break }
            if connection == nil { openIfDue(now: now) }
            if failure != nil { break }
            fillWindow()
            waitAndStep()
        }
        finish(failure ?? MosquittoError(.closed, "The session was closed"))
    }

    // MARK: - Commands

    /// True: the session is to end.
    private func takeCommands(now: Int64) -> Bool {
        let stop = mailbox.take(into: &commands)
        for command in commands { accept(command) }
        commands.removeAll(keepingCapacity: true)
        switch stop {
        case nil:
            return false
        case .abort:
            return true
        case .drain(let milliseconds):
            let deadline = drainDeadline ?? now + milliseconds
            drainDeadline = deadline
            let isDone = waiting.isEmpty && flight.isEmpty && requests.isEmpty
            guard isDone || now >= deadline || !hasConnected else { return false }
            connection?.disconnectAndWait(milliseconds: Self.disconnectMilliseconds)
            return true
        }
    }

    private func accept(_ command: SessionMailbox.Command) {
        switch command {
        case .publish(let message):
            waiting.append(message)
        case .subscribe(let filter, let qos, let reply):
            request(Request(kind: .subscribe(qos), filter: filter, reply: reply))
        case .unsubscribe(let filter, let reply):
            request(Request(kind: .unsubscribe, filter: filter, reply: reply))
        }
    }

    private func request(_ request: Request) {
        var request = request
        if limits != nil, let connection {
            do {
                switch request.kind {
                case .subscribe(let qos):
                    request.packetID = try connection.subscribe(filter: request.filter, qos: qos)
                case .unsubscribe:
                    request.packetID = try connection.unsubscribe(filter: request.filter)
                }
            } catch {
                request.reply?.give(.failure(error))
                return
            }
        }
        requests.append(request)
    }

    // MARK: - Connection

    private func openIfDue(now: Int64) {
        guard now >= nextRound else { return }
        if attempts.isEmpty {
            do {
                attempts = options.connection.attempts(for: try AddressResolver.resolve(options.connection.host))
            } catch {
                roundFailed(error)
                return
            }
        }
        guard !attempts.isEmpty else {
            roundFailed(
                MosquittoError(
                    .nameNotFound, "The name \(options.connection.host) has no address; check its spelling"))
            return
        }
        let attempt = attempts.removeFirst()
        attemptDeadline = now + attempt.connectTimeoutMilliseconds
        do {
            let opened = try MosquittoConnection(attempt)
            connection = opened
            try opened.connect()
        } catch {
            connectionEnded(error)
        }
    }

    private func connectionEnded(_ error: MosquittoError) {
        connection = nil
        let wasConnected = limits != nil
        limits = nil
        // What was under way goes back to the head of the queue, in the order in which it was sent.
        waiting.prepend(flight.map(\.message))
        flight.removeAll(keepingCapacity: true)
        acknowledgedFlightCount = 0
        for index in requests.indices { requests[index].packetID = nil }
        if wasConnected { mailbox.handlers.disconnected(error) }
        if !wasConnected, !attempts.isEmpty, Self.isWorthAnotherAddress(error) { return }
        roundFailed(error)
    }

    private func roundFailed(_ error: MosquittoError) {
        attempts.removeAll()
        guard options.reconnects, hasConnected else {
            failure = error
            return
        }
        nextRound = MonotonicClock.milliseconds() + options.reconnectDelayMilliseconds
    }

    private static func isWorthAnotherAddress(_ error: MosquittoError) -> Bool {
        switch error.code {
        case .unreachable, .timedOut, .lost: true
        default: false
        }
    }

    private func connected(sessionPresent: Bool, _ limits: ServerLimits) {
        self.limits = limits
        attempts.removeAll()
        mailbox.handlers.connected(limits)
        let isFirst = !hasConnected
        hasConnected = true
        if isFirst { firstConnect.give(nil) }
        let open = requests
        requests.removeAll()
        if !isFirst, !sessionPresent {
            for (filter, qos) in subscriptions { request(Request(kind: .subscribe(qos), filter: filter)) }
        }
        for request in open { self.request(request) }
    }

    // MARK: - Loop

    private func waitAndStep() {
        let now = MonotonicClock.milliseconds()
        var deadline = now + Self.keepAliveCheckMilliseconds
        if let drainDeadline { deadline = min(deadline, drainDeadline) }
        if connection == nil { deadline = min(deadline, nextRound) }
        let ready = SocketWait.wait(
            socket: connection?.socket, wantsWrite: connection?.wantsWrite ?? false, waker: mailbox.waker,
            timeoutMilliseconds: max(0, deadline - now))
        guard let connection else { return }
        do {
            if ready.readable || ready.writable {
                try connection.step(readable: ready.readable, writable: ready.writable)
            } else if connection.socket == nil {
                try connection.step(readable: true, writable: false)
            }
            handleEvents(of: connection)
            try checkTimers(connection)
        } catch {
            handleEvents(of: connection)
            connectionEnded(error)
        }
    }

    private func checkTimers(_ connection: MosquittoConnection) throws(MosquittoError) {
        let now = MonotonicClock.milliseconds()
        if now >= nextKeepAlive {
            nextKeepAlive = now + Self.keepAliveCheckMilliseconds
            try connection.keepAlive()
        }
        if limits == nil, now >= attemptDeadline {
            throw MosquittoError(
                .timedOut, "\(options.connection.place) did not answer in time; check the address and the network")
        }
        if let oldest = flight.first(where: { $0.message.qos != .atMostOnce }),
            now - oldest.sentAt >= options.acknowledgementTimeoutMilliseconds
        {
            throw MosquittoError(
                .timedOut, "\(options.connection.place) did not acknowledge a message in time; it may be overloaded")
        }
    }

    private func fillWindow() {
        guard let connection, let limits else { return }
        let window = min(options.window, limits.receiveMaximum)
        let now = MonotonicClock.milliseconds()
        while flight.count < Self.unwrittenMax + window, let next = waiting.first {
            if next.qos != .atMostOnce, acknowledgedFlightCount >= window { return }
            do {
                let packetID = try connection.publish(
                    topic: next.topic, payload: next.payload, qos: next.qos, retain: next.retain,
                    properties: next.properties)
                waiting.removeFirst()
                if next.qos != .atMostOnce { acknowledgedFlightCount += 1 }
                flight.append(Flight(packetID: packetID, sentAt: now, message: next))
            } catch {
                // Whatever is wrong with this message would be wrong again: it ends here, and the next one gets its
                // turn.
                waiting.removeFirst()
                complete(next, .failed(error))
            }
        }
    }

    private func handleEvents(of connection: MosquittoConnection) {
        connection.takeEvents(into: &events)
        for event in events {
            switch event {
            case .connected(let sessionPresent, let limits): connected(sessionPresent: sessionPresent, limits)
            case .refused, .disconnectedByServer: continue
            case .published(let packetID, let reason): published(packetID, reason)
            case .subscribed(let packetID, let granted): answered(packetID, granted.first ?? 0x80)
            case .unsubscribed(let packetID): answered(packetID, 0)
            case .message(let message): mailbox.handlers.message(message)
            }
        }
        events.removeAll(keepingCapacity: true)
    }

    private func published(_ packetID: Int32, _ reason: UInt8) {
        guard let index = flight.firstIndex(where: { $0.packetID == packetID }) else { return }
        let message = flight.remove(at: index).message
        if message.qos != .atMostOnce { acknowledgedFlightCount -= 1 }
        complete(message, .acknowledged(reason: reason))
    }

    private func answered(_ packetID: Int32, _ code: UInt8) {
        guard let index = requests.firstIndex(where: { $0.packetID == packetID }) else { return }
        let request = requests.remove(at: index)
        subscriptions.removeAll { $0.filter == request.filter }
        if case .subscribe(let qos) = request.kind, !ReasonCode.isFailure(code) {
            subscriptions.append((request.filter, qos))
        }
        request.reply?.give(.success(code))
    }

    private func complete(_ message: OutgoingMessage, _ outcome: MosquittoSession.Outcome) {
        message.completion?(outcome)
        mailbox.freeRoom()
    }

    private func finish(_ error: MosquittoError) {
        connection = nil
        commands = mailbox.end(error)
        for command in commands { accept(command) }
        for entry in flight { complete(entry.message, .failed(error)) }
        while let message = waiting.first {
            waiting.removeFirst()
            complete(message, .failed(error))
        }
        for request in requests { request.reply?.give(.failure(error)) }
        firstConnect.give(error)
    }
}
