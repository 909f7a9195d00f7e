/// All that a node is told: `sluice.yaml`, the environment, and defaults for the rest.
///
/// Paths are absolute or relative to the working folder, ready to be opened.
package struct NodeConfiguration: Sendable, Equatable {
    /// Identity of this node in topics, metrics and message ids. Default: `sluice`.
    package var node: String
    /// The ledger's folder. Default: `data`.
    package var data: String
    /// Folders and files with rules. Default: `rules`, if there is such a folder.
    package var rules: [String]
    /// Default: one, `local`, on 127.0.0.1:1883, anonymous.
    package var listeners: [ListenerConfiguration]
    /// The first that fits decides; none: refused. Default: anonymous listeners that only this machine can reach are open.
    package var access: [AccessConfiguration]
    package var limits: LimitsConfiguration
    package var inference: InferenceConfiguration
    /// For listeners that do not say otherwise. Default: `commit`.
    package var durability: DurabilityConfiguration
    package var bridges: [BridgeConfiguration]

    /// The file it was read from; `nil`: defaults and environment only.
    package var source: String?
    /// What is not wrong but probably not meant, a sentence each, to be logged at start.
    package var warnings: [String]
}

/// When a PUBLISH with QoS 1 or 2 is acknowledged.
package enum DurabilityConfiguration: String, Sendable, CaseIterable {
    /// Once all that it caused is on disk.
    case commit
    /// At once.
    case memory
}

/// A text that must not appear in logs. `reveal()` is the only way to it.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    package init(_ text: String) {
        self.text = text
    }

    package func reveal() -> String { text }

    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
