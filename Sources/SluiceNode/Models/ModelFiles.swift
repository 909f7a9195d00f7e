import Crypto
import Foundation
package import Inference
package import RuleEngine
package import RuleLanguage
import Synchronization

/// The models that rules name: their files read, checked and opened, each once as long as it stays the same.
package final class ModelFiles: Sendable {
    /// For command lines: the library is found by `ORT_DYLIB_PATH` and in the usual places.
    package static let shared = ModelFiles()

    private struct Opened {
        var sha256: String
        var model: OnnxModel
    }

    private let library: String?
    private let opened = Mutex<[String: Opened]>([:])

    /// - Parameter library: the file of ONNX Runtime, or its folder; nil: it is searched.
    package init(library: String? = nil) {
        self.library = library
    }

    /// What the compiler asks about a path. Reads the file; opens it when it is new or changed.
    package func attachment(_ path: String) -> ModelAttachment {
        let bytes: Data
        do {
            bytes = try RuleFiles.content(of: path, bytesMax: OnnxModel.byteCountMax)
        } catch { return .unusable(error.reason) }
        let sha256 = SHA256.hash(data: bytes).map { Self.hexadecimal($0) }.joined()
        if let known = opened.withLock({ $0[path] }), known.sha256 == sha256 { return .model(known.model.signature) }
        let runtime: OnnxLibrary
        do {
            runtime = try OnnxLibrary.find(configured: library)
        } catch { return .noRuntime(error.description) }
        do {
            let model = try bytes.withUnsafeBytes { try OnnxModel.open($0, sha256: sha256, library: runtime) }
            opened.withLock { $0[path] = Opened(sha256: sha256, model: model) }
            return .model(model.signature)
        } catch { return .unusable("\(error)") }
    }

    /// The opened models of a plan, in its order; nil where there is none.
    package func models(_ plans: [ModelPlan]) -> [OnnxModel?] {
        opened.withLock { opened in
            plans.map { plan in
                guard let known = opened[plan.path], known.sha256 == plan.signature?.sha256 else { return nil }
                return known.model
            }
        }
    }

    /// Lets go of all models but those of a plan.
    package func keep(_ plans: [ModelPlan]) {
        let paths = Set(plans.map(\.path))
        opened.withLock { $0 = $0.filter { paths.contains($0.key) } }
    }

    /// What to do where ONNX Runtime is missing, as sentences; nil: it is there.
    package func missingRuntime() -> String? {
        do {
            _ = try OnnxLibrary.find(configured: library)
            return nil
        } catch { return error.description }
    }

    /// Runs the models of an engine on its own thread.
    package func runner(_ plans: [ModelPlan]) -> any ModelRunner { InlineModels(models(plans)) }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
