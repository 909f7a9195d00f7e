import Testing

/// The arrows of the architecture, read off the import lines.
struct ArrowTests {
    @Test func everyImportFollowsAnArrow() throws {
        var complaints: [String] = []
        for target in try SourceTree.project.folders(in: "Sources") {
            for file in try SourceTree.project.files("Sources/\(target)", extensions: ["swift"]) {
                complaints += Arrows.complaints(importsOf: target, in: file)
            }
        }
        #expect(complaints == [])
    }

    @Test func everyTargetHasAFolderAndEveryFolderATarget() throws {
        #expect(try SourceTree.project.folders(in: "Sources") == Arrows.own.map(\.target).sorted())
    }

    @Test func arrowsRunOneWay() {
        var above: Set<String> = []
        for (target, imports) in Arrows.own {
            #expect(imports.isSubset(of: above), "\(target) imports what is further down")
            above.insert(target)
        }
    }

    @Test func manifestNamesTheArrowsOfEachTarget() throws {
        let manifest = try SourceTree.project.read("Package.swift")
        let known = Set(Arrows.own.map(\.target))
        for (target, imports) in Arrows.own where !target.hasPrefix("C") || target == "CloudBridge" {
            let named = Manifest.dependencies(of: target, in: manifest).intersection(known)
            #expect(named == imports, "Package.swift and the list of arrows differ about \(target)")
        }
    }

    // MARK: - The checks themselves

    @Test(arguments: [
        ("MQTTWire", "import Foundation", "MQTTWire may not import Foundation: it is pure"),
        ("RuleEngine", "package import Dispatch", "RuleEngine may not import Dispatch: it is pure"),
        ("TopicRouting", "@preconcurrency import NIOPosix", "TopicRouting may not import NIOPosix: it is pure"),
        ("Messages", "  import Logging", "Messages may not import Logging: it is pure"),
        ("RuleEngine", "import Glibc", "RuleEngine may not import Glibc: it is pure"),
        ("MQTTSession", "import TopicRouting", "MQTTSession may not import TopicRouting: no arrow goes there"),
        ("Ledger", "@testable import Broker", "Ledger may not import Broker: no arrow goes there"),
        ("Broker", "import struct SluiceNode.Node", "Broker may not import SluiceNode: no arrow goes there"),
        ("Broker", "import Yams", "Broker may not import Yams: only SluiceNode may"),
        ("SluiceNode", "import CSQLite", "SluiceNode may not import CSQLite: no arrow goes there"),
    ])
    func importsAgainstTheArrowsAreFound(target: String, line: String, complaint: String) {
        let file = SourceFile(path: "x.swift", text: "// first\n\(line)\n")
        #expect(Arrows.complaints(importsOf: target, in: file) == ["x.swift:2: \(complaint)"])
    }

    @Test(arguments: [
        ("MQTTWire", "package import NIOCore"), ("MQTTSession", "import DequeModule"), ("Broker", "import NIOPosix"),
        ("Ledger", "import Foundation"), ("MQTTWire", "/// import Foundation"),
        ("MQTTWire", "let text = \"import Foundation\""),
    ])
    func importsAlongTheArrowsArePassed(target: String, line: String) {
        #expect(Arrows.complaints(importsOf: target, in: SourceFile(path: "x.swift", text: line)) == [])
    }

    @Test func newTargetsAreAskedFor() {
        let file = SourceFile(path: "x.swift", text: "")
        #expect(
            Arrows.complaints(importsOf: "Extra", in: file) == [
                "x.swift: the target Extra is not in the list of arrows"
            ])
    }

    @Test func dependenciesAreReadOffAManifest() {
        let manifest = SourceFile(
            path: "Package.swift",
            text: """
                pureStage("Alpha"),
                pureStage("Beta", imports: ["Alpha", nioCore]),
                stage("Gamma", imports: [
                    "Alpha", "Beta",
                ]),
                .executableTarget(
                    name: "delta",
                    dependencies: ["Gamma", arguments]),
                """)
        #expect(Manifest.dependencies(of: "Alpha", in: manifest) == [])
        #expect(Manifest.dependencies(of: "Beta", in: manifest) == ["Alpha"])
        #expect(Manifest.dependencies(of: "Gamma", in: manifest) == ["Alpha", "Beta"])
        #expect(Manifest.dependencies(of: "delta", in: manifest) == ["Gamma"])
        #expect(Manifest.packages(in: manifest) == [])
    }
}
