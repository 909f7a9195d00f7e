/// Expressions as text that does not depend on the numbers of slots: what is written alike, is alike. It tells equal
/// aggregates, and over a reload whether a rule keeps its state.
struct CanonicalText {
    var captures: [String] = []
    var letNames: [String] = []
    var paths: [PayloadPath] = []
    var aggregates: [String] = []
    var histories: [String] = []
    var modelCalls: [String] = []

    func text(_ expression: Expression) -> String {
        switch expression {
        case .missing: "missing"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .double(let value): value.description
        case .text(let value): JSONText.quoted(value)
        case .duration(let value): "\(value)ns"
        case .path(let slot): text(paths[slot])
        case .payload: "."
        case .capture(let slot): captures[slot]
        case .letValue(let slot): letNames[slot]
        case .aggregate(let slot): aggregates[slot]
        case .history(let slot): histories[slot]
        case .modelResult(let slot): modelCalls[slot]
        case .messageFact(let fact): fact.rawValue + "()"
        case .property(let name): "property(\(JSONText.quoted(name)))"
        default: compound(expression)
        }
    }

    private func compound(_ expression: Expression) -> String {
        switch expression {
        case .negate(let x): "-(\(text(x)))"
        case .not(let x): "not (\(text(x)))"
        case .arithmetic(let symbol, let x, let y): infix(x, symbol.rawValue, y)
        case .compare(let symbol, let x, let y): infix(x, symbol.rawValue, y)
        case .and(let x, let y): infix(x, "and", y)
        case .or(let x, let y): infix(x, "or", y)
        case .coalesce(let x, let y): infix(x, "??", y)
        case .membership(let x, let list, let negated): infix(x, negated ? "not in" : "in", list)
        case .between(let x, let low, let high): "(\(text(x)) between \(text(low)) and \(text(high)))"
        case .conditional(let x, let y, let z): "(if \(text(x)) then \(text(y)) else \(text(z)))"
        case .member(let x, let name): "\(text(x)).\(JSONText.quoted(name))"
        case .subscripted(let x, let index): "\(text(x))[\(text(index))]"
        case .object(let members): object(members)
        case .list(let elements): "[" + elements.map(text).joined(separator: ", ") + "]"
        case .interpolated(let parts): text(parts)
        case .call(let function, let arguments): call(function.rawValue, arguments)
        case .matches(let x, let pattern): "matches(\(text(x)), \(JSONText.quoted(pattern)))"
        case .latest(let parts): "latest(\(text(parts)))"
        case .tableRow(let table, let key): "\(table)[\(text(key))]"
        default: ""
        }
    }

    private func infix(_ left: Expression, _ symbol: String, _ right: Expression) -> String {
        "(\(text(left)) \(symbol) \(text(right)))"
    }

    func call(_ name: String, _ arguments: [Expression]) -> String {
        "\(name)(\(arguments.map(text).joined(separator: ", ")))"
    }

    func object(_ members: [ObjectMember]) -> String {
        "{" + members.map { "\(JSONText.quoted($0.name)): \(text($0.value))" }.joined(separator: ", ") + "}"
    }

    func text(_ parts: [TextPart]) -> String {
        let inner = parts.map { part in
            switch part {
            case .literal(let literal): JSONText.quoted(literal)
            case .value(let value): "{\(text(value))}"
            }
        }
        return inner.joined(separator: "+")
    }

    func text(_ path: PayloadPath) -> String {
        path.steps.map { step in
            switch step {
            case .member(let name): isPlain(name) ? ".\(name)" : ".\(JSONText.quoted(name))"
            case .element(let index): "[\(index)]"
            }
        }.joined()
    }

    private func isPlain(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_") || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
                || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
        }
    }
}
