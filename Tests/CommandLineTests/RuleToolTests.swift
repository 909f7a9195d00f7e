import ArgumentParser
import Foundation
import Testing

@testable import sluice

/// The rule author's commands on files of their own: what they change, and how they end.
struct RuleToolTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("rule-tools-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func write(_ text: String, to name: String) throws -> String {
        let url = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: url)
        return url.path
    }

    private func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// The exit code of the program.
    private func run(_ arguments: String...) -> Int32 {
        do {
            var command = try Sluice.parseAsRoot(arguments)
            try command.run()
            return 0
        } catch {
            return CommandExit.of(error, arguments: arguments).code
        }
    }

    private func withFolder(_ body: () throws -> Void) rethrows {
        defer { try? FileManager.default.removeItem(at: folder) }
        try body()
    }

    @Test func fmtRewritesWhatDiffers() throws {
        try withFolder {
            let rule = "rule r{from \"t\" publish \"u\"}"
            let path = try write(rule, to: "a.rules")
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            #expect(run("fmt", "--check", path) == 1)
            #expect(try read(path) == rule)
            #expect(run("fmt", folder.path) == 0)
            #expect(try read(path) == "rule r {\n  from \"t\"\n  publish \"u\"\n}\n")
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
            #expect(mode?.intValue == 0o640)
            #expect(run("fmt", "--check", folder.path) == 0)
            #expect(run("fmt", path + "x") == 3)
            #expect(run("fmt") == 2)
            #expect(run("fmt", "-", path) == 2)
        }
    }

    @Test func fmtLeavesFilesWithMistakesAlone() throws {
        try withFolder {
            let path = try write("rule r {from \"t\" wher .x publish \"u\"}", to: "a.rules")
            let other = try write("let a=1", to: "b.rules")
            #expect(run("fmt", folder.path) == 1)
            #expect(try read(path).hasPrefix("rule r {from"))
            #expect(try read(other) == "let a = 1\n")
        }
    }

    @Test func testEndsWithOneWhenATestFails() throws {
        try withFolder {
            let rule = "rule r { from \"t/{x}\" publish \"u/{x}\" { n: 1 } }\n"
            let path = try write(
                rule + "test \"good\" { send \"t/a\" {} expect \"u/a\" { n: 1 } }\ntest \"bad\" { send \"t/a\" {} }",
                to: "a.rules")
            #expect(run("test", path) == 1)
            #expect(run("test", path, "--filter", "good") == 0)
            #expect(run("test", path, "--filter", "good", "--format", "json") == 0)
            #expect(run("test", path, "--filter", "nowhere") == 1)
            #expect(run("test", path + "x") == 3)
            #expect(run("test", try write("rule r { }", to: "b.rules")) == 1)
        }
    }

    @Test func explainAndWhyNameWhatIsNotThere() throws {
        try withFolder {
            let path = try write("rule spike { from \"t/{x}\" publish \"u/{x}\" }", to: "a.rules")
            let recording = try write("{\"topic\":\"t/a\",\"payload\":1,\"time\":1}\n", to: "r.ndjson")
            #expect(run("explain", "spike", path) == 0)
            #expect(run("explain", "spike", path, "--format", "json") == 0)
            #expect(run("explain", "spke", path) == 1)
            #expect(run("why", "spike", path, "--input", recording, "--line", "1") == 0)
            #expect(run("why", "spike", path, "--input", recording, "--line", "2") == 1)
            #expect(run("why", "spike", path, "--input", recording, "--line", "0") == 2)
            #expect(run("why", "spke", path, "--input", recording, "--line", "1") == 1)
            #expect(run("why", "spike", path, "--input", recording + "x", "--line", "1") == 3)
            #expect(run("why", "spike", path, "--line", "1") == 2)
        }
    }

    @Test func replayComparesAndCounts() throws {
        try withFolder {
            let path = try write("rule a { from \"t/{x}\" publish \"u/{x}\" }", to: "a.rules")
            let table = try write("ts,id,v\n1000,a,5\n2000,b,6\n", to: "r.csv")
            let csv = ["--input", table, "--topic", "t/{id}", "--time-column", "ts"]
            #expect(run("replay", path, csv[0], csv[1], csv[2], csv[3], csv[4], csv[5], "--stats") == 0)
            #expect(run("replay", path, csv[0], csv[1], csv[2], csv[3], csv[4], csv[5], "--diff", path) == 0)
            #expect(run("replay", path, csv[0], csv[1], csv[2], csv[3], csv[4], csv[5], "--diff", path + "x") == 3)
            #expect(run("replay", path, csv[0], csv[1]) == 2)
        }
    }
}
