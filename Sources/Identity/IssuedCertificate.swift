import SwiftASN1
import X509

/// A new certificate with its key, in memory.
package struct IssuedCertificate: Sendable {
    package let certificatePEM: String
    /// PKCS #8. A secret: not for logs.
    package let keyPEM: String
    package let summary: CertificateSummary

    init(_ certificate: Certificate, keyPEM: String) throws {
        certificatePEM = try certificate.serializeAsPEM().pemString + "\n"
        self.keyPEM = keyPEM
        summary = try CertificateSummary(certificate)
    }

    /// The key first: a certificate without its key would look usable.
    func store(
        in folder: CredentialFolder, name: String, replacing: Bool
    ) throws(CredentialError) -> StoredCertificate {
        let certificateFile = "\(name).pem"
        let keyFile = "\(name).key"
        try folder.create()
        if !replacing { try folder.requireAbsence(of: [certificateFile, keyFile]) }
        try folder.write(keyPEM, as: keyFile, .secret, replacing: replacing)
        try folder.write(certificatePEM, as: certificateFile, .open, replacing: replacing)
        return StoredCertificate(
            certificatePath: folder.path(of: certificateFile), keyPath: folder.path(of: keyFile), summary: summary)
    }
}

extension IssuedCertificate: CustomStringConvertible {
    /// Without the key.
    package var description: String { "certificate \(summary.serial) of \(summary.subject)" }
}

/// A certificate and key that were written to files.
package struct StoredCertificate: Sendable {
    package let certificatePath: String
    package let keyPath: String
    package let summary: CertificateSummary
}
