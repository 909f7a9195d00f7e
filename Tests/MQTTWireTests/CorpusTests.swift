import Foundation
import MQTTWire
import Messages
import Testing

/// Packets that once did harm, to this decoder or another, or that walk along an edge of it. One file each in
/// `Corpus/`: comment lines that begin with `#`; a line `SETUP ROLE VERSION EXPECTED` as `server v5 malformedPacket`,
/// where EXPECTED is the name of a `WireError` case, `packet` or `needMore`; the bytes in hex.
@Suite("Corpus")
struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

    static let names: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? [])
        .filter { $0.hasSuffix(".hex") }.sorted()

    @Test("is there")
    func present() { #expect(Self.names.count >= 20) }

    @Test("is answered as each file says and keeps to the laws", arguments: names)
    func replay(_ name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let setup = try #require(lines.first).split(separator: " ")
        try #require(setup.count == 3)
        let role: PacketDecoder.Role = try #require(["server": .server, "client": .client][setup[0]])
        let versions: [Substring: ProtocolVersion?] = ["v311": .v311, "v5": .v5, "unknown": nil]
        let version = try #require(versions[setup[1]])
        let bytes = hex(lines.dropFirst().joined(separator: " "))
        let said: String
        switch outcome(bytes, role: role, version: version) {
        case .success(.needMore): said = "needMore"
        case .success(.packet): said = "packet"
        case .failure(let error):
            said = String("\(Mirror(reflecting: error).children.first?.label ?? "topicAliasInvalid")")
        }
        #expect(said == setup[2])
        #expect(DecoderLaws.broken(by: FuzzCase(bytes: bytes, role: role, version: version)) == nil)
    }
}
