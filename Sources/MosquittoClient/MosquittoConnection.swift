import CMosquitto
import Glibc
package import Messages

/// One attempt to be connected with a broker: one libmosquitto handle, used by one thread, never used again.
///
/// The owner runs the loop: it waits with `SocketWait` for what `wantsRead`/`wantsWrite` say, calls `step`, takes the
/// events, and calls `keepAlive` once a second. The library's own loops, its reconnecting, queueing and resending are
/// not used: they lose their thread at a clean TLS close, fail with file descriptors from 1,024 on, and publish out of
/// order after a reconnect. Nothing here may block except the name resolution inside `connect`.
///
/// With `mosquitto_threaded_set` the library writes only inside `step`, never out of a callback, so whoever takes a
/// message may do durable work before the acknowledgement leaves.
package final class MosquittoConnection {
    private let handle: OpaquePointer
    let inbox: EventInbox
    private let owner: pthread_t
    let options: ConnectionOptions
    private(set) var isTCPEstablished = false
    private(set) var isConnected = false

    /// Sets the connection up without touching the network. Throws `.usage` for options that can't work.
    package init(_ options: ConnectionOptions) throws(MosquittoError) {
        MosquittoLibrary.initialize()
        self.options = options
        owner = pthread_self()
        inbox = EventInbox()
        try Self.check(options)
        // The inbox outlives the handle: `close` and `deinit` destroy the handle while `inbox` is still a field.
        let context = Unmanaged.passUnretained(inbox).toOpaque()
        guard let handle = mosquitto_new(options.clientID, options.cleanStart, context) else {
            throw MosquittoError(.outOfMemory, "No memory for a connection to \(options.place)")
        }
        self.handle = handle
        try configure()
        inbox.install(on: handle, version: options.version)
    }

    deinit { mosquitto_destroy(handle) }

    /// Starts TCP and TLS. `connected` or `refused` follow as events, everything else as an error of `step`.
    package func connect() throws(MosquittoError) {
        assertOwner()
        if options.version == .v5 { try setConnectProperties() }
        let bind: String? =
            switch options.family {
            case nil: nil
            case .v4: "0.0.0.0"
            case .v6: "::"
            }
        errno = 0
        let result = mosquitto_connect_bind_async(
            handle, options.address ?? options.host, Int32(options.port), Int32(options.keepAliveSeconds), bind)
        let systemError = errno
        guard result <= 0 else { throw failure(result, systemError: systemError, doing: .connecting) }
        setSocketOptions()
    }

    /// The socket to wait for; nil: there is none (any more).
    package var socket: Int32? {
        assertOwner()
        let descriptor = mosquitto_socket(handle)
        return descriptor < 0 ? nil : descriptor
    }

    /// Whether `step` should be called when the socket can be written.
    package var wantsWrite: Bool {
        assertOwner()
        return !isTCPEstablished || mosquitto_want_write(handle)
    }

    /// Reads and writes what the socket allows. An error ends the connection; events that came before it are kept.
    package func step(readable: Bool, writable: Bool) throws(MosquittoError) {
        assertOwner()
        guard let descriptor = socket else { throw ended(.lost) }
        if !isTCPEstablished {
            guard readable || writable else { return }
            let error = SocketWait.pendingError(descriptor)
            guard error == 0 else { throw unreachable(error) }
            isTCPEstablished = true
        }
        if readable {
            errno = 0
            let result = mosquitto_loop_read(handle, 1)
            let systemError = errno
            try check(result, systemError: systemError)
        }
        // Acknowledgements and replies that reading queued leave at once; `mosquitto_want_write` is false without any.
        if writable || mosquitto_want_write(handle) {
            errno = 0
            // One round writes all that is queued; every further one would only take the library's locks.
            let result = mosquitto_loop_write(handle, 1)
            let systemError = errno
            try check(result, systemError: systemError)
        }
        if mosquitto_socket(handle) < 0 { throw ended(.lost) }
        // A handshake that ends with a reset is no error for the library, which would go on trying for ever.
        if !isConnected, SocketWait.pendingError(descriptor) != 0 { throw ended(.lost) }
    }

    /// Sends PINGREQ when it is time and notices a peer that does not answer. To be called about once a second.
    package func keepAlive() throws(MosquittoError) {
        assertOwner()
        guard isTCPEstablished, mosquitto_socket(handle) >= 0 else { return }
        errno = 0
        let result = mosquitto_loop_misc(handle)
        let systemError = errno
        if mosquitto_socket(handle) < 0 {
            throw MosquittoError(
                .keepAliveExpired,
                "\(options.place) did not answer a ping; the network or the broker is gone, check both")
        }
        try check(result, systemError: systemError)
    }

    /// Moves what happened since the last call to the end of `events`.
    package func takeEvents(into events: inout [ConnectionEvent]) {
        assertOwner()
        guard !inbox.events.isEmpty else { return }
        if case .connected = inbox.events.first {
            isConnected = true
            // From here on the log holds nothing of use, and the library formats a line for every packet.
            mosquitto_log_callback_set(handle, nil)
        }
        events.append(contentsOf: inbox.events)
        inbox.events.removeAll(keepingCapacity: true)
    }

    /// Hands a message to the library and returns its packet identifier, under which `published` will come. It is
    /// written by the next `step`. Only to be called after `connected` was taken, and never with more messages under
    /// way than the server's Receive Maximum: the caller counts them, since the library would queue the rest out of
    /// sight.
    package func publish(
        topic: [UInt8], payload: [UInt8], qos: QoS, retain: Bool, properties: PublishProperties
    ) throws(MosquittoError) -> Int32 {
        assertOwner()
        var list = PropertyList()
        if options.version == .v5 { list.add(properties) }
        guard list.isComplete else {
            throw MosquittoError(.usage, "A property of the message is too long; 65,535 bytes are the most")
        }
        guard let count = Int32(exactly: payload.count) else {
            throw MosquittoError(.packetTooLarge, "The payload is too large for an MQTT packet; split it")
        }
        var packetID: Int32 = 0
        let result = Self.withText(topic) { topic in
            mosquitto_publish_v5(handle, &packetID, topic, count, payload, Int32(qos.rawValue), retain, list.head)
        }
        guard result == MOSQ_ERR_SUCCESS.rawValue else {
            throw failure(result, systemError: 0, doing: .publishing(topic))
        }
        return packetID
    }

    /// Returns the packet identifier under which `subscribed` will come.
    package func subscribe(filter: String, qos: QoS, options subscription: Int32 = 0) throws(MosquittoError) -> Int32 {
        assertOwner()
        var packetID: Int32 = 0
        let bits = options.version == .v5 ? subscription : 0
        let result = mosquitto_subscribe_v5(handle, &packetID, filter, Int32(qos.rawValue), bits, nil)
        guard result == MOSQ_ERR_SUCCESS.rawValue else {
            throw failure(result, systemError: 0, doing: .subscribing(filter))
        }
        return packetID
    }

    package func unsubscribe(filter: String) throws(MosquittoError) -> Int32 {
        assertOwner()
        var packetID: Int32 = 0
        let result = mosquitto_unsubscribe_v5(handle, &packetID, filter, nil)
        guard result == MOSQ_ERR_SUCCESS.rawValue else {
            throw failure(result, systemError: 0, doing: .subscribing(filter))
        }
        return packetID
    }

    /// Queues DISCONNECT; once `step` has written it, `socket` is nil.
    package func disconnect(reason: UInt8 = 0) {
        assertOwner()
        _ = mosquitto_disconnect_v5(handle, options.version == .v5 ? Int32(reason) : 0, nil)
    }

    /// Sends DISCONNECT and waits until it is written, at most `milliseconds`.
    package func disconnectAndWait(milliseconds: Int64) {
        guard isConnected else { return }
        disconnect()
        let deadline = MonotonicClock.milliseconds() + milliseconds
        while let descriptor = socket {
            let left = deadline - MonotonicClock.milliseconds()
            guard left > 0 else { return }
            let ready = SocketWait.wait(
                socket: descriptor, wantsWrite: wantsWrite, waker: nil, timeoutMilliseconds: min(left, 100))
            do { try step(readable: ready.readable, writable: ready.writable) } catch { return }
        }
    }

    // MARK: - Set-up

    private static func check(_ options: ConnectionOptions) throws(MosquittoError) {
        let texts = [options.host, options.clientID, options.username, options.password, options.will?.topic]
        if texts.contains(where: { $0?.utf8.contains(0) ?? false }) {
            throw MosquittoError(.usage, "Host, client id, user name, password and topics must not hold U+0000")
        }
        guard (1...65_535).contains(options.port) else {
            throw MosquittoError(.usage, "\(options.port) is not a port; use a number from 1 to 65535")
        }
        guard options.keepAliveSeconds == 0 || (5...65_535).contains(options.keepAliveSeconds) else {
            throw MosquittoError(.usage, "A keep alive is 0 (off) or 5 to 65535 seconds")
        }
        guard options.cleanStart || !(options.clientID ?? "").isEmpty else {
            throw MosquittoError(.usage, "To keep the session a client id is needed; give one with -i")
        }
        guard let tls = options.tls else { return }
        guard (tls.certificateFile == nil) == (tls.keyFile == nil) else {
            throw MosquittoError(.usage, "A client certificate needs its key and a key its certificate; give both")
        }
        for file in [tls.authorityFile, tls.certificateFile, tls.keyFile].compactMap({ $0 })
        where access(file, R_OK) != 0 {
            throw MosquittoError(
                .usage,
                "\(file) can't be read (\(String(cString: strerror(errno)))); check the path and its permissions")
        }
    }

    private func configure() throws(MosquittoError) {
        let level = options.version == .v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311
        try require(mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, level))
        try require(mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1))
        try require(mosquitto_threaded_set(handle, true))
        // The window is the caller's; the library must neither hold a message back nor let CONNACK lift a limit here.
        try require(mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, 65_535))
        // With its default of 20 the library ends a connection on which mosquitto 2.0 sends a 21st QoS 2 message early.
        try require(mosquitto_int_option(handle, MOSQ_OPT_RECEIVE_MAXIMUM, 65_535))
        if options.username != nil || options.password != nil {
            try require(mosquitto_username_pw_set(handle, options.username ?? "", options.password))
        }
        if let will = options.will {
            try require(
                mosquitto_will_set(
                    handle, will.topic, Int32(clamping: will.payload.count), will.payload, Int32(will.qos.rawValue),
                    will.retain))
        }
        guard let tls = options.tls else { return }
        if tls.authorityFile == nil { try require(mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, 1)) }
        // A key with a passphrase would make OpenSSL ask on the terminal; an empty answer makes it fail instead.
        try require(
            mosquitto_tls_set(
                handle, tls.authorityFile, nil, tls.certificateFile, tls.keyFile, { _, _, _, _ in 0 }))
        if tls.skipsHostNameCheck { try require(mosquitto_tls_insecure_set(handle, true)) }
    }

    /// CONNECT's properties can only be given to the blocking `mosquitto_connect_bind_v5`. It stores them before it
    /// looks at the port, so a call with a port that can't be hands them over without connecting.
    private func setConnectProperties() throws(MosquittoError) {
        var list = PropertyList()
        if let seconds = options.sessionExpirySeconds {
            list.add(integer32: seconds, Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue))
        }
        if let bytes = options.receivedPacketBytesMax {
            list.add(integer32: bytes, Int32(MQTT_PROP_MAXIMUM_PACKET_SIZE.rawValue))
        }
        for property in options.connectUserProperties { list.add(user: property) }
        guard let head = list.head else { return }
        guard list.isComplete else { throw MosquittoError(.usage, "A property of CONNECT is too long") }
        _ = mosquitto_connect_bind_v5(handle, options.host, -1, Int32(options.keepAliveSeconds), nil, head)
    }

    private func setSocketOptions() {
        guard let descriptor = socket else { return }
        SocketWait.setUserTimeout(descriptor, milliseconds: options.userTimeoutMilliseconds)
    }

    private func require(_ result: Int32) throws(MosquittoError) {
        guard result == MOSQ_ERR_SUCCESS.rawValue else {
            throw failure(result, systemError: errno, doing: .connecting)
        }
    }

    private func assertOwner() {
        precondition(pthread_equal(owner, pthread_self()) != 0, "a MosquittoConnection belongs to one thread")
    }

    /// libmosquitto takes C strings; the copy with its final 0 stays on the stack for topics of ordinary length.
    private static func withText<Result>(_ text: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { buffer in
            for index in text.indices { buffer[index] = CChar(bitPattern: text[index]) }
            buffer[text.count] = 0
            return body(UnsafePointer(buffer.baseAddress!))
        }
    }
}
