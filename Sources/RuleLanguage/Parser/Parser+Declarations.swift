// Files: models, tables, constants, rules and tests, in any order.

extension Parser {
    mutating func file() -> FileSyntax {
        var file = FileSyntax()
        while !isAtEnd {
            isRecovering = false
            let before = index
            switch word {
            case "rule": if let rule = rule() { file.rules.append(rule) }
            case "model": if let model = model() { file.models.append(model) }
            case "table": if let table = table() { file.tables.append(table) }
            case "test": if let test = test() { file.tests.append(test) }
            case "let":
                if let constant = letBinding() { file.constants.append(constant) }
            default: strayToken()
            }
            if isRecovering { skipToDeclaration() }
            if index == before { advance() }
        }
        return file
    }

    private mutating func strayToken() {
        if let word, Words.clauses.contains(word) {
            expected("a declaration", help: "`\(word)` belongs into a rule: `rule name { … }`")
        } else {
            let known = Words.declarations.union(["let"])
            let near = word.flatMap { NearestName.find($0, in: known) }
            expected("`rule`, `let`, `model`, `table` or `test`", help: near.map { "did you mean `\($0)`?" })
        }
    }

    /// Words of declarations are reserved, so wherever one stands a new declaration begins, except as the name of a
    /// field or member. `let` begins one only outside of braces.
    private mutating func skipToDeclaration() {
        while !isAtEnd {
            if beginsDeclaration { break }
            if openBraces == 0, at(word: "let") { break }
            advance()
        }
        if beginsDeclaration { forgetBraces(above: 0) }
        isRecovering = false
    }

    var beginsDeclaration: Bool {
        guard let word, Words.declarations.contains(word) else { return false }
        return !isFieldOrMemberName
    }

    /// Whether the word at the cursor follows a dot or stands before a colon.
    var isFieldOrMemberName: Bool {
        if case .symbol(.colon) = kind(after: 1) { return true }
        if index > 0, case .dot(attached: true) = tokens[index - 1].kind { return true }
        return false
    }

    // MARK: Models, tables, lets

    private mutating func model() -> ModelSyntax? {
        let start = span
        advance()
        guard let name = definedName("the name of a model") else { return nil }
        guard expect(word: "from", "after the name of the model"), let path = plainText("the file of the model") else {
            return nil
        }
        var labels: [PlainTextSyntax] = []
        if take(word: "labels") {
            repeat {
                guard let label = plainText("a label") else { return nil }
                labels.append(label)
            } while take(.comma)
        }
        let logitsSpan = take(word: "logits") ? previousSpan : nil
        return ModelSyntax(name: name, path: path, labels: labels, logitsSpan: logitsSpan, span: start.to(previousSpan))
    }

    private mutating func table() -> TableSyntax? {
        let start = span
        advance()
        guard let name = definedName("the name of a table") else { return nil }
        guard expect(word: "from", "after the name of the table"), let path = plainText("the file of the table") else {
            return nil
        }
        guard expect(word: "key", "and the key column after the file") else { return nil }
        guard let column = word else {
            expected("the name of the key column")
            return nil
        }
        let key = NameSyntax(text: column, span: span)
        advance()
        return TableSyntax(name: name, path: path, key: key, span: start.to(previousSpan))
    }

    /// `let NAME = expr`; the cursor is at `let`.
    mutating func letBinding() -> LetSyntax? {
        advance()
        guard let name = definedName("the name of a let") else { return nil }
        guard take(.assign) else {
            expected("`=` after `\(name.text)`")
            return LetSyntax(name: name, value: invalid())
        }
        return LetSyntax(name: name, value: expression())
    }

    // MARK: Rules

    private mutating func rule() -> RuleSyntax? {
        advance()
        guard let name = definedName("the name of a rule") else { return nil }
        var rule = RuleSyntax(name: name)
        if case .text = kind { rule.title = plainText("the title of a rule") }
        let brace = span
        guard expect(.leftBrace, after: "to begin the rule") else { return nil }
        let start = index
        let errorsBefore = log.errorCount
        clauses(of: &rule, brace: brace, start: start)
        // A clause that was reported may be the one that is missing.
        guard log.errorCount == errorsBefore, !hasInvalidToken(since: start) else { return rule }
        if rule.sources.isEmpty {
            log.report(
                .missingClause, name.span, "rule `\(name.text)` has no `from`",
                help: "add `from \"topic/{name}\"` as its first clause")
        } else if rule.publishes.isEmpty {
            log.report(
                .missingClause, name.span, "rule `\(name.text)` has no `publish`",
                help: "add `publish \"topic\" { … }` as its last clause")
        }
        return rule
    }

    private func hasInvalidToken(since start: Int) -> Bool {
        tokens[start..<index].contains { token in if case .invalid = token.kind { true } else { false } }
    }

    private mutating func clauses(of rule: inout RuleSyntax, brace: SourceSpan, start: Int) {
        let level = openBraces
        var order = ClauseOrder()
        while true {
            if isRecovering { skipToClause(level: level) }
            if at(.rightBrace) {
                advance()
                return
            }
            if isAtEnd || beginsDeclaration {
                // A text without an end may have swallowed the brace.
                if !hasInvalidToken(since: start) {
                    log.report(
                        .unclosedBlock, brace, "no `}` closes rule `\(rule.name.text)`",
                        help: isAtEnd ? "put `}` at its end" : "put `}` before the next `\(word ?? "rule")`")
                }
                forgetBraces(above: level - 1)
                isRecovering = true
                return
            }
            let before = index
            clause(of: &rule, order: &order)
            if index == before { advance() }
        }
    }

    /// Goes on where a clause begins or the rule ends.
    private mutating func skipToClause(level: Int) {
        while !isAtEnd {
            if at(.rightBrace), openBraces <= level { break }
            if let word, !isFieldOrMemberName, Words.clauses.contains(word) || Words.declarations.contains(word) {
                break
            }
            advance()
        }
        forgetBraces(above: level)
        isRecovering = false
    }
}
