import Foundation
import Glibc

/// Debian's mosquitto on a free port of 127.0.0.1, for as long as this object lives.
package final class MosquittoBroker: @unchecked Sendable {  // `process` is only touched under `lock`
    package static let program = "/usr/sbin/mosquitto"
    package static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: program) }

    package let port: Int
    private let folder: TemporaryFolder
    private let lock = NSLock()
    private var process: ChildProcess?

    /// `configuration`: further lines; without a `listener` line of their own they belong to the plain listener.
    package init(configuration: [String] = ["allow_anonymous true"], port fixedPort: Int? = nil) throws {
        folder = try TemporaryFolder()
        // Another program may take a free port before mosquitto does; then the next one is tried.
        var lastError = "no attempt"
        for _ in 0..<5 {
            let port = fixedPort ?? freePort()
            let lines = ["listener \(port) 127.0.0.1", "log_type none", "user root"] + configuration
            let file = try folder.write(lines.joined(separator: "\n") + "\n", to: "mosquitto.conf")
            let process = try ChildProcess(Self.program, ["-c", file])
            if waitUntilListening(port: port, process) {
                self.port = port
                self.process = process
                return
            }
            process.kill()
            lastError = "mosquitto did not listen on \(port)"
        }
        throw PeerError(text: lastError)
    }

    deinit { stop() }

    /// As an operator stops it: it writes its sessions to the disk, if it was told to keep them.
    package func stopInOrder() {
        lock.withLock {
            process?.terminate()
            process = nil
        }
    }

    package func stop() {
        lock.withLock {
            process?.kill()
            process = nil
        }
    }
}

/// A TCP port that is free at the moment.
package func freePort() -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    return bindLoopback(descriptor) ?? 0
}

/// Binds to a free port of 127.0.0.1 and returns it.
func bindLoopback(_ descriptor: Int32) -> Int? {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            bind(descriptor, address, size) == 0 && getsockname(descriptor, address, &size) == 0
        }
    }
    return result ? Int(UInt16(bigEndian: address.sin_port)) : nil
}

/// Tries to connect until it succeeds or the process has ended.
private func waitUntilListening(port: Int, _ process: ChildProcess) -> Bool {
    for _ in 0..<2_000 {
        guard process.isRunning else { return false }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isConnected { return true }
        poll(nil, 0, 5)
    }
    return false
}
