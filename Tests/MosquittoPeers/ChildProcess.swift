import Glibc

/// A program started by a test. Its signal mask is empty, whatever thread starts it, and its end is not waited for with
/// a run loop.
final class ChildProcess {
    private var processID: pid_t

    init(_ program: String, _ arguments: [String]) throws {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        processID = 0
        let result = posix_spawn(&processID, program, &actions, &attributes, &words, environ)
        guard result == 0 else { throw PeerError(text: "\(program): \(String(cString: strerror(result)))") }
    }

    var isRunning: Bool {
        guard processID > 0 else { return false }
        guard waitpid(processID, nil, WNOHANG) == 0 else {
            processID = 0
            return false
        }
        return true
    }

    func kill() { end(SIGKILL) }
    func terminate() { end(SIGTERM) }

    private func end(_ signal: Int32) {
        guard processID > 0 else { return }
        Glibc.kill(processID, signal)
        waitpid(processID, nil, 0)
        processID = 0
    }
}
