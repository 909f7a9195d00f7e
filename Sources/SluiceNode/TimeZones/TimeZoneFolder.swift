import Foundation
package import RuleLanguage

/// The system's folder of time zone data. Each zone is read once.
package final class TimeZoneFolder {
    package static let systemPath = "/usr/share/zoneinfo"
    private static let nameBytesMax = 64
    /// Folders beside the zones, with the same names for clocks that count leap seconds and for clocks that do not.
    private static let otherFolders: Set<String> = ["right", "posix"]

    private let path: String
    private var known: [String: TimeZoneLookup] = [:]

    package init(path: String = TimeZoneFolder.systemPath) {
        self.path = path
    }

    /// The rules of the zone with this IANA name.
    package func find(_ name: String) -> TimeZoneLookup {
        if let found = known[name] { return found }
        let result = read(name)
        known[name] = result
        return result
    }

    private func read(_ name: String) -> TimeZoneLookup {
        // UTC needs no data, so rules that name it run anywhere.
        if name == "UTC", let rules = TimeZoneRules(name: name, firstOffsetSeconds: 0, transitions: []) {
            return .found(rules)
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return .unavailable(
                problem: "there is no folder \(path)", help: "install the system's package `tzdata`, or write \"UTC\"")
        }
        let file = path + "/" + name
        guard Self.isName(name), FileManager.default.fileExists(atPath: file, isDirectory: &isFolder),
            !isFolder.boolValue
        else { return .unknown(nearest: NearestName.of(name, among: names())) }
        guard let handle = FileHandle(forReadingAtPath: file) else {
            return .unavailable(problem: "\(file) can't be read", help: "check the file's permissions")
        }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: TimeZoneFile.bytesMax + 1),
            let rules = TimeZoneFile.read(Array(data), name: name)
        else {
            return .unavailable(
                problem: "\(file) is no time zone file of version 2 or later",
                help: "install the system's package `tzdata` again")
        }
        return .found(rules)
    }

    /// Letters, digits, `_`, `+` and `-` in levels: nothing that leads out of the folder.
    static func isName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= nameBytesMax else { return false }
        let levels = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return levels.allSatisfy { level in
            !level.isEmpty
                && level.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                    case UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"): true
                    default: false
                    }
                }
        } && !otherFolders.contains(String(name.prefix { $0 != "/" }))
    }

    /// All names, for a proposal; only looked for when a name is wrong.
    private func names() -> [String] {
        guard let walker = FileManager.default.enumerator(atPath: path) else { return [] }
        var names: [String] = []
        while let name = walker.nextObject() as? String, names.count < 2_000 {
            if Self.otherFolders.contains(name) {
                walker.skipDescendants()
            } else if name.first?.isUppercase == true, Self.isName(name) {
                names.append(name)
            }
        }
        return names.sorted()
    }
}
