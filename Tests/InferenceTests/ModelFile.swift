import RuleLanguage

/// Writes small ONNX models: as much of the protocol buffer as the tests need.
struct ModelFile {
    typealias Element = ModelSignature.Element

    var opset = 17
    var inputs: [[UInt8]] = []
    var outputs: [[UInt8]] = []
    var nodes: [[UInt8]] = []
    var initializers: [[UInt8]] = []

    var graph: [UInt8] {
        var graph = Message()
        for node in nodes { graph.bytes(1, node) }
        graph.text(2, "g")
        for initializer in initializers { graph.bytes(5, initializer) }
        for input in inputs { graph.bytes(11, input) }
        for output in outputs { graph.bytes(12, output) }
        return graph.content
    }

    var bytes: [UInt8] {
        var model = Message()
        model.number(1, 8)
        model.bytes(7, graph)
        for (domain, version) in [("ai.onnx.ml", 3), ("", opset)] {
            var entry = Message()
            entry.text(1, domain)
            entry.number(2, version)
            model.bytes(8, entry.content)
        }
        return model.content
    }

    mutating func input(_ name: String, _ element: Element, _ shape: [Int?]) {
        inputs.append(Self.value(name, Self.tensor(element, shape)))
    }

    mutating func output(_ name: String, _ element: Element, _ shape: [Int?]) {
        outputs.append(Self.value(name, Self.tensor(element, shape)))
    }

    /// A sequence of maps from `key` to float.
    mutating func outputMaps(_ name: String, key: Element) {
        var map = Message()
        map.number(1, Int(key.rawValue))
        map.bytes(2, Self.tensor(.float32, []))
        var element = Message()
        element.bytes(5, map.content)
        var sequence = Message()
        sequence.bytes(1, element.content)
        var type = Message()
        type.bytes(4, sequence.content)
        outputs.append(Self.value(name, type.content))
    }

    mutating func node(
        _ operation: String, _ inputs: [String], _ outputs: [String], domain: String = "",
        _ attributes: [(String, Attribute)] = []
    ) {
        var node = Message()
        for input in inputs { node.text(1, input) }
        for output in outputs { node.text(2, output) }
        node.text(4, operation)
        for (name, attribute) in attributes { node.bytes(5, attribute.content(name)) }
        if !domain.isEmpty { node.text(7, domain) }
        nodes.append(node.content)
    }

    /// Weights; `external`: said to lie in another file.
    mutating func weights(_ name: String, _ shape: [Int], _ numbers: [Float], external: Bool = false) {
        var tensor = Self.initializer(name, shape, .float32)
        if external {
            var entry = Message()
            entry.text(1, "location")
            entry.text(2, "weights.bin")
            tensor.bytes(13, entry.content)
            tensor.number(14, 1)
        } else {
            tensor.bytes(9, numbers.withUnsafeBytes { Array($0) })
        }
        initializers.append(tensor.content)
    }

    mutating func integers(_ name: String, _ shape: [Int], _ numbers: [Int64]) {
        var tensor = Self.initializer(name, shape, .int64)
        tensor.bytes(9, numbers.withUnsafeBytes { Array($0) })
        initializers.append(tensor.content)
    }

    enum Attribute {
        case integer(Int)
        case integers([Int])
        case texts([String])
        case graph([UInt8])

        func content(_ name: String) -> [UInt8] {
            var attribute = Message()
            attribute.text(1, name)
            switch self {
            case .integer(let number):
                attribute.number(3, number)
                attribute.number(20, 2)
            case .integers(let numbers):
                for number in numbers { attribute.number(8, number) }
                attribute.number(20, 7)
            case .texts(let texts):
                for text in texts { attribute.text(9, text) }
                attribute.number(20, 8)
            case .graph(let graph):
                attribute.bytes(6, graph)
                attribute.number(20, 5)
            }
            return attribute.content
        }
    }

    private static func initializer(_ name: String, _ shape: [Int], _ element: Element) -> Message {
        var tensor = Message()
        for length in shape { tensor.number(1, length) }
        tensor.number(2, Int(element.rawValue))
        tensor.text(8, name)
        return tensor
    }

    private static func tensor(_ element: Element, _ shape: [Int?]) -> [UInt8] {
        var dimensions = Message()
        for length in shape {
            var dimension = Message()
            if let length { dimension.number(1, length) } else { dimension.text(2, "N") }
            dimensions.bytes(1, dimension.content)
        }
        var tensor = Message()
        tensor.number(1, Int(element.rawValue))
        tensor.bytes(2, dimensions.content)
        var type = Message()
        type.bytes(1, tensor.content)
        return type.content
    }

    private static func value(_ name: String, _ type: [UInt8]) -> [UInt8] {
        var value = Message()
        value.text(1, name)
        value.bytes(2, type)
        return value.content
    }
}

/// A message of a protocol buffer, field by field.
struct Message {
    var content: [UInt8] = []

    mutating func number(_ field: Int, _ value: Int) {
        variable(UInt64(field) << 3)
        variable(UInt64(bitPattern: Int64(value)))
    }

    mutating func bytes(_ field: Int, _ bytes: [UInt8]) {
        variable(UInt64(field) << 3 | 2)
        variable(UInt64(bytes.count))
        content += bytes
    }

    mutating func text(_ field: Int, _ text: String) { bytes(field, Array(text.utf8)) }

    private mutating func variable(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            content.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        content.append(UInt8(rest))
    }
}
