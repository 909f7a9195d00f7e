import Inference
import RuleEngine
import RuleLanguage
import Testing

@Suite(.enabled(if: Runtime.isWanted, Runtime.absence))
struct OnnxModelTests {
    @Test func describesItself() throws {
        let file = TestModels.twoInputs
        let signature = try Runtime.open(file).signature
        #expect(
            signature.inputs == [
                .init(name: "a", kind: .tensor(.float32), shape: [nil, 2]),
                .init(name: "b", kind: .tensor(.int64), shape: [nil, 2]),
            ])
        #expect(signature.outputs.map(\.name) == ["sum", "same"])
        #expect(signature.opset == 17)
        #expect(signature.byteCount == file.bytes.count)
        #expect(signature.isBatched)
    }

    @Test func runsOneRowAndMany() throws {
        let model = try Runtime.open(TestModels.regression)
        #expect(try model.results(row([3, 4] as [Float]), count: 1) == [.outputs(.floats([11.5]))])
        let many = (0..<600).map { Float($0) }
        let expected = (0..<300).map { Result.outputs(.floats([Float($0 * 6) + 2.5])) }
        #expect(try model.results(row(many), count: 300) == expected)
    }

    @Test func batchesGiveWhatRowsGiveAlone() throws {
        let model = try Runtime.open(TestModels.perceptron)
        let numbers = (0..<8 * 64).map { Float($0 % 37) / 11 - 1 }
        let together = try model.results(row(numbers), count: 64)
        let alone = try (0..<64).flatMap { try model.results(row(Array(numbers[$0 * 8..<($0 + 1) * 8])), count: 1) }
        for (first, second) in zip(together, alone) {
            guard case .floats(let first)? = first.outputs.first, case .floats(let second)? = second.outputs.first
            else {
                Issue.record("no numbers")
                return
            }
            #expect(abs(first[0] - second[0]) <= 1e-5 * max(1, abs(second[0])))
        }
    }

    @Test func scattersSeveralInputsAndGathersSeveralOutputs() throws {
        let model = try Runtime.open(TestModels.twoInputs)
        let rows =
            row([1, 2] as [Float]) + row([10, 20] as [Int64]) + row([3, 4] as [Float]) + row([-1, -2] as [Int64])
        #expect(
            try model.results(rows, count: 2) == [
                .outputs(.floats([11, 22]), .integers([10, 20])), .outputs(.floats([2, 2]), .integers([-1, -2])),
            ])
    }

    @Test(arguments: [ModelSignature.Element.float64, .int64, .int32, .uint8, .int8, .boolean])
    func takesEveryType(_ element: ModelSignature.Element) throws {
        let model = try Runtime.open(TestModels.identity(element, [nil, 3]))
        let bytes = (0..<2 * 3 * element.byteCount).map { UInt8($0 % 2) }
        let results = try model.results(bytes, count: 2)
        #expect(results.map(\.failure) == [nil, nil])
        #expect(try Runtime.open(TestModels.identity(element, [nil, 3])).rowByteCount == 3 * element.byteCount)
    }

    @Test func aFixedFirstDimensionIsOneRow() throws {
        let model = try Runtime.open(TestModels.identity(.float32, [2, 2]))
        #expect(!model.signature.isBatched)
        #expect(model.batchMax == 1)
        #expect(
            try model.results(row([1, 2, 3, 4, 5, 6, 7, 8] as [Float]), count: 2) == [
                .outputs(.floats([1, 2, 3, 4])), .outputs(.floats([5, 6, 7, 8])),
            ])
    }

    @Test func aScalarIsARow() throws {
        let model = try Runtime.open(TestModels.identity(.float64, []))
        #expect(try model.results(row([4.5]), count: 1) == [.outputs(.doubles([4.5]))])
    }

    @Test(arguments: [TestModels.acrossRows.bytes, TestModels.total.bytes])
    func rowsThatInfluenceEachOtherRunAlone(_ bytes: [UInt8]) throws {
        #expect(try !Runtime.open(bytes).signature.isBatched)
    }

    @Test func aBadRowDoesNotSpoilTheOthers() throws {
        let model = try Runtime.open(TestModels.lookup)
        #expect(model.signature.isBatched)
        #expect(
            try model.results(row([3, 99, 0] as [Int64]), count: 3) == [
                .outputs(.floats([40])), .failure(.failed), .outputs(.floats([10])),
            ])
        var results: [UInt8] = []
        var ends: [Int] = []
        let run = row([4, 0] as [Int64]).withUnsafeBytes {
            model.run(rows: $0, count: 2, results: &results, ends: &ends)
        }
        #expect(run.failedRows == 1)
        #expect(run.reason?.hasPrefix("Gather: ") == true)
        #expect(try model.results(row([1, 2] as [Int64]), count: 2).map(\.failure) == [nil, nil])
    }

    @Test func readsMapsOfLabels() throws {
        let numbers = try Runtime.open(TestModels.zipMap(texts: false))
        #expect(numbers.signature.outputs[0].kind == .labelMaps(keys: .int64))
        #expect(numbers.signature.isBatched)
        #expect(
            try numbers.results(row([0.25, 0.75, 1, 0] as [Float]), count: 2) == [
                .outputs(.integers([3, 7]), .floats([0.25, 0.75])), .outputs(.integers([3, 7]), .floats([1, 0])),
            ])
        let texts = try Runtime.open(TestModels.zipMap(texts: true))
        #expect(texts.signature.outputs[0].kind == .labelMaps(keys: .text))
        #expect(
            try texts.results(row([0.5, 0.5] as [Float]), count: 1) == [
                .outputs(.texts(["ok", "worn"]), .floats([0.5, 0.5]))
            ])
    }

    @Test func readsTexts() throws {
        let model = try Runtime.open(TestModels.labels)
        #expect(
            try model.results(row([2, 1, 0] as [Int64]), count: 3) == [
                .outputs(.texts(["größer"])), .outputs(.texts([""])), .outputs(.texts(["ok"])),
            ])
    }

    @Test func rowsOfAnotherSizeAreRefused() throws {
        let model = try Runtime.open(TestModels.regression)
        #expect(try model.results([1, 2, 3], count: 1) == [.failure(.input)])
    }

    @Test func aTerminatedModelFailsUntilItIsResumed() throws {
        let model = try Runtime.open(TestModels.perceptron)
        model.terminate()
        #expect(try model.results(row([Float](repeating: 1, count: 8)), count: 1) == [.failure(.failed)])
        model.resume()
        #expect(try model.results(row([Float](repeating: 1, count: 8)), count: 1).map(\.failure) == [nil])
    }

    @Test func modelsInlineAnswerInTheEnginesOrder() throws {
        let models = InlineModels([nil, try Runtime.open(TestModels.regression)])
        var bytes: [UInt8] = []
        row([1, 1] as [Float]).withUnsafeBytes { models.run(1, $0, into: &bytes) }
        #expect(try Result(bytes) == .outputs(.floats([3.5])))
        for absent in [0, 2, -1] {
            bytes = []
            row([1, 1] as [Float]).withUnsafeBytes { models.run(absent, $0, into: &bytes) }
            #expect(try Result(bytes) == .failure(.unavailable))
        }
    }
}

@Suite(.enabled(if: Runtime.isWanted, Runtime.absence))
struct OnnxModelErrorTests {
    private func reason(_ bytes: [UInt8]) -> String {
        do {
            _ = try Runtime.open(bytes)
            return "opened"
        } catch {
            return "\(error)"
        }
    }

    @Test func whatIsNoModelIsSaidSo() {
        #expect(reason([]) == "the file is empty")
        #expect(reason(Array("hello, this is a text\n".utf8)) == "it is not an ONNX model, or not the whole of it")
        let whole = TestModels.perceptron.bytes
        #expect(reason(Array(whole.dropLast(100))) == "it is not an ONNX model, or not the whole of it")
        #expect(reason(Array(whole.prefix(40))) == "it is not an ONNX model, or not the whole of it")
    }

    @Test func weightsElsewhereAreSaidSo() {
        var file = TestModels.regression
        file.initializers.removeFirst()
        file.weights("w", [2, 1], [], external: true)
        #expect(
            reason(file.bytes)
                == "its weights are in another file (external data); save the model with all data in one file")
    }

    @Test func aTypeThatRulesCannotGiveIsNamed() {
        #expect(
            reason(TestModels.identity(.text, [nil, 1]).bytes)
                == "its input `x` is of type string; supported are float, "
                + "double, int64, int32, int8, uint8 and bool")
    }

    @Test func whatTheLibraryRefusesIsOneShortLine() {
        var file = TestModels.regression
        file.nodes.removeAll()
        file.node("NoSuchOperator", ["x"], ["y"])
        let text = reason(file.bytes)
        #expect(text.hasPrefix("ONNX Runtime refuses it: "))
        #expect(text.contains("NoSuchOperator"))
        #expect(!text.contains("\n"))
        #expect(text.count <= 330)
    }

    @Test func damagedFilesNeverCrash() {
        let whole = TestModels.perceptron.bytes
        for position in stride(from: 0, to: whole.count, by: 97) {
            var bytes = whole
            bytes[position] ^= 0xFF
            _ = reason(bytes)
        }
    }
}
