import RuleLanguage

/// The payload that a step of a test names, computed: what `send` sends, and what `expect` compares with.
struct TestValue {
    /// As a rule would publish it; empty when the step names none.
    let payload: [UInt8]
    private let hasBody: Bool
    /// A text or bytes: compared as they are.
    private let isRaw: Bool

    init(_ body: TestPlan.Body, _ place: SourcePlace) throws(RuleTestFailure) {
        let expression: Expression
        switch body {
        case .none:
            payload = []
            hasBody = false
            isRaw = false
            return
        case .object(let members): expression = .object(members)
        case .payload(let value): expression = value
        }
        do throws(RuleEngineError) {
            (payload, isRaw) = try TestValue.compute(expression)
        } catch {
            throw RuleTestFailure(place: place, message: error.message)
        }
        hasBody = true
    }

    private static func compute(_ expression: Expression) throws(RuleEngineError) -> (payload: [UInt8], isRaw: Bool) {
        let layout = RegisterLayout(captures: 0, lets: 0, paths: 0, histories: 0, models: 0, aggregates: 0)
        var builder = ProgramBuilder(rule: "test", layout: layout, zones: [])
        let program = try builder.program(expression)
        let arena = Arena()
        let machine = try ProgramMachine(builder, layout: layout, arena: arena, aggregates: AggregateReader([]))
        let value = machine.run(builder.place(program))
        if value.kind == .text || value.kind == .bytes { return (value.slice.array, true) }
        var bytes: [UInt8] = []
        JSONWriter.append(value, to: &bytes)
        return (bytes, false)
    }

    // MARK: Comparing

    /// The first part in which an output differs from what is expected; nil when it does not.
    func difference(from output: RuleOutput, topic: String) -> String? {
        guard output.topic == Array(topic.utf8) else {
            return "the topic: expected \(topic), was \(String(decoding: output.topic, as: UTF8.self))"
        }
        guard hasBody, output.payload != payload else { return nil }
        let arena = Arena()
        // The closures must not throw errors of their own type (compiler trap).
        return unsafe payload.withUnsafeBytes { expected in
            unsafe output.payload.withUnsafeBytes { actual in
                unsafe difference(ByteSlice(expected), ByteSlice(actual), arena)
            }
        }
    }

    private func difference(_ expected: ByteSlice, _ actual: ByteSlice, _ arena: Arena) -> String? {
        guard !isRaw, (try? JSONScanner.check(actual)) != nil, let left = TestValue.value(expected, arena),
            let right = TestValue.value(actual, arena)
        else {
            return "the payload: expected \(TestText.shortened(expected.array)), was "
                + TestText.shortened(actual.array)
        }
        return TestValue.difference(left, right, "", arena)
    }

    private static func value(_ bytes: ByteSlice, _ arena: Arena) -> Value? {
        var index = 0
        return try? JSONTree.part(bytes, &index, arena)
    }

    /// Members that are named are compared at every depth, all else as by `==`.
    private static func difference(_ expected: Value, _ actual: Value, _ path: String, _ arena: Arena) -> String? {
        if expected.kind == .jsonObject, actual.kind == .jsonObject {
            var found: String?
            try? JSONTree.forEachMember(expected.slice, arena) { name, value in
                guard found == nil else { return }
                let other = JSONTree.member(actual, name, arena)
                found = difference(value, other, path + "." + name.string, arena)
            }
            return found
        }
        let isEqual =
            expected.isMissing || actual.isMissing
            ? expected.isMissing && actual.isMissing : ValueOrder.equal(expected, actual, arena)
        if isEqual { return nil }
        return "\(path.isEmpty ? "the payload" : path): expected \(shown(expected)), was \(shown(actual))"
    }

    private static func shown(_ value: Value) -> String {
        if value.isMissing { return "missing" }
        var bytes: [UInt8] = []
        JSONWriter.append(value, to: &bytes)
        return TestText.shortened(bytes)
    }
}
