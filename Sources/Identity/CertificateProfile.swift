import Crypto
import FoundationEssentials
import X509

/// What Sluice puts into certificates (RFC 5280, 4.1 and 4.2), in one place.
enum CertificateProfile {
    /// Clocks of devices are late: a certificate is valid from a little before it was made.
    static let backdatingSeconds: Double = 300
    static let daySeconds: Double = 86_400
    /// Greatest length of a common name in characters (RFC 5280, appendix A: ub-common-name).
    static let commonNameCountMax = 64

    static func authority(
        key: Certificate.PrivateKey, commonName: String, days: Int, now: Date
    ) throws -> Certificate {
        let subject = try DistinguishedName { CommonName(commonName) }
        let extensions = try Certificate.Extensions {
            // Leaves only: no authority below this one.
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
            Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            SubjectKeyIdentifier(hash: key.publicKey)
        }
        return try Certificate(
            version: .v3, serialNumber: serialNumber(), publicKey: key.publicKey,
            notValidBefore: now.addingTimeInterval(-backdatingSeconds),
            notValidAfter: now.addingTimeInterval(Double(days) * daySeconds), issuer: subject, subject: subject,
            extensions: extensions, issuerPrivateKey: key)
    }

    /// `hosts`: for a server; nil: for a client.
    static func leaf(
        publicKey: Certificate.PublicKey, commonName: String, hosts: [CertificateHost]?, days: Int, now: Date,
        issuer: Certificate, issuerKey: Certificate.PrivateKey
    ) throws -> Certificate {
        let issuerKeyIdentifier =
            try issuer.extensions.subjectKeyIdentifier ?? SubjectKeyIdentifier(hash: issuer.publicKey)
        let names = hosts.map { SubjectAlternativeNames($0.map(\.generalName)) }
        let extensions = try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            try ExtendedKeyUsage([hosts == nil ? .clientAuth : .serverAuth])
            SubjectKeyIdentifier(hash: publicKey)
            AuthorityKeyIdentifier(keyIdentifier: issuerKeyIdentifier.keyIdentifier)
            if let names { names }
        }
        return try Certificate(
            version: .v3, serialNumber: serialNumber(), publicKey: publicKey,
            notValidBefore: now.addingTimeInterval(-backdatingSeconds),
            // No use outliving the authority: verification fails from then on anyway.
            notValidAfter: min(now.addingTimeInterval(Double(days) * daySeconds), issuer.notValidAfter),
            issuer: issuer.subject, subject: DistinguishedName { CommonName(commonName) },
            extensions: extensions, issuerPrivateKey: issuerKey)
    }

    /// 128 bits from the system's generator.
    private static func serialNumber() -> Certificate.SerialNumber {
        var generator = SystemRandomNumberGenerator()
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        // As an integer it takes all sixteen bytes, so that every program shows the same digits.
        bytes[0] = bytes[0] & 0x7F | 0x40
        return Certificate.SerialNumber(bytes: bytes)
    }
}
