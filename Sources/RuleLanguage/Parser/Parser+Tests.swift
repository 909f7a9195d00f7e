extension Parser {
    /// `test TEXT { … }`; the cursor is at `test`.
    mutating func test() -> TestSyntax? {
        let start = span
        advance()
        guard let name = plainText("the name of a test") else { return nil }
        let brace = span
        guard expect(.leftBrace, after: "to begin the test") else { return nil }
        var test = TestSyntax(name: name, steps: [], span: start.to(name.span))
        while !at(.rightBrace) {
            if isAtEnd || beginsDeclaration {
                log.report(.unclosedBlock, brace, "no `}` closes this test", help: "put `}` at its end")
                isRecovering = true
                return test
            }
            let start = span
            guard let step = testStep() else {
                isRecovering = true
                return test
            }
            test.steps.append(TestSyntax.Step(kind: step, span: start.to(previousSpan)))
        }
        advance()
        return test
    }

    private mutating func testStep() -> TestSyntax.Step.Kind? {
        if take(word: "send") { return send() }
        if take(word: "wait") { return duration("the time to wait").map { .wait($0) } }
        if take(word: "expect") { return expectation() }
        let near = word.flatMap { NearestName.find($0, in: ["send", "wait", "expect"]) }
        expected("`send`, `wait`, `expect` or `}`", help: near.map { "did you mean `\($0)`?" })
        return nil
    }

    private mutating func send() -> TestSyntax.Step.Kind? {
        guard let times = times(), let topic = plainText("a topic") else { return nil }
        let body = testBody()
        if case .none = body {
            expected("`{` or `payload` after the topic")
            return nil
        }
        var every: DurationSyntax?
        var at: TestSyntax.TestTime?
        if take(word: "every") {
            every = duration("the time after `every`")
            if every == nil { return nil }
        }
        if take(word: "at") {
            if case .text = kind {
                at = plainText("an instant").map { .instant($0) }
            } else {
                at = duration("the time after `at`").map { .after($0) }
            }
            if at == nil { return nil }
        }
        return isRecovering ? nil : .send(times: times, topic: topic, body: body, every: every, at: at)
    }

    private mutating func expectation() -> TestSyntax.Step.Kind? {
        if take(word: "nothing") { return .expectNothing }
        guard let times = times(), let topic = plainText("a topic, or `nothing`") else { return nil }
        let body = testBody()
        return isRecovering ? nil : .expect(times: times, topic: topic, body: body)
    }

    /// `[INTEGER times]`; 1 when absent.
    private mutating func times() -> Int? {
        guard case .integer = kind else { return 1 }
        guard let count = count("the number of times", limit: RuleLimits.windowEventsMax) else { return nil }
        return expect(word: "times", "after the number") ? count : nil
    }

    private mutating func testBody() -> TestSyntax.Body {
        if at(.leftBrace) { return .object(object()) }
        if take(word: "payload") { return .payload(expression()) }
        return .none
    }
}
