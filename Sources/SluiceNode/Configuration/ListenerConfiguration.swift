/// One address on which clients connect.
///
/// Keys: `name`; one of `tcp`, `tls` (address); `anonymous` (default no); `certificate`, `key`, `client-ca` (PEM files, for
/// `tls` only); `durability` (default: the node's).
package struct ListenerConfiguration: Sendable, Equatable {
    package enum Transport: Sendable, Equatable {
        case tcp
        case tls(TLSConfiguration)
    }

    package struct TLSConfiguration: Sendable, Equatable {
        /// PEM: the server's certificate and the chain behind it.
        package var certificate: String
        /// PEM: its private key.
        package var key: String
        /// PEM: the authorities whose clients are let in; `nil` only with `anonymous`: no client certificate is asked for.
        package var clientCA: String?
    }

    package var name: String
    package var address: NetworkAddress
    package var transport: Transport
    /// Whether clients without a certificate are let in (what they may do, the access rules say).
    package var anonymous: Bool
    package var durability: DurabilityConfiguration
}

extension ListenerConfiguration {
    static let standard = ListenerConfiguration(
        name: "local", address: NetworkAddress(host: "127.0.0.1", port: 1883), transport: .tcp, anonymous: true,
        durability: .commit)

    /// `nil` when something that cannot be guessed is missing or wrong; the problem is noted.
    static func read(_ section: ConfigurationSection, durability: DurabilityConfiguration) -> ListenerConfiguration? {
        let name = section.text("name").flatMap { section.checkedName($0) }
        let tcp = section.address("tcp")
        let tls = section.address("tls")
        let anonymous = section.flag("anonymous") ?? false
        let certificate = section.file("certificate")
        let key = section.file("key")
        let clientCA = section.file("client-ca")
        let durability = section.choice("durability", DurabilityConfiguration.self) ?? durability
        section.refuse(.websocket)
        section.refuse(.revocationList)
        section.finish()

        guard !section.has("websocket") else { return nil }
        if !section.has("name") {
            section.problem("a listener needs a \"name\", by which access rules and logs call it")
        }
        switch (section.has("tcp"), section.has("tls")) {
        case (true, true): section.problem("a listener has one address: remove \"tcp\" or \"tls\"")
        case (false, false): section.problem("a listener needs an address: tcp: \"HOST:PORT\" or tls: \"HOST:PORT\"")
        case (true, false): requirePlain(section, anonymous: anonymous)
        case (false, true): requireTLS(section, anonymous: anonymous)
        }

        guard let name, let address = tcp ?? tls else { return nil }
        var transport = Transport.tcp
        if tls != nil {
            guard let certificate, let key else { return nil }
            transport = .tls(TLSConfiguration(certificate: certificate, key: key, clientCA: clientCA))
        }
        return ListenerConfiguration(
            name: name, address: address, transport: transport, anonymous: anonymous, durability: durability)
    }

    private static func requirePlain(_ section: ConfigurationSection, anonymous: Bool) {
        for key in ["certificate", "key", "client-ca"] where section.has(key) {
            section.problem("\"\(key)\" is for \"tls\" listeners, and this one is \"tcp\"", at: key)
        }
        if !anonymous {
            section.problem(
                "a \"tcp\" listener cannot tell who its clients are: set \"anonymous: true\", or use \"tls\" with \"client-ca\""
            )
        }
    }

    private static func requireTLS(_ section: ConfigurationSection, anonymous: Bool) {
        for key in ["certificate", "key"] where !section.has(key) {
            section.problem("a \"tls\" listener needs \"\(key)\": a PEM file (\"sluice certs init\" makes them)")
        }
        if !section.has("client-ca") && !anonymous {
            section.problem(
                "a \"tls\" listener needs \"client-ca\", whose clients it lets in, or \"anonymous: true\" to let in everyone"
            )
        }
    }
}
