import ArgumentParser
import Foundation
import SluiceNode

/// How a command ends when it does not end well: one sentence on standard error and one of the documented exit codes.
///
///     throw CommandFailure(.cannotRun, "port 1883 is taken: stop what listens there or set another \"tcp\" in sluice.yaml")
struct CommandFailure: Error, Equatable {
    enum Code: Int32 {
        /// The thing checked is not right: rules with errors, failed tests, lost messages.
        case notRight = 1
        /// The command was called in a way it does not know.
        case wrongUsage = 2
        /// A file cannot be read, a port is taken, a peer does not answer.
        case cannotRun = 3
    }

    let code: Code
    /// Says what to do; without a full stop. `nil`: the command has already written what is to be said.
    let sentence: String?

    init(_ code: Code, _ sentence: String?) {
        self.code = code
        self.sentence = sentence
    }
}

/// What the process writes and returns at its end.
struct CommandExit: Equatable {
    var code: Int32
    var standardOutput = ""
    var standardError = ""

    /// The exit for what a command has thrown. `arguments` are those behind the program's name.
    static func of(_ error: any Error, arguments: [String]) -> CommandExit {
        switch error {
        case let failure as CommandFailure: of(failure)
        case let error as ConfigurationError: of(CommandFailure(.cannotRun, error.description))
        case let code as ExitCode: CommandExit(code: code.rawValue)
        default: of(parserError: error, arguments: arguments)
        }
    }

    private static func of(_ failure: CommandFailure) -> CommandExit {
        var exit = CommandExit(code: failure.code.rawValue)
        for line in (failure.sentence ?? "").split(separator: "\n") { exit.standardError += "sluice: \(line)\n" }
        return exit
    }

    /// ArgumentParser answers 64 for wrong usage and 1 for what it does not know; here these are 2 and 3.
    private static func of(parserError error: any Error, arguments: [String]) -> CommandExit {
        switch Sluice.exitCode(for: error) {
        case .success:
            return CommandExit(code: 0, standardOutput: Sluice.fullMessage(for: error) + "\n")
        case .validationFailure:
            let known = Sluice.configuration.subcommands.compactMap { $0.configuration.commandName }
            let command = arguments.first.flatMap { known.contains($0) ? " \($0)" : nil } ?? ""
            let message = Sluice.message(for: error).split(separator: "\n").joined(separator: " ")
            let sentence = message.hasSuffix(".") ? String(message.dropLast()) : message
            return of(CommandFailure(.wrongUsage, "\(sentence); \"sluice\(command) --help\" says how"))
        default:
            return of(CommandFailure(.cannotRun, "\(error)"))
        }
    }

    /// Writes what there is to say and ends the process.
    func leave() -> Never {
        FileHandle.standardOutput.write(Data(standardOutput.utf8))
        FileHandle.standardError.write(Data(standardError.utf8))
        exit(code)
    }
}
