import CEpoll
import Glibc

/// One run, on one thread: connects everyone, keeps the publishers' windows full, acknowledges and accounts deliveries.
///
/// The loop is closed: a publisher sends only while fewer than `window` of its messages are on their way, so no broker
/// is flooded and every rate is one that it sustained. A pass over the line of publishers sends one batch of each;
/// then whatever arrived is read. Phases: warm-up, measuring, draining; none is longer than the options allow.
struct LoadRun: ~Copyable {
    enum Phase { case warmUp, measuring, draining, finished }

    let options: LoadOptions
    let connections: UnsafeMutablePointer<Connection>
    let connectionCount: Int
    let publishers: UnsafeMutablePointer<Publisher>
    /// The line of publishers that may send: a ring of their numbers.
    private let line: UnsafeMutablePointer<Int>
    private var lineHead = 0
    private var lineCount = 0

    let readBuffer: UnsafeMutableRawPointer
    /// Acknowledgements that answer one read: never more bytes than the read had.
    let acknowledgements: UnsafeMutableRawPointer
    var acknowledgementBytes = 0
    let packetBytesMax: Int
    static let readBytes = 131_072

    var account: DeliveryAccount
    var latency = LatencyHistogram()
    var sent: UInt64 = 0
    var duplicateFlags: UInt64 = 0

    private(set) var phase = Phase.warmUp
    private let epoll: Int32
    private let events: UnsafeMutablePointer<epoll_event>
    private static let eventsMax: Int32 = 512
    private var phaseEndsAt: UInt64
    private let deadlineAt: UInt64
    private var progressAt: UInt64
    private(set) var isStalled = false
    private(set) var opening: Measurement?
    private(set) var closing: Measurement?

    /// Without a delivery for so long, what is missing is given up: it will not come.
    private static let stallNanoseconds: UInt64 = 3_000_000_000

    init(_ options: LoadOptions) {
        self.options = options
        packetBytesMax = options.payloadBytes + TopicPlan(options).topicBytesMax + 128
        deadlineAt = Clock.nanoseconds() + UInt64(options.timeoutSeconds * 1e9)
        connectionCount = options.publishers + options.subscribers
        connections = .allocate(capacity: connectionCount)
        publishers = .allocate(capacity: options.publishers)
        line = .allocate(capacity: options.publishers)
        readBuffer = .allocate(byteCount: Self.readBytes + packetBytesMax, alignment: 64)
        acknowledgements = .allocate(byteCount: Self.readBytes + packetBytesMax, alignment: 64)
        events = .allocate(capacity: Int(Self.eventsMax))
        account = DeliveryAccount(options)
        epoll = epoll_create1(0)
        progressAt = 0
        phaseEndsAt = 0
    }

    mutating func run() throws(LoadError) {
        guard epoll >= 0 else { throw .system("epoll_create1") }
        let topics = TopicPlan(options)
        try connectSubscribers(topics)
        try connectPublishers(topics)
        let begin = Clock.nanoseconds()
        (phaseEndsAt, progressAt) = (begin + UInt64(options.warmUpSeconds * 1e9), begin)
        for index in 0..<options.publishers { enqueue(index) }
        while phase != .finished {
            let count = epoll_wait(epoll, events, Self.eventsMax, lineCount > 0 ? 0 : 20)
            if count < 0, errno != EINTR { throw .system("epoll_wait") }
            for slot in 0..<max(0, Int(count)) { try handle(events[slot]) }
            let now = Clock.nanoseconds()
            try advance(now)
            if phase == .warmUp || phase == .measuring { try publish(now, since: begin) }
        }
        disconnect()
    }

    private mutating func handle(_ event: epoll_event) throws(LoadError) {
        let index = Int(event.data.u64)
        if event.events & EPOLLOUT.rawValue != 0, try connections[index].sendPending() {
            try watch(index, EPOLL_CTL_MOD, writable: false)
            if connections[index].role == .publisher { enqueue(connections[index].index) }
        }
        if event.events & ~EPOLLOUT.rawValue != 0, try receive(index) { noteProgress() }
    }

    private mutating func noteProgress() { progressAt = Clock.nanoseconds() }

    /// Sends on connection `index`, and watches for room if the socket took only a part.
    mutating func send(_ bytes: UnsafeRawPointer, _ count: Int, on index: Int) throws(LoadError) {
        let wasBlocked = connections[index].isBlocked
        if try connections[index].send(bytes, count), !wasBlocked {
            try watch(index, EPOLL_CTL_MOD, writable: true)
        }
    }

    private func watch(_ index: Int, _ operation: Int32, writable: Bool) throws(LoadError) {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | (writable ? EPOLLOUT.rawValue : 0)
        event.data.u64 = UInt64(index)
        guard epoll_ctl(epoll, operation, connections[index].socket, &event) == 0 else { throw .system("epoll_ctl") }
    }
}

// MARK: - Publishing

extension LoadRun {
    /// Puts publisher `index` into the line if it may send a whole batch.
    mutating func enqueue(_ index: Int) {
        let publisher = publishers + index
        guard !publisher.pointee.isQueued, publisher.pointee.sent < publisher.pointee.quota,
            !connections[publisher.pointee.connection].isBlocked,
            publisher.pointee.room(qos: options.qos) >= options.batch
        else { return }
        publisher.pointee.isQueued = true
        line[(lineHead + lineCount) % options.publishers] = index
        lineCount += 1
    }

    /// One batch of each publisher in the line.
    private mutating func publish(_ now: UInt64, since begin: UInt64) throws(LoadError) {
        var allowance = UInt64.max
        if let rate = options.rate {
            let due = UInt64(Double(now - begin) / 1e9 * Double(rate))
            allowance = due > sent ? due - sent : 0
        }
        for _ in 0..<lineCount {
            guard allowance >= UInt64(options.batch) else { return }
            let index = line[lineHead]
            lineHead = lineHead + 1 == options.publishers ? 0 : lineHead + 1
            lineCount -= 1
            let publisher = publishers + index
            publisher.pointee.isQueued = false
            let count = min(UInt64(options.batch), publisher.pointee.quota - publisher.pointee.sent)
            let bytes = publisher.pointee.template.packets(
                Int(count), sequence: publisher.pointee.sent, identifier: publisher.pointee.nextIdentifier,
                nanoseconds: now)
            publisher.pointee.sent += count
            sent += count
            for _ in 0..<count {
                publisher.pointee.nextIdentifier = PublishTemplate.identifier(after: publisher.pointee.nextIdentifier)
            }
            try send(bytes, Int(count) * publisher.pointee.template.packetBytes, on: publisher.pointee.connection)
            allowance -= count
            enqueue(index)
        }
    }
}

// MARK: - Phases

extension LoadRun {
    private mutating func advance(_ now: UInt64) throws(LoadError) {
        if now >= deadlineAt {
            throw .broker("no end after \(options.timeoutSeconds) s: \(sent) sent, \(account.delivered) delivered")
        }
        switch phase {
        case .warmUp:
            if now >= phaseEndsAt {
                beginMeasuring(now)
            } else if isEverythingDone {
                throw .usage("all messages went through during the warm-up: send more, or take --warm-up 0")
            }
            endIfStalled(now)
        case .measuring:
            if isMeasuredEnough(now) {
                closing = measure(now)
                phase = .draining
            }
            endIfStalled(now)
        case .draining:
            if isComplete || now > progressAt + Self.stallNanoseconds { phase = .finished }
        case .finished:
            break
        }
    }

    private mutating func beginMeasuring(_ now: UInt64) {
        opening = measure(now)
        latency.clear()
        phase = .measuring
        if case .seconds(let seconds) = options.length { phaseEndsAt = now + UInt64(seconds * 1e9) }
    }

    private func isMeasuredEnough(_ now: UInt64) -> Bool {
        switch options.length {
        case .seconds: now >= phaseEndsAt
        case .messages: isEverythingDone
        }
    }

    private mutating func endIfStalled(_ now: UInt64) {
        guard now > progressAt + Self.stallNanoseconds, phase != .draining else { return }
        isStalled = true
        if opening != nil { closing = measure(now) }
        phase = .finished
    }

    private var isComplete: Bool {
        (0..<options.publishers).allSatisfy { publishers[$0].isComplete(qos: options.qos) }
    }

    /// `--messages`: all of them were sent and went through.
    private var isEverythingDone: Bool {
        guard case .messages = options.length else { return false }
        return (0..<options.publishers).allSatisfy {
            publishers[$0].sent == publishers[$0].quota && publishers[$0].isComplete(qos: options.qos)
        }
    }

    private func measure(_ now: UInt64) -> Measurement {
        Measurement(
            nanoseconds: now, delivered: account.delivered, sent: sent,
            generator: ProcessTimes.own(), broker: options.brokerProcess.flatMap(ProcessTimes.init(process:)))
    }
}

// MARK: - Connecting

extension LoadRun {
    private mutating func connectSubscribers(_ topics: TopicPlan) throws(LoadError) {
        let handshake = try Handshake(options)
        for index in 0..<options.subscribers {
            let (socket, _) = try handshake.open(clientID: topics.clientID(.subscriber, index))
            try handshake.subscribe(socket, filter: topics.filter(subscriber: index))
            try add(socket, .subscriber, index, handshake)
        }
    }

    private mutating func connectPublishers(_ topics: TopicPlan) throws(LoadError) {
        let handshake = try Handshake(options)
        for index in 0..<options.publishers {
            let (socket, receiveMax) = try handshake.open(clientID: topics.clientID(.publisher, index))
            let connection = try add(socket, .publisher, index, handshake)
            let window = options.qos > 0 ? min(options.window, receiveMax) : options.window
            guard window >= options.batch else {
                throw .usage("the broker accepts \(receiveMax) unacknowledged messages: take a --batch up to that")
            }
            var quota = UInt64.max
            if case .messages(let total) = options.length {
                quota = UInt64(total / options.publishers + (index < total % options.publishers ? 1 : 0))
            }
            let topic = topics.topic(publisher: index)
            (publishers + index).initialize(
                to: Publisher(
                    template: PublishTemplate(topic: topic, publisher: index, options: options),
                    connection: connection, window: window, quota: quota, copiesUntilDelivered: options.copies))
        }
    }

    @discardableResult
    private mutating func add(
        _ socket: Int32, _ role: Connection.Role, _ index: Int, _ handshake: Handshake
    ) throws(LoadError) -> Int {
        let slot = role == .subscriber ? index : options.subscribers + index
        try handshake.makeNonBlocking(socket)
        (connections + slot).initialize(
            to: Connection(socket: socket, role: role, index: index, packetBytesMax: packetBytesMax))
        try watch(slot, EPOLL_CTL_ADD, writable: false)
        return slot
    }

    private func disconnect() {
        let bytes = ControlPackets.disconnect
        for slot in 0..<connectionCount {
            _ = Glibc.send(connections[slot].socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            close(connections[slot].socket)
        }
    }
}

/// Names of clients and topics. They differ from run to run, so that two runs at one broker do not meet.
struct TopicPlan {
    private let pattern: Pattern
    private let prefix: String

    init(_ options: LoadOptions) {
        pattern = options.pattern
        prefix = "load/\(getpid())"
    }

    var topicBytesMax: Int { prefix.utf8.count + 16 }

    func clientID(_ role: Connection.Role, _ index: Int) -> String {
        "load-\(getpid())-\(role == .publisher ? "p" : "s")\(index)"
    }

    func topic(publisher index: Int) -> String { pattern == .fanOut ? "\(prefix)/all" : "\(prefix)/\(index)" }

    func filter(subscriber index: Int) -> String {
        switch pattern {
        case .fanIn: "\(prefix)/+"
        case .pairs: "\(prefix)/\(index)"
        case .fanOut: "\(prefix)/all"
        }
    }
}
