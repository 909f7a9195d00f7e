/// An expression with its names resolved, and what is known of its value.
struct CheckedExpression {
    var expression: Expression
    var kinds: ValueKinds
    /// Numbers that it holds when lists are flattened; nil: not known.
    var elementCount: Int?
    /// Something in it has been reported: no more is said about it.
    var isPoison = false

    static let poison = CheckedExpression(expression: .missing, kinds: .any, isPoison: true)
}

/// Resolves the expressions of one rule (or one constant) and hands out its slots.
final class ExpressionChecker {
    /// Where an expression stands decides what it may use.
    enum Place {
        /// A `let` outside of rules.
        case constant
        case eventTime
        /// `where`, `let` and `dedupe` above the window.
        case step
        /// After `by` of the window.
        case key
        /// After `dedupe`.
        case dedupeKey
        /// Inside an aggregate: one event of the window.
        case aggregate
        /// `when`, `limit`, `publish` and lets below the window.
        case evaluation
    }

    struct LetRecord {
        var name: NameSyntax
        var value: CheckedExpression
        var isBelowWindow: Bool
        /// Kept, since lets lead to lets without end.
        var isComputedDouble: Bool
    }

    let scope: FileScope
    let log: DiagnosticLog
    var place = Place.step
    /// Names of lets further down.
    var upcomingLets: Set<String> = []

    var sources: [SourcePlan] = []
    var window: WindowPlan?
    var windowText = ""
    /// The rule's `window` or `from` was reported, so nothing is known of what it would have given.
    var isWindowUnknown = false
    var areCapturesUnknown = false
    var lets: [LetRecord] = []
    var letSlots: [String: Int] = [:]
    /// Captures and lets that a window's `by` names: those have one value when it closes.
    var keyCaptures: Set<Int> = []
    var keyLets: Set<Int> = []

    var names = CanonicalText()
    var aggregates: [AggregatePlan] = []
    var histories: [HistoryPlan] = []
    var latestTopics: [SourcePlan] = []
    /// Names of the tables that the rule reads, in the order of their first use.
    var usedTables: [String] = []
    /// Names of the models that the rule calls, in the order of their first call.
    var usedModels: [String] = []
    var modelCalls: [ModelCallPlan] = []
    var readsWholePayload = false
    var readsRetained = false
    var zones: [TimeZoneRules] = []
    /// By the UTF-8 of their text: to Swift, texts in different normal forms are equal.
    private var pathSlots: [[UInt8]: Int] = [:]
    var aggregateSlots: [[UInt8]: Int] = [:]
    var modelCallSlots: [[UInt8]: Int] = [:]
    private var inlinedNodes = 0

    init(scope: FileScope, log: DiagnosticLog) {
        self.scope = scope
        self.log = log
    }

    /// Whether the evaluation of the rule's window comes with an event.
    var hasEvent: Bool {
        if isWindowUnknown { return true }
        return switch window?.kind {
        case nil, .lastCount, .lastDuration, .everyCount: true
        case .every, .session, .silent: false
        }
    }

    func report(_ code: DiagnosticCode, _ span: SourceSpan, _ message: String, help: String? = nil) -> CheckedExpression
    {
        log.report(code, span, message, help: help)
        return .poison
    }

    /// Checks `syntax` as standing at `place`.
    func check(_ syntax: ExpressionSyntax, at place: Place) -> CheckedExpression {
        let outer = self.place
        self.place = place
        defer { self.place = outer }
        return check(syntax)
    }

    func check(_ syntax: ExpressionSyntax) -> CheckedExpression {
        let span = syntax.span
        switch syntax.kind {
        case .invalid: return .poison
        case .missing: return CheckedExpression(expression: .missing, kinds: [])
        case .boolean(let value): return CheckedExpression(expression: .boolean(value), kinds: .boolean)
        case .integer(let value): return integer(value, span)
        case .double(let value): return CheckedExpression(expression: .double(value), kinds: .number)
        case .duration(let value): return CheckedExpression(expression: .duration(value), kinds: .duration)
        case .text(let parts): return text(parts)
        case .name(let name): return resolve(NameSyntax(text: name, span: span))
        case .call(let name, let arguments): return call(name, arguments, span)
        case .payload, .field: return payloadPath(syntax) ?? .poison
        case .member(let base, let name): return payloadPath(syntax) ?? member(base, name)
        case .subscripted(let base, let index): return payloadPath(syntax) ?? subscripted(base, index, span)
        case .object(let members): return CheckedExpression(expression: .object(object(members)), kinds: .object)
        case .list(let elements): return list(elements)
        case .negate(let operand): return negate(operand, span)
        case .not(let operand): return not(operand)
        case .arithmetic(let symbol, let left, let right): return arithmetic(symbol, left, right, span)
        case .compare(let symbol, let left, let right): return compare(symbol, left, right, span)
        case .and(let left, let right): return logic(left, right, "and", Expression.and, ConstantFolding.and)
        case .or(let left, let right): return logic(left, right, "or", Expression.or, ConstantFolding.or)
        case .coalesce(let left, let right): return coalesce(left, right)
        case .membership(let value, let list, let negated): return membership(value, list, negated: negated)
        case .between(let value, let low, let high): return between(value, low, high)
        case .conditional(let condition, let then, let otherwise): return conditional(condition, then, otherwise)
        }
    }

    private func integer(_ value: UInt64, _ span: SourceSpan) -> CheckedExpression {
        guard let value = Int64(exactly: value) else {
            return report(
                .unusableNumber, span, "this integer needs more than 64 bits", help: "write it with `.0` for a double")
        }
        return CheckedExpression(expression: .integer(value), kinds: .number)
    }

    // MARK: Payload

    /// `syntax` as a walk into the payload, when its steps are known; nil when it is none.
    private func payloadPath(_ syntax: ExpressionSyntax) -> CheckedExpression? {
        var steps: [PayloadPath.Step] = []
        var current = syntax
        while true {
            switch current.kind {
            case .payload: return path(Array(steps.reversed()), syntax)
            case .field(let name): return path(Array((steps + [.member(name.text)]).reversed()), syntax)
            case .member(let base, let name):
                steps.append(.member(name.text))
                current = base
            case .subscripted(let base, let index):
                guard let step = step(index) else { return nil }
                steps.append(step)
                current = base
            default: return nil
            }
        }
    }

    /// An index that is known now: a literal, or a constant of the file.
    private func step(_ index: ExpressionSyntax) -> PayloadPath.Step? {
        switch index.kind {
        case .integer(let value): return Int(exactly: value).map { .element($0) }
        case .text(let parts):
            if parts.isEmpty { return .member("") }
            guard parts.count == 1, case .literal(let literal) = parts[0] else { return nil }
            return .member(literal)
        case .name(let name) where letSlots[name] == nil && !names.captures.contains(name):
            switch scope.constants[name]?.value.expression {
            case .integer(let value) where value >= 0: return .element(Int(value))
            case .text(let value): return .member(value)
            default: return nil
            }
        default: return nil
        }
    }

    private func path(_ steps: [PayloadPath.Step], _ syntax: ExpressionSyntax) -> CheckedExpression {
        let path = PayloadPath(steps: steps)
        let shown = steps.isEmpty ? "." : names.text(path)
        guard requireEvent(shown, syntax.span) else { return .poison }
        guard !steps.isEmpty else {
            readsWholePayload = true
            return CheckedExpression(expression: .payload, kinds: payloadKinds)
        }
        guard let kinds = fieldKinds(steps, syntax) else { return .poison }
        let key = Array(shown.utf8)
        if let slot = pathSlots[key] { return CheckedExpression(expression: .path(slot), kinds: kinds) }
        let slot = names.paths.count
        names.paths.append(path)
        pathSlots[key] = slot
        return CheckedExpression(expression: .path(slot), kinds: kinds)
    }

    private func requireEvent(_ shown: String, _ span: SourceSpan) -> Bool {
        switch place {
        case .constant:
            log.report(
                .notAConstant, span, "`\(shown)` belongs to a message, so it is no constant",
                help: "define it in a rule, below `from`")
            return false
        case .evaluation where !hasEvent:
            log.report(
                .fieldWithoutEvent, span,
                "`\(shown)` belongs to one event, and `\(windowText)` is evaluated without one",
                help: "say `last(\(shown))`")
            return false
        default:
            return true
        }
    }

    private var payloadKinds: ValueKinds {
        sources.reduce(into: ValueKinds()) { kinds, source in
            switch source.decoding {
            case .json: kinds.formUnion(source.schema == nil ? .json : .object)
            case .number: kinds.formUnion(.number)
            case .text: kinds.formUnion(.text)
            case .bytes: kinds.formUnion(.bytes)
            case .cbor: kinds.formUnion(source.schema == nil ? .any : .object)
            }
        }
    }

    /// What a walk can find; nil when it was reported.
    private func fieldKinds(_ steps: [PayloadPath.Step], _ syntax: ExpressionSyntax) -> ValueKinds? {
        guard !sources.isEmpty else { return .any }
        guard !payloadKinds.isDisjoint(with: [.list, .object]) else {
            log.report(
                .wrongType, syntax.span, "the payload is \(payloadKinds.described) and has no fields",
                help: "`.` is the payload itself")
            return nil
        }
        let fieldKinds: ValueKinds = sources.contains { $0.decoding == .cbor } ? .any : .json
        guard sources.allSatisfy({ $0.schema != nil }), case .member(let name) = steps[0] else { return fieldKinds }
        let fields = sources.flatMap { $0.schema ?? [] }
        let declared = fields.filter { $0.name == name }
        guard !declared.isEmpty else {
            let near = NearestName.find(name, in: Set(fields.map(\.name)))
            log.report(
                .undeclaredField, syntax.span, "the schema has no field `\(name)`",
                help: near.map { "did you mean `.\($0)`?" } ?? "declare it in the schema of `from`")
            return nil
        }
        let kinds = declared.reduce(into: ValueKinds()) { $0.formUnion($1.type.kinds) }
        guard steps.count > 1 else { return kinds }
        if kinds.isDisjoint(with: [.list, .object]) {
            log.report(
                .wrongType, syntax.span, "`.\(name)` is \(kinds.described) and has no parts",
                help: "the schema of `from` says so")
            return nil
        }
        return fieldKinds
    }

    // MARK: Constants

    /// Counts what constants bring in; false when it is too much.
    func inline(_ nodeCount: Int, _ span: SourceSpan) -> Bool {
        let before = inlinedNodes
        inlinedNodes += nodeCount
        guard inlinedNodes > RuleLimits.inlinedNodesMax else { return true }
        guard before <= RuleLimits.inlinedNodesMax else { return false }
        log.report(
            .tooLarge, span, "the constants of this rule add up to more than \(RuleLimits.inlinedNodesMax) parts",
            help: "name large constants once, in a `let`")
        return false
    }
}

extension SchemaField.FieldType {
    var kinds: ValueKinds {
        switch self {
        case .number: .number
        case .text: .text
        case .boolean: .boolean
        case .time: .time
        case .list: .list
        case .object: .object
        }
    }
}
