import Glibc

/// Why a run did not happen or did not end well: one sentence and the exit code that goes with it.
struct LoadError: Error {
    let message: String
    let exitCode: Int32

    /// 1: the broker did something a broker must not do.
    static func broker(_ message: String) -> LoadError { LoadError(message: message, exitCode: 1) }
    /// 2: wrong use of the program.
    static func usage(_ message: String) -> LoadError { LoadError(message: message, exitCode: 2) }
    /// 3: the run cannot be made here.
    static func cannotRun(_ message: String) -> LoadError { LoadError(message: message, exitCode: 3) }
    /// The text asked for by `--help`.
    static func help(_ text: String) -> LoadError { LoadError(message: text, exitCode: 0) }

    static func system(_ call: String, _ code: Int32 = errno) -> LoadError {
        .cannotRun("\(call): \(String(cString: strerror(code)))")
    }
}
