// What can be proven of a condition. It is taken apart into comparisons of subjects with constants; the constants cut
// each subject's values into cells (points and the stretches between), and the condition is computed for each choice
// of cells. Subjects are taken as independent, so "can never be true" and "is never false" are certain; where a
// limit of the proof is reached, nothing is claimed.

struct ConditionProof {
    /// What is known of aggregates and lets.
    struct Facts {
        var names: CanonicalText
        var aggregates: [AggregatePlan]
        var lets: [CheckedExpression]
        var window: WindowPlan.Kind?
    }

    enum Verdict: Equatable {
        case open
        case neverTrue
        /// True, or missing because a subject is.
        case alwaysTrue
    }

    /// A choice of one cell of a subject.
    enum Cell: Equatable {
        case missing
        /// A value of a type that the condition does not ask for.
        case other
        case boolean(Bool)
        case number(Double)
        case duration(Double)
        /// In a formula the number of a named text; of a subject a place among the named texts in their order: odd is
        /// the text itself, even lies between two.
        case text(Int)
    }

    indirect enum Formula {
        case constant(Bool?)
        case not(Formula)
        case and(Formula, Formula)
        case or(Formula, Formula)
        /// A subject, or its absolute value, compared with a cell value.
        case compare(ComparisonOperator, subject: Int, isAbsolute: Bool, Cell)
        case exists(subject: Int)
        case truth(subject: Int)
        /// A value that holds wherever the subject is there.
        case whenThere(subject: Int, Bool)
    }

    struct Subject {
        var text: String
        var expression: Expression
        var numbers: Set<Double> = []
        var durations: Set<Double> = []
        /// Numbers of texts in `allTexts`.
        var texts: Set<Int> = []
        var isTruth = false
    }

    let facts: Facts
    private(set) var subjects: [Subject] = []
    private var subjectIndex: [[UInt8]: Int] = [:]
    private(set) var stepsLeft = RuleLimits.proofStepsMax
    /// Lets lead from one expression into another, so the height of one tree is no bound.
    private var depth = 0

    init(_ facts: Facts) {
        self.facts = facts
    }

    // MARK: Taking apart

    /// nil: too large to be worth it.
    mutating func formula(_ expression: Expression) -> Formula? {
        stepsLeft -= 1
        depth += 1
        defer { depth -= 1 }
        guard stepsLeft > 0, depth <= 2 * RuleLimits.expressionDepthMax else { return nil }
        switch expression {
        case .boolean(let value): return .constant(value)
        case .missing: return .constant(nil)
        case .not(let operand): return formula(operand).map { .not($0) }
        case .and(let left, let right): return pair(left, right).map { .and($0.0, $0.1) }
        case .or(let left, let right): return pair(left, right).map { .or($0.0, $0.1) }
        case .compare(let symbol, let left, let right): return comparison(symbol, left, right)
        case .between(let value, let low, let high):
            guard let above = comparison(.greaterOrEqual, value, low), let below = comparison(.lessOrEqual, value, high)
            else { return nil }
            return .and(above, below)
        case .membership(let value, .list(let elements), let negated):
            var found: Formula?
            for element in elements {
                guard let equal = comparison(.equal, value, element) else { return nil }
                found = found.map { .or($0, equal) } ?? equal
            }
            guard let found else { return .constant(negated) }
            return negated ? .not(found) : found
        case .letValue(let slot) where slot < facts.lets.count:
            let value = facts.lets[slot]
            return value.kinds == .boolean
                ? formula(value.expression) : .truth(subject: subject(expression, truth: true))
        case .call(.exists, let arguments) where arguments.count == 1:
            return .exists(subject: subject(arguments[0], truth: false))
        default: return .truth(subject: subject(expression, truth: true))
        }
    }

    private mutating func pair(_ left: Expression, _ right: Expression) -> (Formula, Formula)? {
        guard let first = formula(left), let second = formula(right) else { return nil }
        return (first, second)
    }

    private mutating func comparison(_ symbol: ComparisonOperator, _ left: Expression, _ right: Expression) -> Formula?
    {
        stepsLeft -= 1
        guard stepsLeft > 0 else { return nil }
        if let folded = ConstantFolding.compare(symbol, left, right) { return .constant(folded.literalBoolean) }
        if let value = cell(right) { return compare(symbol, left, value) }
        if let value = cell(left) { return compare(symbol.mirrored, right, value) }
        let whole = Expression.compare(symbol, left, right)
        if facts.names.text(left) == facts.names.text(right) {
            // Equal to itself wherever it is there; an order it has only if its type has one.
            let holds = symbol == .equal || symbol == .lessOrEqual || symbol == .greaterOrEqual
            return .whenThere(subject: subject(left, truth: false), holds)
        }
        return .truth(subject: subject(whole, truth: true))
    }

    private mutating func compare(_ symbol: ComparisonOperator, _ expression: Expression, _ value: Cell) -> Formula {
        var expression = expression
        var isAbsolute = false
        while true {
            if case .letValue(let slot) = expression, slot < facts.lets.count {
                expression = facts.lets[slot].expression
            } else if case .call(.abs, let arguments) = expression, arguments.count == 1 {
                expression = arguments[0]
                isAbsolute = true
            } else {
                break
            }
        }
        let index = subject(expression, truth: false)
        switch value {
        case .number(let number):
            subjects[index].numbers.insert(number)
            if isAbsolute { subjects[index].numbers.formUnion([-number, 0]) }
        case .duration(let length):
            subjects[index].durations.insert(length)
            if isAbsolute { subjects[index].durations.formUnion([-length, 0]) }
        case .text(let number): subjects[index].texts.insert(number)
        case .boolean: subjects[index].isTruth = true
        case .missing, .other: break
        }
        return .compare(symbol, subject: index, isAbsolute: isAbsolute, value)
    }

    /// From here on integers lie between neighbouring doubles, which would be no cells.
    private static let exactMax = 0x1p53

    /// A literal as a cell; texts are given their place when all are known. nil: no literal, or one that is too large.
    private mutating func cell(_ expression: Expression) -> Cell? {
        switch expression {
        case .boolean(let value): .boolean(value)
        case .integer(let value): abs(Double(value)) < Self.exactMax ? .number(Double(value)) : nil
        case .double(let value): abs(value) < Self.exactMax ? .number(value) : nil
        case .duration(let value): abs(Double(value)) < Self.exactMax ? .duration(Double(value)) : nil
        case .text(let value): .text(textNumber(value))
        default: nil
        }
    }

    /// All texts of the condition; a cell of a text holds its number here until cells are made.
    private(set) var allTexts: [String] = []
    private var textNumbers: [[UInt8]: Int] = [:]

    private mutating func textNumber(_ text: String) -> Int {
        let key = Array(text.utf8)
        if let number = textNumbers[key] { return number }
        textNumbers[key] = allTexts.count
        allTexts.append(text)
        return allTexts.count - 1
    }

    private mutating func subject(_ expression: Expression, truth: Bool) -> Int {
        let text = facts.names.text(expression)
        stepsLeft -= text.utf8.count / 16
        let key = Array(text.utf8)
        if let index = subjectIndex[key] {
            if truth { subjects[index].isTruth = true }
            return index
        }
        subjectIndex[key] = subjects.count
        subjects.append(Subject(text: text, expression: expression, isTruth: truth))
        return subjects.count - 1
    }
}

extension ComparisonOperator {
    /// The same comparison with its sides exchanged.
    var mirrored: ComparisonOperator {
        switch self {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}
