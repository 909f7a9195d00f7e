import NIOSSL

/// What a failed handshake means, in words for the log.
enum TLSFailure {
    static func explain(_ error: any Error) -> String {
        let text = "\(error)"
        let known: [(sign: String, meaning: String)] = [
            ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "the client sent no certificate; this listener requires one"),
            (
                "CERTIFICATE_VERIFY_FAILED",
                "the client's certificate was not issued by this listener's client authority"
            ),
            ("CERTIFICATE_EXPIRED", "a certificate has expired"),
            ("UNKNOWN_CA", "the client does not trust this server's certificate"),
            ("BAD_CERTIFICATE", "the client refused this server's certificate"),
            ("HTTP_REQUEST", "the client spoke HTTP, not TLS"),
            ("WRONG_VERSION_NUMBER", "the client did not speak TLS"),
            ("NO_SHARED_CIPHER", "no cipher in common"),
            ("UNSUPPORTED_PROTOCOL", "the client's TLS version is older than 1.2"),
        ]
        for entry in known where text.contains(entry.sign) { return "\(entry.meaning) (\(entry.sign))" }
        return text
    }
}
