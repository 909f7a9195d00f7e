import Foundation
import Messages
import Testing

@testable import Ledger

@Suite struct FullDiskTests {
    @Test func `at the quota batches are refused whole, removing makes room again`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder, bytesMax: 1 << 20))
        await ledger.commit([session(1)])
        var stored: UInt64 = 0
        var refused: LedgerError?
        while refused == nil, stored < 1_000 {
            refused = await ledger.commit([enqueue(1, stored + 1, message("q", size: 10_000))])
            if refused == nil { stored += 1 }
        }
        #expect(refused?.code == .full)
        #expect(refused?.message.contains("quota") == true)
        #expect(stored > 50 && stored < 110)
        #expect(await ledger.commit([enqueue(1, 5_000, message("q", size: 10_000))])?.code == .full)
        let errors = await ledger.commitTogether([
            [enqueue(1, 6_000, message("q", size: 50_000))], [.dequeue(SessionKey(1), sequence: 1)],
            [.dequeue(SessionKey(1), sequence: 2)], [enqueue(1, 6_001, message("q", size: 10_000))],
        ])
        #expect(errors.map { $0?.code } == [.full, nil, nil, nil])
        ledger.close()
        let (again, state) = try Ledger.open(options(folder))
        #expect(state.sessions.first?.queue.map(\.sequence) == Array(3...stored) + [6_001])
        again.close()
    }

    @Test func `at the quota an outbox that drops its oldest takes the newest`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder, bytesMax: 1 << 20))
        var errors = 0
        for number in 1...400 where await ledger.commit([append("\(number)", size: 5_000)]) != nil { errors += 1 }
        #expect(errors == 0)
        let found = try sequences(ledger)
        let status = ledger.outboxStatus(bridge: "cloud")
        #expect(found.last == 400 && found.count < 200 && found.count > 80)
        #expect(status.rows == Int64(found.count) && status.droppedFull == 400 - status.rows)
        let gaps = try ledger.makeOutboxReader(bridge: "cloud").gaps(lane: "r")
        #expect(gaps.map(\.from) == [1] && gaps.map(\.through) == [400 - UInt64(found.count)])
        ledger.close()
    }

    @Test func `at the quota an outbox that drops its newest reports that it is full`() async throws {
        let folder = TemporaryFolder()
        let limits = ["cloud": OutboxLimits(bytes: 1 << 30, ageMilliseconds: 1 << 40, whenFull: .dropNewest)]
        let (ledger, _) = try Ledger.open(options(folder, bytesMax: 1 << 20, limits: limits))
        var error: LedgerError?
        for number in 1...400 where error == nil { error = await ledger.commit([append("\(number)", size: 5_000)]) }
        #expect(error?.code == .full)
        ledger.close()
    }

    @Test(.enabled(if: SmallDisk.isPossible, "needs the right to mount a tmpfs"), arguments: [4, 16])
    func `the quota follows the file system, so that deleting works when it is reached`(megabytes: Int) async throws {
        let disk = try SmallDisk(megabytes: megabytes)
        let (ledger, _) = try Ledger.open(Ledger.Options(folder: disk.path, node: "gw"))
        await ledger.commit([session(1)])
        var stored: UInt64 = 0
        while await ledger.commit([enqueue(1, stored + 1, message("q", size: 20_000))]) == nil, stored < 10_000 {
            stored += 1
        }
        #expect(stored > UInt64(megabytes * 15) && stored < UInt64(megabytes * 40))
        #expect(!ledger.statistics().isReserveSpent)
        for sequence in 1...stored {
            #expect(await ledger.commit([.dequeue(SessionKey(1), sequence: sequence)]) == nil)
        }
        #expect(await ledger.commit([enqueue(1, 90_000, message("q", size: 20_000))]) == nil)
        ledger.close()
    }

    @Test(.enabled(if: SmallDisk.isPossible, "needs the right to mount a tmpfs"))
    func `another program fills the disk: what frees space is still stored, and all is again when there is room`()
        async throws
    {
        let disk = try SmallDisk(megabytes: 8)
        let (ledger, _) = try Ledger.open(Ledger.Options(folder: disk.path, node: "gw"))
        await ledger.commit([session(1)])
        for sequence in 1...60 { await ledger.commit([enqueue(1, UInt64(sequence), message("q", size: 20_000))]) }
        try disk.fill()
        var sequence: UInt64 = 100
        var error: LedgerError?
        while error == nil, sequence < 1_000 {
            error = await ledger.commit([enqueue(1, sequence, message("q", size: 20_000))])
            if error == nil { sequence += 1 }
        }
        #expect(error?.code == .full)
        // What the ledger gave back, if anything, is taken too: its log keeps room for deletions.
        try disk.fill()
        let errors = await ledger.commitTogether([
            [.dequeue(SessionKey(1), sequence: 1)], [enqueue(1, 2_000, message("q", size: 200_000))],
            [.dequeue(SessionKey(1), sequence: 2)],
        ])
        #expect(errors.map { $0?.code } == [nil, .full, nil])
        try disk.empty()
        #expect(await ledger.commit([enqueue(1, 3_000, message("q", size: 20_000))]) == nil)
        #expect(!ledger.statistics().isReserveSpent)
        #expect(FileManager.default.fileExists(atPath: disk.path + "/ballast"))
        ledger.close()
        let (again, state) = try Ledger.open(Ledger.Options(folder: disk.path, node: "gw"))
        #expect(state.report.outcome == .opened)
        #expect(state.sessions.first?.queue.map(\.sequence) == Array(3...60) + Array(100..<sequence) + [3_000])
        again.close()
    }
}
