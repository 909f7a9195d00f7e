import Foundation
import Messages
import Testing

@testable import Ledger

@Suite struct DamageTests {
    /// 2,000 outbox rows in two lanes, 200 deliveries, some retained messages and rule state, all in the database file.
    private func filled() async throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit([
            session(1),
            .putSubscription(SessionKey(1), SubscriptionRecord(filter: bytes("a"), options: 1, identifier: 0)),
        ])
        for start in 0..<20 {
            await ledger.commit(
                (0..<50).flatMap {
                    [append("\(start)-\($0)", lane: "a", size: 200), append("\(start)-\($0)", lane: "b", size: 200)]
                })
        }
        await ledger.commit((1...200).map { enqueue(1, UInt64($0), message("q/\($0)", size: 300)) })
        await ledger.commit((1...50).map { .retain(message("r/\($0)", "v")) })
        await ledger.commit([
            .ruleSnapshot(
                RuleSnapshot(groups: (0..<40).map { .init(rule: "r", key: [$0], state: [9]) }, replacesAll: false))
        ])
        await ledger.commit([.ruleInputs([1, 2, 3]), .removeOutbox(bridge: "cloud", lane: "a", through: 10)])
        ledger.close()
        return folder
    }

    /// A page of a table: its root, or the n-th of its leaves.
    private func pages(_ folder: TemporaryFolder, _ table: String) throws -> [Int] {
        let connection = try SQLiteConnection(path: folder.database, access: .readOnly)
        let select = try connection.prepare(
            "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path")
        select.bind(1, table)
        var pages: [Int] = []
        while try select.step() { pages.append(Int(select.integer(0))) }
        return pages
    }

    private func salvage(_ state: RecoveredState) -> RecoveryReport.Salvage? {
        guard case .salvaged(let salvage) = state.report.outcome else { return nil }
        return salvage
    }

    @Test func `a damaged page costs the rows on it; their sequences are reported`() async throws {
        let folder = try await filled()
        let before = try Ledger.open(options(folder))
        let epoch = before.ledger.epoch
        before.ledger.close()
        let leaves = try pages(folder, "outbox")
        let victims = [leaves[5], leaves[6], leaves[60]]
        for page in victims {
            try folder.overwrite(folder.database, at: (page - 1) * 4_096, with: [UInt8](repeating: 0, count: 4_096))
        }
        let (ledger, state) = try Ledger.open(options(folder))
        let report = try #require(salvage(state))
        #expect(
            report.setAsideAt.contains("/quarantine/ledger-2027")
                && FileManager.default.fileExists(atPath: report.setAsideAt))
        #expect(ledger.epoch != epoch)
        let a = try sequences(ledger, lane: "a")
        let b = try sequences(ledger, lane: "b")
        let lost = Set(report.lostRanges.flatMap { gap in (gap.from...gap.through).map { "\(gap.lane)\($0)" } })
        #expect(a.count + b.count + lost.count == 1_990)
        #expect(report.outboxRowsLost == Int64(lost.count) && lost.count >= 3 && lost.count < 60)
        #expect(lost.isDisjoint(with: Set(a.map { "a\($0)" } + b.map { "b\($0)" })))
        #expect(report.unreadablePlaces >= 2)
        let gaps =
            try ledger.makeOutboxReader(bridge: "cloud").gaps(lane: "a")
            + ledger.makeOutboxReader(bridge: "cloud").gaps(lane: "b")
        #expect(gaps.count == report.lostRanges.count && gaps.allSatisfy { $0.cause == .damaged })
        // Rows keep the epoch in which they got their sequence, and so their identifier.
        let row = try #require(try ledger.makeOutboxReader(bridge: "cloud").rows(lane: "a", after: 0, limit: 1).first)
        #expect(row.epoch == epoch && row.id == "gw/\(epoch)/a/\(row.sequence)")
        #expect(state.sessions.first?.queue.count == 200 && state.retained.count == 50)
        #expect(state.ruleGroups.count == 40 && state.ruleInputs == [[1, 2, 3]])
        #expect(ledger.outboxStatus(bridge: "cloud").rows == Int64(a.count + b.count))
        await ledger.commit([append("new", lane: "a")])
        let last = try #require(
            try ledger.makeOutboxReader(bridge: "cloud").rows(lane: "a", after: 1_000, limit: 9).last)
        #expect(last.sequence == 1_001 && last.epoch == ledger.epoch)
        ledger.close()
        let (again, second) = try Ledger.open(options(folder))
        #expect(second.report.outcome == .opened && again.epoch == ledger.epoch)
        again.close()
    }

    @Test func `deliveries whose message is lost are dropped and counted`() async throws {
        let folder = try await filled()
        let leaves = try pages(folder, "messages")
        try folder.overwrite(folder.database, at: (leaves[3] - 1) * 4_096, with: [UInt8](repeating: 0xFF, count: 4_096))
        let (ledger, state) = try Ledger.open(options(folder))
        let report = try #require(salvage(state))
        let left = try #require(state.sessions.first?.queue.count)
        #expect(report.deliveriesLost == 200 - left && report.deliveriesLost > 3 && report.deliveriesLost < 20)
        #expect(report.outboxRowsLost == 0 && report.lostRanges.isEmpty)
        for delivery in state.sessions[0].queue {
            await ledger.commit([.dequeue(SessionKey(1), sequence: delivery.sequence)])
        }
        #expect(try count(folder, "SELECT count(*) FROM messages") == 0)
        ledger.close()
    }

    @Test func `unreadable lanes keep their names and go on behind their last row`() async throws {
        let folder = try await filled()
        let page = try #require(try pages(folder, "lanes").first)
        try folder.overwrite(folder.database, at: (page - 1) * 4_096, with: [UInt8](repeating: 0, count: 4_096))
        let (ledger, state) = try Ledger.open(options(folder))
        #expect(try #require(salvage(state)).outboxRowsLost == nil)
        #expect(try sequences(ledger, lane: "a").last == 1_000 && sequences(ledger, lane: "b").count == 1_000)
        await ledger.commit([append("new", lane: "b")])
        #expect(try sequences(ledger, lane: "b").last == 1_001)
        ledger.close()
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `random damage never keeps the ledger from starting, and loses little`(seed: UInt64) async throws {
        let folder = try await filled()
        var random = SeededGenerator(seed: seed)
        let size = try #require(try FileManager.default.attributesOfItem(atPath: folder.database)[.size] as? Int)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            // Page 1 has tests of its own.
            let page = Int.random(in: 1..<size / 4_096, using: &random)
            let junk = (0..<4_096).map { _ in UInt8.random(in: 0...255, using: &random) }
            try folder.overwrite(folder.database, at: page * 4_096, with: junk)
        }
        let (ledger, _) = try Ledger.open(options(folder))
        #expect(
            await ledger.commit([append("new", lane: "a"), enqueue(9, 1, message("x")), .retain(message("y"))]) == nil)
        let rows = ledger.outboxStatus(bridge: "cloud").rows
        #expect(try sequences(ledger, lane: "a").count + sequences(ledger, lane: "b").count <= Int(rows))
        ledger.close()
        let (again, state) = try Ledger.open(options(folder))
        #expect(state.report.outcome == .opened)
        again.close()
    }

    @Test func `a truncated file gives what is left`() async throws {
        let folder = try await filled()
        let size = try #require(try FileManager.default.attributesOfItem(atPath: folder.database)[.size] as? Int)
        let handle = try #require(FileHandle(forWritingAtPath: folder.database))
        try handle.truncate(atOffset: UInt64(size / 2))
        try handle.close()
        let (ledger, state) = try Ledger.open(options(folder))
        let report = try #require(salvage(state))
        #expect(report.rowsSalvaged > 300)
        #expect(await ledger.commit([append("new", lane: "a")]) == nil)
        ledger.close()
    }

    @Test(arguments: ["zeroed", "text", "short", "first page"])
    func `a file that is no database is set aside, the node starts empty`(damage: String) async throws {
        let folder = try await filled()
        let size = try #require(try FileManager.default.attributesOfItem(atPath: folder.database)[.size] as? Int)
        switch damage {
        case "zeroed": try folder.overwrite(folder.database, at: 0, with: [UInt8](repeating: 0, count: size))
        case "text": try folder.overwrite(folder.database, at: 0, with: Array(repeating: 0x41, count: size))
        case "short": try Data([1, 2, 3]).write(to: URL(fileURLWithPath: folder.database))
        default: try folder.overwrite(folder.database, at: 100, with: [UInt8](repeating: 0, count: 3_996))
        }
        let (ledger, state) = try Ledger.open(options(folder))
        let report = try #require(salvage(state))
        #expect(FileManager.default.fileExists(atPath: report.setAsideAt) && !report.reason.isEmpty)
        #expect(state.sessions.isEmpty && report.rowsSalvaged == 0)
        #expect(await ledger.commit([append("new")]) == nil)
        ledger.close()
        let (again, second) = try Ledger.open(options(folder))
        #expect(second.report.outcome == .opened)
        again.close()
    }

    @Test func `damage found while running fails the batch and is looked into at the next start`() async throws {
        let folder = try await filled()
        let (ledger, _) = try Ledger.open(options(folder))
        for page in try pages(folder, "retained") {
            try folder.overwrite(folder.database, at: (page - 1) * 4_096, with: [UInt8](repeating: 0, count: 4_096))
        }
        var codes: [LedgerError.Code?] = []
        for number in 1...50 { codes.append(await ledger.commit([.clearRetained(topic: bytes("r/\(number)"))])?.code) }
        if codes.contains(.damaged) {
            #expect(FileManager.default.fileExists(atPath: folder.path + "/check-at-next-start"))
        }
        #expect(await ledger.commit([append("still works", lane: "a")]) == nil)
        ledger.close()
        let (again, state) = try Ledger.open(options(folder))
        #expect(salvage(state) != nil || !codes.contains(.damaged))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/check-at-next-start"))
        again.close()
    }

    @Test func `a crash while salvaging starts over, one after it goes on`() async throws {
        let folder = try await filled()
        let paths = LedgerFolder(path: folder.path)
        // Before the salvaged file is complete: it does not count.
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: paths.salvage))
        var (ledger, state) = try Ledger.open(options(folder))
        #expect(state.report.outcome == .opened && !paths.exists(paths.salvage))
        ledger.close()
        // Between setting the damaged file aside and giving the complete one its name.
        let connection = try SQLiteConnection(path: folder.database, access: .readWrite)
        try connection.execute("INSERT INTO meta VALUES ('salvaged', 1)")
        connection.close()
        try FileManager.default.moveItem(atPath: folder.database, toPath: paths.salvage)
        (ledger, state) = try Ledger.open(options(folder))
        #expect(state.sessions.count == 1 && ledger.outboxStatus(bridge: "cloud").rows == 1_990)
        ledger.close()
    }

    @Test func `a log without its database is not applied to a new one`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit([append("old")])
        let copy = try folder.copyAfterCrash()
        ledger.close()
        try FileManager.default.removeItem(atPath: copy.database)
        let (fresh, state) = try Ledger.open(options(copy))
        #expect(state.report.outcome == .created && fresh.outboxStatus(bridge: "cloud").rows == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: copy.path + "/quarantine").count == 1)
        fresh.close()
    }

    @Test func `only the newest damaged files are kept`() async throws {
        let folder = TemporaryFolder()
        for _ in 0..<LedgerLimits.quarantinedDatabases + 3 {
            try Ledger.open(options(folder)).ledger.close()
            try folder.overwrite(folder.database, at: 0, with: [1])
        }
        try Ledger.open(options(folder)).ledger.close()
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/quarantine")
        #expect(files.filter { $0.hasSuffix(".db") }.count == LedgerLimits.quarantinedDatabases)
    }
}
