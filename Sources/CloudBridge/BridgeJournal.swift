import Ledger
import Logging
import Messages

/// Writes what happens to a bridge into the log: who, where, what to do.
struct BridgeJournal {
    private let logger: Logger
    private let place: String
    private var deadLetters = LineLimit()
    private var troubles = LineLimit()

    /// `logger` names the bridge already.
    init(_ logger: Logger, place: String) {
        self.logger = logger
        self.place = place
    }

    mutating func note(_ notice: BridgeMachine.Notice, at now: Int64) {
        switch notice {
        case .connected(let version, let window):
            logger.info(
                "connected to the upstream broker",
                metadata: ["broker": "\(place)", "mqtt": version == .v5 ? "5" : "3.1.1", "window": "\(window)"])
        case .disconnected(let reason, let pause):
            logger.warning(
                "the connection to the upstream broker ended; messages stay in the outbox",
                metadata: ["broker": "\(place)", "reason": "\(reason)", "again-in-ms": "\(pause)"])
        case .connectFailed(let reason, let pause):
            logger.warning(
                "no connection to the upstream broker; messages stay in the outbox",
                metadata: ["broker": "\(place)", "reason": "\(reason)", "again-in-ms": "\(pause)"])
        case .olderVersion(let reason):
            logger.notice(
                "the upstream broker refused this version of MQTT; the other one is tried",
                metadata: ["broker": "\(place)", "reason": "\(reason)"])
        case .deadLetter(let row, let reason):
            guard let unlogged = deadLetters.admit(at: now) else { return }
            logger.error(
                "the upstream broker does not take a message; it is given up",
                metadata: [
                    "broker": "\(place)", "id": "\(row.id)", "topic": "\(String(decoding: row.topic, as: UTF8.self))",
                    "lane": "\(row.lane)", "reason": "\(reason)", "not-logged-before": "\(unlogged)",
                ])
        case .laneBlocked(let lane, let reason):
            guard let unlogged = troubles.admit(at: now) else { return }
            logger.warning(
                "the upstream broker refused a message for now; its lane waits",
                metadata: [
                    "broker": "\(place)", "lane": "\(lane)", "reason": "\(reason)", "not-logged-before": "\(unlogged)",
                ])
        case .ledgerTrouble(let reason):
            guard let unlogged = troubles.admit(at: now) else { return }
            logger.error(
                "the outbox can't be read or shortened; it is tried again",
                metadata: ["reason": "\(reason)", "not-logged-before": "\(unlogged)"])
        case .lanesIgnored:
            guard troubles.admit(at: now) != nil else { return }
            logger.error(
                "the outbox has too many lanes; messages of the others are not carried",
                metadata: ["lanes-max": "\(BridgeMachine.laneCountMax)"])
        }
    }
}

/// Lets at most so many lines a minute through and counts the rest.
struct LineLimit {
    static let linesPerMinute = 20
    private var minute: Int64 = .min
    private var lines = 0
    private var unlogged = 0

    /// nil: not to be logged. Else how many were not logged since the last one that was.
    mutating func admit(at milliseconds: Int64) -> Int? {
        let current = milliseconds / 60_000
        if current != minute {
            minute = current
            lines = 0
        }
        guard lines < Self.linesPerMinute else {
            unlogged += 1
            return nil
        }
        lines += 1
        defer { unlogged = 0 }
        return unlogged
    }
}
