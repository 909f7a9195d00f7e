import Crypto
package import FoundationEssentials
import SwiftASN1
import X509

/// The authority of a site or a development machine: its certificate and key, and what it issues.
///
/// Keys are ECDSA P-256: small messages and fast handshakes on gateways and devices alike. They are written as
/// PKCS #8 PEM, which OpenSSL, Mosquitto, libmosquitto and BoringSSL read.
package struct Authority: Sendable {
    package static let certificateFile = "ca.pem"
    package static let keyFile = "ca.key"
    /// Name of the server certificate that `create` makes; its files are `server.pem` and `server.key`.
    package static let serverName = "server"
    package static let authorityDays = 3_650
    package static let leafDays = 365
    package static let daysMax = 36_500

    let certificate: Certificate
    private let key: Certificate.PrivateKey

    /// A new authority that is nowhere stored yet.
    package init(commonName: String, days: Int = authorityDays, now: Date = Date()) throws(CredentialError) {
        try Self.check(days: days)
        if let flaw = Self.flaw(ofCommonName: commonName) { throw CredentialError(.wrongRequest, flaw) }
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        do {
            certificate = try CertificateProfile.authority(key: key, commonName: commonName, days: days, now: now)
        } catch {
            throw CredentialError(.unusable, "cannot make the authority's certificate: \(error)")
        }
        self.key = key
    }

    private init(certificate: Certificate, key: Certificate.PrivateKey) {
        self.certificate = certificate
        self.key = key
    }

    /// A certificate for a client that is to be known as `name`; see `flaw(ofIssuedName:)` for what may be one.
    package func issueClient(
        name: String, days: Int = leafDays, now: Date = Date()
    ) throws(CredentialError) -> IssuedCertificate {
        if let flaw = Self.flaw(ofIssuedName: name) { throw CredentialError(.wrongRequest, flaw) }
        return try issue(commonName: name, hosts: nil, days: days, now: now)
    }

    /// A certificate for a server that clients reach under `hosts`; without any, the names of this machine.
    package func issueServer(
        name: String = serverName, hosts: [String] = [], days: Int = leafDays, now: Date = Date()
    ) throws(CredentialError) -> IssuedCertificate {
        if let flaw = Self.flaw(ofCommonName: name) { throw CredentialError(.wrongRequest, flaw) }
        return try issue(commonName: name, hosts: Self.parse(hosts), days: days, now: now)
    }

    private func issue(
        commonName: String, hosts: [CertificateHost]?, days: Int, now: Date
    ) throws(CredentialError) -> IssuedCertificate {
        try Self.check(days: days)
        guard now < certificate.notValidAfter else {
            throw CredentialError(
                .unusable,
                "the authority's certificate has expired: make a new authority and issue its certificates again")
        }
        let leafKey = P256.Signing.PrivateKey()
        do {
            let leaf = try CertificateProfile.leaf(
                publicKey: Certificate.PublicKey(leafKey.publicKey), commonName: commonName, hosts: hosts, days: days,
                now: now, issuer: certificate, issuerKey: key)
            return try IssuedCertificate(leaf, keyPEM: leafKey.pemRepresentation + "\n")
        } catch {
            throw CredentialError(.unusable, "cannot make the certificate of \(commonName): \(error)")
        }
    }

    private static func parse(_ hosts: [String]) throws(CredentialError) -> [CertificateHost] {
        if hosts.isEmpty { return CertificateHost.ofThisMachine() }
        guard hosts.count <= CertificateHost.countMax else {
            throw CredentialError(
                .wrongRequest,
                "\(hosts.count) hosts are more than \(CertificateHost.countMax): use several certificates")
        }
        var parsed: [CertificateHost] = []
        for text in hosts {
            let host = try CertificateHost(text)
            if !parsed.contains(host) { parsed.append(host) }
        }
        return parsed
    }

    private static func check(days: Int) throws(CredentialError) {
        guard (1...daysMax).contains(days) else {
            throw CredentialError(.wrongRequest, "\(days) days are not possible: choose 1 to \(daysMax)")
        }
    }
}

extension Authority {
    /// Why `name` cannot be issued, or nil. It becomes the common name, part of topics and the name of two files,
    /// hence: 1 to 64 letters, digits and `. - _ : @` of ASCII, a letter or digit in front, and neither `ca` nor
    /// `server`.
    package static func flaw(ofIssuedName name: String) -> String? {
        let reserved = [serverName, "ca"]
        if reserved.contains(name.lowercased()) {
            return "\"\(name)\" is the name of files of the authority: choose another name"
        }
        return flaw(ofFileName: name)
    }

    /// As `flaw(ofIssuedName:)`, for servers, which may be called `server`.
    package static func flaw(ofServerName name: String) -> String? {
        name.lowercased() == "ca" ? flaw(ofIssuedName: name) : flaw(ofFileName: name)
    }

    private static func flaw(ofFileName name: String) -> String? {
        let isAllowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: ":"), UInt8(ascii: "@"):
                true
            default: false
            }
        }
        let first = name.unicodeScalars.first
        let beginsWell = first.map { $0.properties.isAlphabetic || ("0"..."9").contains($0) } ?? false
        guard isAllowed, beginsWell, name.utf8.count <= CertificateProfile.commonNameCountMax else {
            return "\"\(printable(name))\" cannot be a name: use 1 to \(CertificateProfile.commonNameCountMax) "
                + "letters, digits and . - _ : @, beginning with a letter or digit"
        }
        return nil
    }

    private static func flaw(ofCommonName name: String) -> String? {
        if name.unicodeScalars.count > CertificateProfile.commonNameCountMax {
            return "\"\(printable(name))\" cannot be a common name: it is longer than "
                + "\(CertificateProfile.commonNameCountMax) characters"
        }
        return ClientName.flaw(in: name).map { "\"\(printable(name))\" cannot be a common name: \($0)" }
    }
}

// What is stored.
extension Authority {
    /// Makes an authority and a server certificate and stores both in `folder`: `ca.pem`, `ca.key`, `server.pem`,
    /// `server.key`. Without `replacing`, nothing is changed if one of them exists.
    package static func create(
        in folder: String, commonName: String = "Sluice authority", hosts: [String] = [], serverDays: Int = leafDays,
        replacing: Bool = false, now: Date = Date()
    ) throws(CredentialError) -> (authority: Authority, server: StoredCertificate) {
        let folder = CredentialFolder(folder)
        let authority = try Authority(commonName: commonName, now: now)
        let server = try authority.issueServer(hosts: hosts, days: serverDays, now: now)
        try folder.create()
        if !replacing {
            try folder.requireAbsence(of: [certificateFile, keyFile, "\(serverName).pem", "\(serverName).key"])
        }
        do {
            let keyPEM = try authority.key.serializeAsPEM().pemString
            let certificatePEM = try authority.certificate.serializeAsPEM().pemString
            try folder.write(keyPEM + "\n", as: keyFile, .secret, replacing: replacing)
            try folder.write(certificatePEM + "\n", as: certificateFile, .open, replacing: replacing)
        } catch let error as CredentialError {
            throw error
        } catch {
            throw CredentialError(.unusable, "cannot encode the authority: \(error)")
        }
        return (authority, try server.store(in: folder, name: serverName, replacing: replacing))
    }

    /// The authority that `create` stored in `folder`, or another one with a key in PKCS #8, SEC 1 or PKCS #1 PEM
    /// there.
    package static func load(from folder: String) throws(CredentialError) -> Authority {
        let folder = CredentialFolder(folder)
        let certificate = try PEMFile.certificate(in: folder.path(of: certificateFile))
        let key = try PEMFile.privateKey(in: folder.path(of: keyFile))
        guard key.publicKey == certificate.publicKey else {
            throw CredentialError(
                .unusable,
                "\(folder.path(of: keyFile)) is not the key of \(certificateFile): restore the one that belongs to it")
        }
        guard case .isCertificateAuthority = try? certificate.extensions.basicConstraints else {
            throw CredentialError(
                .unusable,
                "\(folder.path(of: certificateFile)) is not the certificate of an authority: choose another folder")
        }
        return Authority(certificate: certificate, key: key)
    }

    /// Issues a client certificate and stores it as `NAME.pem` and `NAME.key` in `folder`.
    package func writeClient(
        name: String, to folder: String, days: Int = leafDays, replacing: Bool = false, now: Date = Date()
    ) throws(CredentialError) -> StoredCertificate {
        let issued = try issueClient(name: name, days: days, now: now)
        return try issued.store(in: CredentialFolder(folder), name: name, replacing: replacing)
    }

    /// Issues a server certificate and stores it as `NAME.pem` and `NAME.key` in `folder`.
    package func writeServer(
        name: String = serverName, hosts: [String] = [], to folder: String, days: Int = leafDays,
        replacing: Bool = false, now: Date = Date()
    ) throws(CredentialError) -> StoredCertificate {
        if let flaw = Self.flaw(ofServerName: name) { throw CredentialError(.wrongRequest, flaw) }
        let issued = try issueServer(name: name, hosts: hosts, days: days, now: now)
        return try issued.store(in: CredentialFolder(folder), name: name, replacing: replacing)
    }

    /// PEM of the authority's certificate, for clients to trust.
    package var certificatePEM: String {
        get throws(CredentialError) {
            do {
                return try certificate.serializeAsPEM().pemString + "\n"
            } catch {
                throw CredentialError(.unusable, "cannot encode the authority's certificate: \(error)")
            }
        }
    }
}
