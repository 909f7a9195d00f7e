/// The little of a model's file that ONNX Runtime does not tell: a bounded walk over its protocol buffer.
struct OnnxFile: Equatable {
    /// Version of the default operator set; 0: none named.
    var opset = 0
    /// Whether weights lie in another file.
    var hasExternalData = false

    /// Nil where the bytes end within a field or are no protocol buffer: a truncated file, or something else.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var model = ProtobufReader(bytes)
        while let field = model.next() {
            switch (field.number, field.content) {
            case (7, .bytes(let graph)):
                guard readGraph(graph) else { return nil }
            case (8, .bytes(let entry)):
                guard readOperatorSet(entry) else { return nil }
            default: break
            }
        }
        if model.isDamaged { return nil }
    }

    private mutating func readOperatorSet(_ entry: UnsafeRawBufferPointer) -> Bool {
        var reader = ProtobufReader(entry)
        var isDefault = true
        var version = 0
        while let field = reader.next() {
            switch (field.number, field.content) {
            case (1, .bytes(let domain)): isDefault = domain.isEmpty || domain.elementsEqual("ai.onnx".utf8)
            case (2, .number(let value)): version = Int(truncatingIfNeeded: value)
            default: break
            }
        }
        if isDefault { opset = version }
        return !reader.isDamaged
    }

    private mutating func readGraph(_ graph: UnsafeRawBufferPointer) -> Bool {
        var reader = ProtobufReader(graph)
        while let field = reader.next() {
            guard field.number == 5, case .bytes(let tensor) = field.content else { continue }
            var tensorReader = ProtobufReader(tensor)
            while let field = tensorReader.next() {
                if field.number == 14, case .number(1) = field.content { hasExternalData = true }
            }
            if tensorReader.isDamaged { return false }
        }
        return !reader.isDamaged
    }
}

/// The fields of one message, in their order. Every step moves on, so a walk ends with the bytes.
struct ProtobufReader {
    enum Content {
        case number(UInt64)
        case bytes(UnsafeRawBufferPointer)
        case fixed
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private(set) var isDamaged = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Nil at the end, and where the bytes are damaged.
    mutating func next() -> (number: UInt64, content: Content)? {
        guard !isDamaged, position < bytes.count else { return nil }
        if let tag = variable(), tag >> 3 != 0, let content = content(kind: tag & 7) { return (tag >> 3, content) }
        isDamaged = true
        return nil
    }

    private mutating func content(kind: UInt64) -> Content? {
        switch kind {
        case 0: return variable().map { .number($0) }
        case 1: return skip(8)
        case 2:
            guard let length = variable(), length <= UInt64(bytes.count - position) else { return nil }
            let start = position
            position += Int(length)
            return .bytes(UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
        case 5: return skip(4)
        default: return nil
        }
    }

    private mutating func skip(_ count: Int) -> Content? {
        guard bytes.count - position >= count else { return nil }
        position += count
        return .fixed
    }

    private mutating func variable() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
