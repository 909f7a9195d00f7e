import Foundation
import Inference
import RuleEngine
import RuleLanguage
import Testing

/// ONNX Runtime, where this machine has it.
enum Runtime {
    static let library = try? OnnxLibrary.find()
    static let isRequired = ProcessInfo.processInfo.environment["SLUICE_REQUIRE_ONNX"] != nil

    /// Tests with the library run where it is there, and fail without it where it is required.
    static let isWanted = library != nil || isRequired
    static let absence: Comment = "ONNX Runtime was not found; set ORT_DYLIB_PATH"

    static func open(_ file: ModelFile) throws -> OnnxModel { try open(file.bytes) }

    static func open(_ bytes: [UInt8]) throws -> OnnxModel {
        try OnnxModel.open(bytes, sha256: "", library: try OnnxLibrary.find())
    }
}

/// Models that do little, each for one trait.
enum TestModels {
    /// y = x · [1, 2] + 0.5, for rows of two.
    static var regression: ModelFile {
        var file = ModelFile()
        file.input("x", .float32, [nil, 2])
        file.output("y", .float32, [nil, 1])
        file.weights("w", [2, 1], [1, 2])
        file.weights("b", [1], [0.5])
        file.node("Gemm", ["x", "w", "b"], ["y"])
        return file
    }

    /// Layers as they are found in small models: 8 numbers, twice 32, one number.
    static var perceptron: ModelFile {
        var file = ModelFile()
        file.input("x", .float32, [nil, 8])
        file.output("y", .float32, [nil, 1])
        var name = "x"
        for (layer, (rows, columns)) in [(8, 32), (32, 32), (32, 1)].enumerated() {
            let weights = (0..<rows * columns).map { Float(($0 * 7919 + layer) % 201 - 100) / 200 }
            file.weights("w\(layer)", [rows, columns], weights)
            file.weights("b\(layer)", [columns], (0..<columns).map { Float($0 % 5) / 10 })
            let sum = layer == 2 ? "y" : "s\(layer)"
            file.node("Gemm", [name, "w\(layer)", "b\(layer)"], [sum])
            if layer < 2 { file.node("Relu", [sum], ["r\(layer)"]) }
            name = "r\(layer)"
        }
        return file
    }

    /// y = x, whatever the type and shape.
    static func identity(_ element: ModelSignature.Element, _ shape: [Int?]) -> ModelFile {
        var file = ModelFile()
        file.input("x", element, shape)
        file.output("y", element, shape)
        file.node("Identity", ["x"], ["y"])
        return file
    }

    /// The table's number at each index; throws for an index beyond 0…3.
    static var lookup: ModelFile {
        var file = ModelFile()
        file.input("index", .int64, [nil])
        file.output("y", .float32, [nil])
        file.weights("table", [4], [10, 20, 30, 40])
        file.node("Gather", ["table", "index"], ["y"])
        return file
    }

    /// Two inputs of different types: y = a + toFloat(b), and b passed on.
    static var twoInputs: ModelFile {
        var file = ModelFile()
        file.input("a", .float32, [nil, 2])
        file.input("b", .int64, [nil, 2])
        file.output("sum", .float32, [nil, 2])
        file.output("same", .int64, [nil, 2])
        file.node("Cast", ["b"], ["c"], [("to", .integer(1))])
        file.node("Add", ["a", "c"], ["sum"])
        file.node("Identity", ["b"], ["same"])
        return file
    }

    /// Scores over a whole batch, so that rows can't be run together though the first dimension is free.
    static var acrossRows: ModelFile {
        var file = ModelFile()
        file.input("x", .float32, [nil, 2])
        file.output("y", .float32, [nil, 2])
        file.node("Softmax", ["x"], ["y"], [("axis", .integer(0))])
        return file
    }

    /// The sum of all rows.
    static var total: ModelFile {
        var file = ModelFile()
        file.input("x", .float32, [nil, 2])
        file.output("y", .float32, [1, 1])
        file.node("ReduceSum", ["x"], ["y"], [("keepdims", .integer(1))])
        return file
    }

    /// Scores as maps of labels: what scikit-learn's converter makes.
    static func zipMap(texts: Bool) -> ModelFile {
        var file = ModelFile()
        file.input("x", .float32, [nil, 2])
        file.outputMaps("probabilities", key: texts ? .text : .int64)
        let labels: (String, ModelFile.Attribute) =
            texts ? ("classlabels_strings", .texts(["ok", "worn"])) : ("classlabels_int64s", .integers([3, 7]))
        file.node("ZipMap", ["x"], ["probabilities"], domain: "ai.onnx.ml", [labels])
        return file
    }

    /// Counts up to its input in a loop.
    static var endless: ModelFile {
        var body = ModelFile()
        body.input("turn", .int64, [])
        body.input("goesOn", .boolean, [])
        body.input("sum", .int64, [])
        body.output("goesOn2", .boolean, [])
        body.output("sum2", .int64, [])
        body.integers("one", [], [1])
        body.node("Identity", ["goesOn"], ["goesOn2"])
        body.node("Add", ["sum", "one"], ["sum2"])
        var file = ModelFile()
        file.input("turns", .int64, [])
        file.output("y", .int64, [])
        file.integers("zero", [], [0])
        file.node("Loop", ["turns", "", "zero"], ["y"], [("body", .graph(body.graph))])
        return file
    }

    /// A text for each index.
    static var labels: ModelFile {
        var file = ModelFile()
        file.input("x", .int64, [nil, 1])
        file.output("label", .text, [nil, 1])
        file.node(
            "LabelEncoder", ["x"], ["label"], domain: "ai.onnx.ml",
            [("keys_int64s", .integers([0, 1, 2])), ("values_strings", .texts(["ok", "", "größer"]))])
        return file
    }
}

/// Results as values.
struct Result: Equatable {
    enum Output: Equatable {
        case floats([Float])
        case doubles([Double])
        case integers([Int64])
        case bytes([UInt8])
        case texts([String])
    }
    var failure: ModelFailure?
    var outputs: [Output]

    static func outputs(_ outputs: Output...) -> Result { Result(failure: nil, outputs: outputs) }
    static func failure(_ failure: ModelFailure) -> Result { Result(failure: failure, outputs: []) }

    init(failure: ModelFailure?, outputs: [Output]) {
        self.failure = failure
        self.outputs = outputs
    }

    /// Reads the bytes of one result; stops the test where they are damaged.
    init(_ bytes: some Collection<UInt8>) throws {
        var rest = Array(bytes)[...]
        func take(_ count: Int) throws -> [UInt8] {
            try #require(rest.count >= count)
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        func count() throws -> Int { Int(try take(4).withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }) }
        failure = ModelFailure(rawValue: try take(1)[0])
        _ = try take(8)
        outputs = []
        let outputCount = Int(try take(1)[0])
        // A map of labels is one output of two parts.
        while !rest.isEmpty {
            let element = try #require(ModelSignature.Element(rawValue: try take(1)[0]))
            let number = try count()
            if element == .text {
                outputs.append(
                    .texts(try (0..<number).map { _ in String(decoding: try take(try count()), as: UTF8.self) }))
                continue
            }
            let elements = try take(number * element.byteCount)
            switch element {
            case .float32: outputs.append(.floats(Self.numbers(elements)))
            case .float64: outputs.append(.doubles(Self.numbers(elements)))
            case .int64: outputs.append(.integers(Self.numbers(elements)))
            default: outputs.append(.bytes(elements))
            }
        }
        #expect(outputs.count >= outputCount)
    }

    static func numbers<Number>(_ bytes: [UInt8]) -> [Number] {
        bytes.withUnsafeBytes { buffer in
            (0..<buffer.count / MemoryLayout<Number>.stride).map {
                buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.stride, as: Number.self)
            }
        }
    }
}

/// Elements as the bytes of a row.
func row<Number>(_ numbers: [Number]) -> [UInt8] { numbers.withUnsafeBytes { Array($0) } }

extension OnnxModel {
    /// The results of rows that lie one after the other.
    func results(_ rows: [UInt8], count: Int) throws -> [Result] {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        _ = rows.withUnsafeBytes { run(rows: $0, count: count, results: &bytes, ends: &ends) }
        try #require(ends.count == count)
        return try zip([0] + ends, ends).map { try Result(bytes[$0..<$1]) }
    }
}
