/// What one node takes on. Each limit has a policy and a counter where it is applied.
package struct LimitsConfiguration: Sendable, Equatable {
    /// The largest payload of a PUBLISH. 1B…256MB, default 1MB.
    package var payloadBytes = 1 << 20
    /// Connections at a time. 1…1,000,000, default 100,000.
    package var connections = 100_000
    /// The longest keep alive that a client is granted (MQTT 5: told to others; 3.1.1: they are refused). 1s…65535s, default 18h.
    package var keepAlive = Duration.seconds(18 * 3_600)
    /// Messages that wait for one session. 1…10,000,000, default 10,000.
    package var queuedMessages = 10_000
    /// All retained messages together. 0B…1TB, default 256MB.
    package var retainedBytes = 256 << 20
    /// What buffers, queues, windows and groups may hold together. 16MB…1TB, default 512MB.
    package var memoryBytes = 512 << 20
}

extension LimitsConfiguration {
    static func read(_ section: ConfigurationSection) -> LimitsConfiguration {
        var limits = LimitsConfiguration()
        section.bytes("payload", in: 1...(256 << 20)).map { limits.payloadBytes = $0 }
        section.integer("connections", in: 1...1_000_000).map { limits.connections = $0 }
        section.duration("keepalive", in: .seconds(1)...(.seconds(65_535))).map { limits.keepAlive = $0 }
        section.integer("queued-messages", in: 1...10_000_000).map { limits.queuedMessages = $0 }
        section.bytes("retained-bytes", in: 0...(1 << 40)).map { limits.retainedBytes = $0 }
        section.bytes("memory", in: (16 << 20)...(1 << 40)).map { limits.memoryBytes = $0 }
        section.finish()
        return limits
    }
}
