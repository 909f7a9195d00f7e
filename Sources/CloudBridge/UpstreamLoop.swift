import Ledger
import Logging
import Messages
import MosquittoClient

/// The bridge's thread: performs what the machine decides. Owns the connection and the outbox reader; nothing else
/// lives here, so that a slow name server or a slow disk delays nobody but this upstream.
final class UpstreamLoop {
    private let configuration: UpstreamConfiguration
    private let store: any OutboxStore
    private let source: any OutboxSource
    private let mailbox: BridgeMailbox
    private let board: StatusBoard
    private var journal: BridgeJournal

    private var machine: BridgeMachine
    private var connection: MosquittoConnection?
    private var isAccepted = false
    private var attempts: [ConnectionOptions] = []
    private var tokens: [(packetID: Int32, token: BridgeMachine.Token)] = []
    private var nextKeepAlive: Int64 = 0
    private var isFinished = false
    private var events: [ConnectionEvent] = []
    private var actions: [BridgeMachine.Action] = []

    private static let keepAliveCheckMilliseconds: Int64 = 1_000
    private static let disconnectMilliseconds: Int64 = 1_000
    /// Rounds of deciding and acting before the socket gets its turn again.
    private static let roundsMax = 16
    /// This bridge subscribes to nothing, so the server has nothing large to say.
    private static let receivedPacketBytesMax: UInt32 = 65_536

    init(
        _ configuration: UpstreamConfiguration, settings: BridgeMachine.Settings, store: any OutboxStore,
        source: any OutboxSource, mailbox: BridgeMailbox, board: StatusBoard, logger: Logger
    ) {
        self.configuration = configuration
        self.store = store
        self.source = source
        self.mailbox = mailbox
        self.board = board
        journal = BridgeJournal(logger, place: "\(configuration.host):\(configuration.port)")
        machine = BridgeMachine(settings)
    }

    func run() {
        machine.handle(.start, at: now())
        while !isFinished {
            act()
            publishStatus()
            if isFinished { break }
            waitAndStep()
        }
        connection = nil
        publishStatus()
    }

    private func now() -> BridgeTime {
        BridgeTime(
            monotonicMilliseconds: MonotonicClock.milliseconds(), wallMilliseconds: WallClock.milliseconds())
    }

    /// Acts until the machine has nothing more to do right now.
    private func act() {
        for _ in 0..<Self.roundsMax {
            machine.pump(at: now(), into: &actions)
            guard !actions.isEmpty else { return }
            // An action may fail and tell the machine at once; what that leads to is for the next round.
            let current = actions
            actions.removeAll(keepingCapacity: true)
            for action in current { perform(action) }
        }
    }

    private func perform(_ action: BridgeMachine.Action) {
        switch action {
        case .resolve: resolve()
        case .connect(let address, let version): connect(address, version)
        case .publish(let message): publish(message)
        case .close(let inOrder): close(inOrder: inOrder)
        case .listLanes: listLanes()
        case .read(let lane, let name, let after, let limit): read(lane, name, after, limit)
        case .remove(let lane, let name, let through): remove(lane, name, through)
        case .notice(let notice): journal.note(notice, at: MonotonicClock.milliseconds())
        case .finished: isFinished = true
        }
    }

    // MARK: - Connection

    private func resolve() {
        do {
            var options = ConnectionOptions(
                host: configuration.host, port: configuration.port, clientID: configuration.clientID,
                keepAliveSeconds: configuration.keepAliveSeconds, username: configuration.username,
                password: configuration.password,
                connectTimeoutMilliseconds: configuration.connectTimeoutMilliseconds)
            options.tls = configuration.tls.map {
                .init(authorityFile: $0.authorityFile, certificateFile: $0.certificateFile, keyFile: $0.keyFile)
            }
            options.receivedPacketBytesMax = Self.receivedPacketBytesMax
            attempts = options.attempts(for: try AddressResolver.resolve(configuration.host))
            machine.handle(.resolved(addressCount: attempts.count), at: now())
        } catch {
            machine.handle(.resolveFailed(.init(error)), at: now())
        }
    }

    private func connect(_ address: Int, _ version: ProtocolVersion) {
        drop()
        guard attempts.indices.contains(address) else { return }
        var options = attempts[address]
        options.version = version
        // The outbox is the session: nothing is subscribed, and QoS 2 state of an old session would meet new packet
        // ids.
        options.cleanStart = true
        do {
            let opened = try MosquittoConnection(options)
            connection = opened
            try opened.connect()
        } catch {
            ended(error)
        }
    }

    private func close(inOrder: Bool) {
        if inOrder { connection?.disconnectAndWait(milliseconds: Self.disconnectMilliseconds) }
        drop()
    }

    private func drop() {
        connection = nil
        isAccepted = false
        tokens.removeAll(keepingCapacity: true)
    }

    private func ended(_ error: MosquittoError) {
        drop()
        machine.handle(.closed(.init(error)), at: now())
    }

    private func publish(_ message: BridgeMachine.Outgoing) {
        // The connection may have ended while this round's actions were performed; the machine knows by then.
        guard let connection, isAccepted else { return }
        do {
            let packetID = try connection.publish(
                topic: message.row.topic, payload: message.row.payload, qos: message.qos, retain: message.retain,
                properties: UpstreamProperties.make(message))
            tokens.append((packetID, message.token))
        } catch {
            switch error.code {
            case .usage, .packetTooLarge, .malformed:
                machine.handle(.unsendable(message.token, error.message), at: now())
            default:
                ended(error)
            }
        }
    }

    private func waitAndStep() {
        takeLetters()
        let time = MonotonicClock.milliseconds()
        var wake = machine.deadline(after: time) ?? time + Self.keepAliveCheckMilliseconds
        if connection != nil { wake = min(wake, time + Self.keepAliveCheckMilliseconds) }
        let ready = SocketWait.wait(
            socket: connection?.socket, wantsWrite: connection?.wantsWrite ?? false, waker: mailbox.waker,
            timeoutMilliseconds: max(0, wake - time))
        takeLetters()
        guard let connection else { return }
        do {
            if ready.readable || ready.writable || connection.socket == nil {
                try connection.step(readable: ready.readable, writable: ready.writable)
            }
            takeEvents(of: connection)
            if time >= nextKeepAlive {
                nextKeepAlive = time + Self.keepAliveCheckMilliseconds
                try connection.keepAlive()
            }
        } catch {
            takeEvents(of: connection)
            ended(error)
        }
    }

    private func takeEvents(of connection: MosquittoConnection) {
        connection.takeEvents(into: &events)
        guard !events.isEmpty else { return }
        let time = now()
        for event in events {
            switch event {
            case .connected(_, let limits):
                isAccepted = true
                machine.handle(.connected(limits), at: time)
            case .published(let packetID, let reason):
                guard let index = tokens.firstIndex(where: { $0.packetID == packetID }) else { continue }
                let token = tokens.remove(at: index).token
                machine.handle(.acknowledged(token, reason: reason), at: time)
            case .refused, .disconnectedByServer:
                // They come back as the error that `step` ends with.
                continue
            case .subscribed, .unsubscribed, .message:
                continue
            }
        }
        events.removeAll(keepingCapacity: true)
    }

    private func takeLetters() {
        let letters = mailbox.take()
        if letters.outboxGrew { machine.handle(.outboxGrew, at: now()) }
        for (lane, failure) in letters.removals { machine.handle(.removed(lane: lane, failure: failure), at: now()) }
        if letters.stop { machine.handle(.stop, at: now()) }
    }

    // MARK: - Outbox

    private func listLanes() {
        do {
            machine.handle(.lanes(try source.lanes()), at: now())
        } catch {
            machine.handle(.readFailed(lane: nil, error.message), at: now())
        }
    }

    private func read(_ lane: Int, _ name: String, _ after: UInt64, _ limit: Int) {
        do {
            machine.handle(.rows(lane: lane, try source.rows(lane: name, after: after, limit: limit)), at: now())
        } catch {
            machine.handle(.readFailed(lane: lane, error.message), at: now())
        }
    }

    private func remove(_ lane: Int, _ name: String, _ through: UInt64) {
        let mailbox = mailbox
        store.submit([.removeOutbox(bridge: configuration.name, lane: name, through: through)]) { error in
            mailbox.noteRemoval(lane: lane, failure: error?.message)
        }
    }

    private func publishStatus() {
        let state = machine.state
        let machine = machine
        board.update { status in
            if status.state != state {
                status.state = state
                status.sinceMilliseconds = WallClock.milliseconds()
            }
            status.lastError = machine.lastFailure
            status.protocolLevel = machine.version.rawValue
            status.inFlight = machine.underWay
            status.window = machine.window
            status.counters = machine.counters
        }
    }
}
