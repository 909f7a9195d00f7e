// A model's inputs and outputs as people read them.

extension ModelSignature.Element {
    package var name: String {
        switch self {
        case .float32: "float32"
        case .float64: "float64"
        case .int64: "int64"
        case .int32: "int32"
        case .int8: "int8"
        case .uint8: "uint8"
        case .boolean: "boolean"
        case .text: "text"
        }
    }
}

extension ModelSignature.Tensor {
    /// `float32[N, 8]`: N is the number of rows that are run at once, `?` another length that the file leaves open.
    package var typeText: String {
        switch kind {
        case .labelMaps(let keys): return "probabilities by label (\(keys.name))"
        case .tensor(let element):
            let lengths = shape.enumerated().map { index, length in
                length.map(String.init) ?? (index == 0 ? "N" : "?")
            }
            return "\(element.name)[\(lengths.joined(separator: ", "))]"
        }
    }
}
