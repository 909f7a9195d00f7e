/// What a peer may make the decoder hold. Lengths are checked as soon as they are known, before the bytes have arrived.
package struct WireLimits: Sendable, Equatable {
    /// The greatest packet that can be configured: half of what the format allows, so that what is added on the way out
    /// (subscription identifiers, expiry) can never pass the format's own end at 256 MiB.
    package static let packetBytesCeiling = 128 * 1024 * 1024
    /// The greatest number a variable byte integer holds (MQTT 5.0, 1.5.5).
    package static let variableByteIntegerMax = 268_435_455
    /// The greatest packet the format allows, with its fixed header: what a receiver without Maximum Packet Size takes.
    package static let formatPacketBytesMax = variableByteIntegerMax + 5

    /// Whole packet with its fixed header; the server announces it as Maximum Packet Size. 32…`packetBytesCeiling`.
    package var packetBytesMax: Int { didSet { packetBytesMax = Self.clamped(packetBytesMax) } }
    /// The same for CONNECT, which comes from a peer that nobody has authenticated yet.
    package var connectBytesMax: Int
    /// Topic filters in one SUBSCRIBE or UNSUBSCRIBE.
    package var topicFiltersMax: Int
    /// User properties in one packet other than PUBLISH (those of a PUBLISH stay bytes in the read buffer).
    package var userPropertiesMax: Int

    package init(
        packetBytesMax: Int = 1024 * 1024 + 64 * 1024, connectBytesMax: Int = 128 * 1024,
        topicFiltersMax: Int = 8192, userPropertiesMax: Int = 128
    ) {
        self.packetBytesMax = Self.clamped(packetBytesMax)
        self.connectBytesMax = connectBytesMax
        self.topicFiltersMax = topicFiltersMax
        self.userPropertiesMax = userPropertiesMax
    }

    private static func clamped(_ byteCount: Int) -> Int { min(max(byteCount, 32), packetBytesCeiling) }
}
