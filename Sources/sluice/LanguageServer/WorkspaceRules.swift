import Foundation
import RuleLanguage
import SluiceNode

/// The rule files of the opened folder, with what is open in the editor laid over them.
struct WorkspaceRules {
    struct Document {
        var uri: String
        var text: EditorText
    }

    private static let entriesMax = 50_000
    private static let filesMax = 5_000
    private static let bytesMax = 64 << 20
    /// Folders that hold no rules of one's own, and very many files.
    private static let skipped: Set<String> = ["node_modules", "target", "build", "dist"]

    var roots: [String] = []
    /// By path, or by the URI of what is no file.
    private(set) var documents: [String: Document] = [:]
    private var folder: [String: String] = [:]

    static func name(_ uri: String) -> String { ProtocolValues.path(uri) ?? uri }

    subscript(uri: String) -> Document? {
        get { documents[Self.name(uri)] }
        set { documents[Self.name(uri)] = newValue }
    }

    /// Reads the folder anew. What can't be read is left out: the editor shows what is open in any case.
    mutating func readFolder() {
        folder = [:]
        var bytes = 0
        for path in Self.find(roots) {
            guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int,
                size <= RuleFiles.fileBytesMax, bytes + size <= Self.bytesMax,
                let data = try? Data(contentsOf: URL(fileURLWithPath: path)),
                let text = String(validating: data, as: UTF8.self)
            else { continue }
            bytes += size
            folder[path] = text
        }
    }

    private static func find(_ roots: [String]) -> [String] {
        var files: [String] = []
        var entries = 0
        for root in roots {
            let base = URL(fileURLWithPath: root).standardizedFileURL.path
            if base.hasSuffix(".rules") {
                files.append(base)
                continue
            }
            guard let walker = FileManager.default.enumerator(atPath: base) else { continue }
            while let name = walker.nextObject() as? String {
                entries += 1
                guard entries <= entriesMax, files.count < filesMax else { return files }
                let last = (name as NSString).lastPathComponent
                if last.hasPrefix(".") || skipped.contains(last) {
                    walker.skipDescendants()
                } else if last.hasSuffix(".rules") {
                    files.append((base as NSString).appendingPathComponent(name))
                }
            }
        }
        return files
    }

    /// The whole set.
    var sources: [RuleSourceFile] {
        var texts = folder
        for (name, document) in documents { texts[name] = document.text.text }
        return texts.map { RuleSourceFile(name: $0.key, text: $0.value) }
    }

    /// The text of a file of the set, or of one that a rule names.
    func text(_ name: String) -> EditorText? {
        if let document = documents[name] { return document.text }
        if let text = folder[name] { return EditorText(text) }
        guard let size = try? FileManager.default.attributesOfItem(atPath: name)[.size] as? Int,
            size <= RuleLimits.tableBytesMax, let data = try? Data(contentsOf: URL(fileURLWithPath: name))
        else { return nil }
        return EditorText(String(decoding: data, as: UTF8.self))
    }

    func uri(_ name: String) -> String { documents[name]?.uri ?? ProtocolValues.uri(name) }
}
