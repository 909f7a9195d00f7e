// Parts of objects and lists, and rows of tables.

extension ExpressionChecker {
    func member(_ base: ExpressionSyntax, _ name: NameSyntax) -> CheckedExpression {
        let value = check(base)
        guard !value.isPoison else { return .poison }
        if let column = column(name.text, of: value.expression, name.span) { return column }
        if let result = resultMember(name.text, of: value.expression, name.span) { return result }
        guard value.kinds.contains(.object) else {
            return wrongOperand(value, base.span, "`.\(name.text)` is taken of an object")
        }
        return CheckedExpression(expression: .member(value.expression, name.text), kinds: .any)
    }

    func subscripted(_ base: ExpressionSyntax, _ index: ExpressionSyntax, _ span: SourceSpan) -> CheckedExpression {
        if case .name(let name) = base.kind, letSlots[name] == nil, !names.captures.contains(name),
            scope.constants[name] == nil, scope.tables[name] != nil
        {
            return tableRow(name, base.span, index)
        }
        let value = check(base)
        let key = check(index)
        guard !value.isPoison, !key.isPoison else { return .poison }
        if let name = key.expression.literalText {
            if let column = column(name, of: value.expression, index.span) { return column }
            if let result = resultMember(name, of: value.expression, index.span) { return result }
        }
        guard !value.kinds.isDisjoint(with: [.list, .object]) else {
            return wrongOperand(value, base.span, "`[…]` is taken of a list or an object")
        }
        var wanted: ValueKinds = value.kinds.contains(.list) ? .number : []
        if value.kinds.contains(.object) { wanted.formUnion(.text) }
        guard !key.kinds.isDisjoint(with: wanted) else {
            return wrongOperand(key, index.span, "an index is a number, of an object a text")
        }
        if let number = key.expression.literalNumber, number < 0 || number != number.rounded() {
            log.report(.indexNeverThere, index.span, "there is no such index", help: "the first element is `[0]`")
        } else if let number = key.expression.literalNumber, let count = resultCount(value), number >= Double(count) {
            log.report(
                .indexNeverThere, index.span, "the model gives \(count) numbers here",
                help: "the last one is `[\(count - 1)]`")
        }
        return CheckedExpression(expression: .subscripted(value.expression, index: key.expression), kinds: .any)
    }

    // MARK: Tables

    private func tableRow(_ name: String, _ span: SourceSpan, _ index: ExpressionSyntax) -> CheckedExpression {
        let key = check(index)
        guard place != .constant else { return report(.notAConstant, span, "a table is no constant") }
        guard !key.isPoison else { return .poison }
        guard !key.kinds.isEmpty else {
            return report(
                .alwaysMissing, index.span, "no row has a missing key", help: "give another value with `??`")
        }
        let literal: String? =
            switch key.expression {
            case .text(let text): text
            case .integer(let number): String(number)
            default: nil
            }
        if let literal, let data = scope.tables[name]?.data, !data.hasKey(literal) {
            let near = NearestName.find(literal, in: data.rows.map(\.key))
            log.report(
                .indexNeverThere, index.span, "the table `\(name)` has no key `\(literal)`",
                help: near.map { "did you mean `\"\($0)\"`?" } ?? "the row is missing until it has one")
        }
        use(table: name)
        return CheckedExpression(expression: .tableRow(table: name, key: key.expression), kinds: .object)
    }

    func use(table name: String) {
        if !usedTables.contains(name) { usedTables.append(name) }
    }

    /// The plans of the tables that the rule reads.
    var tablePlans: [TablePlan] {
        usedTables.compactMap { name in
            scope.tables[name]?.data.map { TablePlan(name: name, data: $0) }
        }
    }

    /// A column of a table's row; nil when `expression` is no such row.
    private func column(_ name: String, of expression: Expression, _ span: SourceSpan) -> CheckedExpression? {
        var row = expression
        while case .letValue(let slot) = row, slot < lets.count { row = lets[slot].value.expression }
        guard case .tableRow(let table, _) = row else { return nil }
        guard let data = scope.tables[table]?.data else { return .poison }
        guard let column = data.column(name) else {
            let known = data.columns.prefix(8).map { "`\($0)`" }.joined(separator: ", ")
            let near = NearestName.find(name, in: data.columns)
            return report(
                .unknownColumn, span, "the table `\(table)` has no column `\(name)`",
                help: near.map { "did you mean `\($0)`?" } ?? "its columns are \(known)")
        }
        return CheckedExpression(expression: .member(expression, name), kinds: data.kinds[column])
    }
}
