import Testing

struct TidyTests {
    private let tree = SourceTree.project

    @Test func filesAreShort() throws {
        let files = try tree.files("Sources", "Tests", "Benchmarks", extensions: ["swift"])
        #expect(!files.isEmpty)
        #expect(TidyCheck.lengths(of: files) == [])
        #expect(TidyCheck.slack(of: files) == [])
    }

    @Test func nobodyLeavesNotesInTheCode() throws {
        let files = try tree.files(
            "Sources", "Tests", "Benchmarks", "docker", "scripts", "rules",
            extensions: ["swift", "c", "h", "py", "sh", "yaml", "rules", ""])
        #expect(TidyCheck.reminders(in: files) == [])
    }

    @Test func testsDoNotSleep() throws {
        let files = try tree.files("Tests", extensions: ["swift", "py"])
            .filter { !$0.path.hasPrefix("Tests/TidyTests/") }
        #expect(TidyCheck.sleeps(in: files) == [])
    }

    @Test func linksOfTheDocumentsLeadSomewhere() throws {
        var files = try tree.files("docs", "Benchmarks", "certs", "rules", "docker", "editors", extensions: ["md"])
        files.append(try tree.read("README.md"))
        #expect(TidyCheck.deadLinks(in: files, exists: tree.exists) == [])
    }

    @Test func everyPackageIsExplained() throws {
        let packages = Manifest.packages(in: try tree.read("Package.swift"))
        #expect(!packages.isEmpty)
        #expect(TidyCheck.unexplained(packages: packages, in: try tree.read("docs/dependencies.md")) == [])
    }

    // MARK: - The checks themselves

    private func file(_ text: String, path: String = "a.swift") -> [SourceFile] { [SourceFile(path: path, text: text)] }

    @Test func longFilesAreFound() {
        let atLimit = file(String(repeating: "x\n", count: TidyCheck.lineCountMax))
        let beyond = file(String(repeating: "x\n", count: TidyCheck.lineCountMax + 1))
        #expect(TidyCheck.lengths(of: atLimit, ratchet: [:]) == [])
        #expect(TidyCheck.lengths(of: beyond, ratchet: [:]) == ["a.swift: 401 lines are more than 400: split it"])
        #expect(TidyCheck.lengths(of: beyond, ratchet: ["a.swift": 401]) == [])
    }

    @Test func theRatchetOnlyTightens() {
        let beyond = file(String(repeating: "x\n", count: TidyCheck.lineCountMax + 1))
        #expect(TidyCheck.slack(of: beyond, ratchet: ["a.swift": 401]) == [])
        #expect(TidyCheck.slack(of: beyond, ratchet: ["a.swift": 500]) == ["a.swift: lower it to 401 in the ratchet"])
        #expect(TidyCheck.slack(of: file("x\n"), ratchet: ["a.swift": 500]) == ["a.swift: remove it from the ratchet"])
        #expect(TidyCheck.slack(of: [], ratchet: ["gone.swift": 500]) == ["gone.swift: remove it from the ratchet"])
    }

    @Test func notesAreFound() {
        #expect(
            TidyCheck.reminders(in: file("ok\n// TO" + "DO: later")) == ["a.swift:2: TO" + "DO: do it now or file it"])
        #expect(TidyCheck.reminders(in: file("let methodology = true // a to-do list")) == [])
    }

    @Test(arguments: ["try await Task.sleep(for: .seconds(1))", "usleep(10)", "sleep(1)", "    time.sleep(0.1)"])
    func sleepsAreFound(line: String) {
        #expect(TidyCheck.sleeps(in: file(line)).count == 1)
    }

    @Test func deadLinksAreFound() {
        let document = file(
            """
            [here](b.md) [gone](no.md#part) [up](../README.md) [web](https://example.com) [self](#top) `[code](x.md)`
            ```
            [code](y.md)
            ```
            """, path: "docs/a.md")
        let existing: Set = ["docs/b.md", "README.md"]
        #expect(
            TidyCheck.deadLinks(in: document) { existing.contains($0) } == [
                "docs/a.md: the link to no.md#part leads nowhere"
            ])
    }

    @Test func unexplainedPackagesAreFound() {
        let manifest = file(
            ".package(url: \"https://github.com/apple/swift-nio\", from: \"2.0.0\"),", path: "Package.swift")
        #expect(Manifest.packages(in: manifest[0]) == ["swift-nio"])
        let table = SourceFile(path: "d.md", text: "| swift-nio-ssl | TLS |\n| Yams | YAML |")
        #expect(
            TidyCheck.unexplained(packages: ["swift-nio"], in: table) == [
                "d.md: say in one line why there is swift-nio"
            ])
        #expect(TidyCheck.unexplained(packages: ["Yams", "swift-nio-ssl"], in: table) == [])
    }
}
