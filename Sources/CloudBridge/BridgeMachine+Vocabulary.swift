package import Ledger
package import Messages
package import MosquittoClient

/// A moment on both clocks.
package struct BridgeTime: Sendable, Equatable {
    /// Only goes forward; for pauses and timeouts.
    package var monotonicMilliseconds: Int64
    /// Since the Unix epoch; for the expiry of messages.
    package var wallMilliseconds: Int64
    package init(monotonicMilliseconds: Int64, wallMilliseconds: Int64) {
        self.monotonicMilliseconds = monotonicMilliseconds
        self.wallMilliseconds = wallMilliseconds
    }
}

extension BridgeMachine {
    package struct Settings: Sendable {
        package var window: Int
        package var acknowledgementTimeoutMilliseconds: Int64
        package var connectTimeoutMilliseconds: Int64
        package var version: UpstreamConfiguration.VersionPreference
        package var preset: BridgePreset
        /// Lanes known before the ledger is asked.
        package var lanes: [String]
        package var seed: UInt64
        package init(
            window: Int = 32, acknowledgementTimeoutMilliseconds: Int64 = 20_000,
            connectTimeoutMilliseconds: Int64 = 15_000,
            version: UpstreamConfiguration.VersionPreference = .newest, preset: BridgePreset = .generic,
            lanes: [String] = [], seed: UInt64
        ) {
            self.window = window
            self.acknowledgementTimeoutMilliseconds = acknowledgementTimeoutMilliseconds
            self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
            self.version = version
            self.preset = preset
            self.lanes = lanes
            self.seed = seed
        }
    }

    /// Names one exchange with the server. Never used twice.
    package struct Token: Sendable, Hashable {
        package var value: UInt64
        var lane: Int { Int(value >> 48) }
        init(lane: Int, number: UInt64) { value = UInt64(lane) << 48 | (number & 0xFFFF_FFFF_FFFF) }
    }

    package struct Failure: Sendable, Equatable {
        package var kind: FailureKind
        /// Who, where, and what to do.
        package var text: String
        /// Another address of the same name may still work.
        package var isWorthAnotherAddress: Bool
        /// The server ended the connection because of a message, not because of the connection.
        package var blamesMessage: Bool
        package init(
            _ kind: FailureKind, _ text: String, isWorthAnotherAddress: Bool = false, blamesMessage: Bool = false
        ) {
            self.kind = kind
            self.text = text
            self.isWorthAnotherAddress = isWorthAnotherAddress
            self.blamesMessage = blamesMessage
        }
    }

    package enum Event: Sendable {
        case start
        /// Finish what is under way, then end.
        case stop
        case resolved(addressCount: Int)
        case resolveFailed(Failure)
        case connected(ServerLimits)
        /// The connection, or the attempt to get one, is over.
        case closed(Failure)
        /// PUBACK or PUBCOMP with its reason code; QoS 0: written.
        case acknowledged(Token, reason: UInt8)
        /// The message can't be handed over as it is: too large for this server, or no valid topic.
        case unsendable(Token, String)
        case lanes([String])
        case rows(lane: Int, [OutboxRow])
        case readFailed(lane: Int?, String)
        /// The ledger committed new rows.
        case outboxGrew
        case removed(lane: Int, failure: String?)
    }

    package struct Outgoing: Sendable, Equatable {
        package var token: Token
        package var row: OutboxRow
        package var qos: QoS
        package var retain: Bool
        /// Seconds left until it expires; nil: never.
        package var expirySeconds: UInt32?
    }

    package enum Action: Sendable, Equatable {
        case resolve
        case connect(address: Int, version: ProtocolVersion)
        case publish(Outgoing)
        /// Drop the connection; with DISCONNECT where `inOrder`.
        case close(inOrder: Bool)
        case listLanes
        case read(lane: Int, name: String, after: UInt64, limit: Int)
        case remove(lane: Int, name: String, through: UInt64)
        case notice(Notice)
        case finished
    }

    /// What an operator may want to read.
    package enum Notice: Sendable, Equatable {
        case connected(version: ProtocolVersion, window: Int)
        case disconnected(String, pauseMilliseconds: Int64)
        case connectFailed(String, pauseMilliseconds: Int64)
        case olderVersion(String)
        /// The row is given up: it leaves the outbox without having been delivered.
        case deadLetter(OutboxRow, reason: String)
        case laneBlocked(lane: String, reason: String)
        case ledgerTrouble(String)
        case lanesIgnored(Int)
    }

    package enum State: String, Sendable, Equatable {
        case stopped
        case resolving
        case connecting
        case connected
        case stopping
        case waiting
    }
}

/// What a bridge did since it was started.
package struct BridgeCounters: Sendable, Equatable {
    package var sent: UInt64 = 0
    package var acknowledged: UInt64 = 0
    /// Sent before on an earlier connection, or refused before.
    package var resent: UInt64 = 0
    package var acknowledgementTimeouts: UInt64 = 0
    package var connects: UInt64 = 0
    package var disconnects: UInt64 = 0
    package var connectFailures: UInt64 = 0
    /// Refusals after which the message was tried again.
    package var refusals: UInt64 = 0
    /// Rows given up, so not delivered.
    package var deadLetters: UInt64 = 0
    package var expired: UInt64 = 0
    /// Sent with a lower QoS, or without retain, since the server can't do it.
    package var qosLowered: UInt64 = 0
    package var retainStripped: UInt64 = 0
    package init() {}
}
