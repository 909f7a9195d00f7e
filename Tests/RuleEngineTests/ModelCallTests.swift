import RuleLanguage
import Testing

@testable import RuleEngine

@Suite("Models in rules")
struct ModelCallTests {
    private func harness(_ source: String) throws -> Harness {
        let harness = try Harness(try FakeModels.compile(source))
        harness.engine.runner = FakeRunner(harness.engine.models)
        return harness
    }

    private func outputs(_ source: String, _ payloads: [String]) throws -> [String] {
        let harness = try harness(source)
        for (index, payload) in payloads.enumerated() { harness.send("in/a", payload, at: Int64(index) * 1_000) }
        harness.drain()
        return harness.take()
    }

    @Test("a number, classes with declared and own labels, vectors and the outputs by name")
    func results() throws {
        #expect(
            try outputs(
                "model m from \"sum.onnx\" rule r { from \"in/{i}\" let y = m(.a, .b) publish \"o\" { v: y.value, t: y.time_ms, n: y.model, o: y.outputs.Y } }",
                ["{\"a\":1,\"b\":2.5}"]) == ["o {\"v\":6.0,\"t\":2.0,\"n\":\"m\",\"o\":6.0}"])
        #expect(
            try outputs(
                "model m from \"classes.onnx\" labels \"low\", \"high\", \"none\" rule r { from \"in/{i}\" let y = m(.a, .b) publish \"o\" { c: y.class, l: y.label, p: y.confidence, s: y.scores } }",
                ["{\"a\":0.25,\"b\":4}"])
                == ["o {\"c\":1,\"l\":\"high\",\"p\":4.0,\"s\":[0.25,4.0,1.0]}"])
        #expect(
            try outputs(
                "model m from \"classes.onnx\" rule r { from \"in/{i}\" publish \"o\" { l: m(.a, .b).label } }",
                ["{\"a\":7,\"b\":4}", "{\"a\":0,\"b\":0}"]) == ["o {\"l\":0}", "o {\"l\":2}"])
        #expect(
            try outputs(
                "model m from \"vector.onnx\" rule r { from \"in/{i}\" let z = m(.x) publish \"o\" { e: error(.x, z.outputs.Z), z: z.outputs.Z } }",
                ["{\"x\":[2,4]}"]) == ["o {\"e\":2.5,\"z\":[1.0,2.0]}"])
    }

    @Test("softmax makes scores of logits")
    func logits() throws {
        let lines = try outputs(
            "model m from \"classes.onnx\" labels \"a\", \"b\", \"c\" logits rule r { from \"in/{i}\" let y = m(.a, .b) publish \"o\" { p: round(y.confidence, digits: 6), s: round(y.scores[0], digits: 6) } }",
            ["{\"a\":0,\"b\":1}"])
        #expect(lines == ["o {\"p\":0.422319,\"s\":0.155362}"])
    }

    @Test("a missing argument, one of another kind and a failed run give missing and are counted by reason")
    func failures() throws {
        let harness = try harness(
            "model m from \"classes.onnx\" rule r { from \"in/{i}\" publish \"o\" { l: m(.a, .b).label ?? \"none\" } }")
        for payload in ["{\"a\":1}", "{\"a\":\"x\",\"b\":1}", "{\"a\":13,\"b\":1}", "{\"a\":[1,2],\"b\":3}"] {
            harness.send("in/a", payload, at: 1)
        }
        #expect(harness.take() == Array(repeating: "o {\"l\":\"none\"}", count: 4))
        #expect(harness.counters.inferenceErrors == 4)
        #expect(harness.counters.inferences == 0)
        #expect(harness.counters.inferenceFailures[Int(ModelFailure.input.rawValue) - 1] == 3)
        #expect(harness.counters.inferenceFailures[Int(ModelFailure.failed.rawValue) - 1] == 1)
    }

    @Test("a model over a window is not run until the window is full")
    func window() throws {
        #expect(
            try outputs(
                "model m from \"four.onnx\" rule r { from \"in/{i}\" window last 4 by i when exists(m(collect(.v)).value) publish \"o\" { v: m(collect(.v)).value } }",
                (1...6).map { "{\"v\":\($0)}" }) == ["o {\"v\":10.0}", "o {\"v\":14.0}", "o {\"v\":18.0}"])
    }

    @Test("a filter below a waiting call holds later events back, in order")
    func order() throws {
        let harness = try Harness(
            try FakeModels.compile(
                "model m from \"sum.onnx\" rule r { from \"in/{i}\" where m(.a, 0).value > 1 publish \"o/{i}\" { a: .a } }"
            ))
        var queue = FakeQueue()
        for number in 0..<4 { harness.send("in/\(number % 2)", "{\"a\":\(number)}", at: Int64(number)) }
        queue.collect(harness.engine)
        #expect(queue.asked.count == 4)
        #expect(harness.counters.waiting == 4)
        queue.answer(3, harness)
        queue.answer(2, harness)
        #expect(harness.take() == [])
        queue.answer(0, harness)
        queue.answer(0, harness)
        #expect(harness.take() == ["o/0 {\"a\":2}", "o/1 {\"a\":3}"])
        #expect(harness.counters.waiting == 0)
    }

    @Test("a window waits for the events that are still at a model above it")
    func heldTimer() throws {
        let harness = try Harness(
            try FakeModels.compile(
                "model m from \"sum.onnx\" rule r { from \"in/{i}\" let y = m(.a, 0) window every 1s by i publish \"o\" { n: count(), s: sum(y.value) } }"
            ))
        var queue = FakeQueue()
        harness.send("in/a", "{\"a\":1}", at: 100)
        queue.collect(harness.engine)
        queue.answer(0, harness)
        harness.send("in/a", "{\"a\":2}", at: 900)
        queue.collect(harness.engine)
        harness.advance(to: 1_500)
        #expect(harness.take() == [])
        queue.answerAll(harness)
        harness.advance(to: 1_501)
        #expect(harness.take() == ["o {\"n\":2,\"s\":3.0}"])
        #expect(harness.counters.lateEvents == 0)
    }

    @Test("where too many wait, the oldest goes on without its result")
    func room() throws {
        var options = Harness.options
        options.waitingMax = 2
        let harness = try Harness(
            try FakeModels.compile(
                "model m from \"sum.onnx\" rule r { from \"in/{i}\" publish \"o\" { a: .a, v: m(.a, 0).value } }"),
            options: options)
        var queue = FakeQueue()
        for number in 0..<3 { harness.send("in/a", "{\"a\":\(number)}", at: Int64(number)) }
        #expect(harness.take() == ["o {\"a\":0,\"v\":null}"])
        queue.collect(harness.engine)
        queue.answerAll(harness)
        #expect(harness.take() == ["o {\"a\":1,\"v\":1.0}", "o {\"a\":2,\"v\":2.0}"])
        #expect(harness.counters.inferenceErrors == 1)
    }

    @Test("a restart reads what waits without keeping what it read")
    func restartKeepsNothing() throws {
        let plan = try FakeModels.compile(
            "model m from \"sum.onnx\" rule r { from \"in/{i}\" publish \"o\" { v: m(.a, 0).value, t: .text } }")
        let before = try Harness(plan)
        let text = String(repeating: "long ", count: 200)
        for number in 0..<500 { before.send("in/a", "{\"a\":\(number),\"text\":\"\(text)\"}", at: Int64(number)) }
        let after = try Harness(plan)
        let mark = after.engine.arena.mark
        after.engine.restore(before.engine.takeDirtyGroups())
        after.resume(at: 1_000)
        #expect(after.engine.waitingCount == 500)
        #expect(after.engine.arena.mark == mark)
        var queue = FakeQueue()
        queue.answerAll(after)
        #expect(after.outputs.count == 500)
    }

    @Test("without ONNX Runtime every call gives missing")
    func absent() throws {
        let plan = try #require(
            RuleCompiler.compile(
                [
                    RuleSourceFile(
                        name: "t.rules",
                        text:
                            "model m from \"sum.onnx\" rule r { from \"in/{i}\" publish \"o\" { v: m(.a, 0).value ?? -1 } }"
                    )
                ], models: { _ in .noRuntime("install it") }, withoutRuntime: .allowed
            ).plan)
        let harness = try Harness(plan)
        harness.send("in/a", "{\"a\":1}", at: 1)
        #expect(harness.take() == ["o {\"v\":-1}"])
        #expect(harness.counters.inferenceFailures[Int(ModelFailure.unavailable.rawValue) - 1] == 1)
    }
}
