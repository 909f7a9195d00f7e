import Foundation
import Glibc
import Identity
import MosquittoClient

/// Files of certificates in one folder, by the names that they prove.
struct DemoCertificates: Sendable {
    let folder: String

    func file(_ name: String) -> String { "\(folder)/\(name)" }

    func tls(of name: String) -> ConnectionOptions.TLS {
        .init(
            authorityFile: file(Authority.certificateFile), certificateFile: file("\(name).pem"),
            keyFile: file("\(name).key"))
    }
}

/// The folder in which a demo lives: certificates, and for each node its configuration, data and log.
struct DemoFolder: Sendable {
    let path: String
    let certificates: DemoCertificates

    /// Everything is on this machine.
    static let host = "127.0.0.1"
    static let gatewayName = "gateway"
    static let cloudName = "cloud"
    static let receiverName = "receiver"

    /// `nil`: a new one among the system's temporary files.
    init(_ path: String?) throws(CommandFailure) {
        if let path {
            try Self.requireNewOrEmpty(path)
            self.path = URL(fileURLWithPath: path).path
        } else {
            let parent = ProcessInfo.processInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
            var template = Array("\(parent)/sluice-demo-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw CommandFailure(
                    .cannotRun,
                    "no folder can be made in \(parent): \(String(cString: strerror(errno))); name one with --folder")
            }
            self.path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        certificates = DemoCertificates(folder: "\(self.path)/certs")
    }

    private static func requireNewOrEmpty(_ path: String) throws(CommandFailure) {
        let files = FileManager.default
        if let entries = try? files.contentsOfDirectory(atPath: path) {
            guard entries.isEmpty else {
                throw CommandFailure(.cannotRun, "the folder \(path) is not empty: name a new one with --folder")
            }
            return
        }
        do {
            try files.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure(.cannotRun, "the folder \(path) can't be made: name another one with --folder")
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    func nodeFolder(_ node: String) -> String { "\(path)/\(node)" }
    func configurationFile(_ node: String) -> String { "\(nodeFolder(node))/sluice.yaml" }
    func logFile(_ node: String) -> String { "\(path)/\(node).log" }

    /// Whether a node has said something.
    var hasLogs: Bool {
        [Self.gatewayName, Self.cloudName].contains { FileManager.default.fileExists(atPath: logFile($0)) }
    }

    /// An authority, server certificates for gateway and cloud, and one certificate for each client.
    func makeCertificates(sensors: [String]) throws {
        let folder = certificates.folder
        let hosts = ["localhost", Self.host, "::1"]
        let (authority, _) = try Authority.create(in: folder, commonName: "Sluice demo authority", hosts: hosts)
        _ = try authority.writeServer(name: Self.cloudName, hosts: hosts, to: folder)
        for name in [Self.gatewayName, Self.receiverName] + sensors {
            _ = try authority.writeClient(name: name, to: folder)
        }
    }

    /// Names that no sensor may have: their files are others'.
    static let reservedNames = [gatewayName, cloudName, receiverName, "ca", Authority.serverName]

    func write(configuration: String, of node: String) throws {
        try FileManager.default.createDirectory(atPath: nodeFolder(node), withIntermediateDirectories: true)
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: configurationFile(node)))
    }

    func write(rules: [ShippedRules.File]) throws {
        let folder = "\(nodeFolder(Self.gatewayName))/rules"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for file in rules { try Data(file.text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(file.name)")) }
    }
}

/// What `sluice.yaml` of each node says.
enum DemoConfiguration {
    /// Where the gateway's bridge goes, and as whom.
    struct Upstream: Sendable, Equatable {
        /// `mqtts://HOST:PORT` or `mqtt://HOST:PORT`.
        var url: String
        var authorityFile: String?
        var certificateFile: String?
        var keyFile: String?
    }

    static func gateway(node: String, port: Int, upstream: Upstream) -> String {
        var bridge = "  - name: cloud\n    url: \(PayloadText.quoted(upstream.url))\n"
        for (key, file) in [
            ("certificate", upstream.certificateFile), ("key", upstream.keyFile), ("ca", upstream.authorityFile),
        ] {
            if let file { bridge += "    \(key): \(PayloadText.quoted(file))\n" }
        }
        return """
            # The gateway of a demo: sensors with certificates come in, what the rules let through goes up.
            node: \(node)
            data: data
            rules: rules
            listeners:
              - { name: devices, tls: "\(DemoFolder.host):\(port)", certificate: ../certs/server.pem,
                  key: ../certs/server.key, client-ca: ../certs/ca.pem }
            access:
              - { identity: "*", publish: ["sensors/{identity}/#"], subscribe: [] }
            bridges:
            \(bridge)    routes: [ { from: "cloud/#", to: "{node}/{rest}", qos: 1 } ]

            """
    }

    static func cloud(gateway: String, port: Int) -> String {
        """
        # The stand-in for a cloud: a second node, to which only the gateway and the receiver have access.
        node: \(DemoFolder.cloudName)
        data: data
        listeners:
          - { name: upstream, tls: "\(DemoFolder.host):\(port)", certificate: ../certs/cloud.pem,
              key: ../certs/cloud.key, client-ca: ../certs/ca.pem }
        access:
          - { identity: \(DemoFolder.gatewayName), publish: ["\(gateway)/#"] }
          - { identity: \(DemoFolder.receiverName), subscribe: ["#"] }

        """
    }
}
