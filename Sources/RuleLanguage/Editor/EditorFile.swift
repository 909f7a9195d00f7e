/// One file as an editor asks about it: its tokens, what its names mean, and which fields it reads. Files with mistakes
/// have these too, as far as they can be read.
package struct EditorFile {
    /// Something that has a name.
    struct Definition {
        enum Kind: Equatable { case rule, capture, bind, constant, table, model }
        var kind: Kind
        var name: String
        var span: SourceSpan
        /// The rule in which it is known; nil: everywhere in the file.
        var section: Int?
        /// What follows the `=` of a let.
        var valueText: String?
        var type: String?
        /// Of a let that holds the result of a model: the model's name.
        var model: String?
    }

    /// A declaration of the file, from its name to the next one's.
    struct Section {
        enum Kind { case rule, test, other }
        var kind: Kind
        var start: Int
    }

    package let text: EditorText
    let source: SourceText
    /// In the order of the text; a text is followed by the tokens of its `{…}`.
    let tokens: [Token]
    private(set) var definitions: [Definition] = []
    private(set) var sections: [Section] = []
    /// Fields that a schema declares, with their types.
    private(set) var declaredFields: [String: String] = [:]
    /// Columns of the tables that could be read.
    private(set) var tableColumns: [String: [String]] = [:]
    /// The models that could be opened.
    private(set) var models: [String: ModelPlan] = [:]
    /// The topics of each `from`, with the section of their rule.
    private(set) var sources: [(section: Int?, source: EditorSource)] = []

    /// Parses and checks `file`; see `RuleCompiler.compile` for the three readers. A file beyond the limit is empty here.
    package init(
        _ file: RuleSourceFile, text: EditorText,
        attachments: @escaping (String) -> RuleAttachment = { _ in .unreadable("no files are read here") },
        models: @escaping (String) -> ModelAttachment = { _ in .unusable("no files are read here") },
        zones: @escaping (String) -> TimeZoneLookup = { _ in .none }
    ) {
        self.text = text
        let isTooLarge = file.text.utf8.count > RuleLimits.fileBytesMax
        source = SourceText(isTooLarge ? RuleSourceFile(name: file.name, text: "") : file, index: 0)
        let log = DiagnosticLog(sources: [source])
        var parser = Parser(source, log: log)
        let syntax = parser.file()
        tokens = Self.flattened(parser.tokens, source, log, depth: 0)
        sections = Self.sections(syntax)
        let scope = FileScope(
            syntax, tables: TableLoader(attachments), models: ModelLoader(models, withoutRuntime: .allowed), log: log,
            zones: zones)
        for (name, table) in scope.tables { tableColumns[name] = table.data?.columns }
        self.models = scope.models.compactMapValues(\.plan)
        defineFile(syntax, scope)
        for rule in syntax.rules { define(rule, scope, log) }
    }

    // MARK: What is defined

    private static func sections(_ syntax: FileSyntax) -> [Section] {
        var result = syntax.rules.map { Section(kind: .rule, start: $0.name.span.start) }
        result += syntax.tests.map { Section(kind: .test, start: $0.span.start) }
        let others =
            syntax.models.map(\.name.span.start) + syntax.tables.map(\.name.span.start)
            + syntax.constants.map(\.name.span.start)
        result += others.map { Section(kind: .other, start: $0) }
        return result.sorted { $0.start < $1.start }
    }

    /// The declaration in which `offset` is; nil above the first.
    func section(at offset: Int) -> Int? { sections.lastIndex { $0.start <= offset } }

    private mutating func defineFile(_ syntax: FileSyntax, _ scope: FileScope) {
        func define(_ kind: Definition.Kind, _ name: NameSyntax) -> Definition {
            Definition(kind: kind, name: name.text, span: name.span)
        }
        definitions += syntax.models.map { model in
            var result = define(.model, model.name)
            result.valueText = model.path.text
            return result
        }
        definitions += syntax.tables.map { table in
            var result = define(.table, table.name)
            result.valueText = table.path.text
            return result
        }
        definitions += syntax.constants.map { constant in
            var result = define(.constant, constant.name)
            result.valueText = source.text(constant.value.span)
            result.type = scope.constants[constant.name.text].flatMap { Self.described($0.value) }
            return result
        }
        definitions += syntax.rules.map { rule in
            var result = define(.rule, rule.name)
            result.valueText = rule.title?.text
            return result
        }
    }

    private mutating func define(_ rule: RuleSyntax, _ scope: FileScope, _ log: DiagnosticLog) {
        let section = section(at: rule.name.span.start)
        for from in rule.sources {
            sources.append((section, EditorSource(from)))
            for case .hole(let written, let span) in from.topic {
                let name = written.hasSuffix("...") ? String(written.dropLast(3)) : written
                definitions.append(Definition(kind: .capture, name: name, span: span, section: section, type: "a text"))
            }
            for field in from.schema ?? [] { declaredFields[field.name.text] = field.type.kinds.described }
        }
        let checker = RuleChecker(rule, scope: scope, log: log)
        _ = checker.check()
        var types: [String: String] = [:]
        var results: [String: String] = [:]
        for record in checker.expressions.lets {
            types[record.name.text] = Self.described(record.value)
            results[record.name.text] = checker.expressions.model(of: record.value.expression)?.name
        }
        let stepLets = rule.steps.compactMap { step in if case .bind(let binding) = step { binding } else { nil } }
        for binding in stepLets + rule.windowLets {
            definitions.append(
                Definition(
                    kind: .bind, name: binding.name.text, span: binding.name.span, section: section,
                    valueText: source.text(binding.value.span), type: types[binding.name.text],
                    model: results[binding.name.text]))
        }
    }

    /// nil when the checker knows nothing.
    private static func described(_ value: CheckedExpression) -> String? {
        value.isPoison || value.kinds == .any || value.kinds.isEmpty ? nil : value.kinds.described
    }

    // MARK: Tokens

    private static func flattened(
        _ tokens: [Token], _ source: SourceText, _ log: DiagnosticLog, depth: Int
    ) -> [Token] {
        var result: [Token] = []
        for token in tokens {
            if case .end = token.kind { continue }
            result.append(token)
            guard depth < RuleLimits.nestingMax, case .text(let pieces) = token.kind else { continue }
            for case .hole(let hole) in pieces {
                var lexer = Lexer(source, hole: hole, depth: depth + 1, log: log)
                result += flattened(lexer.tokens(), source, log, depth: depth + 1)
            }
        }
        return result
    }

    /// The innermost token that touches `offset`, words before signs.
    func tokenIndex(at offset: Int) -> Int? {
        var best: Int?
        for (index, token) in tokens.enumerated() where token.span.start <= offset && offset <= token.span.end {
            guard let known = best else {
                best = index
                continue
            }
            let length = token.span.end - token.span.start
            let knownLength = tokens[known].span.end - tokens[known].span.start
            if case .word = token.kind {
                best = index
            } else if length < knownLength, tokens[known].span.end > offset {
                best = index
            }
        }
        return best
    }

    /// The definition that `name` means at `offset`: of the rule there, or of the file.
    func definition(of name: String, at offset: Int) -> Definition? {
        let section = section(at: offset)
        let known = definitions.filter { $0.name == name && ($0.section == nil || $0.section == section) }
        return known.last { $0.section != nil } ?? known.first { $0.kind != .rule } ?? known.first
    }

    /// The compiler's byte for one of the editor's, and back.
    func offset(of position: EditorPosition) -> Int { max(0, text.offset(of: position) - text.leadCount) }
    func range(of span: SourceSpan) -> EditorRange {
        text.range(span.start + text.leadCount..<span.end + text.leadCount)
    }
}
