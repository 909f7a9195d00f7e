import Foundation
import Glibc
import Messages
import Testing

@testable import Ledger

@Suite struct FolderTests {
    private func openingError(_ options: Ledger.Options, schema: Schema = .current) -> LedgerError? {
        do throws(LedgerError) {
            _ = try Ledger.open(options, schema: schema)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a missing folder is made, for its owner only`() async throws {
        let parent = TemporaryFolder()
        let path = parent.path + "/deep/er"
        let (ledger, state) = try Ledger.open(Ledger.Options(folder: path, node: "gw"))
        #expect(state.report.outcome == .created)
        let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(permissions == 0o700)
        ledger.close()
    }

    @Test func `a path through a file can't be a folder, the message says what to do`() throws {
        let parent = TemporaryFolder()
        try FileManager.default.createDirectory(atPath: parent.path, withIntermediateDirectories: true)
        #expect(FileManager.default.createFile(atPath: parent.path + "/file", contents: Data()))
        for path in [parent.path + "/file", parent.path + "/file/data", ""] {
            let error = openingError(Ledger.Options(folder: path, node: "gw"))
            #expect(error?.code == .cannotOpen)
            #expect(error?.message.contains("data:") == true)
        }
    }

    @Test(.enabled(if: SmallDisk.isPossible, "needs the right to mount a tmpfs"))
    func `a read-only file system can't be opened, the message says what to do`() throws {
        let disk = try SmallDisk(megabytes: 4)
        try disk.makeReadOnly()
        let error = openingError(Ledger.Options(folder: disk.path, node: "gw"))
        #expect(error?.code == .cannotOpen)
        #expect(error?.message.contains("Read-only") == true && error?.message.contains("data:") == true)
    }

    @Test func `a folder has one owner at a time`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        let error = openingError(options(folder))
        #expect(error?.code == .locked)
        #expect(error?.message.contains("\(getpid())") == true)
        ledger.close()
        #expect(openingError(options(folder)) == nil)
    }

    private static func schema(version: Int) -> Schema {
        let steps = [
            "CREATE TABLE schema_versions(version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT;"
                + "CREATE TABLE a(x)",
            "CREATE TABLE b(y); INSERT INTO b VALUES (1)",
            "INSERT INTO b VALUES (2); SELECT broken",
        ]
        return Schema(steps: Array(steps.prefix(version)))
    }

    @Test func `migrations run one by one, each once, and a failed one leaves the version before`() throws {
        let folder = TemporaryFolder()
        try LedgerFolder(path: folder.path).prepare()
        let connection = try SQLiteConnection(path: folder.database, access: .readWrite)
        #expect(try FolderTests.schema(version: 1).migrate(connection, nowMilliseconds: 7) == 0)
        #expect(try FolderTests.schema(version: 2).migrate(connection, nowMilliseconds: 8) == 1)
        #expect(try FolderTests.schema(version: 2).migrate(connection, nowMilliseconds: 9) == 2)
        #expect(try connection.integer("SELECT count(*) FROM b") == 1)
        #expect(try connection.integer("SELECT applied_at FROM schema_versions WHERE version = 2") == 8)
        #expect(throws: LedgerError.self) {
            _ = try FolderTests.schema(version: 3).migrate(connection, nowMilliseconds: 9)
        }
        #expect(try connection.integer("PRAGMA user_version") == 2)
        #expect(try connection.integer("SELECT count(*) FROM b") == 1)
        #expect(try connection.integer("PRAGMA application_id") == Schema.applicationID)
    }

    @Test func `an older ledger is migrated and says from where, a newer one is refused`() async throws {
        let folder = TemporaryFolder()
        let (ledger, _) = try Ledger.open(options(folder))
        await ledger.commit([append("x")])
        ledger.close()
        let next = Schema(
            steps: Schema.current.steps + ["CREATE TABLE future(x INTEGER) STRICT"])
        let (migrated, state) = try Ledger.open(options(folder), schema: next)
        #expect(state.report.outcome == .migrated(from: 1))
        #expect(try sequences(migrated) == [1])
        migrated.close()
        let error = openingError(options(folder))
        #expect(error?.code == .newerSchema(found: 2))
        #expect(error?.message.contains("newer") == true)
    }

    @Test func `a database of another program is left alone`() throws {
        let folder = TemporaryFolder()
        try LedgerFolder(path: folder.path).prepare()
        do {
            let other = try SQLiteConnection(path: folder.database, access: .readWrite)
            try other.execute("CREATE TABLE mine(x); PRAGMA application_id = 42")
        }
        #expect(openingError(options(folder))?.code == .cannotOpen)
        #expect(try SQLiteConnection(path: folder.database, access: .readOnly).integer("PRAGMA application_id") == 42)
    }

    @Test func `the writer's connection belongs to one thread`() async throws {
        await #expect(processExitsWith: .failure) {
            let connection = try SQLiteConnection(path: ":memory:", access: .readWrite)
            nonisolated(unsafe) let shared = connection
            let thread = try LedgerThread(name: "other") { try? shared.execute("SELECT 1") }
            thread.join()
        }
    }
}
