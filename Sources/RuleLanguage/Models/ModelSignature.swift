/// What a model file says of its inputs and outputs, and of itself.
package struct ModelSignature: Sendable, Equatable {
    /// The type of a tensor's elements. The raw value is ONNX's (`TensorProto.DataType`).
    package enum Element: UInt8, Sendable, Equatable, CaseIterable, BitwiseCopyable {
        case float32 = 1, uint8 = 2, int8 = 3, int32 = 6, int64 = 7, text = 8, boolean = 9, float64 = 11

        /// Bytes of one element in memory; 0: of no fixed size.
        package var byteCount: Int {
            switch self {
            case .uint8, .int8, .boolean: 1
            case .float32, .int32: 4
            case .int64, .float64: 8
            case .text: 0
            }
        }

        package var isFloat: Bool { self == .float32 || self == .float64 }
    }

    package struct Tensor: Sendable, Equatable {
        package enum Kind: Sendable, Equatable {
            case tensor(Element)
            /// A list of maps from labels to probabilities, one for each row: what scikit-learn's ZipMap makes. The keys are
            /// `int64` or `text`.
            case labelMaps(keys: Element)
        }
        package var name: String
        package var kind: Kind
        /// Nil: any length. Empty for a scalar and for `labelMaps`.
        package var shape: [Int?]

        package init(name: String, kind: Kind, shape: [Int?]) {
            self.name = name
            self.kind = kind
            self.shape = shape
        }
    }

    package var inputs: [Tensor]
    package var outputs: [Tensor]
    /// Whether several rows can be run at once: the first dimension of every input is free.
    package var isBatched: Bool
    /// Version of the default operator set; 0: the file names none.
    package var opset: Int
    /// Size of the file, bytes.
    package var byteCount: Int
    /// SHA-256 of the file, 64 hexadecimal digits in small letters.
    package var sha256: String

    package init(
        inputs: [Tensor], outputs: [Tensor], isBatched: Bool, opset: Int, byteCount: Int, sha256: String
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.isBatched = isBatched
        self.opset = opset
        self.byteCount = byteCount
        self.sha256 = sha256
    }
}

extension ModelSignature.Tensor {
    /// Elements of one row: the product of all dimensions, a free one counted as 1. Nil: they overflow.
    package var rowElementCount: Int? {
        var product = 1
        for length in shape {
            let (next, overflow) = product.multipliedReportingOverflow(by: length ?? 1)
            if overflow || next < 0 { return nil }
            product = next
        }
        return product
    }
}

/// What the caller found under the path of a model.
package enum ModelAttachment: Sendable {
    case model(ModelSignature)
    /// Why it can't be used, as the end of a sentence: "there is no such file".
    case unusable(String)
    /// ONNX Runtime is not there: what to do, as a sentence.
    case noRuntime(String)
}
