import Crypto
import Foundation
import SwiftASN1
import Testing
import X509

@testable import Identity

@Suite("Authority")
struct AuthorityTests {
    /// 2027-01-15 08:00:00 UTC, a time for certificates that are not verified by another program.
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func certificate(_ pem: String) throws -> Certificate { try Certificate(pemEncoded: pem) }

    @Test("RFC 5280: what the authority's certificate says")
    func authorityCertificate() throws {
        let authority = try Authority(commonName: "Plant", now: Self.now)
        let certificate = authority.certificate
        #expect(certificate.version == .v3)
        #expect(certificate.subject.description == "CN=Plant")
        #expect(certificate.issuer == certificate.subject)
        #expect(certificate.notValidBefore == Self.now.addingTimeInterval(-300))
        #expect(certificate.notValidAfter == Self.now.addingTimeInterval(3_650 * 86_400))
        #expect(try certificate.extensions.basicConstraints == .isCertificateAuthority(maxPathLength: 0))
        #expect(try certificate.extensions.keyUsage == KeyUsage(keyCertSign: true, cRLSign: true))
        #expect(try certificate.extensions.subjectKeyIdentifier != nil)
        #expect(certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
    }

    @Test("RFC 5280: what a client's certificate says")
    func clientCertificate() throws {
        let authority = try Authority(commonName: "Plant", now: Self.now)
        let issued = try authority.issueClient(name: "pump-1", now: Self.now)
        let certificate = try certificate(issued.certificatePEM)
        #expect(certificate.subject.description == "CN=pump-1")
        #expect(certificate.issuer == authority.certificate.subject)
        #expect(certificate.notValidBefore == Self.now.addingTimeInterval(-300))
        #expect(certificate.notValidAfter == Self.now.addingTimeInterval(365 * 86_400))
        #expect(try certificate.extensions.basicConstraints == .notCertificateAuthority)
        #expect(try certificate.extensions.keyUsage == KeyUsage(digitalSignature: true))
        #expect(try certificate.extensions.extendedKeyUsage == ExtendedKeyUsage([.clientAuth]))
        #expect(try certificate.extensions.subjectAlternativeNames == nil)
        #expect(
            try certificate.extensions.authorityKeyIdentifier?.keyIdentifier
                == authority.certificate.extensions.subjectKeyIdentifier?.keyIdentifier)
        #expect(authority.certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
        let key = try P256.Signing.PrivateKey(pemRepresentation: issued.keyPEM)
        #expect(Certificate.PublicKey(key.publicKey) == certificate.publicKey)
        #expect(try issued.summary.identity.get().name == "pump-1")
        #expect(!issued.description.contains("PRIVATE KEY"))
    }

    @Test("a server's certificate is for its hosts")
    func serverCertificate() throws {
        let authority = try Authority(commonName: "Plant", now: Self.now)
        let hosts = ["GW.example", "10.0.0.5", "fe80::1", "[2001:db8::7]", "*.plant.example", "gw.example"]
        let issued = try authority.issueServer(hosts: hosts, now: Self.now)
        #expect(
            issued.summary.alternativeNames
                == ["DNS:gw.example", "IP:10.0.0.5", "IP:fe80::1", "IP:2001:db8::7", "DNS:*.plant.example"])
        let certificate = try certificate(issued.certificatePEM)
        #expect(try certificate.extensions.extendedKeyUsage == ExtendedKeyUsage([.serverAuth]))
        let usual = try authority.issueServer(now: Self.now).summary.alternativeNames
        #expect(usual.starts(with: ["DNS:localhost", "IP:127.0.0.1", "IP:::1"]))
    }

    @Test("serial numbers have sixteen bytes, are positive and differ")
    func serialNumbers() throws {
        let authority = try Authority(commonName: "Plant", now: Self.now)
        var seen: Set<String> = []
        for _ in 0..<20 {
            let issued = try authority.issueClient(name: "x", now: Self.now)
            let bytes = try certificate(issued.certificatePEM).serialNumber.bytes
            #expect(bytes.count == 16)
            #expect(bytes.first.map { $0 & 0x80 == 0 && $0 != 0 } == true)
            seen.insert(issued.summary.serial)
        }
        #expect(seen.count == 20)
    }

    @Test("what an authority issues does not outlive it, and an expired one issues nothing")
    func lifetimes() throws {
        let authority = try Authority(commonName: "Plant", days: 10, now: Self.now)
        let issued = try authority.issueClient(name: "x", days: 30, now: Self.now)
        #expect(try certificate(issued.certificatePEM).notValidAfter == authority.certificate.notValidAfter)
        #expect(issued.summary.daysLeft(at: Self.now) == 10)
        #expect(issued.summary.daysLeft(at: Self.now.addingTimeInterval(11 * 86_400)) == -1)
        let later = Self.now.addingTimeInterval(10 * 86_400)
        #expect(throws: CredentialError.self) { try authority.issueClient(name: "x", now: later) }
        for days in [0, -1, Authority.daysMax + 1, Int.max, Int.min] {
            #expect(throws: CredentialError.self) { try authority.issueClient(name: "x", days: days, now: Self.now) }
        }
        #expect(throws: Never.self) { try authority.issueClient(name: "x", days: Authority.daysMax, now: Self.now) }
    }

    @Test(
        "names that may be issued",
        arguments: [
            ("pump-1", true), ("a", true), ("7", true), ("urn:dev:mac:00", true), ("a_b@c.d", true),
            (String(repeating: "n", count: 64), true), (String(repeating: "n", count: 65), false), ("", false),
            (".hidden", false), ("-rf", false), ("../x", false), ("a/b", false), ("a b", false), ("a\nb", false),
            ("é", false), ("+", false), ("$x", false), ("_x", false), ("ca", false), ("CA", false), ("server", false),
            ("Server", false), ("x\0", false),
        ])
    func issuedNames(name: String, isGood: Bool) throws {
        #expect((Authority.flaw(ofIssuedName: name) == nil) == isGood)
        let authority = try Authority(commonName: "Plant", now: Self.now)
        if isGood {
            let issued = try authority.issueClient(name: name, now: Self.now)
            #expect(try issued.summary.identity.get().name == name)
        } else {
            #expect(throws: CredentialError.self) { try authority.issueClient(name: name, now: Self.now) }
        }
    }

    @Test(
        "hosts of a server",
        arguments: [
            ("localhost", true), ("a.b-c.example", true), ("my_host", true), ("*.example", true), ("::1", true),
            ("1.2.3.4", true), ("", false), ("*", false), ("a.*.b", false), ("-a", false), ("a-", false),
            ("a..b", false),
            ("a.", false), ("1.2.3.256", false), ("1.2.3", false), ("host:8883", false), ("http://a", false),
            ("fe80::1%eth0", false), ("[1:2", false), ("[localhost]", false), ("a b", false), ("1.2.3.4\0", false),
            (String(repeating: "a", count: 63), true), (String(repeating: "a", count: 64), false),
        ])
    func hosts(text: String, isGood: Bool) {
        #expect(((try? CertificateHost(text)) != nil) == isGood)
    }

    @Test("the number of hosts is limited")
    func hostCount() throws {
        let authority = try Authority(commonName: "Plant", now: Self.now)
        let hosts = (0..<CertificateHost.countMax).map { "h\($0)" }
        #expect(try authority.issueServer(hosts: hosts, now: Self.now).summary.alternativeNames.count == hosts.count)
        #expect(throws: CredentialError.self) { try authority.issueServer(hosts: hosts + ["x"], now: Self.now) }
    }
}

@Suite("Files of an authority")
struct CredentialFileTests {
    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    private func kind(_ body: () throws -> Void) -> CredentialError.Kind? {
        do {
            try body()
            return nil
        } catch {
            return (error as? CredentialError)?.kind
        }
    }

    @Test("keys are for their owner alone, certificates for everybody, and no draft stays behind")
    func modes() throws {
        try withFolder { folder in
            let (authority, server) = try Authority.create(in: folder, hosts: ["localhost"])
            let client = try authority.writeClient(name: "pump-1", to: folder)
            #expect(try mode(folder) == 0o700)
            for key in ["ca.key", "server.key", "pump-1.key"] { #expect(try mode(folder + "/" + key) == 0o600) }
            for pem in ["ca.pem", "server.pem", "pump-1.pem"] { #expect(try mode(folder + "/" + pem) == 0o644) }
            #expect(server.keyPath == folder + "/server.key")
            #expect(client.certificatePath == folder + "/pump-1.pem")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(files == ["ca.key", "ca.pem", "pump-1.key", "pump-1.pem", "server.key", "server.pem"])
        }
    }

    @Test("what was stored can be loaded and issues certificates of the same authority")
    func load() throws {
        try withFolder { folder in
            let (created, _) = try Authority.create(in: folder)
            let loaded = try Authority.load(from: folder)
            #expect(loaded.certificate == created.certificate)
            #expect(try loaded.certificatePEM == String(contentsOfFile: folder + "/ca.pem", encoding: .utf8))
            let issued = try Certificate(pemEncoded: loaded.issueClient(name: "x").certificatePEM)
            #expect(created.certificate.publicKey.isValidSignature(issued.signature, for: issued))
        }
    }

    @Test("nothing is overwritten unless asked for")
    func overwriting() throws {
        try withFolder { folder in
            let (authority, _) = try Authority.create(in: folder)
            _ = try authority.writeClient(name: "x", to: folder)
            let before = try contents(of: folder)
            #expect(kind { _ = try Authority.create(in: folder) } == .exists)
            #expect(kind { _ = try authority.writeClient(name: "x", to: folder) } == .exists)
            #expect(kind { _ = try authority.writeServer(to: folder) } == .exists)
            #expect(try contents(of: folder) == before)
            _ = try authority.writeClient(name: "x", to: folder, replacing: true)
            #expect(try contents(of: folder)["x.pem"] != before["x.pem"])
            #expect(try contents(of: folder)["ca.pem"] == before["ca.pem"])
            #expect(try mode(folder + "/x.key") == 0o600)
            // One of the two files is enough.
            try FileManager.default.removeItem(atPath: folder + "/x.pem")
            #expect(kind { _ = try authority.writeClient(name: "x", to: folder) } == .exists)
        }
    }

    @Test("a name taken by a link, even to nowhere, is not followed")
    func links() throws {
        try withFolder { folder in
            let (authority, _) = try Authority.create(in: folder)
            let elsewhere = folder + "/elsewhere"
            try FileManager.default.createSymbolicLink(atPath: folder + "/x.key", withDestinationPath: elsewhere)
            #expect(kind { _ = try authority.writeClient(name: "x", to: folder) } == .exists)
            _ = try authority.writeClient(name: "x", to: folder, replacing: true)
            #expect(!FileManager.default.fileExists(atPath: elsewhere))
            #expect(try mode(folder + "/x.key") == 0o600)
        }
    }

    @Test("writing exclusively fails if the file appeared in the meantime, and removes its draft")
    func exclusive() throws {
        try withFolder { path in
            let folder = CredentialFolder(path)
            try folder.create()
            try folder.write("one", as: "f", .secret, replacing: false)
            #expect(kind { try folder.write("two", as: "f", .secret, replacing: false) } == .exists)
            #expect(try folder.read("f") == "one")
            try folder.write("three", as: "f", .open, replacing: true)
            #expect(try folder.read("f") == "three")
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["f"])
        }
    }

    @Test("folders and files that cannot be used are named in the error")
    func unusable() throws {
        try withFolder { path in
            #expect(kind { _ = try Authority.load(from: path) } == .unusable)
            #expect(kind { _ = try Authority.create(in: path + "/no/such") } == .unusable)
            let folder = CredentialFolder(path)
            try folder.create()
            try folder.write("x", as: "file", .open, replacing: false)
            #expect(kind { _ = try Authority.create(in: path + "/file") } == .unusable)
            #expect(kind { _ = try folder.read("none") } == .unusable)
            let large = String(repeating: "x", count: CredentialFolder.fileByteCountMax)
            try folder.write(large, as: "large", .open, replacing: false)
            #expect(try folder.read("large").utf8.count == CredentialFolder.fileByteCountMax)
            try folder.write(large + "x", as: "large", .open, replacing: true)
            #expect(kind { _ = try folder.read("large") } == .unusable)
        }
    }

    @Test("a key of another authority, a leaf, and rubbish are refused")
    func wrongAuthority() throws {
        try withFolder { path in
            let (authority, _) = try Authority.create(in: path)
            let folder = CredentialFolder(path)
            let key = try folder.read("ca.key")
            try folder.write(P256.Signing.PrivateKey().pemRepresentation, as: "ca.key", .secret, replacing: true)
            #expect(kind { _ = try Authority.load(from: path) } == .unusable)
            let leaf = try authority.issueClient(name: "x")
            try folder.write(leaf.keyPEM, as: "ca.key", .secret, replacing: true)
            try folder.write(leaf.certificatePEM, as: "ca.pem", .open, replacing: true)
            #expect(kind { _ = try Authority.load(from: path) } == .unusable)
            for rubbish in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", key] {
                try folder.write(rubbish, as: "ca.pem", .open, replacing: true)
                #expect(kind { _ = try Authority.load(from: path) } == .unusable)
            }
        }
    }

    @Test("a certificate and key in files with other PEM blocks and text around are found")
    func otherBlocks() throws {
        try withFolder { path in
            _ = try Authority.create(in: path)
            let folder = CredentialFolder(path)
            let certificate = try folder.read("ca.pem")
            let key = try folder.read("ca.key")
            try folder.write(key + certificate, as: "ca.pem", .open, replacing: true)
            let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
            try folder.write(parameters + key, as: "ca.key", .secret, replacing: true)
            #expect(throws: Never.self) { try Authority.load(from: path) }
        }
    }

    private func contents(of folder: String) throws -> [String: String] {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        return try Dictionary(uniqueKeysWithValues: files.map { ($0, try CredentialFolder(folder).read($0)) })
    }
}

/// Gives `body` the path of a folder that does not exist yet and removes what is there afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
}
