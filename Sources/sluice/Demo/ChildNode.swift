import Foundation
import Glibc

/// A node as a process of its own: `sluice run` of this same program. Used on the main thread only, since the kernel ends
/// a child when the thread that made it ends.
final class ChildNode {
    let name: String
    /// Everything that the node says.
    let logFile: String
    private let configurationFile: String
    private var process: pid_t?
    /// Ended, and not yet forgotten by the kernel.
    private var ended: [pid_t] = []

    private static let stopSecondsMax = 5.0
    private static let program = "/proc/self/exe"

    init(name: String, configurationFile: String, logFile: String) {
        self.name = name
        self.configurationFile = configurationFile
        self.logFile = logFile
    }

    deinit { stop(inSeconds: 0) }

    /// The options with which this program becomes a node that ends when its parent does.
    static let becomeNodeOption = "--become-node"

    func start() throws(CommandFailure) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, logFile, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // A group of its own: ^C is for the demo, which stops its nodes in order.
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))

        let arguments = ["sluice", "demo", Self.becomeNodeOption, configurationFile]
        // What configures nodes in this shell must not configure these.
        let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") }
            .map { "\($0.key)=\($0.value)" }
        var created = pid_t()
        let result = CStrings.with(arguments) { arguments in
            CStrings.with(environment) { environment in
                posix_spawn(&created, Self.program, &actions, &attributes, arguments, environment)
            }
        }
        guard result == 0 else {
            throw CommandFailure(
                .cannotRun, "the \(name) can't be started: \(String(cString: strerror(result))); is /proc there?")
        }
        process = created
    }

    /// Called in the child: ends with its parent from now on, and becomes `sluice run`.
    static func becomeNode(configurationFile: String) throws(CommandFailure) -> Never {
        endWithParent()
        closeInherited()
        let failure = CStrings.with(["sluice", "run", "--config", configurationFile]) { arguments in
            execv(program, arguments)
            return errno
        }
        throw CommandFailure(.cannotRun, "\(program) can't be run again: \(String(cString: strerror(failure)))")
    }

    /// A sensor's socket that lived on in the gateway would never look closed.
    private static func closeInherited() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in names.compactMap({ Int32($0) }) where descriptor > STDERR_FILENO { close(descriptor) }
    }

    /// prctl(PR_SET_PDEATHSIG). Swift does not see C functions with a variable number of arguments, so it is looked up;
    /// where that fails, a demo that is ended with kill -9 leaves its nodes behind.
    private static func endWithParent() {
        typealias ProcessControl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
        let setParentDeathSignal: Int32 = 1
        guard let address = dlsym(nil, "prctl") else { return }
        _ = unsafeBitCast(address, to: ProcessControl.self)(setParentDeathSignal, UInt(SIGKILL), 0, 0, 0)
        // The parent may be gone already: then somebody else has adopted this process.
        if getppid() == 1, getpid() != 1 { exit(CommandFailure.Code.cannotRun.rawValue) }
    }

    /// Throws what the node said last if it has ended by itself.
    func requireRunning() throws(CommandFailure) {
        guard let process else { return }
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return }
        self.process = nil
        throw CommandFailure(.cannotRun, "the \(name) has ended by itself; its last words: \(lastWords)")
    }

    /// Ends the node at once, as a power cut would. It is collected only with the last one: what it had written would
    /// otherwise be added to this program's own counts, one of which is a sensor.
    func kill9() {
        guard let process else { return }
        kill(process, SIGKILL)
        var information = siginfo_t()
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) < 0, errno == EINTR { continue }
        ended.append(process)
        self.process = nil
    }

    /// Ends the node in order, and at once when that takes too long.
    func stop(inSeconds seconds: Double = stopSecondsMax) {
        if let process, seconds > 0 {
            kill(process, SIGTERM)
            let end = DemoClock.seconds() + seconds
            while self.process != nil, DemoClock.seconds() < end {
                if waitpid(process, nil, WNOHANG) == process { self.process = nil } else { usleep(20_000) }
            }
        }
        kill9()
        for process in ended { waitpid(process, nil, 0) }
        ended = []
    }

    private var lastWords: String {
        let text =
            (try? Data(contentsOf: URL(fileURLWithPath: logFile))).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(whereSeparator: \.isNewline).last.map(String.init) ?? "none"
    }
}

/// Texts as C has them.
private enum CStrings {
    static func with<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
