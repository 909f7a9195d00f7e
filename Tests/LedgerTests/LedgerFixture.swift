import Dispatch
import Foundation
import Messages
import Synchronization
import Testing

@testable import Ledger

/// A folder of its own that goes away with the object.
final class TemporaryFolder: Sendable {
    let path: String

    init(_ name: String = "ledger") {
        path = NSTemporaryDirectory() + "sluice-\(name)-\(UUID().uuidString)"
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var database: String { path + "/ledger.db" }

    /// What a power cut would leave: the files as they are, while the ledger is open.
    func copyAfterCrash() throws -> TemporaryFolder {
        let copy = TemporaryFolder("crash")
        try FileManager.default.createDirectory(atPath: copy.path, withIntermediateDirectories: true)
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: database + suffix) {
            try FileManager.default.copyItem(atPath: database + suffix, toPath: copy.database + suffix)
        }
        return copy
    }

    func overwrite(_ file: String, at offset: Int, with bytes: [UInt8]) throws {
        let handle = try #require(FileHandle(forUpdatingAtPath: file))
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }
}

/// A wall clock that tests set.
final class TestClock: Sendable {
    private let value: Mutex<Int64>
    init(_ milliseconds: Int64 = 1_800_000_000_000) { value = Mutex(milliseconds) }
    var milliseconds: Int64 { value.withLock { $0 } }
    func advance(_ milliseconds: Int64) { value.withLock { $0 += milliseconds } }
}

/// What completions report, in order.
final class CompletionLog: Sendable {
    private let entries = Mutex<[(Int, LedgerError?)]>([])
    func note(_ number: Int, _ error: LedgerError?) { entries.withLock { $0.append((number, error)) } }
    var numbers: [Int] { entries.withLock { $0.map(\.0) } }
    var errors: [LedgerError?] { entries.withLock { $0.map(\.1) } }
}

/// xorshift64*; the same seed gives the same numbers.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed | 1 }
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

extension Ledger {
    /// Submits and waits for the commit.
    @discardableResult
    func commit(_ operations: [LedgerOperation]) async -> LedgerError? {
        await withCheckedContinuation { continuation in
            submit(operations) { continuation.resume(returning: $0) }
        }
    }

    /// Returns when the writer waits for the gate.
    func holdWriter(until gate: DispatchSemaphore) async {
        await withCheckedContinuation { continuation in
            submit([]) { _ in
                continuation.resume()
                gate.wait()
            }
        }
    }

    /// Submits all batches while the writer is busy, so that they meet in one transaction; the results in order.
    func commitTogether(_ batches: [[LedgerOperation]]) async -> [LedgerError?] {
        let log = CompletionLog()
        let gate = DispatchSemaphore(value: 0)
        await holdWriter(until: gate)
        return await withCheckedContinuation { continuation in
            for (number, batch) in batches.enumerated() { submit(batch) { log.note(number, $0) } }
            submit([]) { _ in continuation.resume(returning: log.errors) }
            gate.signal()
        }
    }
}

func options(
    _ folder: TemporaryFolder, bytesMax: Int64? = nil, limits: [String: OutboxLimits] = [:],
    clock: TestClock = TestClock()
) -> Ledger.Options {
    var options = Ledger.Options(folder: folder.path, node: "gw", databaseBytesMax: bytesMax, outboxLimits: limits)
    options.nowMilliseconds = { clock.milliseconds }
    return options
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func message(_ topic: String, _ payload: String = "", size: Int = 0, retain: Bool = false) -> Message {
    Message(
        topic: bytes(topic), payload: bytes(payload) + [UInt8](repeating: 7, count: size), properties: [1, 2],
        qos: .atLeastOnce,
        retain: retain, expiresAtMilliseconds: 5)
}

func session(_ key: Int64, will: Message? = nil) -> LedgerOperation {
    .putSession(
        SessionRecord(
            key: SessionKey(key), clientID: bytes("client-\(key)"), version: .v5, expirySeconds: 60,
            disconnectedAtMilliseconds: nil, identity: key % 2 == 0 ? "name-\(key)" : nil, listener: "local",
            will: will,
            willDelaySeconds: 3))
}

func enqueue(_ key: Int64, _ sequence: UInt64, _ message: Message) -> LedgerOperation {
    .enqueue(
        SessionKey(key), sequence: sequence,
        delivery: QueuedDelivery(
            message: message, qos: .atLeastOnce, retain: false, subscriptionIdentifiers: [7, 70_000]))
}

func append(
    _ payload: String, lane: String = "r", bridge: String = "cloud", id: String? = nil, size: Int = 0,
    created: Int64 = 1_800_000_000_000, expires: Int64? = nil
) -> LedgerOperation {
    .appendOutbox(
        OutboxEntry(
            bridge: bridge, lane: lane, id: id, topic: bytes("t/\(payload)"),
            payload: bytes(payload) + [UInt8](repeating: 7, count: size), properties: [9], qos: .atLeastOnce,
            retain: false,
            createdAtMilliseconds: created, expiresAtMilliseconds: expires))
}

func sequences(_ ledger: Ledger, lane: String = "r", bridge: String = "cloud") throws -> [UInt64] {
    let reader = try ledger.makeOutboxReader(bridge: bridge)
    var all: [UInt64] = []
    while true {
        let rows = try reader.rows(lane: lane, after: all.last ?? 0, limit: 1_000)
        guard !rows.isEmpty else { return all }
        all += rows.map(\.sequence)
    }
}

/// What a start after a crash finds.
func stateAfterCrash(_ folder: TemporaryFolder) throws -> RecoveredState {
    let copy = try folder.copyAfterCrash()
    let (ledger, state) = try Ledger.open(options(copy))
    ledger.close()
    return state
}

/// Counts rows behind the ledger's back.
func count(_ folder: TemporaryFolder, _ sql: String) throws -> Int64? {
    try SQLiteConnection(path: folder.database, access: .readOnly).integer(sql)
}
