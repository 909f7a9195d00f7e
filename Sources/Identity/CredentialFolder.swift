#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A folder of PEM files. A file appears under its name complete or not at all, private keys are readable by their
/// owner alone from the first byte on, and nothing that exists is overwritten unless that was asked for.
package struct CredentialFolder: Sendable {
    /// Greatest size in bytes of a file that is read.
    package static let fileByteCountMax = 1_048_576

    package enum Secrecy: Sendable {
        /// 0644
        case open
        /// 0600
        case secret

        fileprivate var mode: mode_t { self == .open ? 0o644 : 0o600 }
    }

    package let path: String

    package init(_ path: String) {
        self.path = path.isEmpty ? "." : path
    }

    package func path(of file: String) -> String {
        path.hasSuffix("/") ? path + file : path + "/" + file
    }

    /// Makes the folder, readable by its owner alone, if there is none.
    package func create() throws(CredentialError) {
        if mkdir(path, 0o700) == 0 { return }
        let code = errno
        guard code == EEXIST else {
            throw CredentialError(
                .unusable,
                "cannot make the folder \(path): \(Self.text(code)); make its parent or choose another folder")
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw CredentialError(.unusable, "\(path) is not a folder: choose another name for the folder")
        }
    }

    package func contains(_ file: String) -> Bool {
        var status = stat()
        return lstat(path(of: file), &status) == 0
    }

    /// Throws an error of kind `.exists` for the first of `files` that is there.
    package func requireAbsence(of files: [String]) throws(CredentialError) {
        for file in files where contains(file) {
            throw CredentialError(.exists, "\(path(of: file)) exists already and is left as it is")
        }
    }

    package func read(_ file: String) throws(CredentialError) -> String {
        try Self.read(path: path(of: file))
    }

    package static func read(path: String) throws(CredentialError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            throw CredentialError(.unusable, "cannot read \(path): \(text(code))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = readBytes(descriptor, &chunk)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let code = errno
                throw CredentialError(.unusable, "cannot read \(path): \(text(code))")
            }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= fileByteCountMax else {
                throw CredentialError(.unusable, "\(path) is larger than \(fileByteCountMax) bytes: it is no PEM file")
            }
        }
    }

    /// Writes `text` as `file`. Without `replacing`, an existing file, even one made meanwhile, is an error of
    /// kind `.exists`.
    package func write(
        _ text: String, as file: String, _ secrecy: Secrecy, replacing: Bool
    ) throws(CredentialError) {
        let target = path(of: file)
        let draft = path(of: ".\(file).\(UInt64.random(in: .min ... .max)).tmp")
        do {
            try Self.writeDraft(text, at: draft, mode: secrecy.mode)
            try Self.publish(draft, as: target, replacing: replacing)
        } catch {
            unlink(draft)
            throw error
        }
        // The name is durable once the folder is.
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private static func writeDraft(_ text: String, at path: String, mode: mode_t) throws(CredentialError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw cannotWrite(path, code: errno) }
        defer { close(descriptor) }
        // The umask may have taken bits that other users of a certificate need.
        guard fchmod(descriptor, mode) == 0 else { throw cannotWrite(path, code: errno) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { writeBytes(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw cannotWrite(path, code: errno) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw cannotWrite(path, code: errno) }
    }

    private static func publish(_ draft: String, as target: String, replacing: Bool) throws(CredentialError) {
        if !replacing {
            // link, unlike rename, fails if the name is taken.
            if link(draft, target) == 0 {
                unlink(draft)
                return
            }
            let code = errno
            var status = stat()
            if code == EEXIST || lstat(target, &status) == 0 {
                throw CredentialError(.exists, "\(target) exists already and is left as it is")
            }
            // A file system without hard links: rename, after having looked.
            guard code == EPERM || code == EOPNOTSUPP || code == ENOSYS else { throw cannotWrite(target, code: code) }
        }
        guard rename(draft, target) == 0 else { throw cannotWrite(target, code: errno) }
    }

    private static func cannotWrite(_ path: String, code: Int32) -> CredentialError {
        CredentialError(.unusable, "cannot write \(path): \(text(code)); make room or choose another folder")
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}

// The names of the C functions are those of methods above.
private func readBytes(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Int {
    read(descriptor, &bytes, bytes.count)
}

private func writeBytes(_ descriptor: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, start, count)
}
