import Crypto
import Foundation
import SwiftASN1
import Testing
import X509

@testable import Identity

@Suite("Identity of a peer")
struct PeerIdentityTests {
    static let key = Certificate.PrivateKey(P256.Signing.PrivateKey())

    static func der(
        _ subject: DistinguishedName, names: [GeneralName] = [], serial: [UInt8] = [1, 2, 3]
    ) throws -> [UInt8] {
        let extensions = try Certificate.Extensions {
            if !names.isEmpty { SubjectAlternativeNames(names) }
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(bytes: serial), publicKey: key.publicKey,
            notValidBefore: Date(timeIntervalSince1970: 1_700_000_000),
            notValidAfter: Date(timeIntervalSince1970: 1_900_000_000), issuer: subject, subject: subject,
            extensions: extensions, issuerPrivateKey: key)
        return try certificate.serializeAsPEM().derBytes
    }

    static func subject(_ commonName: String?) throws -> DistinguishedName {
        try DistinguishedName {
            OrganizationName("Plant")
            if let commonName { CommonName(commonName) }
        }
    }

    private func outcome(
        _ der: [UInt8], order: [PeerIdentity.NameSource] = PeerIdentity.NameSource.defaultOrder
    ) -> Result<String, PeerIdentityError> {
        Result { () throws(PeerIdentityError) in try PeerIdentity(leafCertificate: der, order: order).name }
    }

    @Test("common name, then DNS name, then URI")
    func order() throws {
        let names: [GeneralName] = [
            .ipAddress(ASN1OctetString(contentBytes: [10, 0, 0, 1])), .uniformResourceIdentifier("urn:dev:mac:0024"),
            .dnsName("pump-2.example"), .dnsName("pump-3.example"),
        ]
        #expect(try outcome(Self.der(Self.subject("pump-1"), names: names)) == .success("pump-1"))
        #expect(try outcome(Self.der(Self.subject(nil), names: names)) == .success("pump-2.example"))
        #expect(try outcome(Self.der(Self.subject(nil), names: Array(names[..<2]))) == .success("urn:dev:mac:0024"))
        #expect(try outcome(Self.der(Self.subject(nil), names: Array(names[..<1]))) == .failure(.nameless))
        #expect(try outcome(Self.der(Self.subject(nil))) == .failure(.nameless))
        let uriFirst: [PeerIdentity.NameSource] = [.uri, .commonName]
        let both = try Self.der(Self.subject("pump-1"), names: names)
        #expect(outcome(both, order: uriFirst) == .success("urn:dev:mac:0024"))
        #expect(try outcome(Self.der(Self.subject("pump-1")), order: uriFirst) == .success("pump-1"))
        #expect(try outcome(Self.der(Self.subject("pump-1")), order: []) == .failure(.nameless))
    }

    @Test(
        "a SPIFFE id becomes one level; what is no SPIFFE id does not",
        arguments: [
            ("spiffe://plant.example/line-3/pump-1", "spiffe:plant.example:line-3:pump-1"),
            ("spiffe://plant.example", "spiffe:plant.example"),
            ("spiffe://plant/a:b", nil), ("spiffe://plant//a", nil), ("spiffe://plant/a/", nil), ("spiffe://", nil),
            ("spiffe://plant/%2F", nil), ("spiffe://plant/+", nil), ("https://plant/a", nil),
        ] as [(String, String?)])
    func spiffe(uri: String, name: String?) throws {
        let outcome = try outcome(Self.der(Self.subject(nil), names: [.uniformResourceIdentifier(uri)]))
        if let name {
            #expect(outcome == .success(name))
        } else {
            guard case .failure(.refused(.uri, .topicCharacter)) = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
    }

    @Test(
        "a flawed name refuses the client, and no other name takes its place",
        arguments: [
            ("", ClientName.Flaw.empty), ("a/b", .topicCharacter("/")), ("+", .topicCharacter("+")),
            ("a#", .topicCharacter("#")), ("a\0b", .topicCharacter("\0")), ("a\nb", .controlCharacter),
            ("a\u{7F}", .controlCharacter), ("a\u{9B}31m", .controlCharacter), ("a\u{202E}b", .controlCharacter),
            ("$SYS", .leadingDollar), (String(repeating: "ä", count: 129), .tooLong(byteCount: 258)),
        ])
    func flaws(name: String, flaw: ClientName.Flaw) throws {
        let der = try Self.der(Self.subject(name), names: [.dnsName("good.example")])
        #expect(outcome(der) == .failure(.refused(.commonName, flaw)))
    }

    @Test("names up to the limit, and beyond ASCII, are taken as they are")
    func goodNames() throws {
        for name in [String(repeating: "n", count: 256), "Pumpe Süd", "a$b", "x=1,CN=y", "ポンプ"] {
            #expect(try outcome(Self.der(Self.subject(name))) == .success(name))
        }
    }

    @Test("more than one common name is ambiguous")
    func severalCommonNames() throws {
        let twice = try DistinguishedName {
            CommonName("pump-1")
            CommonName("admin")
        }
        #expect(try outcome(Self.der(twice)) == .failure(.ambiguous))
        let inOnePart = DistinguishedName([
            RelativeDistinguishedName([
                .init(type: .RDNAttributeType.commonName, utf8String: "pump-1"),
                .init(type: .RDNAttributeType.commonName, utf8String: "admin"),
            ])
        ])
        #expect(try outcome(Self.der(inOnePart)) == .failure(.ambiguous))
    }

    @Test("a common name in bytes that are no UTF-8, or of another kind of string, is refused")
    func strangeStrings() throws {
        let bytes = try Self.der(Self.subject("pumpXX"))
        // Issuer and subject are the same here.
        let broken = bytes.replacing(Array("pumpXX".utf8), with: Array("pump".utf8) + [0xFF, 0xFE])
        #expect(outcome(broken) == .failure(.refused(.commonName, .notUnicode)))
        // 0x1E: BMPString.
        let wide = bytes.replacing([0x0C, 6] + Array("pumpXX".utf8), with: [0x1E, 6] + Array("pumpXX".utf8))
        #expect(outcome(wide) == .failure(.unreadable))
    }

    @Test("serial number and fingerprint as openssl shows them, apart from case and colons")
    func serialAndFingerprint() throws {
        let der = try Self.der(Self.subject("x"), serial: [0x0A, 0x00, 0xFF])
        let identity = try PeerIdentity(leafCertificate: der)
        #expect(identity.serial == "0a00ff")
        #expect(identity.fingerprint == SHA256.hash(data: der).map { String(format: "%02x", $0) }.joined())
        let long = try Self.der(Self.subject("x"), serial: Array(repeating: 1, count: 33))
        #expect(outcome(long) == .failure(.unreadable))
        #expect(try outcome(Self.der(Self.subject("x"), serial: Array(repeating: 1, count: 32))) == .success("x"))
    }

    @Test("what is no certificate is refused")
    func noCertificate() {
        #expect(outcome([]) == .failure(.unreadable))
        #expect(outcome([0x30]) == .failure(.unreadable))
        #expect(outcome([0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]) == .failure(.unreadable))
        #expect(outcome(Array(repeating: 0x30, count: 65_536)) == .failure(.unreadable))
        #expect(outcome(Array(repeating: 0x30, count: 65_537)) == .failure(.tooLarge(byteCount: 65_537)))
        // Sequences in sequences.
        var nested: [UInt8] = []
        for _ in 0..<120 where nested.count < 126 { nested = [0x30, UInt8(nested.count)] + nested }
        #expect(outcome(nested) == .failure(.unreadable))
    }

    @Test("hostile bytes never trap, and never give a flawed name: cut at every length")
    func truncation() throws {
        let der = try Self.der(Self.subject("pump-1"), names: [.dnsName("a.example")])
        for count in der.indices {
            #expect(throws: PeerIdentityError.self) { try PeerIdentity(leafCertificate: Array(der[..<count])) }
        }
    }

    @Test("hostile bytes never trap, and never give a flawed name: changed at random", arguments: 1...8)
    func mutation(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let originals = [
            try Self.der(
                Self.subject("pump-1"), names: [.dnsName("a.example"), .uniformResourceIdentifier("urn:x:1")]),
            try Self.der(Self.subject(nil), names: [.uniformResourceIdentifier("spiffe://plant/a/b")]),
        ]
        var accepted = 0
        for round in 0..<1_500 {
            var der = originals[round % originals.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: der.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: der[at] = UInt8.random(in: .min ... .max, using: &random)
                case 1: der[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: der.insert(UInt8.random(in: .min ... .max, using: &random), at: at)
                default: der.remove(at: at)
                }
            }
            for source in PeerIdentity.NameSource.allCases {
                if case .success(let name) = outcome(der, order: [source]) {
                    accepted += 1
                    #expect(ClientName.flaw(in: name) == nil)
                }
            }
        }
        #expect(accepted > 50)
    }
}

extension [UInt8] {
    /// The bytes with every occurrence of `old` replaced by `new`, which is as long.
    fileprivate func replacing(_ old: [UInt8], with new: [UInt8]) -> [UInt8] {
        var bytes = self
        for start in 0...(count - old.count) where bytes[start..<(start + old.count)] == old[...] {
            bytes.replaceSubrange(start..<(start + old.count), with: new)
        }
        return bytes
    }
}
