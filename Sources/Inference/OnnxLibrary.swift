internal import COnnxRuntime
internal import Foundation

/// ONNX Runtime, opened once for the rest of the process.
package struct OnnxLibrary: Sendable, Equatable {
    /// The file that was opened.
    package let path: String
    /// `1.32.0`
    package let version: String

    /// Opens the library where the first call finds it; a later call gives the same one. A failure is not kept: whoever
    /// installs it need not start the program anew.
    ///
    /// - Parameter configured: file or folder that the configuration names; then, as with `ORT_DYLIB_PATH`, nothing
    ///   else is looked at.
    package static func find(
        configured: String? = nil, surroundings: OnnxSurroundings = .process
    ) throws(OnnxLibraryMissing) -> OnnxLibrary {
        lock.lock()
        defer { lock.unlock() }
        if let opened { return opened }
        let search = OnnxSearch(configured: configured, surroundings: surroundings)
        var tried: [OnnxLibraryMissing.Attempt] = []
        for path in search.candidates {
            switch load(path) {
            case .success(let library):
                opened = library
                return library
            case .failure(let attempt):
                tried.append(attempt)
            }
        }
        throw OnnxLibraryMissing(setting: search.setting, places: search.places, tried: tried)
    }

    private static let lock = NSLock()
    /// Guarded by `lock`.
    nonisolated(unsafe) private static var opened: OnnxLibrary?

    private static func load(_ path: String) -> Result<OnnxLibrary, OnnxLibraryMissing.Attempt> {
        var version = [CChar](repeating: 0, count: 64)
        var found = [CChar](repeating: 0, count: Int(ONNX_PATH_SIZE))
        var message = [CChar](repeating: 0, count: Int(ONNX_MESSAGE_SIZE))
        let loading = onnx_load(path, &version, &found, &message)
        let versionText = OnnxError.text(version)
        let reason: String
        switch loading {
        case .ONNX_LOADED: return .success(OnnxLibrary(path: OnnxError.text(found), version: versionText))
        case .ONNX_CANNOT_OPEN: reason = OnnxError.line(OnnxError.text(message))
        case .ONNX_IS_ANOTHER_LIBRARY: reason = "it is another library than ONNX Runtime"
        case .ONNX_TOO_OLD: reason = "version \(versionText) is too old; 1.17 or later is needed"
        case .ONNX_OTHER_MAJOR: reason = "version \(versionText) is not supported; 1.17 or a later 1.x is needed"
        case .ONNX_CANNOT_START: reason = "it does not start: \(OnnxError.line(OnnxError.text(message)))"
        @unknown default: reason = "it can't be opened"
        }
        return .failure(OnnxLibraryMissing.Attempt(path: path, reason: reason))
    }
}

/// ONNX Runtime is not there, or not usable.
package struct OnnxLibraryMissing: Error, Sendable, CustomStringConvertible {
    package struct Attempt: Error, Sendable, Equatable {
        package var path: String
        package var reason: String
    }
    /// What named the place: `ORT_DYLIB_PATH` or the configuration; nil: the usual places were searched.
    package var setting: String?
    /// Where was looked, in words.
    package var places: [String]
    /// The files that are there and can't be used, and why.
    package var tried: [Attempt]

    package static let remedy =
        "Install it with `pip install onnxruntime`, or unpack the archive of its release page, and give the path of "
        + "libonnxruntime.so in ORT_DYLIB_PATH"

    /// What was looked for and where, and what to do: one or more sentences.
    package var description: String {
        let unusable = tried.filter { $0.path.contains("/") }.map { "\($0.path): \($0.reason)" }
        var text: String
        if let setting {
            text = "ONNX Runtime (libonnxruntime.so) is not usable where \(setting) says"
        } else {
            text = "ONNX Runtime (libonnxruntime.so) was not found"
        }
        text +=
            unusable.isEmpty
            ? ", looked for in \(places.joined(separator: ", "))" : " (\(unusable.joined(separator: "; ")))"
        return text + ". \(Self.remedy)."
    }
}

/// Why a model can't be used, as the end of a sentence: "it is not an ONNX model".
package struct OnnxError: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }

    static let lengthMax = 300

    static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The library's message on one line, without the place in its source, of at most 300 characters: what a node says
    /// begins with its operator.
    static func line(_ message: String) -> String {
        var text = message.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if text.hasPrefix("/onnxruntime_src/"), let end = text.firstIndex(of: " ") {
            text = String(text[text.index(after: end)...])
        }
        let running = "Non-zero status code returned while running "
        if text.hasPrefix(running), let status = text.firstRange(of: "Status Message: ") {
            let node = text.dropFirst(running.count).prefix { $0 != " " }
            text = "\(node): \(text[status.upperBound...])"
        }
        return text.count <= lengthMax ? text : text.prefix(lengthMax - 1) + "…"
    }
}
