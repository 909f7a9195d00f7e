import Foundation
import RuleLanguage
import Testing

@testable import SluiceNode

/// The system's zones against Python's zoneinfo, and files that are wrong.
@Suite("Time zone files")
struct TimeZoneFileTests {
    private static let hasZones = FileManager.default.fileExists(atPath: TimeZoneFolder.systemPath + "/Europe/Berlin")
    private let folder = TimeZoneFolder()

    private func rules(_ name: String) -> TimeZoneRules? {
        if case .found(let rules) = folder.find(name) { rules } else { nil }
    }

    @Test("offsets are Python's", .enabled(if: hasZones))
    func offsets() throws {
        for (name, rows) in ZoneTable.offsets {
            let zone = try #require(rules(name))
            for (seconds, offset) in rows { #expect(zone.offsetSeconds(at: seconds) == offset, "\(name) \(seconds)") }
        }
    }

    @Test("the first instants of days are Python's", .enabled(if: hasZones))
    func midnights() throws {
        for (name, day, local, instant) in ZoneTable.midnights {
            #expect(try #require(rules(name)).firstInstant(ofLocal: local) == instant, "\(name) \(day)")
        }
    }

    @Test("every zone of the system reads", .enabled(if: hasZones))
    func allZones() {
        var count = 0
        for case let name as String in FileManager.default.enumerator(atPath: TimeZoneFolder.systemPath) ?? .init() {
            guard name.first?.isUppercase == true, !name.hasSuffix("VERSION") else { continue }
            switch folder.find(name) {
            case .found(let rules):
                count += 1
                #expect(rules.transitions.last.map { $0.seconds < 9_300_000_000 } ?? true)
            case .unknown: break
            case .unavailable(let problem, _): Issue.record("\(name): \(problem)")
            }
        }
        #expect(count > 300)
    }

    @Test("rules at the end of a file are Python's", arguments: ZoneTable.footers)
    func footers(_ text: String, _ rows: [(Int64, Int64)]) throws {
        let rules = try #require(TimeZoneFile.read(Self.file(footer: text, offset: 0), name: "X"))
        for (seconds, offset) in rows { #expect(rules.offsetSeconds(at: seconds) == offset, "\(text) \(seconds)") }
    }

    @Test(
        "malformed rules",
        arguments: [
            "CET", "C-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
            "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J9", "CET-1CEST,366,1", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-25",
            "<CET-1", "CET-1CEST,M3.5.0,M10.5.0x", "CET-1:60", "99999999999999999999",
        ])
    func malformed(_ text: String) {
        #expect(RecurringZone(Array(text.utf8)) == nil)
    }

    @Test("a file of version 1, with leap seconds, or cut anywhere is refused")
    func damaged() {
        let whole = Self.file(footer: "CET-1CEST,M3.5.0,M10.5.0/3", offset: 3600)
        #expect(TimeZoneFile.read(whole, name: "X") != nil)
        for count in whole.indices { #expect(TimeZoneFile.read(Array(whole.prefix(count)), name: "X") == nil) }
        var old = whole
        old[4] = 0
        #expect(TimeZoneFile.read(old, name: "X") == nil)
        #expect(TimeZoneFile.read(whole + [UInt8](repeating: 0, count: TimeZoneFile.bytesMax), name: "X") == nil)
    }

    @Test("bytes that are changed never trap")
    func changed() {
        let whole = Self.file(footer: "CET-1CEST,M3.5.0,M10.5.0/3", offset: 3600)
        var state: UInt64 = 7
        func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        for _ in 0..<3_000 {
            var bytes = whole
            for _ in 0...next() % 4 { bytes[next() % bytes.count] = UInt8(next() & 0xFF) }
            if let rules = TimeZoneFile.read(bytes, name: "X") { _ = rules.firstInstant(ofLocal: 1_700_000_000) }
        }
    }

    @Test(
        "names that lead elsewhere are unknown",
        arguments: [
            "", "../passwd", "Europe/../../x", "/etc/passwd", "Europe/", "Europe//Berlin", ".", "right/UTC", "a\0b",
        ])
    func names(_ name: String) {
        #expect(!TimeZoneFolder.isName(name))
        if Self.hasZones, case .unknown = folder.find(name) { return }
        #expect(!Self.hasZones)
    }

    @Test("what to do is said")
    func help() {
        if case .unavailable(let problem, let help) = TimeZoneFolder(path: "/nowhere").find("Europe/Berlin") {
            #expect(problem == "there is no folder /nowhere")
            #expect(help.contains("`tzdata`"))
        } else {
            Issue.record("found")
        }
        if case .found = TimeZoneFolder(path: "/nowhere").find("UTC") {} else { Issue.record("UTC needs no data") }
    }

    @Test("the nearest name is proposed", .enabled(if: hasZones))
    func nearest() {
        if case .unknown(let nearest) = folder.find("Europe/Berln") {
            #expect(nearest == "Europe/Berlin")
        } else {
            Issue.record("found")
        }
    }

    /// A zone without transitions: one type and a rule for all time.
    static func file(footer: String, offset: Int32) -> [UInt8] {
        func word(_ value: Int32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
        let header = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
        let block = header + [0, 0, 0, 0, 1, 1].flatMap { word($0) } + word(offset) + [0, 0, 0]
        return block + block + [10] + Array(footer.utf8) + [10]
    }
}
