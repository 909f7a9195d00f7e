package import Logging
import Messages
import RuleEngine
import RuleLanguage
import ServiceLifecycle

/// Why a node can't run. `description` is one or more sentences that say what to do.
package struct NodeError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The rules have errors: exit code 1.
        case rules
        /// Anything else: exit code 3.
        case cannotRun
    }
    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

/// One running node: a service that starts, waits for the signal to stop, and stops in order.
package struct NodeService: Service {
    private let configuration: NodeConfiguration
    private let logger: Logger
    /// Called once when everything listens, with the ports in the order of the configuration.
    private let onReady: @Sendable ([Int]) -> Void

    package init(
        _ configuration: NodeConfiguration, logger: Logger, onReady: @escaping @Sendable ([Int]) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.onReady = onReady
    }

    /// Runs until the surrounding group is told to shut down. Throws `NodeError` when it can't start.
    package func run() async throws {
        for warning in configuration.warnings { logger.warning("\(warning)") }
        let models = ModelFiles(library: configuration.inference.library)
        let compilation = try Self.compile(configuration.rules, models)
        guard let plan = compilation.plan else { throw NodeError(.rules, compilation.diagnostics.text) }
        tellOfMissingRuntime(plan, models)
        let path: DataPath
        do {
            path = try await DataPath(configuration, plan: plan, models: models, logger: logger)
        } catch { throw NodeError(.cannotRun, "\(error)") }
        let ports: [Int]
        do {
            ports = try await path.start()
        } catch {
            await path.stop()
            throw NodeError(.cannotRun, "\(error)")
        }
        logger.info(
            "node is ready",
            metadata: [
                "node": "\(configuration.node)", "rules": "\(plan.rules.count)", "bridges": "\(path.bridges.count)",
            ])
        onReady(ports)
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withGracefulShutdownHandler {
            var attachments = Set(compilation.attachmentPaths)
            var watch = self.watch(attachments, continuation)
            for await _ in changes {
                // Files that the rules name are watched also while they are what is wrong with the rules.
                guard let named = await reload(path, models), named != attachments else { continue }
                attachments = named
                watch?.stop()
                watch = self.watch(attachments, continuation)
                // What was saved before the new watch began was not noticed.
                continuation.yield()
            }
            watch?.stop()
        } onGracefulShutdown: {
            continuation.finish()
        }
        logger.info("node stops", metadata: ["node": "\(configuration.node)"])
        await path.stop()
    }

    private func watch(_ attachments: Set<String>, _ changes: AsyncStream<Void>.Continuation) -> FileWatch? {
        guard !configuration.rules.isEmpty else { return nil }
        let watch = FileWatch(configuration.rules + attachments.sorted()) { changes.yield() }
        if watch == nil {
            logger.warning("changes of rule files are not noticed: the system's inotify limit is reached")
        }
        return watch
    }

    private func tellOfMissingRuntime(_ plan: RuleSetPlan, _ models: ModelFiles) {
        let without = plan.rules.filter { $0.models.contains { $0.signature == nil } }.map(\.name)
        guard !without.isEmpty, let missing = models.missingRuntime() else { return }
        logger.error(
            "rules that call models run without them: each call gives missing. \(missing)",
            metadata: ["rules": "\(without.joined(separator: " "))"])
    }

    private static func compile(_ paths: [String], _ models: ModelFiles) throws -> RuleCompilation {
        let sources: [RuleSourceFile]
        do {
            sources = try RuleFiles.read(paths)
        } catch { throw NodeError(.cannotRun, error.description) }
        return RuleFiles.compile(sources, models: models, withoutRuntime: .allowed)
    }

    /// A file was saved: the whole set is compiled; anything wrong leaves the running set in force and is said.
    /// Returns the paths of the files that the rules name; nil where the rules could not be read.
    private func reload(_ path: DataPath, _ models: ModelFiles) async -> Set<String>? {
        var named: Set<String>?
        do {
            let compilation = try Self.compile(configuration.rules, models)
            named = Set(compilation.attachmentPaths)
            guard let plan = compilation.plan else { throw NodeError(.rules, compilation.diagnostics.text) }
            tellOfMissingRuntime(plan, models)
            let report = try await path.reload(plan)
            logger.info(
                "rules reloaded",
                metadata: [
                    "added": "\(report.added.joined(separator: " "))",
                    "removed": "\(report.removed.joined(separator: " "))",
                    "kept": "\(report.kept.joined(separator: " "))", "lost": "\(report.lost.joined(separator: " "))",
                ])
            path.publish(Self.status("{\"state\":\"running\",\(Self.members(report))}"))
        } catch {
            logger.error(
                "the rules were not reloaded; the running set stays in force", metadata: ["reason": "\(error)"])
            path.publish(Self.status("{\"state\":\"refused\",\"reason\":\(JSONText.quoted("\(error)"))}"))
        }
        return named
    }

    /// What the reload did, by names of rules.
    private static func members(_ report: ReloadReport) -> String {
        [("added", report.added), ("removed", report.removed), ("kept", report.kept), ("lost", report.lost)]
            .map { "\"\($0.0)\":[\($0.1.map(JSONText.quoted).joined(separator: ","))]" }.joined(separator: ",")
    }

    private static func status(_ payload: String) -> Message {
        Message(
            topic: Array("$sluice/rules/status".utf8), payload: Array(payload.utf8), qos: .atLeastOnce, retain: true)
    }
}

/// Text as a JSON string.
enum JSONText {
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case "\u{0}"..."\u{1F}":
                let code = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
