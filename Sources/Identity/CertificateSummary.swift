import Crypto
package import FoundationEssentials
import SwiftASN1
import X509

/// What an operator wants to know of a certificate.
package struct CertificateSummary: Sendable {
    package let subject: String
    package let issuer: String
    /// DNS names, addresses and URIs it is for; other kinds of alternative names are left out.
    package let alternativeNames: [String]
    package let isAuthority: Bool
    package let notBefore: Date
    package let notAfter: Date
    /// As in `PeerIdentity`.
    package let serial: String
    package let fingerprint: String
    /// Who a client with this certificate is.
    package let identity: Result<PeerIdentity, PeerIdentityError>

    init(_ certificate: Certificate) throws {
        let der = try certificate.serializeAsPEM().derBytes
        subject = certificate.subject.description
        issuer = certificate.issuer.description
        alternativeNames = try certificate.extensions.subjectAlternativeNames.map { $0.compactMap(\.summary) } ?? []
        if case .isCertificateAuthority = try certificate.extensions.basicConstraints {
            isAuthority = true
        } else {
            isAuthority = false
        }
        notBefore = certificate.notValidBefore
        notAfter = certificate.notValidAfter
        serial = Hexadecimal.text(certificate.serialNumber.bytes)
        fingerprint = Hexadecimal.text(SHA256.hash(data: der))
        identity = Result { () throws(PeerIdentityError) in
            try PeerIdentity(certificate: certificate, der: der, order: PeerIdentity.NameSource.defaultOrder)
        }
    }

    /// Reads the first certificate of a PEM file.
    package init(path: String) throws(CredentialError) {
        let certificate = try PEMFile.certificate(in: path)
        do {
            try self.init(certificate)
        } catch {
            throw CredentialError(.unusable, "the certificate in \(path) has extensions that cannot be read: \(error)")
        }
    }

    /// Whole days of validity left at `now`, rounded down; negative when it has expired.
    package func daysLeft(at now: Date = Date()) -> Int {
        let days = (notAfter.timeIntervalSince(now) / CertificateProfile.daySeconds).rounded(.down)
        return Int(exactly: days) ?? 0
    }
}

extension CertificateHost {
    var generalName: GeneralName {
        switch self {
        case .dnsName(let name): .dnsName(name)
        case .address(let bytes): .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
        }
    }
}

extension GeneralName {
    fileprivate var summary: String? {
        switch self {
        case .dnsName(let name): "DNS:\(name)"
        case .ipAddress(let bytes): "IP:\(CertificateHost.address(Array(bytes.bytes)))"
        case .uniformResourceIdentifier(let uri): "URI:\(uri)"
        case .rfc822Name, .directoryName, .otherName, .x400Address, .ediPartyName, .registeredID: nil
        }
    }
}

/// Reads what is needed out of PEM files (RFC 7468), whatever else they contain.
enum PEMFile {
    static func certificate(in path: String) throws(CredentialError) -> Certificate {
        let documents = try documents(in: path)
        guard let document = documents.first(where: { $0.discriminator == "CERTIFICATE" }) else {
            throw CredentialError(
                .unusable, "\(path) has no PEM block CERTIFICATE: name a file that holds a certificate")
        }
        do {
            return try Certificate(derEncoded: document.derBytes)
        } catch {
            throw CredentialError(.unusable, "the certificate in \(path) cannot be read: \(error)")
        }
    }

    static func privateKey(in path: String) throws(CredentialError) -> Certificate.PrivateKey {
        let documents = try documents(in: path)
        guard let document = documents.first(where: { $0.discriminator.hasSuffix("PRIVATE KEY") }) else {
            throw CredentialError(.unusable, "\(path) has no PEM block PRIVATE KEY: name a file that holds a key")
        }
        guard document.discriminator != "ENCRYPTED PRIVATE KEY" else {
            throw CredentialError(
                .unusable,
                "the key in \(path) has a passphrase: store it without one, readable by its owner alone")
        }
        do {
            return try Certificate.PrivateKey(pemDocument: document)
        } catch {
            // Not the error itself: its text might hold parts of the key.
            throw CredentialError(.unusable, "the key in \(path) cannot be read: give an ECDSA, RSA or Ed25519 key")
        }
    }

    private static func documents(in path: String) throws(CredentialError) -> [PEMDocument] {
        let text = try CredentialFolder.read(path: path)
        do {
            return try PEMDocument.parseMultiple(pemString: text)
        } catch {
            throw CredentialError(
                .unusable, "\(path) is not a PEM file: it needs a line -----BEGIN … and one -----END …")
        }
    }
}
