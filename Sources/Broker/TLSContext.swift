import NIOSSL

enum TLSContext {
    /// Loads the files and makes the context that new handshakes use. TLS 1.2 or later. With a client authority every
    /// client must prove an identity.
    static func make(_ files: TLSFiles, listener: String) throws -> NIOSSLContext {
        func unusable(_ what: String, _ path: String, _ error: any Error) -> BrokerError {
            BrokerError(
                code: .certificateUnusable,
                description:
                    "listener \(listener): can't use the \(what) \(path) (\(error)); "
                    + "check the path, or make one with `sluice certs`")
        }
        let chain: [NIOSSLCertificateSource]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) }
        } catch { throw unusable("certificate", files.certificate, error) }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: files.key, format: .pem)
        } catch { throw unusable("private key", files.key, error) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        if let authority = files.clientAuthority {
            do {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
            } catch { throw unusable("client authority", authority, error) }
            configuration.certificateVerification = .noHostnameVerification
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch { throw unusable("certificate and key", files.certificate, error) }
    }
}
