/// Who a client is, as far as the broker could prove it.
package struct ClientIdentity: Sendable, Hashable {
    /// The name that its certificate proved (`Identity.PeerIdentity`), or nil for a client without one.
    package let proved: String?
    /// The listener it came through, as named in the configuration.
    package let listener: String

    package init(proved: String?, listener: String) {
        self.proved = proved
        self.listener = listener
    }
}
