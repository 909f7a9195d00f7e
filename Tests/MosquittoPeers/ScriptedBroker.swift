import Foundation
import Glibc

/// A broker that does exactly what a test's script says. One thread accepts; each connection runs the script on its
/// own.
package final class ScriptedBroker: @unchecked Sendable {  // mutable state only under `lock`
    package let port: Int
    private let listener: Int32
    private let lock = NSLock()
    private var peers: [Peer] = []
    private var isStopped = false
    private let group = DispatchGroup()

    /// The script is called for every connection with its number, from 0. The connection is closed when it returns.
    package init(_ script: @escaping @Sendable (Peer) -> Void) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0, let port = bindLoopback(listener), listen(listener, 16) == 0 else {
            throw PeerError(text: "no port for a scripted broker")
        }
        self.port = port
        let listener = listener
        group.enter()
        Thread.detachNewThread { [group] in
            defer { group.leave() }
            var index = 0
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                let peer = Peer(descriptor, index: index)
                guard self.add(peer) else {
                    peer.close()
                    return
                }
                index += 1
                group.enter()
                Thread.detachNewThread {
                    script(peer)
                    peer.close()
                    group.leave()
                }
            }
        }
    }

    /// Ends all connections and scripts; called at the end of every test.
    package func stop() {
        let open = lock.withLock {
            isStopped = true
            return peers
        }
        shutdown(listener, Int32(SHUT_RDWR))
        for peer in open { peer.shutdownBoth() }
        group.wait()
        close(listener)
    }

    private func add(_ peer: Peer) -> Bool {
        lock.withLock {
            guard !isStopped else { return false }
            peers.append(peer)
            return true
        }
    }

    /// One connection, as its script sees it.
    package final class Peer: @unchecked Sendable {  // used by its script's thread; `shutdownBoth` is thread-safe
        package let index: Int
        private let descriptor: Int32
        private let lock = NSLock()
        private var isClosed = false

        init(_ descriptor: Int32, index: Int) {
            self.descriptor = descriptor
            self.index = index
        }

        /// The next packet; nil: the client is gone.
        package func read() -> Packet? {
            guard let first = bytes(1)?.first else { return nil }
            var length = 0
            var shift = 0
            while true {
                guard let byte = bytes(1)?.first, shift < 28 else { return nil }
                length |= Int(byte & 0x7F) << shift
                shift += 7
                if byte & 0x80 == 0 { break }
            }
            guard let body = bytes(length) else { return nil }
            return Packet(first: first, body: body)
        }

        /// Reads packets until one of this kind comes.
        package func read(_ kind: Packet.Kind) -> Packet? {
            while let packet = read() {
                if packet.kind == kind { return packet }
                if packet.kind == .pingRequest { send([0xD0, 0x00]) }
            }
            return nil
        }

        /// Reads CONNECT and answers with CONNACK in the client's version.
        @discardableResult
        package func acceptConnect(reason: UInt8 = 0, properties: [UInt8] = []) -> Packet? {
            guard let connect = read(.connect) else { return nil }
            if connect.connectLevel == 5 {
                send([0x20, UInt8(3 + properties.count), 0, reason, UInt8(properties.count)] + properties)
            } else {
                send([0x20, 2, 0, reason])
            }
            return connect
        }

        package func acknowledge(_ packetID: UInt16, reason: UInt8 = 0) {
            let id = [UInt8(packetID >> 8), UInt8(packetID & 0xFF)]
            send(reason == 0 ? [0x40, 2] + id : [0x40, 3] + id + [reason])
        }

        package func send(_ bytes: [UInt8]) {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                sent += count
            }
        }

        /// Whether the client has sent more than was read.
        package var hasBytesWaiting: Bool {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return poll(&entry, 1, 20) > 0
        }

        /// Waits until the client closes the connection.
        package func waitForEnd() { while read() != nil {} }

        package func shutdownBoth() {
            lock.withLock { if !isClosed { shutdown(descriptor, Int32(SHUT_RDWR)) } }
        }

        package func close() {
            lock.withLock {
                guard !isClosed else { return }
                isClosed = true
                Glibc.close(descriptor)
            }
        }

        /// Reads exactly so many bytes; nil: the connection ended before.
        package func bytes(_ count: Int) -> [UInt8]? {
            var result = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                let got = result.withUnsafeMutableBytes {
                    recv(descriptor, $0.baseAddress! + filled, count - filled, 0)
                }
                guard got > 0 else { return nil }
                filled += got
            }
            return result
        }
    }
}
