/// What came of a set of files.
package struct RuleCompilation: Sendable {
    /// nil when there is any error.
    package var plan: RuleSetPlan?
    /// In the order of files and places.
    package var diagnostics: [Diagnostic]
    /// Paths of the files that the rules name, whether or not they could be read: a change of one changes the set.
    package var attachmentPaths: [String] = []

    package var errorCount: Int { diagnostics.count { $0.severity == .error } }
}

/// Text of rules to checked plans. No I/O: the caller reads the files.
package enum RuleCompiler {
    /// Compiles a set of files as a whole; their order is that of their names, by Unicode scalars.
    /// `zones` is asked for each time zone that a rule names. `attachments` reads a file that the rules name, by its path:
    /// that of the naming file's folder and the written one; `models` opens a model, by such a path.
    package static func compile(
        _ files: [RuleSourceFile],
        attachments: @escaping (String) -> RuleAttachment = { _ in .unreadable("no files are read here") },
        models: @escaping (String) -> ModelAttachment = { _ in .unusable("no files are read here") },
        withoutRuntime: MissingRuntime = .refused,
        zones: @escaping (String) -> TimeZoneLookup = { _ in .none }
    ) -> RuleCompilation {
        let ordered = files.sorted { ConstantFolding.order($0.name, $1.name) == .less }
        let sources = ordered.enumerated().map { index, file in
            file.text.utf8.count <= RuleLimits.fileBytesMax
                ? SourceText(file, index: index)
                : SourceText(RuleSourceFile(name: file.name, text: ""), index: index)
        }
        let log = DiagnosticLog(sources: sources)
        for (source, file) in zip(sources, ordered) where file.text.utf8.count > RuleLimits.fileBytesMax {
            log.report(
                .tooLarge, SourceSpan(file: source.index, start: 0, end: 0),
                "the file has more than \(RuleLimits.fileBytesMax) bytes",
                help: "split it")
        }
        let tables = TableLoader(attachments)
        let models = ModelLoader(models, withoutRuntime: withoutRuntime)
        let (rules, tests) = check(sources, tables, models, log, zones)
        LoopSearch(rules.filter(\.isSound)).report(to: log)
        let plan = log.errorCount == 0 ? RuleSetPlan(rules: rules.map(\.plan), tests: tests) : nil
        return RuleCompilation(plan: plan, diagnostics: log.sorted(), attachmentPaths: tables.paths + models.paths)
    }

    private static func check(
        _ sources: [SourceText], _ tables: TableLoader, _ models: ModelLoader, _ log: DiagnosticLog,
        _ zones: @escaping (String) -> TimeZoneLookup
    ) -> (rules: [LoopSearch.Rule], tests: [TestPlan]) {
        var defined: [String: SourceSpan] = [:]
        var rules: [LoopSearch.Rule] = []
        var tests: [TestPlan] = []
        for source in sources {
            var parser = Parser(source, log: log)
            let file = parser.file()
            let scope = FileScope(file, tables: tables, models: models, log: log, zones: zones)
            let ruleCountBefore = rules.count
            for syntax in file.rules {
                if let first = defined.updateValue(syntax.name.span, forKey: syntax.name.text) {
                    log.report(
                        .repeatedRule, syntax.name.span, "two rules are named `\(syntax.name.text)`",
                        help: "choose another name",
                        labels: [(first, "first named here")])
                }
                guard rules.count < RuleLimits.ruleCountMax else {
                    log.report(
                        .tooLarge, syntax.name.span, "there are more than \(RuleLimits.ruleCountMax) rules",
                        help: "a capture in `from` lets one rule serve many topics")
                    return (rules, tests)
                }
                let errorsBefore = log.errorCount
                let checker = RuleChecker(syntax, scope: scope, log: log)
                let plan = checker.check()
                rules.append(
                    LoopSearch.Rule(
                        name: syntax.name, plan: plan, publishSpans: syntax.publishes.map(\.topicSpan),
                        isSound: log.errorCount == errorsBefore))
            }
            tests += TestChecker(scope: scope, log: log, rules: rules[ruleCountBefore...]).check(file.tests)
        }
        return (rules, tests)
    }
}
