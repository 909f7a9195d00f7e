#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A name or address under which clients reach a server: an alternative name of its certificate.
package enum CertificateHost: Sendable, Hashable {
    /// In lower case; the first label may be `*`.
    case dnsName(String)
    /// Four or sixteen bytes in network order.
    case address([UInt8])

    /// Greatest number of hosts of one certificate.
    package static let countMax = 64

    /// An IPv4 or IPv6 address (with or without brackets) or a DNS name of letters, digits, `-` and `_`.
    package init(_ text: String) throws(CredentialError) {
        let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
        let bare = isBracketed ? String(text.dropFirst().dropLast()) : text
        if let address = Self.address(bare) {
            self = .address(address)
        } else if !isBracketed, Self.isDNSName(text) {
            self = .dnsName(text.lowercased())
        } else {
            throw CredentialError(
                .wrongRequest,
                "\"\(printable(text))\" is neither a DNS name nor an IP address: write a host without port or scheme")
        }
    }

    /// The names of this machine for itself: localhost, its loopback addresses, and its host name if it is a DNS name.
    package static func ofThisMachine() -> [CertificateHost] {
        var hosts: [CertificateHost] = [
            .dnsName("localhost"), .address([127, 0, 0, 1]), .address([UInt8](repeating: 0, count: 15) + [1]),
        ]
        if let name = hostName(), let host = try? CertificateHost(name), !hosts.contains(host) { hosts.append(host) }
        return hosts
    }

    private static func hostName() -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        // One byte less than there is: a name that is cut short then still ends with NUL.
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func address(_ text: String) -> [UInt8]? {
        guard !text.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        if inet_pton(AF_INET6, text, &bytes) == 1 { return bytes }
        return nil
    }

    private static func isDNSName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        // The last label of a DNS name is not a number: 10.0.0.256 is a mistyped address (RFC 1123, 2.1).
        guard let last = labels.last, !last.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return false }
        return labels.enumerated().allSatisfy { index, label in
            if index == 0, labels.count > 1, label.elementsEqual("*".utf8) { return true }
            return (1...63).contains(label.count) && label.first != UInt8(ascii: "-")
                && label.last != UInt8(ascii: "-") && label.allSatisfy(isLabelByte)
        }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension CertificateHost: CustomStringConvertible {
    package var description: String {
        switch self {
        case .dnsName(let name): return name
        case .address(let bytes):
            var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            let family = bytes.count == 4 ? AF_INET : AF_INET6
            guard bytes.count == 4 || bytes.count == 16,
                inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil
            else { return Hexadecimal.text(bytes) }
            return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }
}

/// `text` for a message: escaped where it would not print, and not longer than a line.
func printable(_ text: String) -> String {
    let escaped = text.unicodeScalars.prefix(80).reduce(into: "") { $0 += $1.escaped(asASCII: false) }
    return text.unicodeScalars.count > 80 ? escaped + "…" : escaped
}
