internal import COnnxRuntime
internal import RuleEngine
internal import RuleLanguage

/// What a run gave, ready to be written row by row.
struct OnnxOutputs {
    private enum Content {
        /// Elements of fixed size; those of row n begin at `base + n * byteCount`.
        case elements(ModelSignature.Element, base: UnsafeRawPointer, count: Int, byteCount: Int)
        /// Texts, `count` for a row.
        case texts([[UInt8]], count: Int)
        case numberMaps([(keys: [Int64], scores: [Float])])
        case textMaps([(keys: [[UInt8]], scores: [Float])])
        case nothing
    }

    private let kinds: [ModelSignature.Tensor.Kind]
    private var contents: [Content]
    /// Outputs that the library made, by place.
    private var made: [OpaquePointer?]
    /// Places of the outputs that the library makes at each run.
    private let places: [Int]
    /// A result with zeros for its elements, and where in it those of each output begin; empty where `places` is not.
    private var template: [UInt8] = []
    private var templateOffsets: [Int] = []

    init(_ outputs: [ModelSignature.Tensor], _ tensors: OnnxTensors) {
        kinds = outputs.map(\.kind)
        made = Array(repeating: nil, count: outputs.count)
        places = outputs.indices.filter { tensors.outputShapes[$0] == nil }
        contents = outputs.indices.map { index in
            guard let shape = tensors.outputShapes[index], let memory = tensors.outputMemory[index] else {
                return .nothing
            }
            return .elements(shape.element, base: memory, count: shape.count, byteCount: shape.byteCount)
        }
        if places.isEmpty { makeTemplate() }
    }

    private mutating func makeTemplate() {
        ModelResultWriter.begin(nanoseconds: 0, outputCount: contents.count, to: &template)
        for case .elements(let element, _, let count, let byteCount) in contents {
            [UInt8](repeating: 0, count: byteCount).withUnsafeBytes {
                ModelResultWriter.append(element, count: count, $0, to: &template)
            }
            templateOffsets.append(template.count - byteCount)
        }
    }

    /// Takes what the library made out of `values`.
    mutating func take(_ values: UnsafeMutablePointer<OpaquePointer?>) {
        for place in places {
            onnx_value_release(made[place])
            made[place] = values[place]
            values[place] = nil
        }
    }

    mutating func release() {
        for place in places {
            onnx_value_release(made[place])
            made[place] = nil
            contents[place] = .nothing
        }
    }

    /// Reads what was taken, for `rows` rows; nil: all is well, else what is wrong.
    mutating func gather(_ rows: Int) -> String? {
        for place in places {
            guard let value = made[place], let content = Self.read(value, kinds[place], rows) else {
                return "an output is not what the file says, or can't be divided among the rows"
            }
            contents[place] = content
        }
        return nil
    }

    /// Appends the results of `rows` rows, and where each ends.
    func write(_ rows: Int, nanoseconds: Int64, to bytes: inout [UInt8], ends: inout [Int]) {
        if !template.isEmpty { return fill(rows, nanoseconds, &bytes, &ends) }
        for row in 0..<rows {
            ModelResultWriter.begin(nanoseconds: nanoseconds, outputCount: contents.count, to: &bytes)
            write(row, to: &bytes)
            ends.append(bytes.count)
        }
    }

    /// Results that differ only in time and elements: copies of the template, filled in.
    private func fill(_ rows: Int, _ nanoseconds: Int64, _ bytes: inout [UInt8], _ ends: inout [Int]) {
        let begin = bytes.count
        let size = template.count
        for row in 0..<rows {
            bytes.append(contentsOf: template)
            ends.append(begin + (row + 1) * size)
        }
        bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress.map({ $0 + begin }) else { return }
            for row in 0..<rows {
                let result = start + row * size
                // The time follows the first byte.
                result.storeBytes(of: nanoseconds.littleEndian, toByteOffset: 1, as: Int64.self)
            }
            for index in contents.indices {
                guard case .elements(_, let base, _, let byteCount) = contents[index] else { continue }
                let first = start + templateOffsets[index]
                for row in 0..<rows {
                    (first + row * size).copyMemory(from: base + row * byteCount, byteCount: byteCount)
                }
            }
        }
    }

    private func write(_ row: Int, to bytes: inout [UInt8]) {
        for content in contents {
            switch content {
            case .elements(let element, let base, let count, let byteCount):
                ModelResultWriter.append(
                    element, count: count,
                    UnsafeRawBufferPointer(start: base + row * byteCount, count: byteCount), to: &bytes)
            case .texts(let texts, let count):
                ModelResultWriter.append(texts: Array(texts[row * count..<(row + 1) * count]), to: &bytes)
            case .numberMaps(let maps):
                ModelResultWriter.append(keys: maps[row].keys, scores: maps[row].scores, to: &bytes)
            case .textMaps(let maps):
                ModelResultWriter.append(keys: maps[row].keys, scores: maps[row].scores, to: &bytes)
            case .nothing: break
            }
        }
    }

    // MARK: - Reading

    private static func read(_ value: OpaquePointer, _ kind: ModelSignature.Tensor.Kind, _ rows: Int) -> Content? {
        switch kind {
        case .tensor(.text):
            guard let texts = OnnxReading.texts(value), texts.count.isMultiple(of: rows) else { return nil }
            return .texts(texts, count: texts.count / rows)
        case .tensor(let element):
            guard let tensor = OnnxReading.tensor(value), tensor.element == Int32(element.rawValue),
                tensor.count.isMultiple(of: rows), tensor.count <= OnnxModel.memoryMax
            else { return nil }
            let count = tensor.count / rows
            guard let base = tensor.data ?? (count == 0 ? UnsafeRawPointer(value) : nil) else { return nil }
            return .elements(element, base: base, count: count, byteCount: count * element.byteCount)
        case .labelMaps(keys: .text):
            guard let maps = OnnxReading.maps(value, keys: OnnxReading.texts), maps.count == rows else { return nil }
            return .textMaps(maps)
        case .labelMaps:
            let keys = { OnnxReading.elements($0, .int64, as: Int64.self) }
            guard let maps = OnnxReading.maps(value, keys: keys), maps.count == rows else { return nil }
            return .numberMaps(maps)
        }
    }
}

/// Values of the library's, copied.
enum OnnxReading {
    static func tensor(_ value: OpaquePointer) -> onnx_tensor? {
        var tensor = onnx_tensor()
        return onnx_value_tensor(value, &tensor, nil) == 0 ? tensor : nil
    }

    static func shape(_ tensor: onnx_tensor) -> [Int] {
        withUnsafeBytes(of: tensor.shape) { bytes in
            bytes.bindMemory(to: Int64.self).prefix(Int(tensor.rank)).map { Int($0) }
        }
    }

    static func elements<Number>(
        _ value: OpaquePointer, _ element: ModelSignature.Element, as type: Number.Type
    ) -> [Number]? {
        guard let tensor = tensor(value), tensor.element == Int32(element.rawValue) else { return nil }
        guard let data = tensor.data else { return tensor.count == 0 ? [] : nil }
        return Array(UnsafeBufferPointer(start: data.assumingMemoryBound(to: type), count: tensor.count))
    }

    static func texts(_ value: OpaquePointer) -> [[UInt8]]? {
        var byteCount = 0
        guard let tensor = tensor(value), tensor.element == Int32(ModelSignature.Element.text.rawValue),
            onnx_value_text_size(value, &byteCount, nil) == 0, byteCount <= OnnxModel.memoryMax
        else { return nil }
        guard tensor.count > 0 else { return [] }
        var bytes = [CChar](repeating: 0, count: max(1, byteCount))
        var offsets = [Int](repeating: 0, count: tensor.count)
        guard onnx_value_texts(value, &bytes, byteCount, &offsets, tensor.count, nil) == 0 else { return nil }
        return offsets.indices.map { index in
            let end = index + 1 < offsets.count ? offsets[index + 1] : byteCount
            guard offsets[index] <= end, end <= byteCount else { return [] }
            return bytes[offsets[index]..<end].map(UInt8.init(bitPattern:))
        }
    }

    static func maps<Key>(
        _ value: OpaquePointer, keys: (OpaquePointer) -> [Key]?
    ) -> [(keys: [Key], scores: [Float])]? {
        var count = 0
        guard onnx_value_part_count(value, &count, nil) == 0 else { return nil }
        var maps: [(keys: [Key], scores: [Float])] = []
        for index in 0..<count {
            let map: (keys: [Key], scores: [Float])?? = part(value, index) { map in
                guard let keys = part(map, 0, keys) ?? nil,
                    let scores = part(map, 1, { elements($0, .float32, as: Float.self) }) ?? nil,
                    keys.count == scores.count
                else { return nil }
                return (keys, scores)
            }
            guard let map = map ?? nil else { return nil }
            maps.append(map)
        }
        return maps
    }

    private static func part<Result>(
        _ value: OpaquePointer, _ index: Int, _ body: (OpaquePointer) -> Result
    ) -> Result? {
        var part: OpaquePointer?
        guard onnx_value_part(value, index, &part, nil) == 0, let part else { return nil }
        defer { onnx_value_release(part) }
        return body(part)
    }
}
