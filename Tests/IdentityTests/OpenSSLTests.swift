import Foundation
import Testing

@testable import Identity

/// What other programs make of the files. Skipped where `openssl` is not installed.
@Suite(
    "Certificates as OpenSSL sees them",
    .enabled(if: OpenSSL.isInstalled, "openssl is not installed: apt install openssl"))
struct OpenSSLTests {
    @Test("chains verify for their purpose and for no other")
    func verify() throws {
        try withFolder { folder in
            let (authority, _) = try Authority.create(in: folder, hosts: ["localhost", "127.0.0.1", "::1"])
            _ = try authority.writeClient(name: "pump-1", to: folder)
            func verify(_ arguments: String...) throws -> Bool {
                try OpenSSL.run(["verify", "-x509_strict", "-CAfile", "\(folder)/ca.pem"] + arguments).status == 0
            }
            #expect(try verify("-purpose", "sslserver", "\(folder)/server.pem"))
            #expect(try verify("-purpose", "sslclient", "\(folder)/pump-1.pem"))
            #expect(try !verify("-purpose", "sslclient", "\(folder)/server.pem"))
            #expect(try !verify("-purpose", "sslserver", "\(folder)/pump-1.pem"))
            #expect(try verify("-verify_hostname", "localhost", "\(folder)/server.pem"))
            #expect(try verify("-verify_ip", "::1", "\(folder)/server.pem"))
            #expect(try !verify("-verify_hostname", "other", "\(folder)/server.pem"))
            let (_, _) = try Authority.create(in: folder, replacing: true)
            #expect(try !verify("-purpose", "sslclient", "\(folder)/pump-1.pem"))
        }
    }

    @Test("extensions and keys are read")
    func text() throws {
        try withFolder { folder in
            _ = try Authority.create(in: folder, commonName: "Plant", hosts: ["gw.example", "10.0.0.5"])
            let server = try OpenSSL.run(["x509", "-in", "\(folder)/server.pem", "-noout", "-text"]).output
            for expected in [
                "Issuer: CN = Plant", "Public-Key: (256 bit)", "NIST CURVE: P-256", "CA:FALSE", "Digital Signature",
                "TLS Web Server Authentication", "DNS:gw.example, IP Address:10.0.0.5",
            ] { #expect(server.contains(expected), "\(expected)") }
            let authority = try OpenSSL.run(["x509", "-in", "\(folder)/ca.pem", "-noout", "-text"]).output
            for expected in ["CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign", "Subject Key Identifier"] {
                #expect(authority.contains(expected), "\(expected)")
            }
            for key in ["ca.key", "server.key"] {
                #expect(try OpenSSL.run(["pkey", "-in", "\(folder)/\(key)", "-check", "-noout"]).status == 0)
            }
        }
    }

    @Test("serial number and fingerprint are the same")
    func fingerprint() throws {
        try withFolder { folder in
            let (_, server) = try Authority.create(in: folder)
            let output = try OpenSSL.run(
                ["x509", "-in", server.certificatePath, "-noout", "-serial", "-fingerprint", "-sha256"]
            ).output.lowercased().replacingOccurrences(of: ":", with: "")
            #expect(output.contains("serial=\(server.summary.serial)"))
            #expect(output.contains("fingerprint=\(server.summary.fingerprint)"))
        }
    }

    @Test(
        "an authority made by OpenSSL can issue",
        arguments: [
            ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-newkey", "rsa:2048"], ["-newkey", "ed25519"],
        ])
    func foreignAuthority(keyOptions: [String]) throws {
        try withFolder { folder in
            try CredentialFolder(folder).create()
            let made = try OpenSSL.run(
                ["req", "-x509", "-nodes", "-days", "30", "-subj", "/O=Plant/CN=Foreign"] + keyOptions
                    + ["-keyout", "\(folder)/ca.key", "-out", "\(folder)/ca.pem"])
            #expect(made.status == 0)
            _ = try Authority.load(from: folder).writeClient(name: "pump-1", to: folder)
            let verified = try OpenSSL.run(
                ["verify", "-CAfile", "\(folder)/ca.pem", "-purpose", "sslclient", "\(folder)/pump-1.pem"])
            #expect(verified.status == 0)
        }
    }
}

enum OpenSSL {
    private static let path = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin")
        .split(separator: ":").map { "\($0)/openssl" }.first { FileManager.default.isExecutableFile(atPath: $0) }

    static var isInstalled: Bool { path != nil }

    static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: try #require(path))
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
