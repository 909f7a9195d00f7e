package import Messages

/// One upstream broker and what is carried there.
///
/// Keys: `name`; `url` (`mqtt://HOST[:1883]` or `mqtts://HOST[:8883]`); `preset` (`generic`); `certificate`, `key`, `ca` (PEM
/// files, for `mqtts`); `client-id` (default: the node's name); `username`, `password`; `routes`; `outbox`.
package struct BridgeConfiguration: Sendable, Equatable {
    package var name: String
    package var address: NetworkAddress
    /// `mqtts`: the connection is encrypted and the broker proves who it is.
    package var tls: TLSConfiguration?
    package var clientID: String
    package var username: String?
    package var password: Secret?
    package var routes: [RouteConfiguration]
    package var outbox: OutboxConfiguration

    package struct TLSConfiguration: Sendable, Equatable {
        /// PEM: whom the broker's certificate must come from; `nil`: the authorities that this machine trusts.
        package var ca: String?
        /// PEM: what this node shows the broker; both or none.
        package var certificate: String?
        package var key: String?
    }
}

/// Which messages go up, and under which topic.
///
/// Keys: `from` (a topic filter), `to` (a topic; `{node}` is the node's name, `{rest}` what `#` in `from` matched, `{topic}`
/// the whole topic; default `{topic}`), `qos` (0, 1, 2; default 1), `order` (`route`).
package struct RouteConfiguration: Sendable, Equatable {
    package var from: String
    package var to: String
    package var qos: QoS
}

/// How much may wait while the upstream is away. `age` 1s…3650d, default 7d; `bytes` 1MB…1TB, default 1GB.
package struct OutboxConfiguration: Sendable, Equatable {
    package enum WhenFull: String, Sendable, CaseIterable {
        case dropOldest = "drop-oldest"
        case dropNewest = "drop-newest"
    }

    package var bytes = 1 << 30
    package var age = Duration.seconds(7 * 86_400)
    package var whenFull = WhenFull.dropOldest
}

extension BridgeConfiguration {
    /// The longest client identifier a broker must accept is 23 bytes; most take this.
    private static let clientIDLengthMax = 128

    static func read(_ section: ConfigurationSection, node: String) -> BridgeConfiguration? {
        let name = section.text("name").flatMap { section.checkedName($0) }
        let url = section.text("url").flatMap { upstream($0, section) }
        let tls = TLSConfiguration(
            ca: section.file("ca"), certificate: section.file("certificate"), key: section.file("key"))
        let clientID = section.text("client-id", lengthMax: clientIDLengthMax)?.text ?? node
        let username = section.text("username")?.text
        let password = section.text("password").map { Secret($0.text) }
        let routes = section.sections("routes").compactMap { RouteConfiguration.read($0) }
        let outbox = OutboxConfiguration.read(section.section("outbox"))
        if let preset = section.text("preset"), preset.text != "generic" { section.refuse(.preset) }
        section.refuse(.commands)
        section.refuse(.budget)
        section.finish()

        for key in ["name", "url"] where !section.has(key) { section.problem("a bridge needs \"\(key)\"") }
        if !section.has("routes") {
            section.problem("a bridge needs \"routes\", such as [{ from: \"cloud/#\", to: \"{node}/{rest}\" }]")
        }
        if section.has("password") && !section.has("username") {
            section.problem("\"password\" needs \"username\" beside it", at: "password")
        }
        checkTLS(section, encrypted: url?.encrypted)
        guard let name, let url else { return nil }
        return BridgeConfiguration(
            name: name, address: url.address, tls: url.encrypted ? tls : nil, clientID: clientID, username: username,
            password: password, routes: routes, outbox: outbox)
    }

    private static func checkTLS(_ section: ConfigurationSection, encrypted: Bool?) {
        if section.has("certificate") != section.has("key") {
            section.problem("\"certificate\" and \"key\" belong together: give both or none")
        }
        guard encrypted == false else { return }
        for key in ["certificate", "key", "ca"] where section.has(key) {
            section.problem("\"\(key)\" is for \"mqtts://\" and the url says \"mqtt://\"", at: key)
        }
    }

    private static func upstream(
        _ url: ConfigurationValue, _ section: ConfigurationSection
    ) -> (address: NetworkAddress, encrypted: Bool)? {
        for (scheme, port, encrypted) in [("mqtt://", UInt16(1883), false), ("mqtts://", 8883, true)] {
            guard url.text.hasPrefix(scheme) else { continue }
            var rest = url.text.dropFirst(scheme.count)
            if rest.hasSuffix("/") { rest.removeLast() }
            guard let address = NetworkAddress(String(rest), defaultPort: port), address.port != 0 else { break }
            return (address, encrypted)
        }
        section.problem("\"\(url.text)\" is not mqtt://HOST:PORT or mqtts://HOST:PORT", at: url.place)
        return nil
    }
}

extension RouteConfiguration {
    static func read(_ section: ConfigurationSection) -> RouteConfiguration? {
        let from = section.text("from")
        let to = section.text("to")
        let qos = section.integer("qos", in: 0...2).flatMap { QoS(rawValue: UInt8($0)) } ?? .atLeastOnce
        if let order = section.text("order"), order.text != "route" { section.refuse(.keyedOrder) }
        section.finish()

        guard section.has("from") else {
            section.problem("a route needs \"from\": a topic filter, such as \"cloud/#\"")
            return nil
        }
        guard let from else { return nil }
        guard TopicText.isFilter(Array(from.text.utf8)) else {
            section.problem(
                "\"\(from.text)\" is not a topic filter: \"+\" stands for one whole level, \"#\" for all that follow",
                at: from.place)
            return nil
        }
        if let to, !checkTarget(to, from: from.text, section) { return nil }
        return RouteConfiguration(from: from.text, to: to?.text ?? "{topic}", qos: qos)
    }

    private static func checkTarget(_ to: ConfigurationValue, from: String, _ section: ConfigurationSection) -> Bool {
        var example = to.text
        for name in ["{node}", "{rest}", "{topic}"] { example = example.replacing(name, with: "x") }
        if example.contains(where: { $0 == "{" || $0 == "}" }) {
            section.problem(
                "\"\(to.text)\": only {node}, {rest} and {topic} can stand for a part of a topic here", at: to.place)
            return false
        }
        guard TopicText.isName(Array(example.utf8)) else {
            section.problem(
                "\"\(to.text)\" is not a topic to publish to: it is empty or has a wildcard in it", at: to.place)
            return false
        }
        if to.text.contains("{rest}") && !from.hasSuffix("#") {
            section.problem("{rest} is what \"#\" matched, and \"\(from)\" does not end in \"#\"", at: to.place)
            return false
        }
        return true
    }
}

extension OutboxConfiguration {
    static func read(_ section: ConfigurationSection) -> OutboxConfiguration {
        var outbox = OutboxConfiguration()
        section.bytes("bytes", in: (1 << 20)...(1 << 40)).map { outbox.bytes = $0 }
        section.duration("age", in: .seconds(1)...(.seconds(3_650 * 86_400))).map { outbox.age = $0 }
        section.choice("when-full", WhenFull.self).map { outbox.whenFull = $0 }
        section.finish()
        return outbox
    }
}
