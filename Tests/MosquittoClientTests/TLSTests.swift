import Foundation
import Messages
import MosquittoPeers
import Testing

@testable import MosquittoClient

@Suite(
    .enabled(
        if: MosquittoBroker.isAvailable && TestAuthority.isAvailable,
        "mosquitto or openssl is not installed (apt install mosquitto openssl)"))
struct TLSTests {
    private let authority: TestAuthority
    private let broker: MosquittoBroker

    init() throws {
        authority = try TestAuthority()
        let server = try authority.issue("server", alternativeNames: "DNS:localhost,IP:127.0.0.1")
        broker = try MosquittoBroker(configuration: [
            "cafile \(authority.certificateFile)", "certfile \(server.certificate)", "keyfile \(server.key)",
            "require_certificate true", "use_identity_as_username true",
        ])
    }

    private func session(_ change: (inout ConnectionOptions.TLS) -> Void = { _ in }, host: String = "127.0.0.1") throws
        -> MosquittoSession
    {
        let client = try authority.issue("gateway")
        var tls = ConnectionOptions.TLS(
            authorityFile: authority.certificateFile, certificateFile: client.certificate, keyFile: client.key)
        change(&tls)
        return try MosquittoSession(
            MosquittoSession.Options(
                connection: ConnectionOptions(host: host, port: broker.port, tls: tls)))
    }

    /// The alert that tells why may get lost when the server resets the connection; then the error says `.lost`.
    private func expectRefusal(
        _ session: MosquittoSession, saying words: String, orWhenTheAlertGotLost otherWords: String? = nil
    ) {
        #expect { try session.connect() } throws: { error in
            guard let error = error as? MosquittoError else { return false }
            if error.code == .tls { return error.message.contains(words) }
            guard let otherWords else { return false }
            return error.code == .lost && error.message.contains(otherWords)
        }
    }

    @Test func aCertificateOfTheRightAuthorityIsLetIn() throws {
        let session = try session()
        try session.connect()
        let big = [UInt8](repeating: 7, count: 300_000)
        for _ in 0..<10 { try session.publishAndWait(topic: "tls", payload: big, qos: .atLeastOnce) }
        session.disconnect()
    }

    @Test func theNameInTheCertificateIsEnoughForAName() throws {
        let session = try session(host: "localhost")
        try session.connect()
        session.disconnect()
    }

    @Test func withoutACertificateTheServerRefuses() throws {
        let session = try session {
            $0.certificateFile = nil
            $0.keyFile = nil
        }
        expectRefusal(session, saying: "wants a client certificate", orWhenTheAlertGotLost: "none was given")
    }

    @Test func aServerOfAnotherAuthorityIsNotTrusted() throws {
        let other = try TestAuthority()
        let session = try session { $0.authorityFile = other.certificateFile }
        expectRefusal(session, saying: "not from a trusted authority")
    }

    @Test func aCertificateOfAnotherAuthorityIsNotLetIn() throws {
        let other = try TestAuthority()
        let stranger = try other.issue("stranger")
        let session = try session {
            $0.certificateFile = stranger.certificate
            $0.keyFile = stranger.key
        }
        expectRefusal(
            session, saying: "does not accept this client's certificate",
            orWhenTheAlertGotLost: "may not accept this client's certificate")
    }

    @Test func aServerWithAnotherNameIsNotTrusted() throws {
        let elsewhere = try authority.issue("elsewhere", alternativeNames: "DNS:broker.example.com")
        let wrong = try MosquittoBroker(configuration: [
            "allow_anonymous true", "cafile \(authority.certificateFile)", "certfile \(elsewhere.certificate)",
            "keyfile \(elsewhere.key)",
        ])
        for host in ["127.0.0.1", "localhost"] {
            let tls = ConnectionOptions.TLS(authorityFile: authority.certificateFile)
            let session = try MosquittoSession(
                MosquittoSession.Options(
                    connection: ConnectionOptions(host: host, port: wrong.port, tls: tls)))
            expectRefusal(session, saying: "certificate is for another host")
            var lenient = tls
            lenient.skipsHostNameCheck = true
            let insecure = try MosquittoSession(
                MosquittoSession.Options(
                    connection: ConnectionOptions(host: host, port: wrong.port, tls: lenient)))
            try insecure.connect()
            insecure.disconnect()
        }
    }

    @Test func aPortWithoutTLSSaysSo() throws {
        let plain = try MosquittoBroker()
        let session = try MosquittoSession(
            MosquittoSession.Options(
                connection: ConnectionOptions(
                    host: "127.0.0.1", port: plain.port, tls: .init(authorityFile: authority.certificateFile))))
        #expect(throws: MosquittoError.self) { try session.connect() }
    }

    @Test func aFileThatIsMissingIsNamed() throws {
        let session = try session { $0.authorityFile = "/nowhere/ca.pem" }
        #expect { try session.connect() } throws: { error in
            guard let error = error as? MosquittoError else { return false }
            return error.code == .usage && error.message.contains("/nowhere/ca.pem")
        }
    }
}
