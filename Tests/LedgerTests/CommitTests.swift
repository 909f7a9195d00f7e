import Dispatch
import Messages
import Synchronization
import Testing

@testable import Ledger

@Suite struct CommitTests {
    @Test func `every commit is synced, the log is written ahead, pages can be given back`() async throws {
        let folder = TemporaryFolder()
        let connection = try SQLiteConnection(path: folder.path + ".db", access: .readWrite)
        defer { LedgerFolder(path: folder.path).remove(folder.path + ".db") }
        try Opening.configure(connection, isNew: true)
        #expect(try connection.integer("PRAGMA synchronous") == 2)
        #expect(try connection.text("PRAGMA journal_mode") == "wal")
        #expect(try connection.integer("PRAGMA auto_vacuum") == 2)
        #expect(try connection.integer("PRAGMA journal_size_limit") == Int64(LedgerLimits.logFileBytes))
    }

    @Test func `what waits while the writer is busy goes into one commit, completions in order`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        let before = ledger.statistics()
        let log = CompletionLog()
        let gate = DispatchSemaphore(value: 0)
        await ledger.holdWriter(until: gate)
        await withCheckedContinuation { continuation in
            for number in 0..<100 { ledger.submit([append("\(number)")]) { log.note(number, $0) } }
            ledger.submit([]) { _ in continuation.resume() }
            gate.signal()
        }
        #expect(log.numbers == Array(0..<100))
        #expect(log.errors.allSatisfy { $0 == nil })
        let after = ledger.statistics()
        #expect(after.commits - before.commits == 1)
        #expect(after.operations - before.operations == 100)
        #expect(try sequences(ledger) == Array(1...100))
        ledger.close()
    }

    @Test func `a transaction takes no more operations than its limit`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        let batch = (0..<100).map { LedgerOperation.addReceived(SessionKey(1), packetID: UInt16($0)) }
        let count = LedgerLimits.operationsPerTransaction / 100 * 3
        let errors = await ledger.commitTogether(Array(repeating: batch, count: count))
        #expect(errors.count == count && errors.allSatisfy { $0 == nil })
        #expect(ledger.statistics().commits == 3)
        ledger.close()
    }

    @Test func `one batch that fails is rolled back and spoils no other`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        // The same place in a queue twice breaks a primary key.
        let bad: [LedgerOperation] = [append("bad"), enqueue(1, 1, message("a")), enqueue(1, 1, message("b"))]
        let errors = await ledger.commitTogether([[append("one")], bad, [append("two")]])
        #expect(errors.map { $0?.code } == [nil, .misuse, nil])
        #expect(try sequences(ledger) == [1, 2])
        #expect(ledger.outboxStatus(bridge: "cloud").rows == 2)
        #expect(ledger.statistics().failures == 1)
        #expect(await ledger.commit([append("three")]) == nil)
        let reader = try ledger.makeOutboxReader(bridge: "cloud")
        #expect(try reader.rows(lane: "r", after: 0, limit: 9).map { text($0.payload) } == ["one", "two", "three"])
        ledger.close()
        #expect(try count(folder, "SELECT count(*) FROM queue") == 0)
        #expect(try count(folder, "SELECT count(*) FROM messages") == 0)
    }

    @Test func `a lane that a failed batch would have begun is begun by the next`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit([append("x", lane: "old")])
        let bad = [
            append("bad", lane: "new"), append("bad", lane: "old"), enqueue(1, 1, message("a")),
            enqueue(1, 1, message("b")),
        ]
        #expect(await ledger.commit(bad)?.code == .misuse)
        #expect(await ledger.commit([append("good", lane: "new"), append("good", lane: "old")]) == nil)
        #expect(try sequences(ledger, lane: "new") == [1])
        #expect(try sequences(ledger, lane: "old") == [1, 2])
        #expect(ledger.outboxStatus(bridge: "cloud").rows == 3)
        ledger.close()
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `submits from several threads are all stored, each thread's in its order`(seed: UInt64) async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        let log = CompletionLog()
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    var random = SeededGenerator(seed: seed &* 31 &+ UInt64(thread))
                    var number = 0
                    while number < 500 {
                        let size = Int.random(in: 1...20, using: &random)
                        let batch = (number..<min(number + size, 500)).map { append("\($0)", lane: "lane-\(thread)") }
                        number += batch.count
                        if Bool.random(using: &random) {
                            #expect(await ledger.commit(batch) == nil)
                        } else {
                            ledger.submit(batch) { log.note(thread, $0) }
                        }
                    }
                }
            }
        }
        await ledger.commit([])
        #expect(log.errors.allSatisfy { $0 == nil })
        for thread in 0..<4 {
            let reader = try ledger.makeOutboxReader(bridge: "cloud")
            let rows = try reader.rows(lane: "lane-\(thread)", after: 0, limit: 1_000)
            #expect(rows.map { text($0.payload) } == (0..<500).map(String.init))
            #expect(rows.map(\.sequence) == Array(1...500))
        }
        #expect(ledger.statistics().queuedOperations == 0)
        ledger.close()
    }

    @Test func `beyond its limit the queue says so and still accepts`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        let gate = DispatchSemaphore(value: 0)
        await ledger.holdWriter(until: gate)
        let batch = Array(
            repeating: LedgerOperation.removeReceived(SessionKey(1), packetID: 1), count: LedgerLimits.queuedOperations)
        ledger.submit(batch) { _ in }
        #expect(!ledger.isSaturated)
        ledger.submit([.removeReceived(SessionKey(1), packetID: 1)]) { _ in }
        #expect(ledger.isSaturated)
        #expect(ledger.statistics().saturatedSubmissions == 0)
        ledger.submit([]) { _ in }
        #expect(ledger.statistics().saturatedSubmissions == 1)
        gate.signal()
        await ledger.commit([])
        #expect(!ledger.isSaturated)
        ledger.close()
    }

    @Test func `close commits what was submitted, later batches are told`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        let log = CompletionLog()
        for number in 0..<50 { ledger.submit([append("\(number)")]) { log.note(number, $0) } }
        ledger.close()
        #expect(log.numbers == Array(0..<50))
        #expect(await ledger.commit([append("late")])?.code == .closed)
        ledger.close()
        let (again, _) = try Ledger.open(options(folder))
        #expect(again.outboxStatus(bridge: "cloud").rows == 50)
        again.close()
    }

    @Test func `the last reference may go away in a completion`() async throws {
        let folder = TemporaryFolder()
        let opened = Mutex<Ledger?>(try Ledger.open(options(folder)).ledger)
        await withCheckedContinuation { continuation in
            opened.withLock { $0 }?.submit([append("x")]) { _ in
                opened.withLock { $0 = nil }
                continuation.resume()
            }
        }
    }

    @Test func `wakes come after the commit, for the bridge that got rows`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        let log = CompletionLog()
        ledger.onOutboxCommit(bridge: "cloud") { log.note(1, nil) }
        ledger.onOutboxCommit(bridge: "other") { log.note(2, nil) }
        await ledger.commit([session(1)])
        await ledger.commit([append("x")])
        await ledger.commit([.removeOutbox(bridge: "cloud", lane: "r", through: 1)])
        await ledger.commit([append("y", bridge: "other"), append("z")])
        await ledger.commit([])
        #expect(log.numbers.sorted() == [1, 1, 2])
        ledger.close()
    }
}
