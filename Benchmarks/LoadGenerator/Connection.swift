import Glibc

/// One MQTT connection after its handshake: the socket, the part of a packet that a read left over, and the bytes that
/// a write could not place. Plain pointers without reference counts: some millions of these calls happen per second.
struct Connection {
    enum Role { case publisher, subscriber }

    let socket: Int32
    let role: Role
    /// Its number among those of its role.
    let index: Int

    private(set) var tail: UnsafeMutableRawPointer
    var tailCount = 0

    private var pending: UnsafeMutableRawPointer?
    private(set) var pendingCount = 0
    private var pendingOffset = 0
    private var pendingCapacity = 0

    /// A broker that leaves so much unread while it keeps sending does not read at all.
    static let pendingBytesMax = 8_388_608

    init(socket: Int32, role: Role, index: Int, packetBytesMax: Int) {
        self.socket = socket
        self.role = role
        self.index = index
        tail = .allocate(byteCount: packetBytesMax, alignment: 16)
    }

    var isBlocked: Bool { pendingCount > 0 }

    /// Sends `count` bytes, or keeps what the socket does not take. True: the connection is blocked from now on.
    mutating func send(_ bytes: UnsafeRawPointer, _ count: Int) throws(LoadError) -> Bool {
        if isBlocked {
            try keep(bytes, count)
            return true
        }
        let written = Glibc.send(socket, bytes, count, Int32(MSG_NOSIGNAL))
        if written == count { return false }
        if written < 0, errno != EAGAIN, errno != EINTR { throw .broker(Self.lost("send")) }
        let placed = max(written, 0)
        try keep(bytes + placed, count - placed)
        return true
    }

    /// Sends what was kept. True: nothing is left.
    mutating func sendPending() throws(LoadError) -> Bool {
        guard let pending, isBlocked else { return true }
        let written = Glibc.send(socket, pending + pendingOffset, pendingCount, Int32(MSG_NOSIGNAL))
        if written < 0 {
            if errno == EAGAIN || errno == EINTR { return false }
            throw .broker(Self.lost("send"))
        }
        pendingOffset += written
        pendingCount -= written
        if pendingCount == 0 { pendingOffset = 0 }
        return pendingCount == 0
    }

    static func lost(_ call: String) -> String {
        "the broker ended a connection in the middle of the run (\(call): \(String(cString: strerror(errno))))"
    }

    private mutating func keep(_ bytes: UnsafeRawPointer, _ count: Int) throws(LoadError) {
        let end = pendingOffset + pendingCount
        if end + count > pendingCapacity {
            guard pendingCount + count <= Self.pendingBytesMax else {
                throw .broker("the broker does not read: \(pendingCount) bytes wait for one connection")
            }
            let capacity = max(2 * (pendingCount + count), 65_536)
            let grown = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            if let pending {
                grown.copyMemory(from: pending + pendingOffset, byteCount: pendingCount)
                pending.deallocate()
            }
            (pending, pendingOffset, pendingCapacity) = (grown, 0, capacity)
        }
        pending?.advanced(by: pendingOffset + pendingCount).copyMemory(from: bytes, byteCount: count)
        pendingCount += count
    }
}
