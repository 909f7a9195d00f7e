/// A host and a port: `127.0.0.1:1883`, `[::1]:8883`, `gateway.local:1883`.
package struct NetworkAddress: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address, IPv6 without brackets.
    package let host: String
    /// 0 lets the system choose, where listening.
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// RFC 1035, 2.3.4: no name is longer.
    static let hostLengthMax = 253

    /// `nil` unless `text` is a host and a port. `defaultPort` is for texts without one.
    package init?(_ text: String, defaultPort: UInt16? = nil) {
        let host: Substring
        let rest: Substring
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard Self.isIPv6(host) else { return nil }
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            host = text[..<end]
            rest = text[end...]
            guard Self.isName(host) else { return nil }
        }
        if rest.isEmpty {
            guard let defaultPort else { return nil }
            self.init(host: String(host), port: defaultPort)
            return
        }
        let digits = rest.dropFirst()
        guard rest.first == ":", digits.allSatisfy({ ("0"..."9").contains($0) }), let port = UInt16(digits) else {
            return nil
        }
        self.init(host: String(host), port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
    }

    private static func isName(_ host: Substring) -> Bool {
        !host.isEmpty && host.utf8.count <= hostLengthMax
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// Only the characters are checked (with a zone, `fe80::1%eth0`); the system has the last word.
    private static func isIPv6(_ host: Substring) -> Bool {
        let parts = host.split(separator: "%", omittingEmptySubsequences: false)
        guard let address = parts.first, parts.count <= 2, address.contains(":") else { return false }
        return host.utf8.count <= hostLengthMax
            && address.allSatisfy { ($0.isASCII && $0.isHexDigit) || $0 == ":" || $0 == "." }
            && (parts.count == 1 || isName(parts[1]))
    }
}
