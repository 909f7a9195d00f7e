import Glibc

package enum AddressFamily: Sendable, Equatable {
    case v4
    case v6
}

/// An address that a name stands for.
package struct ResolvedAddress: Sendable, Equatable {
    package var text: String
    package var family: AddressFamily
    package init(text: String, family: AddressFamily) {
        self.text = text
        self.family = family
    }
}

package enum AddressResolver {
    /// Addresses that are looked at; the rest is ignored.
    package static let addressCountMax = 16

    /// Asks the system's resolver, in its order, without repetitions. Blocks for as long as the resolver is configured
    /// to try, so it belongs on a thread on which nothing else lives.
    package static func resolve(_ host: String) throws(MosquittoError) -> [ResolvedAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, nil, &hints, &list)
        guard result == 0 else {
            let reason = gai_strerror(result).map { String(cString: $0) } ?? "no reason given"
            throw MosquittoError(
                .nameNotFound,
                "The name \(host) can't be resolved (\(reason)); check its spelling and the name server")
        }
        defer { freeaddrinfo(list) }
        var addresses: [ResolvedAddress] = []
        var entry = list
        while let current = entry?.pointee, addresses.count < addressCountMax {
            defer { entry = current.ai_next }
            let family: AddressFamily
            switch current.ai_family {
            case AF_INET: family = .v4
            case AF_INET6: family = .v6
            default: continue
            }
            guard let text = numericText(current) else { continue }
            let address = ResolvedAddress(text: text, family: family)
            if !addresses.contains(address) { addresses.append(address) }
        }
        return addresses
    }

    private static func numericText(_ entry: addrinfo) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { buffer in
            guard let base = buffer.baseAddress,
                getnameinfo(
                    entry.ai_addr, entry.ai_addrlen, base, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0
            else { return nil }
            return String(cString: base)
        }
    }
}
