import Glibc

/// Free ports on this machine's own address.
enum LoopbackPorts {
    /// Below those from which Linux takes the ports of outgoing connections, so that none of these takes one away while
    /// a node is down.
    private static let range = 20_000..<32_000
    private static let attemptsMax = 200

    /// As many different ones as asked for.
    static func free(count: Int) throws(CommandFailure) -> [Int] {
        var ports: [Int] = []
        for _ in 0..<attemptsMax where ports.count < count {
            let port = Int.random(in: range)
            if !ports.contains(port), isFree(port) { ports.append(port) }
        }
        guard ports.count == count else {
            throw CommandFailure(
                .cannotRun, "127.0.0.1 has no free ports from \(range.lowerBound) on: end what listens there")
        }
        return ports
    }

    private static func isFree(_ port: Int) -> Bool {
        guard let listener = try? LoopbackSocket.listen(port: port) else { return false }
        close(listener)
        return true
    }
}

/// Sockets on this machine's own address.
enum LoopbackSocket {
    struct Failure: Error {
        var number: Int32
    }

    private static let backlog: Int32 = 64

    /// A listening socket that does not block.
    static func listen(port: Int) throws(Failure) -> Int32 {
        let descriptor = socket(AF_INET, streamType, 0)
        guard descriptor >= 0 else { throw Failure(number: errno) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        guard withAddress(port, { bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, backlog) == 0 else {
            let number = errno
            close(descriptor)
            throw Failure(number: number)
        }
        return descriptor
    }

    /// Two sockets that are connected with each other, neither of which blocks.
    static func connectedPair() throws(Failure) -> (near: Int32, far: Int32) {
        let listener = try listen(port: 0)
        defer { close(listener) }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
        }
        let near = socket(AF_INET, streamType, 0)
        guard named == 0, near >= 0 else { throw Failure(number: errno) }
        _ = withAddress(Int(in_port_t(bigEndian: address.sin_port))) { connect(near, $0, $1) }
        // On this machine the connection is there at once.
        var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        let isThere = poll(&entry, 1, connectMilliseconds) > 0
        let far = isThere ? accept(listener, nil, nil) : -1
        guard far >= 0 else {
            close(near)
            throw Failure(number: ETIMEDOUT)
        }
        _ = fcntl(far, F_SETFD, FD_CLOEXEC)
        _ = fcntl(far, F_SETFL, O_NONBLOCK)
        return (near, far)
    }

    private static let connectMilliseconds: Int32 = 5_000

    /// Close-on-exec: a node that is started must not hold the relay's connections open.
    static let streamType = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

    private static func withAddress(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
