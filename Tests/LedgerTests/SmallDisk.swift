import Foundation
import Glibc
import Testing

/// A tmpfs of its own, so that a full disk is a real one.
final class SmallDisk {
    let path: String

    /// Whether this process may mount one.
    static let isPossible: Bool = (try? SmallDisk(megabytes: 1)) != nil

    struct NotAllowed: Error {}

    init(megabytes: Int) throws {
        path = NSTemporaryDirectory() + "sluice-disk-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m,mode=700") == 0 else {
            rmdir(path)
            throw NotAllowed()
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        rmdir(path)
    }

    func makeReadOnly() throws {
        guard mount(nil, path, nil, UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 else { throw NotAllowed() }
    }

    /// Leaves no byte free.
    func fill() throws {
        let file = open(path + "/filler-\(UUID().uuidString)", O_WRONLY | O_CREAT, 0o600)
        guard file >= 0 else { throw NotAllowed() }
        defer { close(file) }
        for size in [65_536, 4_096, 1] {
            let block = [UInt8](repeating: 1, count: size)
            while write(file, block, size) == size {}
        }
    }

    func empty() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path) where name.hasPrefix("filler") {
            try FileManager.default.removeItem(atPath: path + "/" + name)
        }
    }

    var freeBytes: Int {
        var found = statvfs()
        return statvfs(path, &found) == 0 ? Int(found.f_bavail) * Int(found.f_frsize) : 0
    }
}
