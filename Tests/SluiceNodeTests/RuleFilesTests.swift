import Foundation
import RuleLanguage
import SluiceNode
import Testing

/// Rules and the tables that they name, as they lie in a folder.
@Suite struct RuleFilesTests {
    private static let rule = """
        table t from "../tables/t.csv" key id
        rule r { from "in/{m}" where .v > t[m].limit publish "out" }
        """

    private func inFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rules-\(UUID().uuidString)")
        for name in ["rules", "tables"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(Self.rule.utf8).write(to: folder.appendingPathComponent("rules/r.rules"))
        try body(folder)
    }

    private func compile(_ folder: URL) throws -> RuleCompilation {
        try RuleFiles.compile(RuleFiles.read([folder.appendingPathComponent("rules").path]))
    }

    @Test func tablesAreReadFromWhereTheRulesSay() throws {
        try inFolder { folder in
            let table = folder.appendingPathComponent("tables/t.csv")
            try Data("id,limit\na,5\n".utf8).write(to: table)
            let compilation = try compile(folder)
            #expect(compilation.diagnostics.text == "")
            #expect(compilation.plan?.rules.first?.tables.first?.data.rows.map(\.key) == ["a"])
            #expect(compilation.attachmentPaths == [folder.path + "/rules/../tables/t.csv"])
        }
    }

    @Test func aTableThatCannotBeReadIsAnErrorThatSaysWhy() throws {
        try inFolder { folder in
            let table = folder.appendingPathComponent("tables/t.csv")
            let gone = try compile(folder)
            #expect(gone.diagnostics.first?.message.hasSuffix("there is no such file") == true)
            // It is watched all the same, so that its coming is noticed.
            #expect(gone.attachmentPaths.count == 1)
            try FileManager.default.createDirectory(at: table, withIntermediateDirectories: true)
            #expect(try compile(folder).diagnostics.first?.message.hasSuffix("it is a folder") == true)
            try FileManager.default.removeItem(at: table)
            #expect(FileManager.default.createFile(atPath: table.path, contents: nil))
            let handle = try FileHandle(forWritingTo: table)
            try handle.truncate(atOffset: UInt64(RuleLimits.tableBytesMax) + 1)
            try handle.close()
            #expect(try compile(folder).diagnostics.map(\.code) == [.unreadableFile])
        }
    }
}
