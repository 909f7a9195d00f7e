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

            Exit codes: 0 after shutdown and exit; 1 otherwise.
            """)

    @Flag(help: "Taken and ignored: standard input and output are all there is.")
    var stdio = false

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        var server = LanguageServer()
        let isInOrder = server.serve()
        if !isInOrder { throw ExitCode(1) }
    }
}
