import Crypto
import SwiftASN1
import X509

/// The name that a client's certificate proves, and what identifies the certificate in logs.
///
/// The chain was verified before, by TLS. The bytes are nevertheless hostile: whoever has a certificate signed chooses
/// much of what is in it. Nothing here trusts a length, falls back silently from a flawed name to another, or
/// lets a name become more than one level of a topic.
package struct PeerIdentity: Sendable, Equatable {
    /// Part of the certificate that gives the name.
    package enum NameSource: String, Sendable, CaseIterable {
        /// The common name of the subject.
        case commonName = "common-name"
        /// The first DNS name among the alternative names.
        case dnsName = "dns-name"
        /// The first URI among the alternative names: a SPIFFE id as `spiffe:domain:path:…`, which fits into one level
        /// of a topic and, as none of its parts may contain a colon, stands for one id only; others, such as `urn:…`,
        /// as is.
        case uri = "uri"

        /// The first of these that a certificate has gives the name.
        package static let defaultOrder: [NameSource] = [.commonName, .dnsName, .uri]
    }

    /// Greatest size in bytes of a certificate.
    package static let certificateByteCountMax = 65_536
    /// Greatest length in bytes of a serial number; RFC 5280, 4.1.2.2, allows 20.
    package static let serialByteCountMax = 32

    package let name: String
    package let source: NameSource
    /// Serial number, hexadecimal in lower case, two digits a byte.
    package let serial: String
    /// SHA-256 of the certificate, 64 hexadecimal digits in lower case.
    package let fingerprint: String

    /// Reads the DER encoding of the leaf certificate.
    package init(
        leafCertificate der: [UInt8], order: [NameSource] = NameSource.defaultOrder
    ) throws(PeerIdentityError) {
        guard der.count <= Self.certificateByteCountMax else { throw .tooLarge(byteCount: der.count) }
        guard let certificate = try? Certificate(derEncoded: der) else { throw .unreadable }
        try self.init(certificate: certificate, der: der, order: order)
    }

    init(certificate: Certificate, der: [UInt8], order: [NameSource]) throws(PeerIdentityError) {
        let serialBytes = certificate.serialNumber.bytes
        guard serialBytes.count <= Self.serialByteCountMax else { throw .unreadable }
        for source in order {
            guard let found = try Self.name(of: certificate, from: source) else { continue }
            if let flaw = ClientName.flaw(in: found) { throw .refused(source, flaw) }
            name = found
            self.source = source
            serial = Hexadecimal.text(serialBytes)
            fingerprint = Hexadecimal.text(SHA256.hash(data: der))
            return
        }
        throw .nameless
    }

    private static func name(
        of certificate: Certificate, from source: NameSource
    ) throws(PeerIdentityError) -> String? {
        switch source {
        case .commonName: try commonName(of: certificate.subject)
        case .dnsName:
            try alternativeNames(of: certificate).lazy.compactMap { name -> String? in
                if case .dnsName(let text) = name { text } else { nil }
            }.first
        case .uri:
            try alternativeNames(of: certificate).lazy.compactMap { name -> String? in
                if case .uniformResourceIdentifier(let text) = name { text } else { nil }
            }.first.map(nameOfURI)
        }
    }

    private static func commonName(of subject: DistinguishedName) throws(PeerIdentityError) -> String? {
        var found: String?
        for part in subject {
            for attribute in part where attribute.type == .RDNAttributeType.commonName {
                // Programs differ in which of several they take: one of them would be fooled.
                guard found == nil else { throw .ambiguous }
                guard let text = String(attribute.value) else { throw .unreadable }
                found = text
            }
        }
        return found
    }

    private static func alternativeNames(of certificate: Certificate) throws(PeerIdentityError) -> [GeneralName] {
        do {
            guard let names = try certificate.extensions.subjectAlternativeNames else { return [] }
            return Array(names)
        } catch {
            throw .unreadable
        }
    }

    /// Leaves a URI that is not a well-formed SPIFFE id as it is; with its slashes `ClientName` refuses it.
    private static func nameOfURI(_ uri: String) -> String {
        let prefix = "spiffe://"
        guard uri.hasPrefix(prefix), uri.utf8.count <= ClientName.byteCountMax + prefix.utf8.count else { return uri }
        let parts = uri.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        let isWellFormed = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
        return isWellFormed ? "spiffe:" + parts.joined(separator: ":") : uri
    }
}

/// Why a certificate gives no name; the client is refused.
package enum PeerIdentityError: Error, Sendable, Hashable {
    case tooLarge(byteCount: Int)
    /// Not a certificate, or one with a part that this program does not read.
    case unreadable
    /// It has none of the names asked for.
    case nameless
    /// It has more than one common name.
    case ambiguous
    case refused(PeerIdentity.NameSource, ClientName.Flaw)
}

extension PeerIdentityError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let byteCount):
            "the certificate has \(byteCount) bytes, more than \(PeerIdentity.certificateByteCountMax)"
        case .unreadable: "the certificate cannot be read"
        case .nameless: "the certificate has neither common name nor DNS name nor URI to identify the client"
        case .ambiguous: "the certificate has more than one common name"
        case .refused(let source, let flaw): "the certificate's \(source.rawValue) cannot identify a client: \(flaw)"
        }
    }
}

enum Hexadecimal {
    /// Two digits in lower case for each byte.
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
