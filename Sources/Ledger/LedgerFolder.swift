import Glibc
import Synchronization

/// The folder of a ledger and its files.
struct LedgerFolder {
    let path: String

    var database: String { path + "/ledger.db" }
    var lock: String { path + "/ledger.lock" }
    var ballast: String { path + "/ballast" }
    var quarantine: String { path + "/quarantine" }
    /// Being filled from a damaged database; takes its place when complete.
    var salvage: String { path + "/ledger-salvage.db" }
    /// Says that SQLite found damage while running: the next start looks at every page.
    var checkRequest: String { path + "/check-at-next-start" }

    /// What SQLite keeps beside a database.
    static let companions = ["-wal", "-shm", "-journal"]

    /// Makes the folder, readable by its owner only, and sees that it can be written.
    func prepare() throws(LedgerError) {
        guard !path.isEmpty else {
            throw LedgerError(code: .cannotOpen, message: "The ledger's folder has no name; set `data:` to a folder.")
        }
        var parent = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            parent += parent.isEmpty && part.isEmpty ? "/" : (parent.isEmpty || parent == "/" ? "" : "/") + part
            guard mkdir(parent, 0o700) != 0, errno != EEXIST else { continue }
            // A folder above that exists may refuse with another reason than EEXIST.
            let reason = errno
            if kind(of: parent) != S_IFDIR { throw unusable(reason) }
        }
        guard kind(of: path) == S_IFDIR else { throw unusable(ENOTDIR) }
        guard access(path, R_OK | W_OK | X_OK) == 0 else { throw unusable(errno) }
        // On a file system mounted read-only `access` may say yes to root; making the lock file says the truth.
    }

    func unusable(_ reason: Int32) -> LedgerError {
        LedgerError(
            code: .cannotOpen,
            message:
                "The ledger can't use the folder \(path) (\(String(cString: strerror(reason)))): give the user who "
                + "runs this program the right to read and write it, or set `data:` to another folder.")
    }

    private func kind(of path: String) -> mode_t? {
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        return found.st_mode & S_IFMT
    }

    func exists(_ path: String) -> Bool { kind(of: path) != nil }

    func bytes(of path: String) -> Int64 {
        var found = stat()
        return stat(path, &found) == 0 ? Int64(found.st_size) : 0
    }

    func logBytes() -> Int64 { bytes(of: database + "-wal") }

    var hasBallast: Bool { bytes(of: ballast) >= Int64(LedgerLimits.ballastBytes) }

    /// False: no room.
    func makeBallast(bytes: Int) -> Bool {
        let file = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { Glibc.close(file) }
        // Reserves blocks, which a sparse file would not.
        guard posix_fallocate(file, 0, off_t(bytes)) == 0 else {
            unlink(ballast)
            return false
        }
        return true
    }

    func removeBallast() { unlink(ballast) }

    func requestCheck() {
        let file = open(checkRequest, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        if file >= 0 { Glibc.close(file) }
    }

    /// Makes what was renamed in the folder survive a power cut.
    func sync() {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        Glibc.close(folder)
    }

    func rename(_ from: String, to: String) throws(LedgerError) {
        guard Glibc.rename(from, to) == 0 else {
            let reason = String(cString: strerror(errno))
            throw LedgerError(
                code: .cannotOpen, message: "\(from) can't be moved to \(to) (\(reason)); move it by hand and restart.")
        }
    }

    func remove(_ database: String) {
        unlink(database)
        for companion in LedgerFolder.companions { unlink(database + companion) }
    }

    func removeCheckRequest() { unlink(checkRequest) }

    /// Makes the content of a file survive a power cut.
    func syncFile(_ path: String) throws(LedgerError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unusable(errno) }
        defer { Glibc.close(file) }
        guard fsync(file) == 0 else {
            throw LedgerError(
                code: .inputOutput,
                message: "\(path) can't be synced (\(String(cString: strerror(errno)))); look at the device.")
        }
    }

    /// Moves the database and its companions to `quarantine/NAME-TIME.db`; returns the new path. The oldest ones beyond
    /// the limit are deleted.
    func setAside(name: String, atMilliseconds: Int64) throws(LedgerError) -> String {
        if mkdir(quarantine, 0o700) != 0, errno != EEXIST { throw unusable(errno) }
        var seconds = time_t(atMilliseconds / 1_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y%m%dT%H%M%SZ", &parts)
        let time = String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var place = "\(quarantine)/\(name)-\(time).db"
        var number = 2
        while exists(place) || exists(place + "-wal") {
            place = "\(quarantine)/\(name)-\(time)-\(number).db"
            number += 1
        }
        // The database first: a log that stays behind without it is recognised at the next start.
        for suffix in [""] + LedgerFolder.companions where exists(database + suffix) {
            try rename(database + suffix, to: place + suffix)
        }
        removeOldQuarantine()
        sync()
        return place
    }

    private func removeOldQuarantine() {
        guard let directory = opendir(quarantine) else { return }
        defer { closedir(directory) }
        var found: [(seconds: Int, path: String)] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasSuffix(".db") else { continue }
            var status = stat()
            guard stat("\(quarantine)/\(name)", &status) == 0 else { continue }
            found.append((status.st_ctim.tv_sec, "\(quarantine)/\(name)"))
        }
        found.sort { $0 < $1 }
        for (_, path) in found.dropLast(LedgerLimits.quarantinedDatabases) { remove(path) }
    }

    /// What the first 16 bytes of a file say about it.
    func looksLikeDatabase(_ path: String) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return true }
        defer { Glibc.close(file) }
        var header = [UInt8](repeating: 0, count: 16)
        guard read(file, &header, 16) == 16 else { return false }
        return header == Array("SQLite format 3".utf8) + [0]
    }
}

/// Keeps other processes out of the folder until it is released or the process ends.
final class FolderLock: Sendable {
    private let file: Mutex<Int32>

    init(_ folder: LedgerFolder) throws(LedgerError) {
        let opened = open(folder.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw folder.unusable(errno) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 20)
            let count = max(read(opened, &text, 20), 0)
            let owner = String(decoding: text.prefix(count).prefix { $0 >= 48 && $0 <= 57 }, as: UTF8.self)
            Glibc.close(opened)
            throw LedgerError(
                code: .locked,
                message: "The folder \(folder.path) is in use by another process\(owner.isEmpty ? "" : " (\(owner))"); "
                    + "stop it, or set `data:` to another folder.")
        }
        // The number is for the message above only; the lock is what counts.
        let text = "\(getpid())\n"
        if ftruncate(opened, 0) == 0 { _ = pwrite(opened, text, text.utf8.count, 0) }
        file = Mutex(opened)
    }

    deinit { release() }

    /// Closing the file releases the lock.
    func release() {
        file.withLock { file in
            if file >= 0 { Glibc.close(file) }
            file = -1
        }
    }
}
