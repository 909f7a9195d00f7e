import Foundation
package import RuleLanguage

/// The `.rules` files of a node or a command line: found, read, and handed to the compiler.
package enum RuleFiles {
    /// Files of more bytes are refused before they are read.
    package static let fileBytesMax = 4 * 1_048_576
    package static let filesMax = 10_000

    package struct Unreadable: Error, Sendable, CustomStringConvertible {
        package let path: String
        package let reason: String
        package var description: String { "can't read rules from \(path): \(reason)" }
    }

    /// Every `.rules` file under `paths` (folders are searched one level deep and deeper), by name.
    package static func find(_ paths: [String]) throws(Unreadable) -> [String] {
        var files: [String] = []
        for path in paths {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw Unreadable(path: path, reason: "there is no such file or folder")
            }
            guard isFolder.boolValue else {
                files.append(path)
                continue
            }
            guard FileManager.default.isReadableFile(atPath: path),
                let walker = FileManager.default.enumerator(atPath: path)
            else { throw Unreadable(path: path, reason: "the folder can't be listed; check its permissions") }
            while let name = walker.nextObject() as? String {
                guard name.hasSuffix(".rules"), !name.split(separator: "/").contains(where: { $0.hasPrefix(".") })
                else { continue }
                files.append((path as NSString).appendingPathComponent(name))
                guard files.count <= filesMax else {
                    throw Unreadable(path: path, reason: "more than \(filesMax) files")
                }
            }
        }
        return files.sorted()
    }

    package static func read(_ paths: [String]) throws(Unreadable) -> [RuleSourceFile] {
        var sources: [RuleSourceFile] = []
        for path in try find(paths) {
            let data: Data
            do {
                let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
                guard size <= fileBytesMax else {
                    throw Unreadable(path: path, reason: "\(size) bytes; at most \(fileBytesMax) are read")
                }
                data = try Data(contentsOf: URL(fileURLWithPath: path))
            } catch let error as Unreadable {
                throw error
            } catch {
                throw Unreadable(path: path, reason: "the file can't be read; check its permissions")
            }
            guard let text = String(validating: data, as: UTF8.self) else {
                throw Unreadable(path: path, reason: "it is not UTF-8 text")
            }
            sources.append(RuleSourceFile(name: path, text: text))
        }
        return sources
    }

    /// Checks what was read, with the files that it names and the system's time zones.
    /// `models` opens those that they name; `withoutRuntime` says what becomes of rules that call one where ONNX Runtime is
    /// not there.
    package static func compile(
        _ sources: [RuleSourceFile], models: ModelFiles = .shared, withoutRuntime: MissingRuntime = .refused
    ) -> RuleCompilation {
        let zones = TimeZoneFolder()
        return RuleCompiler.compile(
            sources, attachments: attachment, models: models.attachment, withoutRuntime: withoutRuntime,
            zones: zones.find)
    }

    /// What an editor asks about one file, with the files that it names and the system's time zones.
    package static func editorFile(_ source: RuleSourceFile, text: EditorText) -> EditorFile {
        EditorFile(
            source, text: text, attachments: attachment, models: ModelFiles.shared.attachment,
            zones: TimeZoneFolder().find)
    }

    /// A file that the rules name.
    private static func attachment(_ path: String) -> RuleAttachment {
        do {
            return .content(Array(try content(of: path, bytesMax: RuleLimits.tableBytesMax)))
        } catch { return .unreadable(error.reason) }
    }

    /// Why a file that the rules name can't be read, as the end of a sentence.
    struct NamedFileFault: Error {
        var reason: String
    }

    /// A file that the rules name, whole.
    static func content(of path: String, bytesMax: Int) throws(NamedFileFault) -> Data {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
            throw NamedFileFault(reason: isFolder.boolValue ? "it is a folder" : "there is no such file")
        }
        let size: Int
        let data: Data
        do {
            size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            data = size <= bytesMax ? try Data(contentsOf: URL(fileURLWithPath: path)) : Data()
        } catch { throw NamedFileFault(reason: "check its permissions") }
        guard size <= bytesMax else {
            throw NamedFileFault(reason: "it has \(size) bytes; at most \(bytesMax) are read")
        }
        return data
    }
}
