import Foundation

/// One text file of the project.
struct SourceFile {
    /// Relative to the project's folder.
    let path: String
    let text: String

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// Lines as an editor counts them: a line break at the end starts no other.
    var lineCount: Int { text.hasSuffix("\n") ? lines.count - 1 : lines.count }
}

/// The project as it lies on the disk.
struct SourceTree {
    let root: URL

    /// The folder two levels above this file's.
    static let project = SourceTree(
        root: URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent())

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    func read(_ path: String) throws -> SourceFile {
        SourceFile(path: path, text: try String(contentsOf: root.appending(path: path), encoding: .utf8))
    }

    /// All files with one of `extensions` below `folders`, sorted; hidden folders are left out.
    func files(_ folders: String..., extensions: Set<String>) throws -> [SourceFile] {
        var paths: [String] = []
        for folder in folders {
            let enumerator = FileManager.default.enumerator(
                at: root.appending(path: folder), includingPropertiesForKeys: nil, options: .skipsHiddenFiles)
            while let file = enumerator?.nextObject() as? URL {
                guard extensions.contains(file.pathExtension), !file.hasDirectoryPath else { continue }
                paths.append(folder + file.path.dropFirst(root.appending(path: folder).path.count))
            }
        }
        return try paths.sorted().map(read)
    }

    /// The names of the folders right below `folder`.
    func folders(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            at: root.appending(path: folder), includingPropertiesForKeys: [.isDirectoryKey], options: .skipsHiddenFiles
        )
        .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
        .map(\.lastPathComponent)
        .sorted()
    }
}
