import ArgumentParser
import Glibc

/// `sluice lsp`: what an editor asks about rules.
struct LspCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lsp", abstract: "Language server for editors, on standard input and output.",
        discussion: """
            Speaks the Language Server Protocol 3.17: findings while you type, formatting, hover, completion and \
            definitions. Editors start it by themselves; editors/README.md says how to set them up. All .rules files of \
            the opened folder are checked as one set; the initialization option "rules" (a list of paths) names others.

            With --host the server listens to the topics of the open files' rules: hover shows the last value of a field \
            or capture, and completion offers the fields that were seen. Without it nothing is connected to.

            Exit codes: 0 after shutdown and exit; 1 otherwise; 2 wrong usage.
            """,
        helpNames: [.long])

    @Flag(help: "Taken and ignored: standard input and output are all there is.")
    var stdio = false

    @OptionGroup var client: MQTTClientOptions

    func validate() throws {
        if client.port != nil, !client.namesServer { throw ValidationError("--port needs --host") }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        var traffic: LiveTraffic?
        if client.namesServer {
            traffic = LiveTraffic(try client.connectionOptions()) { sentence in
                let parameters: [String: Any] = ["type": Self.warning, "message": "sluice: \(sentence)"]
                _ = MessageChannel.send(["method": "window/logMessage", "params": parameters])
            }
        }
        var server = LanguageServer(traffic: traffic)
        let isInOrder = server.serve()
        if !isInOrder { throw ExitCode(1) }
    }

    /// Of the protocol's types of messages.
    private static let warning = 2
}
