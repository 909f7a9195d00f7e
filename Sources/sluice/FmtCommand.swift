import ArgumentParser
import Foundation
import RuleLanguage
import SluiceNode

/// `sluice fmt`: rule files in their canonical form.
struct FmtCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fmt", abstract: "Set rule files in their canonical form.",
        discussion: """
            Rewrites each file whose form differs. A file with mistakes of syntax is left alone, and they are shown as \
            "sluice check" shows them (exit code 1). "-" reads standard input and writes standard output.
            """)

    @Argument(help: ArgumentHelp("Rule files, or folders of them; \"-\" is standard input.", valueName: "files"))
    var paths: [String]

    @Flag(help: "Change nothing; name the files that would change, with exit code 1 when there are any.")
    var check = false

    @Option(help: "How mistakes are shown: text or json.")
    var format: CheckCommand.Format = .text

    func validate() throws {
        if paths.contains("-"), paths.count > 1 { throw ValidationError("\"-\" stands alone") }
    }

    func run() throws {
        let isStandardInput = paths == ["-"]
        let files = isStandardInput ? [try standardInput()] : try read()
        var diagnostics: [Diagnostic] = []
        var isRight = true
        for file in files {
            let result = RuleFormatter.format(file)
            diagnostics += result.diagnostics
            guard let text = result.text else { continue }
            if check {
                guard text != file.text else { continue }
                isRight = false
                print(file.name)
            } else if isStandardInput {
                FileHandle.standardOutput.write(Data(text.utf8))
            } else if text != file.text {
                try write(text, to: file.name)
            }
        }
        if !diagnostics.isEmpty {
            // Standard output is for the formatted text.
            let shown = format == .json ? diagnostics.json + "\n" : diagnostics.text + "\n"
            (isStandardInput ? FileHandle.standardError : FileHandle.standardOutput).write(Data(shown.utf8))
            isRight = false
        }
        if !isRight { throw ExitCode(1) }
    }

    private func read() throws -> [RuleSourceFile] {
        do {
            return try RuleFiles.read(paths)
        } catch { throw CommandFailure(.cannotRun, error.description) }
    }

    private func standardInput() throws -> RuleSourceFile {
        let bytes = FileHandle.standardInput.readDataToEndOfFile()
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw CommandFailure(.cannotRun, "standard input is not UTF-8 text")
        }
        return RuleSourceFile(name: "<stdin>", text: text)
    }

    private func write(_ text: String, to path: String) throws {
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        do {
            // The file is replaced as a whole, so it takes over who may read it.
            let permissions = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
            try Data(text.utf8).write(to: file, options: .atomic)
            if let permissions {
                try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: file.path)
            }
        } catch {
            throw CommandFailure(.cannotRun, "can't write \(path): check that the file and its folder may be written")
        }
    }
}
