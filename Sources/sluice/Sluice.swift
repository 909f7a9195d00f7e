import ArgumentParser

/// The program. Each command is a file of its own beside this one; architecture.md, "Names on the outside", lists them.
@main
struct Sluice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "A site's gateway: MQTT broker, rules, and a bridge that loses nothing.",
        discussion: """
            Exit codes: 0 done; 1 the thing checked is not right; 2 wrong usage; 3 cannot run.
            A first look: sluice demo
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand.self, CheckCommand.self, FmtCommand.self, TestCommand.self, ExplainCommand.self, WhyCommand.self,
            ReplayCommand.self, LearnCommand.self, LspCommand.self, DemoCommand.self, PubCommand.self, SubCommand.self,
            SimulateCommand.self, CertsCommand.self, BenchCommand.self,
        ])

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            CommandExit.of(error, arguments: arguments).leave()
        }
    }
}
