import Foundation
import Messages
import Testing

@testable import SluiceNode

struct ConfigurationEnvironmentTests {
    private func read(_ yaml: String, _ environment: [String: String]) throws -> NodeConfiguration {
        try NodeConfiguration.parse(yaml, file: "/etc/s.yaml", surroundings: surroundings(environment))
    }

    @Test func environmentWinsOverFile() throws {
        let read = try read(
            "node: a\nlimits: { payload: 1MB }\nlisteners: [ { name: x, tcp: \"127.0.0.1:1\", anonymous: true } ]",
            [
                "SLUICE_NODE": "b", "SLUICE_LIMITS_PAYLOAD": "2MB", "SLUICE_LIMITS_QUEUED_MESSAGES": "7",
                "SLUICE_LISTENERS_0_TCP": "127.0.0.1:2", "HOME": "/root",
            ])
        #expect(read.node == "b")
        #expect(read.limits.payloadBytes == 2 << 20)
        #expect(read.limits.queuedMessages == 7)
        #expect(read.listeners.first?.address.port == 2)
        #expect(read.warnings == [])
    }

    @Test(arguments: ["rules: [a, b]", "rules: a"]) func aListOfTheFileGivesWayToAVariable(line: String) throws {
        let read = try read(
            "node: n\n\(line)\nlisteners: [ { name: x, tcp: \"127.0.0.1:1\", anonymous: true } ]", ["SLUICE_RULES": "c"]
        )
        #expect(read.rules == ["c"])
    }

    @Test func environmentCanSayEverythingAlone() throws {
        let read = try NodeConfiguration.parse(
            "", file: nil,
            surroundings: surroundings([
                "SLUICE_DATA": "d", "SLUICE_RULES_0": "r1", "SLUICE_RULES_1": "r2", "SLUICE_DURABILITY": "memory",
                "SLUICE_LISTENERS_0_NAME": "t", "SLUICE_LISTENERS_0_TLS": "[::1]:0",
                "SLUICE_LISTENERS_0_CERTIFICATE": "c",
                "SLUICE_LISTENERS_0_KEY": "k", "SLUICE_LISTENERS_0_CLIENT_CA": "ca",
                "SLUICE_ACCESS_0_IDENTITY": "*", "SLUICE_ACCESS_0_PUBLISH_0": "a/#", "SLUICE_ACCESS_0_PUBLISH_1": "b",
                "SLUICE_ACCESS_0_SUBSCRIBE": "c",
                "SLUICE_BRIDGES_0_NAME": "up", "SLUICE_BRIDGES_0_URL": "mqtt://h",
                "SLUICE_BRIDGES_0_ROUTES_0_FROM": "cloud/#",
                "SLUICE_BRIDGES_0_OUTBOX_WHEN_FULL": "drop-newest", "SLUICE_BRIDGES_0_USERNAME": "u",
                "SLUICE_BRIDGES_0_PASSWORD": "p",
            ]))
        #expect(read.data == "d")
        #expect(read.rules == ["r1", "r2"])
        #expect(
            read.listeners == [
                ListenerConfiguration(
                    name: "t", address: NetworkAddress(host: "::1", port: 0),
                    transport: .tls(.init(certificate: "c", key: "k", clientCA: "ca")), anonymous: false,
                    durability: .memory)
            ])
        #expect(read.access == [AccessConfiguration(identity: "*", publish: ["a/#", "b"], subscribe: ["c"])])
        #expect(read.bridges.first?.routes == [RouteConfiguration(from: "cloud/#", to: "{topic}", qos: .atLeastOnce)])
        #expect(read.bridges.first?.outbox.whenFull == .dropNewest)
        #expect(read.bridges.first?.password?.reveal() == "p")
        #expect(read.warnings == [])
    }

    @Test func problemsNameTheVariable() {
        #expect(
            problems("", ["SLUICE_LIMITS_PAYLOAD": "lots"]) == [
                "SLUICE_LIMITS_PAYLOAD: \"payload\" is a size such as 512B, 64KB, 10MB or 1GB, not \"lots\""
            ])
        #expect(
            problems("", ["SLUICE_LISTENERS_0_NAME": "a"]) == [
                "SLUICE_LISTENERS_0_NAME: a listener needs an address: tcp: \"HOST:PORT\" or tls: \"HOST:PORT\""
            ])
    }

    @Test func entriesHaveNoGaps() {
        #expect(
            problems("", ["SLUICE_RULES_1": "r"]) == [
                "SLUICE_RULES_1: entries are numbered from 0 without a gap, and there is no entry 0 before this one"
            ])
    }

    @Test func hugeNumbersAreNoEntries() {
        #expect(problems("", ["SLUICE_RULES_99999999999999999999999": "r"]) == [])
        #expect(problems("", ["SLUICE_RULES_9223372036854775807": "r"]).count == 1)
    }

    @Test func unknownVariablesAreWarnedAbout() throws {
        let read = try read(
            "", ["SLUICE_LIMITS_PAYLOD": "1MB", "SLUICE_PORT_1883_TCP_ADDR": "10.0.0.1", "SLUICE_BINARY": "x"])
        #expect(
            read.warnings == [
                "the environment variable SLUICE_LIMITS_PAYLOD sets nothing; did you mean SLUICE_LIMITS_PAYLOAD?",
                "the environment variable SLUICE_PORT_1883_TCP_ADDR sets nothing",
            ])
    }

    @Test func unavailableFeaturesAreRefusedHereToo() {
        #expect(
            problems("", ["SLUICE_MANAGEMENT_HTTP": "127.0.0.1:1"]) == [
                "SLUICE_MANAGEMENT_HTTP: the management interface is not available yet in this version; remove \"management\""
            ])
    }

    @Test func emptyVariablesAreAbsent() throws {
        #expect(try read("node: a", ["SLUICE_NODE": "", "SLUICE_WHAT": ""]).node == "a")
    }

    @Test func pathsOfTheEnvironmentStartAtTheWorkingFolder() throws {
        #expect(try read("data: x", [:]).data == "/etc/x")
        #expect(try read("data: x", ["SLUICE_DATA": "y"]).data == "y")
    }
}

struct ConfigurationFileTests {
    /// The example of docs/configuration.md is right, and it has every key there is.
    @Test func documentedExampleIsRead() throws {
        let project = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let document = try String(contentsOf: project.appending(path: "docs/configuration.md"), encoding: .utf8)
        let example = try #require(
            document.components(separatedBy: "```yaml\n").last?.components(separatedBy: "```").first)
        #expect(problems(example) == [])
        let read = try NodeConfiguration.parse(example, file: nil, surroundings: surroundings())
        #expect(read.warnings == [])
        #expect(read.limits == LimitsConfiguration())
        #expect(read.bridges.first?.outbox == OutboxConfiguration())
        for key in ["websocket", "crl", "commands", "budget", "management"] { #expect(document.contains("`\(key)`")) }
    }

    private func withFile<Answer>(_ bytes: [UInt8], _ body: (String) throws -> Answer) throws -> Answer {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "sluice.yaml")
        try Data(bytes).write(to: file)
        return try body(file.path)
    }

    private func problem(of file: String) -> String? {
        do {
            _ = try NodeConfiguration.load(file: file, surroundings: surroundings())
            return nil
        } catch {
            return error.description
        }
    }

    @Test func fileIsRead() throws {
        try withFile(Array("\u{FEFF}node: é\r\n".utf8)) {
            #expect(problem(of: $0)?.contains("\"é\" is no name") == true)
        }
        try withFile(Array("node: a\r\nlimits:\r\n  payload: 1KB\r\n".utf8)) {
            let read = try NodeConfiguration.load(file: $0, surroundings: surroundings())
            #expect(read.node == "a")
            #expect(read.limits.payloadBytes == 1024)
            #expect(read.source == $0)
        }
    }

    @Test func missingFileIsSaid() {
        #expect(problem(of: "/nowhere/s.yaml") == "/nowhere/s.yaml: cannot be read: no such file")
        #expect(problem(of: "/") == "/: cannot be read: it is a folder")
    }

    @Test func damagedFilesAreSaid() throws {
        try withFile([0x6E, 0xFF, 0x3A]) { #expect(problem(of: $0)?.hasSuffix("it is not UTF-8 text") == true) }
        try withFile([0x6E, 0x00]) { #expect(problem(of: $0)?.contains("not valid YAML") == true) }
        try withFile(Array(repeating: 0x23, count: 1 << 20)) { #expect(problem(of: $0) == nil) }
        try withFile(Array(repeating: 0x23, count: 1 << 20 + 1)) {
            #expect(problem(of: $0)?.hasSuffix("it is longer than 1MB") == true)
        }
    }
}
