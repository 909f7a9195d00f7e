import Foundation
import Messages
import Testing

@testable import Ledger

@Suite struct RecoveryTests {
    @Test func `everything that was committed is there after a crash`() async throws {
        let folder = TemporaryFolder()
        let (ledger, created) = try Ledger.open(options(folder))
        #expect(created.report.outcome == .created)
        let shared = message("a/b", "body", size: 100)
        let will = message("will", "gone")
        await ledger.commit([
            session(1, will: will), session(2),
            .putSubscription(
                SessionKey(1), SubscriptionRecord(filter: bytes("a/#"), options: 0b101, identifier: 70_000)),
            .putSubscription(SessionKey(1), SubscriptionRecord(filter: bytes("b"), options: 1, identifier: 0)),
            enqueue(1, 10, shared), enqueue(2, 1, shared), enqueue(1, 11, message("c", "second")),
            .addReceived(SessionKey(1), packetID: 65_535), .addReceived(SessionKey(1), packetID: 3),
        ])
        await ledger.commit([
            .markDelivery(SessionKey(1), sequence: 10, packetID: 4, state: .released),
            .deleteSubscription(SessionKey(1), filter: bytes("b")), .removeReceived(SessionKey(1), packetID: 3),
            .retain(message("r/1", "old")), .retain(message("r/2", "gone")), .retain(message("r/1", "new")),
            .clearRetained(topic: bytes("r/2")),
        ])
        let copy = try folder.copyAfterCrash()
        let (reopened, state) = try Ledger.open(options(copy))
        #expect(state.report.outcome == .opened && state.report.pageCheck == .complete)
        #expect(state.greatestSessionKey == 2)
        #expect(state.sessions.map(\.record.key.value) == [1, 2])
        let first = try #require(state.sessions.first)
        #expect(
            text(first.record.clientID) == "client-1" && first.record.identity == nil
                && first.record.listener == "local")
        #expect(first.record.version == .v5 && first.record.expirySeconds == 60 && first.record.willDelaySeconds == 3)
        #expect(first.record.will.map { text($0.payload) } == "gone")
        #expect(first.subscriptions == [SubscriptionRecord(filter: bytes("a/#"), options: 0b101, identifier: 70_000)])
        #expect(first.received == [65_535])
        #expect(first.queue.map(\.sequence) == [10, 11])
        #expect(first.queue.map(\.packetID) == [4, 0] && first.queue.map(\.state) == [.released, .waiting])
        #expect(first.queue[0].delivery.subscriptionIdentifiers == [7, 70_000])
        let body = first.queue[0].delivery.message
        #expect(body.topic == shared.topic && body.payload == shared.payload && body.properties == [1, 2])
        #expect(body.expiresAtMilliseconds == 5 && body.qos == .atLeastOnce)
        #expect(state.sessions[1].queue[0].delivery.message === body)
        #expect(state.sessions[1].record.identity == "name-2")
        #expect(state.retained.map { text($0.payload) } == ["new"])
        #expect(reopened.epoch == ledger.epoch && ledger.epoch.count == 16)
        reopened.close()
        ledger.close()
    }

    @Test func `a commit whose end did not reach the disk is not there, those before are`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        for number in 1...20 { await ledger.commit([append("\(number)", size: 300)]) }
        let copy = try folder.copyAfterCrash()
        ledger.close()
        let log = copy.database + "-wal"
        let size = try #require(try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int)
        for cut in [1, 100, 4_119, 4_120, 9_000] {
            let torn = try copy.copyAfterCrash()
            try #require(FileHandle(forWritingAtPath: torn.database + "-wal")).truncate(atOffset: UInt64(size - cut))
            let (reopened, state) = try Ledger.open(options(torn))
            #expect(state.report.outcome == .opened)
            let found = try sequences(reopened)
            #expect(found == Array(1...UInt64(found.count)) && found.count >= 16 && found.count < 20)
            #expect(reopened.outboxStatus(bridge: "cloud").rows == Int64(found.count))
            reopened.close()
        }
    }

    @Test func `a body is stored once and goes with its last delivery, across a restart too`() async throws {
        let folder = TemporaryFolder()
        var (ledger, _) = try Ledger.open(options(folder))
        let shared = message("a", "shared")
        await ledger.commit([session(1), session(2), session(3)])
        await ledger.commit([enqueue(1, 1, shared), enqueue(2, 1, shared)])
        await ledger.commit([enqueue(3, 1, shared), session(3, will: shared)])
        #expect(try count(folder, "SELECT count(*) FROM messages") == 1)
        await ledger.commit([.dequeue(SessionKey(1), sequence: 1)])
        ledger.close()
        ledger = try Ledger.open(options(folder)).ledger
        await ledger.commit([.dequeue(SessionKey(2), sequence: 1)])
        await ledger.commit([.dequeue(SessionKey(3), sequence: 1), .dequeue(SessionKey(3), sequence: 9)])
        #expect(try count(folder, "SELECT count(*) FROM messages") == 1)
        await ledger.commit([session(3)])
        #expect(try count(folder, "SELECT count(*) FROM messages") == 0)
        ledger.close()
    }

    @Test func `a failed batch leaves references to bodies as they were`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        let shared = message("a", "shared")
        await ledger.commit([enqueue(1, 1, shared), enqueue(2, 1, shared)])
        #expect(await ledger.commit([.dequeue(SessionKey(1), sequence: 1), enqueue(2, 1, shared)])?.code == .misuse)
        await ledger.commit([.dequeue(SessionKey(1), sequence: 1)])
        #expect(try count(folder, "SELECT count(*) FROM messages") == 1)
        await ledger.commit([.dequeue(SessionKey(2), sequence: 1)])
        #expect(try count(folder, "SELECT count(*) FROM messages") == 0)
        ledger.close()
    }

    @Test func `a delivery acknowledged before its commit never touches the disk`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit([session(1)])
        let body = message("a", size: 500_000)
        let bytesBefore = ledger.statistics().bytes
        let errors = await ledger.commitTogether([
            [enqueue(1, 1, body)], [.markDelivery(SessionKey(1), sequence: 1, packetID: 1, state: .sent)],
            [.dequeue(SessionKey(1), sequence: 1), enqueue(1, 2, message("b"))],
        ])
        #expect(errors.allSatisfy { $0 == nil })
        #expect(ledger.statistics().bytes - bytesBefore < 100_000)
        #expect(try count(folder, "SELECT count(*) FROM queue") == 1)
        ledger.close()
    }

    @Test func `the queue of a deleted session goes in steps, also after a crash on the way`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit(
            [session(1), session(2)] + (1...3_500).map { enqueue(1, UInt64($0), message("q", "\($0)")) })
        await ledger.commit([enqueue(2, 1, message("keep"))])
        let rowsAfterFirstStep = try await withCheckedContinuation { continuation in
            ledger.submit([.deleteSession(SessionKey(1))]) { error in
                continuation.resume(returning: Result { try (error, folder.copyAfterCrash()) })
            }
        }.get()
        #expect(rowsAfterFirstStep.0 == nil)
        // Deferred deletions are done before close returns only if there was time; the copy was made right after the
        // commit.
        #expect(try count(rowsAfterFirstStep.1, "SELECT count(*) FROM queue") == 2_501)
        #expect(await ledger.commit([enqueue(1, 9_999, message("late"))]) == nil)
        #expect(ledger.statistics().lateDeliveries == 1)
        let (reopened, state) = try Ledger.open(options(rowsAfterFirstStep.1))
        #expect(state.sessions.map(\.record.key.value) == [2] && state.greatestSessionKey == 2)
        for _ in 0..<5 { await reopened.commit([session(2)]) }
        #expect(try count(rowsAfterFirstStep.1, "SELECT count(*) FROM queue") == 1)
        #expect(try count(rowsAfterFirstStep.1, "SELECT count(*) FROM messages") == 1)
        reopened.close()
        ledger.close()
    }

    @Test func `the greatest session key outlives its session`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit([session(41), session(7), .deleteSession(SessionKey(41))])
        ledger.close()
        let (again, state) = try Ledger.open(options(folder))
        #expect(state.greatestSessionKey == 41 && state.sessions.count == 1)
        again.close()
    }

    @Test func `a snapshot replaces the inputs before it, in the same commit`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        let errors = await ledger.commitTogether([
            [.ruleInputs([1])], [.ruleInputs([2, 2])],
            [
                .ruleSnapshot(
                    RuleSnapshot(
                        groups: [
                            .init(rule: "a", key: [1], state: [10]), .init(rule: "a", key: [2], state: [20]),
                            .init(rule: "b", key: [1], state: []),
                        ], replacesAll: false))
            ],
            [.ruleInputs([3])], [.ruleInputs([4])],
        ])
        #expect(errors.allSatisfy { $0 == nil })
        var state = try stateAfterCrash(folder)
        #expect(state.ruleInputs == [[3], [4]])
        #expect(state.ruleGroups.map(\.rule) == ["a", "a", "b"])
        await ledger.commit([
            .ruleSnapshot(
                RuleSnapshot(
                    groups: [.init(rule: "a", key: [1], state: [11]), .init(rule: "a", key: [2], state: nil)],
                    replacesAll: false))
        ])
        state = try stateAfterCrash(folder)
        #expect(state.ruleInputs.isEmpty)
        #expect(state.ruleGroups.map { $0.state ?? [] } == [[11], []])
        await ledger.commit([
            .ruleSnapshot(RuleSnapshot(groups: [.init(rule: "c", key: [], state: [5])], replacesAll: true))
        ])
        state = try stateAfterCrash(folder)
        #expect(state.ruleGroups.map(\.rule) == ["c"])
        ledger.close()
    }

    @Test func `a large outbox does not delay the start`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        for start in 0..<20 { ledger.submit((0..<1_000).map { append("\(start)-\($0)", size: 150) }) { _ in } }
        await ledger.commit([])
        let copy = try folder.copyAfterCrash()
        ledger.close()
        let (reopened, state) = try Ledger.open(options(copy))
        #expect(state.report.seconds < 2)
        #expect(reopened.outboxStatus(bridge: "cloud").rows == 20_000)
        #expect(try reopened.makeOutboxReader(bridge: "cloud").rows(lane: "r", after: 19_990, limit: 100).count == 10)
        reopened.close()
    }
}
