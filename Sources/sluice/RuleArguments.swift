import Foundation
import RuleLanguage
import SluiceNode

/// Rules as commands take them: files and folders, compiled as one set.
enum RuleArguments {
    /// The plan; findings of severity error end the command with 1, and warnings are shown on standard error.
    static func compile(_ paths: [String]) throws -> RuleSetPlan {
        let sources: [RuleSourceFile]
        do {
            sources = try RuleFiles.read(paths)
        } catch { throw CommandFailure(.cannotRun, error.description) }
        let compilation = RuleFiles.compile(sources)
        guard let plan = compilation.plan else { throw CommandFailure(.notRight, compilation.diagnostics.text) }
        if !compilation.diagnostics.isEmpty {
            FileHandle.standardError.write(Data((compilation.diagnostics.text + "\n").utf8))
        }
        return plan
    }

    /// The rule with this name.
    static func rule(_ name: String, in plan: RuleSetPlan) throws -> RulePlan {
        if let rule = plan.rules.first(where: { $0.name == name }) { return rule }
        let near = NearestName.find(name, in: plan.rules.map(\.name)).map { "did you mean \($0)?" }
        let known = plan.rules.prefix(20).map(\.name).joined(separator: ", ")
        throw CommandFailure(.notRight, "there is no rule \(name); \(near ?? "there are \(known)")")
    }
}
