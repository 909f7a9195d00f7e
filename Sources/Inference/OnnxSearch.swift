internal import Foundation

/// What the search for ONNX Runtime depends on.
package struct OnnxSurroundings: Sendable {
    package var environment: [String: String]
    /// Folder of the running program.
    package var programFolder: String?
    package var workingFolder: String
    /// The paths that fit a shell pattern, sorted.
    package var matches: @Sendable (_ pattern: String) -> [String]

    package init(
        environment: [String: String], programFolder: String?, workingFolder: String,
        matches: @escaping @Sendable (String) -> [String]
    ) {
        self.environment = environment
        self.programFolder = programFolder
        self.workingFolder = workingFolder
        self.matches = matches
    }

    package static var process: OnnxSurroundings {
        let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return OnnxSurroundings(
            environment: ProcessInfo.processInfo.environment,
            programFolder: program.map { ($0 as NSString).deletingLastPathComponent },
            workingFolder: FileManager.default.currentDirectoryPath, matches: expand)
    }

    private static let expand: @Sendable (String) -> [String] = { pattern in
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
    }
}

/// Which files may be ONNX Runtime, best first.
struct OnnxSearch {
    /// What names the place; nil: the usual places are searched.
    let setting: String?
    let candidates: [String]
    /// Where is looked, in words.
    let places: [String]

    private static let file = "libonnxruntime.so"

    init(configured: String?, surroundings: OnnxSurroundings) {
        let named = surroundings.environment["ORT_DYLIB_PATH"].flatMap { $0.isEmpty ? nil : $0 }
        if let path = configured ?? named {
            setting = configured != nil ? "the configuration" : "ORT_DYLIB_PATH"
            places = [path]
            let inside = Self.libraries(in: [path, "\(path)/lib"], surroundings)
            candidates = inside.isEmpty ? [path] : inside
            return
        }
        setting = nil
        var program: [String] = []
        if let folder = surroundings.programFolder { program = [folder, "\(folder)/../lib"] }
        let system = [
            "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib",
            "/opt/onnxruntime/lib",
        ]
        let wheels = Self.pythonFolders(surroundings).map { "\($0)/onnxruntime/capi" }
        candidates =
            Self.libraries(in: program, surroundings) + ["\(Self.file).1", Self.file]
            + Self.libraries(in: system, surroundings) + Self.libraries(in: wheels, surroundings)
        places =
            program + ["where the loader looks"] + system + [
                "the Python packages of the system, $VIRTUAL_ENV and .venv"
            ]
    }

    /// Folders of Python packages, those of environments first.
    private static func pythonFolders(_ surroundings: OnnxSurroundings) -> [String] {
        let environments = [surroundings.environment["VIRTUAL_ENV"], "\(surroundings.workingFolder)/.venv"]
        var folders = environments.compactMap { $0 }.filter { !$0.isEmpty }.map { "\($0)/lib/python3*/site-packages" }
        if let home = surroundings.environment["HOME"], !home.isEmpty {
            folders.append("\(home)/.local/lib/python3*/site-packages")
        }
        return folders + [
            "/usr/local/lib/python3*/dist-packages", "/usr/local/lib/python3*/site-packages",
            "/usr/lib/python3*/dist-packages", "/usr/lib/python3*/site-packages",
        ]
    }

    /// In each folder the plain name first, then those with a version, the newest first.
    private static func libraries(in folders: [String], _ surroundings: OnnxSurroundings) -> [String] {
        folders.flatMap { folder in
            surroundings.matches("\(folder)/\(file)") + surroundings.matches("\(folder)/\(file).*").reversed()
        }
    }
}
