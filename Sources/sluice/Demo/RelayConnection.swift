import Glibc
import MosquittoClient

/// Where a relay passes bytes on to: an address of this machine.
struct RelayTarget: Sendable {
    let address: ResolvedAddress
    let port: Int

    /// A socket that is being connected; `nil`: not possible.
    func connect() -> Int32? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.text, "\(port)", &hints, &list) == 0, let entry = list?.pointee else { return nil }
        defer { freeaddrinfo(list) }
        let descriptor = socket(entry.ai_family, LoopbackSocket.streamType, 0)
        guard descriptor >= 0 else { return nil }
        guard Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 || errno == EINPROGRESS else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}

/// Two sockets whose bytes are passed on to each other. Confined to the relay's thread.
final class RelayConnection {
    private let near: Int32
    private let far: Int32
    private var toFar: [UInt8] = []
    private var toNear: [UInt8] = []
    private(set) var hasEnded = false

    /// Bytes on their way in one direction; while there are so many, no more are read.
    private static let bufferBytesMax = 256 * 1_024

    init(near: Int32, far: Int32) {
        self.near = near
        self.far = far
    }

    /// What to wait for: first the near socket, then the far one.
    var polls: [pollfd] {
        [
            pollfd(fd: near, events: Self.events(reads: toFar, writes: toNear), revents: 0),
            pollfd(fd: far, events: Self.events(reads: toNear, writes: toFar), revents: 0),
        ]
    }

    private static func events(reads: [UInt8], writes: [UInt8]) -> Int16 {
        Int16(reads.count < bufferBytesMax ? POLLIN : 0) | Int16(writes.isEmpty ? 0 : POLLOUT)
    }

    func pass(near nearEvents: Int16, far farEvents: Int16) {
        let readable = Int16(POLLIN | POLLHUP | POLLERR)
        var goesOn = true
        if nearEvents & readable != 0 { goesOn = Self.read(near, into: &toFar) }
        if farEvents & readable != 0 { goesOn = Self.read(far, into: &toNear) && goesOn }
        // What was read before the end still arrives.
        let isWritten = Self.write(&toFar, to: far) && Self.write(&toNear, to: near)
        if !goesOn || !isWritten { end() }
    }

    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        close(near)
        close(far)
    }

    /// False: the other side has ended.
    private static func read(_ descriptor: Int32, into buffer: inout [UInt8]) -> Bool {
        guard buffer.count < bufferBytesMax else { return true }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        if count > 0 { buffer.append(contentsOf: chunk[..<count]) }
        return count > 0 || (count < 0 && isTemporary(errno))
    }

    /// Nothing to read or no room to write yet; a socket that is still being connected says so too.
    private static func isTemporary(_ number: Int32) -> Bool {
        number == EAGAIN || number == EINTR || number == ENOTCONN
    }

    private static func write(_ buffer: inout [UInt8], to descriptor: Int32) -> Bool {
        while !buffer.isEmpty {
            let count = send(descriptor, buffer, buffer.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return isTemporary(errno) }
            buffer.removeFirst(count)
        }
        return true
    }
}
