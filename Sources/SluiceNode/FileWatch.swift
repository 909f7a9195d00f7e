import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Tells when something under some folders or files changed (inotify): no polling, so an idle node stays idle.
/// One thread; `onChange` is called on it, once for all changes of 100 ms.
package final class FileWatch: Sendable {
    private static let settleMilliseconds: Int32 = 100
    /// Written to stop the thread.
    private let stopPipe: (read: Int32, write: Int32)

    /// nil where inotify is not to be had (its limit is reached); the caller says so and goes on.
    package init?(_ paths: [String], onChange: @escaping @Sendable () -> Void) {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { return nil }
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else {
            close(descriptor)
            return nil
        }
        stopPipe = (ends[0], ends[1])
        let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE)
        for path in Self.folders(paths) where inotify_add_watch(descriptor, path, events) < 0 && errno == ENOSPC {
            // A folder that is away is none to be watched; a limit that is reached would leave others unnoticed.
            for end in [descriptor] + ends { close(end) }
            return nil
        }
        let stopEnd = ends[0]
        let thread = Thread { Self.watch(descriptor, stopEnd, onChange) }
        thread.name = "sluice-files"
        thread.start()
    }

    /// Once: the watch can't be used after it.
    package func stop() {
        var byte: UInt8 = 1
        _ = write(stopPipe.write, &byte, 1)
        close(stopPipe.write)
    }

    /// Editors replace files instead of writing them, so the folder of a file is what is watched.
    private static func folders(_ paths: [String]) -> Set<String> {
        var folders: Set<String> = []
        for path in paths {
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
                folders.insert(path)
                let walker = FileManager.default.enumerator(atPath: path)
                while let name = walker?.nextObject() as? String, folders.count < 1_000 {
                    let inner = (path as NSString).appendingPathComponent(name)
                    if FileManager.default.fileExists(atPath: inner, isDirectory: &isFolder), isFolder.boolValue {
                        folders.insert(inner)
                    }
                }
            } else {
                let parent = (path as NSString).deletingLastPathComponent
                folders.insert(parent.isEmpty ? "." : parent)
            }
        }
        return folders
    }

    private static func watch(_ descriptor: Int32, _ stopEnd: Int32, _ onChange: @Sendable () -> Void) {
        var ends = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopEnd, events: Int16(POLLIN), revents: 0),
        ]
        var isPending = false
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let ready = poll(&ends, 2, isPending ? settleMilliseconds : -1)
            if ends[1].revents != 0 { break }
            if ready == 0, isPending {
                isPending = false
                onChange()
                continue
            }
            if ready < 0, errno != EINTR { break }
            while read(descriptor, &buffer, buffer.count) > 0 { isPending = true }
        }
        close(descriptor)
        close(stopEnd)
    }
}
