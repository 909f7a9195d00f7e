import ArgumentParser
import FoundationEssentials
import Identity

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// `sluice certs`: the authority of a site or a development machine.
struct CertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certs",
        abstract: "Make and look at certificates of a site's own authority.",
        discussion: """
            Clients are known by their certificates: the common name is what access rules call {identity}.
            `init` makes an authority and a server certificate, `issue` a certificate for each client.
            """,
        subcommands: [Init.self, Issue.self, Show.self])

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    /// Exit codes as of every command of `sluice`.
    private enum Failure {
        static let wrongUsage = ExitCode(2)
        static let cannotRun = ExitCode(3)
    }

    struct Folder: ParsableArguments {
        @Option(help: "Folder of the authority and of what it issues.")
        var dir = "certs"

        @Flag(help: "Replace files that exist.")
        var force = false
    }

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init", abstract: "Make an authority and a server certificate.",
            discussion: """
                Writes ca.pem, ca.key, server.pem and server.key. The authority is valid for ten years.
                With --force an existing authority is replaced, and what it issued is worthless from then on.
                """)

        @OptionGroup var folder: Folder

        @Option(
            help: ArgumentHelp(
                "DNS name or IP address under which clients reach the server; may be repeated. "
                    + "Default: localhost, 127.0.0.1, ::1 and the name of this machine.", valueName: "host"))
        var host: [String] = []

        @Option(help: ArgumentHelp("Name of the authority.", valueName: "name"))
        var name = "Sluice authority"

        @Option(help: "Days for which the server certificate is valid.")
        var days = Authority.leafDays

        @Option(help: "Output: text or json.")
        var format = Format.text

        func run() throws {
            try CertsCommand.report {
                let (_, server) = try Authority.create(
                    in: folder.dir, commonName: name, hosts: host, serverDays: days, replacing: folder.force)
                let files = CredentialFolder(folder.dir)
                let authority = try CertificateSummary(path: files.path(of: Authority.certificateFile))
                switch format {
                case .json:
                    try CertsCommand.printJSON([
                        "authority": Record(
                            authority, certificate: files.path(of: Authority.certificateFile),
                            key: files.path(of: Authority.keyFile)),
                        "server": Record(server),
                    ])
                case .text:
                    let certificateFile = files.path(of: Authority.certificateFile)
                    let names = server.summary.alternativeNames.map(CertsCommand.withoutKind).joined(separator: ", ")
                    print(
                        """
                        Made an authority and a server certificate:
                          \(certificateFile): the authority, until \(day(authority.notAfter)); \
                        clients need it to trust the server
                          \(files.path(of: Authority.keyFile)): its key; whoever has it can be any client: keep it safe
                          \(server.certificatePath): for \(names), until \(day(server.summary.notAfter))
                          \(server.keyPath): its key
                        Next: sluice certs issue sensor-1\(CertsCommand.option(dir: folder.dir))
                        """)
                }
            }
        }
    }

    struct Issue: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "issue", abstract: "Make a certificate for a client, or for another server.",
            discussion: "Writes NAME.pem and NAME.key into the folder of the authority.")

        @Argument(help: "What the client is to be known as: letters, digits and . - _ : @, at most 64.")
        var name: String

        @OptionGroup var folder: Folder

        @Flag(help: "The certificate is for a server.")
        var server = false

        @Option(
            help: ArgumentHelp(
                "With --server: DNS name or IP address under which clients reach it; may be repeated. "
                    + "Default: the names of this machine.", valueName: "host"))
        var host: [String] = []

        @Option(help: "Days for which the certificate is valid.")
        var days = Authority.leafDays

        @Option(help: "Output: text or json.")
        var format = Format.text

        func run() throws {
            if !host.isEmpty, !server {
                throw CertsCommand.complaint(
                    "--host is for servers: add --server, or leave it out", exit: Failure.wrongUsage)
            }
            if name.lowercased() == Authority.serverName, !server {
                throw CertsCommand.complaint(
                    "\"\(name)\" is kept for the server: add --server for its certificate, or choose another name",
                    exit: Failure.wrongUsage)
            }
            if !CredentialFolder(folder.dir).contains(Authority.certificateFile) {
                throw CertsCommand.complaint(
                    "there is no authority in \(folder.dir): "
                        + "run `sluice certs init\(CertsCommand.option(dir: folder.dir))` first",
                    exit: Failure.cannotRun)
            }
            try CertsCommand.report {
                let authority = try Authority.load(from: folder.dir)
                let stored =
                    server
                    ? try authority.writeServer(
                        name: name, hosts: host, to: folder.dir, days: days, replacing: folder.force)
                    : try authority.writeClient(name: name, to: folder.dir, days: days, replacing: folder.force)
                switch format {
                case .json: try CertsCommand.printJSON(Record(stored))
                case .text: printText(stored)
                }
            }
        }

        private func printText(_ stored: StoredCertificate) {
            let until = day(stored.summary.notAfter)
            let authority = CredentialFolder(folder.dir).path(of: Authority.certificateFile)
            if server {
                let names = stored.summary.alternativeNames.map(CertsCommand.withoutKind).joined(separator: ", ")
                print(
                    """
                    Made a server certificate:
                      \(stored.certificatePath): for \(names), until \(until)
                      \(stored.keyPath): its key
                    Next: name both as `certificate` and `key` of a listener.
                    """)
            } else {
                print(
                    """
                    Made a certificate for \(name):
                      \(stored.certificatePath): until \(until)
                      \(stored.keyPath): its key
                    Next: sluice pub -h localhost -p 8883 --cafile \(authority) --cert \(stored.certificatePath) \
                    --key \(stored.keyPath) -t sensors/\(name)/temperature -m 21.5
                    """)
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show what is in a certificate and which client it stands for.")

        @Argument(help: "PEM file; of several certificates in it, the first is shown.")
        var file: String

        @Option(help: "Output: text or json.")
        var format = Format.text

        func run() throws {
            try CertsCommand.report {
                let summary = try CertificateSummary(path: file)
                switch format {
                case .json: try CertsCommand.printJSON(Record(summary, certificate: file, key: nil))
                case .text: printText(summary)
                }
            }
        }

        private func printText(_ summary: CertificateSummary) {
            let daysLeft = summary.daysLeft()
            let validity = daysLeft < 0 ? "expired" : "\(daysLeft) days left"
            var lines = [
                "subject      \(summary.subject)",
                "issuer       \(summary.issuer)",
                "kind         \(summary.isAuthority ? "authority" : "end entity")",
                "valid        \(day(summary.notBefore)) to \(day(summary.notAfter)), \(validity)",
                "serial       \(summary.serial)",
                "fingerprint  \(summary.fingerprint) (SHA-256)",
            ]
            if !summary.alternativeNames.isEmpty {
                lines.append("names        \(summary.alternativeNames.joined(separator: ", "))")
            }
            switch summary.identity {
            case .success(let identity):
                lines.append("identity     \(identity.name) (from its \(identity.source.rawValue))")
            case .failure(let error):
                lines.append("identity     none: \(error)")
            }
            print(lines.joined(separator: "\n"))
        }
    }
}

extension CertsCommand {
    /// A certificate in JSON. Times are ISO 8601 in UTC.
    private struct Record: Encodable {
        let certificate: String
        let key: String?
        let subject: String
        let issuer: String
        let authority: Bool
        let identity: String?
        let names: [String]
        let serial: String
        let sha256: String
        let notBefore: Date
        let notAfter: Date

        init(_ stored: StoredCertificate) {
            self.init(stored.summary, certificate: stored.certificatePath, key: stored.keyPath)
        }

        init(_ summary: CertificateSummary, certificate: String, key: String?) {
            self.certificate = certificate
            self.key = key
            subject = summary.subject
            issuer = summary.issuer
            authority = summary.isAuthority
            identity = (try? summary.identity.get())?.name
            names = summary.alternativeNames
            serial = summary.serial
            sha256 = summary.fingerprint
            notBefore = summary.notBefore
            notAfter = summary.notAfter
        }
    }

    private static func printJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Performs `body`; an error becomes one sentence on standard error and an exit code.
    private static func report(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as CredentialError {
            switch error.kind {
            case .wrongRequest: throw complaint(error.description, exit: Failure.wrongUsage)
            case .exists:
                throw complaint(
                    "\(error): choose another name or --dir, or replace it with --force", exit: Failure.cannotRun)
            case .unusable: throw complaint(error.description, exit: Failure.cannotRun)
            }
        }
    }

    private static func complaint(_ sentence: String, exit code: ExitCode) -> ExitCode {
        let line = Array("sluice certs: \(sentence)\n".utf8)
        // Nothing is left to be done about an error while reporting one.
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        return code
    }

    /// "DNS:localhost" as people write it.
    private static func withoutKind(_ name: String) -> String {
        String(name.drop { $0 != ":" }.dropFirst())
    }

    private static func option(dir: String) -> String {
        dir == "certs" ? "" : " --dir \(dir)"
    }
}

/// The day in UTC as 2030-12-31.
private func day(_ date: Date) -> String {
    date.formatted(.iso8601.year().month().day())
}
