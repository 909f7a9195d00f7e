import Foundation
import Inference
import RuleEngine
import RuleLanguage
import Synchronization
import Testing

@testable import SluiceNode

@Suite("Results on their way to the rules")
struct ModelMailboxTests {
    private final class Count: Sendable {
        let value = Atomic(0)
    }

    private func answers(_ number: UInt64) -> ModelAnswers {
        var answers = ModelAnswers()
        answers.append(ModelTicket(rule: 0, call: 0, number: number), .failed)
        return answers
    }

    @Test("an empty box tells of the first results only, and gives all in order")
    func notifies() {
        let calls = Count()
        let box = ModelMailbox { calls.value.add(1, ordering: .relaxed) }
        box.put(answers(1))
        box.put(answers(2))
        #expect(calls.value.load(ordering: .relaxed) == 1)
        #expect(box.take().flatMap(\.tickets).map(\.number) == [1, 2])
        #expect(box.take().isEmpty)
        box.put(answers(3))
        #expect(calls.value.load(ordering: .relaxed) == 2)
    }

    @Test("a wait ends with what is there already, with what comes, and with its time")
    func waits() {
        let box = ModelMailbox {}
        #expect(!box.wait(milliseconds: 0))
        for number in 0..<100 as Range<UInt64> { box.put(answers(number)) }
        #expect(box.wait(milliseconds: 0))
        #expect(box.take().count == 100)
        // None of the results that were taken ends a later wait.
        #expect(!box.wait(milliseconds: 0))
        Thread.detachNewThread { box.put(answers(7)) }
        #expect(box.wait(milliseconds: 60_000))
        #expect(box.take().count == 1)
    }

    @Test("a path that is no model says why")
    func unusable() throws {
        let files = ModelFiles(library: "/nowhere/libonnxruntime.so")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func reason(_ path: String) -> String? {
            if case .unusable(let reason) = files.attachment(path) { reason } else { nil }
        }
        #expect(reason(folder.path) == "it is a folder")
        #expect(reason(folder.path + "/none.onnx") == "there is no such file")
    }
}
