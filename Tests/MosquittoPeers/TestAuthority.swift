import Foundation

/// Certificates for one test, made by the openssl command.
package struct TestAuthority: Sendable {
    package static let openssl = "/usr/bin/openssl"
    package static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: openssl) }

    private static let newKey = ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out"]

    package let folder: TemporaryFolder
    package var certificateFile: String { folder.file("ca.pem") }

    package init() throws {
        folder = try TemporaryFolder()
        try run(Self.openssl, Self.newKey + ["ca.key"], in: folder.path)
        try run(
            Self.openssl,
            ["req", "-x509", "-new", "-key", "ca.key", "-days", "2", "-subj", "/CN=Test authority", "-out", "ca.pem"],
            in: folder.path)
    }

    /// A certificate for a server with these names (`DNS:localhost,IP:127.0.0.1`) or for a client (no names).
    package func issue(_ name: String, alternativeNames: String? = nil) throws -> (certificate: String, key: String) {
        try run(Self.openssl, Self.newKey + ["\(name).key"], in: folder.path)
        try run(
            Self.openssl, ["req", "-new", "-key", "\(name).key", "-subj", "/CN=\(name)", "-out", "\(name).csr"],
            in: folder.path)
        var arguments = [
            "x509", "-req", "-in", "\(name).csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-out", "\(name).pem",
        ]
        if let alternativeNames {
            let extensions = try folder.write("subjectAltName=\(alternativeNames)\n", to: "\(name).ext")
            arguments += ["-extfile", extensions]
        }
        try run(Self.openssl, arguments, in: folder.path)
        return (folder.file("\(name).pem"), folder.file("\(name).key"))
    }
}
