/// The tests of one file, against the rules of the same file.
struct TestChecker {
    let scope: FileScope
    let log: DiagnosticLog
    let rules: [LoopSearch.Rule]
    /// The places of `rules` in the whole set.
    let range: Range<Int>
    private let expressions: ExpressionChecker

    init(scope: FileScope, log: DiagnosticLog, rules: ArraySlice<LoopSearch.Rule>) {
        self.scope = scope
        self.log = log
        self.rules = Array(rules)
        range = rules.indices
        expressions = ExpressionChecker(scope: scope, log: log)
    }

    func check(_ tests: [TestSyntax]) -> [TestPlan] {
        var defined: [String: SourceSpan] = [:]
        return tests.map { test in
            if let first = defined.updateValue(test.name.span, forKey: test.name.text) {
                log.report(
                    .repeatedName, test.name.span, "two tests of this file are named \"\(test.name.text)\"",
                    help: "choose another name", labels: [(first, "first named here")])
            }
            return TestPlan(
                name: test.name.text, place: log.sources[test.span.file].place(test.span),
                steps: test.steps.map(step), rules: range)
        }
    }

    private func step(_ step: TestSyntax.Step) -> TestPlan.Step {
        TestPlan.Step(action: action(step.kind), place: log.sources[step.span.file].place(step.span))
    }

    private func action(_ kind: TestSyntax.Step.Kind) -> TestPlan.Action {
        switch kind {
        case .send(let times, let topic, let body, let every, let at):
            if isSound(topic), !isTaken(topic.text) {
                log.report(
                    .topicOfNoRule, topic.span, "no rule of this file takes \"\(topic.text)\"",
                    help: "a test runs the rules of its own file")
            }
            let instant = at.map { at -> TestPlan.Instant in
                switch at {
                case .after(let duration): .after(nanoseconds: duration.nanoseconds)
                case .instant(let text): .text(text.text)
                }
            }
            return .send(
                times: times, topic: topic.text, body: self.body(body), everyNanoseconds: every?.nanoseconds,
                at: instant)
        case .wait(let duration): return .wait(nanoseconds: duration.nanoseconds)
        case .expectNothing: return .expectNothing
        case .expect(let times, let topic, let body):
            if isSound(topic), !isPublished(topic.text) {
                log.report(
                    .topicOfNoRule, topic.span, "no rule of this file publishes to \"\(topic.text)\"",
                    help: "a test runs the rules of its own file")
            }
            return .expect(times: times, topic: topic.text, body: self.body(body))
        }
    }

    private func isSound(_ topic: PlainTextSyntax) -> Bool {
        guard let problem = TopicChecker.problem(inPublished: topic.text.isEmpty ? [] : [.literal(topic.text)]) else {
            return true
        }
        log.report(.badTopic, topic.span, problem.message, help: "a test names one topic, level by level")
        return false
    }

    private func body(_ body: TestSyntax.Body) -> TestPlan.Body {
        switch body {
        case .none: .none
        case .object(let members): .object(expressions.constantObject(members))
        case .payload(let expression): .payload(expressions.check(expression, at: .constant).expression)
        }
    }

    // MARK: Topics

    private func isTaken(_ topic: String) -> Bool {
        // What is wrong with a rule has been said.
        guard rules.allSatisfy(\.isSound) else { return true }
        let pattern = TopicPattern(topic.utf8.map { .byte($0) })
        return rules.contains { rule in
            rule.plan.sources.contains { source in
                let isHidden = pattern.isReserved && !startsLiterally(source)
                return !isHidden && TopicPattern.filters(source).contains { meets($0, pattern) }
            }
        }
    }

    private func startsLiterally(_ source: SourcePlan) -> Bool {
        if case .literal = source.levels.first { true } else { false }
    }

    private func isPublished(_ topic: String) -> Bool {
        guard rules.allSatisfy(\.isSound), !topic.hasPrefix("$sluice/") else { return true }
        let pattern = TopicPattern(topic.utf8.map { .byte($0) })
        return rules.contains { rule in
            let rests = LoopSearch.captureRests(rule.plan)
            return rule.plan.publishes.contains { publish in
                meets(TopicPattern(published: publish.topic, captureRests: rests), pattern)
            }
        }
    }

    /// A topic too long to compare counts as met: nothing is said of it.
    private func meets(_ pattern: TopicPattern, _ topic: TopicPattern) -> Bool {
        var steps = 0
        return pattern.meets(topic, steps: &steps) || steps > RuleLimits.loopStepsMax
    }
}

extension ExpressionChecker {
    /// The members of an object that stands outside of rules.
    func constantObject(_ members: [MemberSyntax]) -> [ObjectMember] {
        let outer = place
        place = .constant
        defer { place = outer }
        return object(members)
    }
}
