import ArgumentParser
import SluiceNode
import Testing

@testable import sluice

struct CommandExitTests {
    /// How the program ends when `arguments` call no command of its own.
    private func outcome(_ arguments: String...) -> CommandExit? {
        do {
            var command = try Sluice.parseAsRoot(arguments)
            if !(command is any AsyncParsableCommand) { try command.run() }
            return nil
        } catch {
            return CommandExit.of(error, arguments: arguments)
        }
    }

    @Test func wrongUsageIsTwoAndOneLineOnStandardError() throws {
        let ending = try #require(outcome("--no-such-option"))
        #expect(ending.code == 2)
        #expect(ending.standardOutput == "")
        #expect(ending.standardError.hasPrefix("sluice: "))
        #expect(ending.standardError.hasSuffix("; \"sluice --help\" says how\n"))
        #expect(ending.standardError.split(separator: "\n").count == 1)
    }

    @Test func helpAndVersionAreDone() throws {
        let help = try #require(outcome("--help"))
        #expect(help.code == 0)
        #expect(help.standardOutput.contains("USAGE: sluice"))
        #expect(help.standardError == "")
        #expect(try #require(outcome("--version")).code == 0)
    }

    @Test(arguments: [(CommandFailure.Code.notRight, Int32(1)), (.wrongUsage, 2), (.cannotRun, 3)])
    func failuresHaveTheirCode(code: CommandFailure.Code, number: Int32) {
        let ending = CommandExit.of(CommandFailure(code, "do this"), arguments: [])
        #expect(ending == CommandExit(code: number, standardError: "sluice: do this\n"))
        #expect(CommandExit.of(CommandFailure(code, nil), arguments: []) == CommandExit(code: number))
    }

    @Test func wrongConfigurationCannotRun() {
        let problems = [
            ConfigurationProblem("first", at: .file("s.yaml", line: 1, column: 2)),
            ConfigurationProblem("second", at: .environment("SLUICE_NODE")),
        ]
        let ending = CommandExit.of(ConfigurationError(problems), arguments: ["run"])
        #expect(
            ending == CommandExit(code: 3, standardError: "sluice: s.yaml:1:2: first\nsluice: SLUICE_NODE: second\n"))
    }

    @Test func whatNobodyExpectedCannotRun() {
        struct Unexpected: Error, CustomStringConvertible { var description: String { "the disk is gone" } }
        #expect(
            CommandExit.of(Unexpected(), arguments: [])
                == CommandExit(code: 3, standardError: "sluice: the disk is gone\n"))
    }

    @Test func codesThatACommandChoseStay() {
        #expect(CommandExit.of(ExitCode(1), arguments: []) == CommandExit(code: 1))
    }
}
