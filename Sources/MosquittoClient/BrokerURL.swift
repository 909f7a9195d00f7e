/// Where a broker is: `mqtt://host:port` or `mqtts://host:port`, as operators write it.
///
/// `mqtts` means TLS. The port defaults to 1883, with TLS to 8883. A user name, a password and a topic may be part of
/// the text (`mqtt://user:secret@host/topic`), percent-encoded where needed; whoever takes none of them refuses them.
package struct BrokerURL: Sendable, Equatable {
    package var host: String
    package var port: Int
    package var usesTLS: Bool
    package var username: String?
    package var password: String?
    /// What stands after the `/` that follows the port; nil: nothing.
    package var topic: String?

    package init(
        host: String, port: Int, usesTLS: Bool, username: String? = nil, password: String? = nil, topic: String? = nil
    ) {
        self.host = host
        self.port = port
        self.usesTLS = usesTLS
        self.username = username
        self.password = password
        self.topic = topic
    }

    /// Reads a URL. The error is one sentence that says what is expected.
    package init(parsing text: String) throws(MosquittoError) {
        guard let separator = text.firstRange(of: "://") else {
            throw Self.unreadable(text, "it must begin with mqtt:// or mqtts://")
        }
        let scheme = text[..<separator.lowerBound].lowercased()
        switch scheme {
        case "mqtt", "tcp": usesTLS = false
        case "mqtts", "ssl", "tls": usesTLS = true
        default: throw Self.unreadable(text, "'\(scheme)' is not a scheme for MQTT; use mqtt:// or mqtts://")
        }
        var rest = text[separator.upperBound...]
        if let slash = rest.firstIndex(of: "/") {
            let path = rest[rest.index(after: slash)...]
            rest = rest[..<slash]
            if !path.isEmpty {
                guard let decoded = Self.percentDecoded(path) else {
                    throw Self.unreadable(text, "the topic has a broken %-sequence")
                }
                topic = decoded
            }
        }
        if let at = rest.lastIndex(of: "@") {
            let user = rest[..<at]
            rest = rest[rest.index(after: at)...]
            let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first.flatMap(Self.percentDecoded) else {
                throw Self.unreadable(text, "the user name has a broken %-sequence")
            }
            username = name
            if parts.count == 2 {
                guard let secret = Self.percentDecoded(parts[1]) else {
                    throw Self.unreadable(text, "the password has a broken %-sequence")
                }
                password = secret
            }
        }
        let (host, portText) = try Self.hostAndPort(rest, in: text)
        self.host = host
        if let portText {
            guard let number = Int(portText), (1...65_535).contains(number) else {
                throw Self.unreadable(text, "'\(portText)' is not a port; use a number from 1 to 65535")
            }
            port = number
        } else {
            port = usesTLS ? 8883 : 1883
        }
    }

    private static func hostAndPort(
        _ rest: Substring, in text: String
    ) throws(MosquittoError) -> (String, Substring?) {
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else {
                throw unreadable(text, "the IPv6 address has no closing ]")
            }
            let host = String(rest[rest.index(after: rest.startIndex)..<end])
            let after = rest[rest.index(after: end)...]
            guard after.isEmpty || after.first == ":" else {
                throw unreadable(text, "only a port may follow the IPv6 address")
            }
            return (host, after.isEmpty ? nil : after.dropFirst())
        }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty else { throw unreadable(text, "it names no host") }
        guard parts.count <= 2 else { throw unreadable(text, "an IPv6 address belongs in [ ]") }
        return (String(host), parts.count == 2 ? parts[1] : nil)
    }

    /// nil when a `%` is not followed by two hexadecimal digits, or the result is not UTF-8 or holds U+0000.
    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(hexadecimalValue),
                let low = iterator.next().flatMap(hexadecimalValue)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        guard !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimalValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// A URL may hold a password, so the text is repeated only where it holds none.
    private static func unreadable(_ text: String, _ reason: String) -> MosquittoError {
        let shown = text.contains("@") ? "the broker's URL" : "'\(text)'"
        return MosquittoError(.usage, "\(shown) can't be read as a broker's URL: \(reason)")
    }

    /// `host:port` for messages, with an IPv6 address in brackets.
    package var place: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
