import Glibc

/// Opens connections one after the other, with blocking calls that end after `answerSeconds`. What comes out is a
/// non-blocking socket with Nagle's algorithm off, connected and, for a subscriber, subscribed.
struct Handshake {
    let options: LoadOptions
    private let address: sockaddr_in
    static let answerSeconds = 10

    init(_ options: LoadOptions) throws(LoadError) {
        self.options = options
        address = try Self.resolve(options.host, options.port)
    }

    /// The socket, and how many unacknowledged QoS 1 and 2 messages the broker accepts on it.
    func open(clientID: String) throws(LoadError) -> (socket: Int32, receiveMax: Int) {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw .system("socket") }
        var one: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var limit = timeval(tv_sec: Self.answerSeconds, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var target = address
        let result = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw .system("no connection to \(options.host):\(options.port)") }
        try send(ControlPackets.connect(clientID: clientID, version: options.version), to: socket)
        let body = try answer(0x20, "CONNACK", from: socket)
        guard let connack = Acknowledgement(connack: body, version: options.version) else {
            throw .broker("the broker's CONNACK is malformed")
        }
        guard connack.reason == 0 else { throw .broker("the broker refused CONNECT with reason \(connack.reason)") }
        return (socket, connack.receiveMax)
    }

    func subscribe(_ socket: Int32, filter: String) throws(LoadError) {
        try send(ControlPackets.subscribe(filter: filter, qos: options.qos, version: options.version), to: socket)
        let body = try answer(0x90, "SUBACK", from: socket)
        guard let suback = Acknowledgement(suback: body, version: options.version) else {
            throw .broker("the broker's SUBACK is malformed")
        }
        guard suback.reason == options.qos else {
            throw .broker("the broker answered SUBSCRIBE '\(filter)' QoS \(options.qos) with \(suback.reason)")
        }
    }

    func makeNonBlocking(_ socket: Int32) throws(LoadError) {
        guard fcntl(socket, F_SETFL, O_NONBLOCK) == 0 else { throw .system("fcntl") }
    }

    private func send(_ bytes: [UInt8], to socket: Int32) throws(LoadError) {
        guard Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw .system("sending to the broker")
        }
    }

    /// The body of the packet that must come next, of type `first`.
    private func answer(_ first: UInt8, _ name: String, from socket: Int32) throws(LoadError) -> [UInt8] {
        let header = try read(1, name, from: socket)
        guard header[0] == first else { throw .broker("the broker sent packet \(header[0]) instead of \(name)") }
        var length = 0
        for shift in stride(from: 0, to: 28, by: 7) {
            let byte = try read(1, name, from: socket)[0]
            length |= Int(byte & 0x7F) << shift
            if byte < 0x80 { break }
        }
        guard length <= 65_535 else { throw .broker("the broker's \(name) has \(length) bytes") }
        return try read(length, name, from: socket)
    }

    private func read(_ count: Int, _ name: String, from socket: Int32) throws(LoadError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var have = 0
        while have < count {
            let got = bytes.withUnsafeMutableBytes { recv(socket, $0.baseAddress?.advanced(by: have), count - have, 0) }
            if got == 0 { throw .broker("the broker closed the connection instead of sending \(name)") }
            if got < 0 { throw .system("waiting for \(name)") }
            have += got
        }
        return bytes
    }

    private static func resolve(_ host: String, _ port: Int) throws(LoadError) -> sockaddr_in {
        var hints = addrinfo()
        hints.ai_family = AF_INET
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard code == 0, let first = found?.pointee.ai_addr else {
            throw .cannotRun("'\(host)' is not an IPv4 address or a name that resolves to one")
        }
        return first.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee }
    }
}
