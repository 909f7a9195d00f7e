import Messages
import Testing

@testable import Ledger

@Suite struct OutboxTests {
    private func cloud(_ limits: OutboxLimits) -> [String: OutboxLimits] { ["cloud": limits] }
    private func row(_ payload: String, size: Int = 0) -> Int64 {
        Int64(2 + payload.utf8.count * 2 + size + 1 + LedgerLimits.outboxRowOverheadBytes)
    }

    @Test func `rows come back as they were appended, by lane and in order`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit([
            append("a", lane: "x", id: "id-1", created: 1_799_999_999_999, expires: 1_900_000_000_000),
            append("b", lane: "y"), append("c", lane: "x"),
            append("d", lane: "x", bridge: "other"),
        ])
        let reader = try ledger.makeOutboxReader(bridge: "cloud")
        #expect(try reader.lanes() == ["x", "y"])
        let rows = try reader.rows(lane: "x", after: 0, limit: 10)
        #expect(rows.map(\.sequence) == [1, 2])
        #expect(rows.map(\.id) == ["id-1", "gw/\(ledger.epoch)/x/2"])
        #expect(rows.map(\.epoch) == [ledger.epoch, ledger.epoch])
        let first = try #require(rows.first)
        #expect(text(first.topic) == "t/a" && text(first.payload) == "a" && first.properties == [9])
        #expect(first.qos == .atLeastOnce && !first.retain && first.createdAtMilliseconds == 1_799_999_999_999)
        #expect(first.expiresAtMilliseconds == 1_900_000_000_000 && first.fencingToken == 0 && first.bridge == "cloud")
        #expect(try reader.rows(lane: "x", after: 1, limit: 10).map(\.sequence) == [2])
        #expect(try reader.rows(lane: "x", after: 0, limit: 1).map(\.sequence) == [1])
        #expect(try reader.rows(lane: "x", after: 2, limit: 10).isEmpty)
        #expect(try reader.rows(lane: "nowhere", after: 0, limit: 10).isEmpty)
        await ledger.commit([append("e", lane: "nowhere")])
        #expect(try reader.rows(lane: "nowhere", after: 0, limit: 10).map(\.sequence) == [1])
        #expect(try reader.rows(lane: "x", after: .max, limit: 10).isEmpty)
        ledger.close()
    }

    @Test func `one read is bounded by bytes and gives at least one row`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit((1...3).map { append("\($0)", size: LedgerLimits.bytesPerRead * 3 / 4) })
        let reader = try ledger.makeOutboxReader(bridge: "cloud")
        #expect(try reader.rows(lane: "r", after: 0, limit: 10).map(\.sequence) == [1, 2])
        #expect(try reader.rows(lane: "r", after: 2, limit: 10).map(\.sequence) == [3])
        ledger.close()
    }

    @Test func `sequences survive removal of every row and a restart`() async throws {
        let folder = TemporaryFolder()
        var (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit((1...10).map { append("\($0)") })
        await ledger.commit([.removeOutbox(bridge: "cloud", lane: "r", through: 10)])
        #expect(ledger.outboxStatus(bridge: "cloud") == OutboxStatus())
        ledger.close()
        ledger = try Ledger.open(options(folder)).ledger
        await ledger.commit([append("next")])
        #expect(try sequences(ledger) == [11])
        ledger.close()
    }

    @Test func `removal beyond the last row does not take rows that come later`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit([append("1"), .removeOutbox(bridge: "cloud", lane: "r", through: .max), append("2")])
        await ledger.commit([.removeOutbox(bridge: "cloud", lane: "unknown", through: 5)])
        #expect(try sequences(ledger) == [2])
        ledger.close()
    }

    @Test func `large removals go in steps; removed rows are gone for readers at once, and after a crash`() async throws
    {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit((1...3_500).map { append("\($0)") })
        let copy = try await withCheckedContinuation { continuation in
            ledger.submit([.removeOutbox(bridge: "cloud", lane: "r", through: 3_400)]) { _ in
                continuation.resume(returning: Result { try folder.copyAfterCrash() })
            }
        }.get()
        #expect(try sequences(ledger) == Array(3_401...3_500))
        #expect(try count(copy, "SELECT count(*) FROM outbox") == 2_500)
        let (reopened, _) = try Ledger.open(options(copy))
        #expect(try sequences(reopened) == Array(3_401...3_500))
        for number in 0..<4 { await reopened.commit([append("more-\(number)")]) }
        #expect(reopened.outboxStatus(bridge: "cloud").rows == 104)
        #expect(try count(copy, "SELECT count(*) FROM outbox") == 104)
        reopened.close()
        ledger.close()
    }

    @Test func `a replayed output does not become a second row`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit([append("a", id: "gw/e/rule/g/1"), append("a", id: "gw/e/rule/g/1")])
        await ledger.commit([append("a", id: "gw/e/rule/g/1"), append("a", lane: "other", id: "gw/e/rule/g/1")])
        #expect(try sequences(ledger) == [1] && sequences(ledger, lane: "other") == [1])
        #expect(ledger.statistics().repeatsIgnored == 2)
        let copy = try folder.copyAfterCrash()
        let (reopened, _) = try Ledger.open(options(copy))
        await reopened.commit([append("a", id: "gw/e/rule/g/1"), append("b", id: "gw/e/rule/g/2")])
        #expect(try sequences(reopened) == [1, 2])
        #expect(reopened.outboxStatus(bridge: "cloud").rows == 3)
        // What is gone is not remembered.
        await reopened.commit([.removeOutbox(bridge: "cloud", lane: "r", through: 2), append("b", id: "gw/e/rule/g/2")])
        #expect(try sequences(reopened) == [3])
        reopened.close()
        ledger.close()
    }

    @Test func `an identifier of a batch that failed is new when it comes again`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        let bad = [append("a", id: "x"), enqueue(1, 1, message("a")), enqueue(1, 1, message("b"))]
        #expect(await ledger.commit(bad)?.code == .misuse)
        await ledger.commit([append("other"), append("a", id: "x")])
        #expect(try sequences(ledger) == [1, 2])
        ledger.close()
    }

    @Test func `after a snapshot only later identifiers are looked for at start`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit([
            append("a", id: "x"), .ruleSnapshot(RuleSnapshot(groups: [], replacesAll: false)), append("b", id: "y"),
        ])
        #expect(try count(folder, "SELECT replay_from FROM lanes") == 2)
        await ledger.commit([.ruleSnapshot(RuleSnapshot(groups: [], replacesAll: false)), append("c"), append("d")])
        #expect(try count(folder, "SELECT replay_from FROM lanes") == 5)
        ledger.close()
    }

    @Test(arguments: [10, 11] as [Int]) func `drop-oldest by count makes room and leaves a gap`(rows: Int) async throws
    {
        let folder = TemporaryFolder()
        let limits = OutboxLimits(bytes: 1 << 20, ageMilliseconds: 1_000, count: 10)
        let (ledger, _) = try Ledger.open(options(folder, limits: cloud(limits)))
        for number in 1...rows { await ledger.commit([append("\(number)")]) }
        let reader = try ledger.makeOutboxReader(bridge: "cloud")
        let dropped = rows - 10
        #expect(try sequences(ledger) == Array(UInt64(dropped + 1)...UInt64(rows)))
        #expect(ledger.outboxStatus(bridge: "cloud").droppedFull == Int64(dropped))
        #expect(try reader.gaps(lane: "r").map(\.through) == (dropped == 0 ? [] : [1]))
        ledger.close()
    }

    @Test func `drop-oldest takes the oldest of all lanes, neighbours share one gap`() async throws {
        let folder = TemporaryFolder()
        let clock = TestClock(10_000)
        let limits = OutboxLimits(bytes: 1 << 20, ageMilliseconds: 1_000_000, count: 6)
        let (ledger, _) = try Ledger.open(options(folder, limits: cloud(limits), clock: clock))
        await ledger.commit([
            append("1", lane: "a", created: 1), append("2", lane: "b", created: 2), append("3", lane: "a", created: 3),
            append("4", lane: "b", created: 4), append("5", lane: "a", created: 5), append("6", lane: "b", created: 6),
        ])
        await ledger.commit([
            append("7", lane: "a", created: 7), append("8", lane: "a", created: 8), append("9", lane: "a", created: 9),
        ])
        #expect(try sequences(ledger, lane: "a") == [3, 4, 5, 6] && sequences(ledger, lane: "b") == [2, 3])
        let reader = try ledger.makeOutboxReader(bridge: "cloud")
        #expect(
            try reader.gaps(lane: "a") == [
                OutboxGap(lane: "a", from: 1, through: 2, cause: .full, atMilliseconds: 10_000)
            ])
        #expect(try reader.gaps(lane: "b").map { [$0.from, $0.through] } == [[1, 1]])
        #expect(ledger.outboxStatus(bridge: "cloud").oldestCreatedAtMilliseconds == 4)
        ledger.close()
    }

    @Test func `drop-newest refuses by bytes, uses up the sequence and says so`() async throws {
        let folder = TemporaryFolder()
        let limits = OutboxLimits(bytes: row("1") * 2, ageMilliseconds: 1_000_000, whenFull: .dropNewest)
        var (ledger, _) = try Ledger.open(options(folder, limits: cloud(limits)))
        await ledger.commit([append("1"), append("2"), append("3"), append("4")])
        await ledger.commit([
            append("5"), .removeOutbox(bridge: "cloud", lane: "r", through: 1), append("6"), append("7"),
        ])
        #expect(try sequences(ledger) == [2, 6])
        var reader = try ledger.makeOutboxReader(bridge: "cloud")
        #expect(try reader.gaps(lane: "r").map { [$0.from, $0.through] } == [[3, 5], [7, 7]])
        var status = ledger.outboxStatus(bridge: "cloud")
        #expect(
            status.rows == 2 && status.bytes == limits.bytes && status.droppedFull == 4 && status.droppedExpired == 0)
        ledger.close()
        ledger = try Ledger.open(options(folder, limits: cloud(limits))).ledger
        status = ledger.outboxStatus(bridge: "cloud")
        #expect(status.rows == 2 && status.bytes == limits.bytes && status.droppedFull == 4)
        await ledger.commit([append("8")])
        reader = try ledger.makeOutboxReader(bridge: "cloud")
        #expect(try reader.gaps(lane: "r").map(\.from) == [3, 7, 8])
        ledger.close()
    }

    @Test func `rows beyond their age go, from the front`() async throws {
        let folder = TemporaryFolder()
        let clock = TestClock(1_000)
        let limits = OutboxLimits(bytes: 1 << 20, ageMilliseconds: 100)
        let (ledger, _) = try Ledger.open(options(folder, limits: cloud(limits), clock: clock))
        await ledger.commit([append("1", created: 1_000), append("2", created: 1_050)])
        clock.advance(100)
        await ledger.commit([append("3", created: 1_100)])
        #expect(try sequences(ledger) == [1, 2, 3])
        clock.advance(1)
        await ledger.commit([append("4", created: 1_101)])
        #expect(try sequences(ledger) == [2, 3, 4])
        #expect(ledger.outboxStatus(bridge: "cloud").droppedExpired == 1)
        #expect(try ledger.makeOutboxReader(bridge: "cloud").gaps(lane: "r").map(\.cause) == [.expired])
        ledger.close()
    }

    @Test func `rows past their own expiry go wherever they are, found by an index`() async throws {
        let folder = TemporaryFolder()
        let clock = TestClock(1_000)
        var (ledger, _) = try Ledger.open(options(folder, clock: clock))
        await ledger.commit([
            append("1", created: 1_000), append("2", created: 1_000, expires: 1_010),
            append("3", created: 1_000, expires: 1_010),
            append("4", created: 1_000, expires: 2_000), append("5", created: 1_000),
        ])
        clock.advance(9)
        await ledger.commit([append("6", created: 1_009)])
        #expect(try sequences(ledger) == [1, 2, 3, 4, 5, 6])
        ledger.close()
        clock.advance(1)
        ledger = try Ledger.open(options(folder, clock: clock)).ledger
        await ledger.commit([append("7", created: 1_010)])
        #expect(try sequences(ledger) == [1, 4, 5, 6, 7])
        #expect(
            ledger.outboxStatus(bridge: "cloud").rows == 5 && ledger.outboxStatus(bridge: "cloud").droppedExpired == 2)
        let reader = try ledger.makeOutboxReader(bridge: "cloud")
        #expect(
            try reader.gaps(lane: "r") == [
                OutboxGap(lane: "r", from: 2, through: 3, cause: .expired, atMilliseconds: 1_010)
            ])
        ledger.close()
        let connection = try SQLiteConnection(path: folder.database, access: .readOnly)
        let plan = try connection.prepare(
            "EXPLAIN QUERY PLAN SELECT key, bytes FROM outbox WHERE expires_at <= ? ORDER BY expires_at LIMIT 9")
        #expect(try plan.step())
        #expect(plan.text(3)?.contains("outbox_expiry") == true)
    }

    @Test func `a lower limit after a restart is reached in steps`() async throws {
        let folder = TemporaryFolder()
        var (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit((1...3_000).map { append("\($0)") })
        ledger.close()
        let limits = OutboxLimits(bytes: 1 << 20, ageMilliseconds: 1_000_000, count: 10)
        ledger = try Ledger.open(options(folder, limits: cloud(limits))).ledger
        for number in 1...4 { await ledger.commit([append("more-\(number)")]) }
        #expect(try sequences(ledger) == Array(2_995...3_004))
        #expect(try ledger.makeOutboxReader(bridge: "cloud").gaps(lane: "r").map(\.through).max() == 2_994)
        ledger.close()
    }

    @Test func `gaps of a lane are limited in number, the newest stay`() async throws {
        let folder = TemporaryFolder()
        let limits = OutboxLimits(bytes: 1 << 20, ageMilliseconds: 1_000_000, count: 1, whenFull: .dropNewest)
        let (ledger, _) = try Ledger.open(options(folder, limits: cloud(limits)))
        let rounds = LedgerLimits.gapRowsPerLane + 5
        for round in 0..<rounds {
            // One row stays, one is refused, the first is acknowledged.
            ledger.submit([
                append("a"), append("b"), .removeOutbox(bridge: "cloud", lane: "r", through: UInt64(round * 2 + 1)),
            ]) { _ in }
        }
        await ledger.commit([])
        let gaps = try ledger.makeOutboxReader(bridge: "cloud").gaps(lane: "r")
        #expect(gaps.count == LedgerLimits.gapRowsPerLane)
        #expect(gaps.last?.from == UInt64(rounds * 2))
        ledger.close()
    }

    @Test func `lanes are limited in number`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        let batch = (1...LedgerLimits.lanes).map { append("x", lane: "lane-\($0)") }
        #expect(await ledger.commit(batch + [append("x", lane: "one too many")])?.code == .misuse)
        #expect(await ledger.commit(batch) == nil)
        #expect(await ledger.commit([append("x", lane: "one too many")])?.code == .misuse)
        #expect(try sequences(ledger, lane: "lane-\(LedgerLimits.lanes)") == [1])
        ledger.close()
    }

    /// The model keeps lanes as arrays; the ledger must agree with it after every batch and every restart.
    @Test(arguments: 1...6 as ClosedRange<UInt64>) func `a random history agrees with a model`(seed: UInt64)
        async throws
    {
        var random = SeededGenerator(seed: seed)
        let folder = TemporaryFolder()
        let limits = OutboxLimits(bytes: 1 << 20, ageMilliseconds: 1_000_000, count: 40)
        var (ledger, _) = try Ledger.open(options(folder, limits: cloud(limits)))
        var rows: [(lane: String, sequence: UInt64, created: Int64)] = []
        var next: [String: UInt64] = [:]
        var dropped: Int64 = 0
        var time: Int64 = 1_800_000_000_000
        for _ in 0..<120 {
            var batch: [LedgerOperation] = []
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let lane = ["a", "b", "c"].randomElement(using: &random) ?? "a"
                if Int.random(in: 0..<4, using: &random) > 0 {
                    time += 1
                    batch.append(append("x", lane: lane, created: time))
                    next[lane, default: 0] += 1
                    rows.append((lane, next[lane] ?? 0, time))
                } else if let row = rows.filter({ $0.lane == lane }).randomElement(using: &random) {
                    batch.append(.removeOutbox(bridge: "cloud", lane: lane, through: row.sequence))
                    rows.removeAll { $0.lane == lane && $0.sequence <= row.sequence }
                }
            }
            while rows.count > 40 {
                rows.removeFirst()
                dropped += 1
            }
            #expect(await ledger.commit(batch) == nil)
            if Int.random(in: 0..<20, using: &random) == 0 {
                ledger.close()
                ledger = try Ledger.open(options(folder, limits: cloud(limits))).ledger
            }
            let status = ledger.outboxStatus(bridge: "cloud")
            #expect(status.rows == Int64(rows.count) && status.droppedFull == dropped)
            #expect(status.oldestCreatedAtMilliseconds == rows.map(\.created).min())
        }
        for lane in ["a", "b", "c"] {
            #expect(try sequences(ledger, lane: lane) == rows.filter { $0.lane == lane }.map(\.sequence))
        }
        ledger.close()
    }
}
