internal import COnnxRuntime
internal import RuleLanguage

/// The library's session of one model. One thread at a time, but for `terminate`.
final class OnnxSession {
    let pointer: OpaquePointer
    let inputCount: Int
    let outputCount: Int
    private let message = UnsafeMutablePointer<CChar>.allocate(capacity: Int(ONNX_MESSAGE_SIZE))

    init(_ bytes: UnsafeRawBufferPointer) throws(OnnxError) {
        message.initialize(repeating: 0, count: Int(ONNX_MESSAGE_SIZE))
        var opened: OpaquePointer?
        let code = onnx_session_open(bytes.baseAddress, bytes.count, &opened, message)
        guard code == 0, let opened else {
            let text = OnnxError.line(String(cString: message))
            message.deallocate()
            throw OnnxError(
                code == ONNX_INVALID_PROTOBUF
                    ? "it is not an ONNX model, or not the whole of it" : "ONNX Runtime refuses it: \(text)")
        }
        pointer = opened
        inputCount = onnx_session_count(opened, false)
        outputCount = onnx_session_count(opened, true)
    }

    deinit {
        onnx_session_close(pointer)
        message.deallocate()
    }

    /// What the library said last, on one line.
    var reason: String { OnnxError.line(String(cString: message)) }

    @inline(__always)
    func run(
        _ inputs: UnsafeMutablePointer<OpaquePointer?>, _ outputs: UnsafeMutablePointer<OpaquePointer?>
    ) -> Bool {
        onnx_session_run(pointer, inputs, outputs, message) == 0
    }

    /// Callable from any thread.
    func terminate() { _ = onnx_session_terminate(pointer, nil) }

    func resume() { _ = onnx_session_resume(pointer, nil) }

    /// A tensor over `memory`, which must outlive it.
    func value(
        over memory: UnsafeMutableRawPointer, byteCount: Int, shape: [Int64], _ element: ModelSignature.Element
    ) -> OpaquePointer? {
        var value: OpaquePointer?
        let code = onnx_value_over(
            pointer, memory, byteCount, shape.isEmpty ? [0] : shape, shape.count, Int32(element.rawValue), &value,
            message)
        return code == 0 ? value : nil
    }

    // MARK: - What the model says of itself

    func tensors(output: Bool) throws(OnnxError) -> [ModelSignature.Tensor] {
        var tensors: [ModelSignature.Tensor] = []
        for index in 0..<(output ? outputCount : inputCount) {
            tensors.append(try tensor(output: output, index))
        }
        return tensors
    }

    private func tensor(output: Bool, _ index: Int) throws(OnnxError) -> ModelSignature.Tensor {
        let name = onnx_session_name(pointer, output, index).map { String(cString: $0) } ?? ""
        let place = "its \(output ? "output" : "input") `\(name)`"
        var type = onnx_type()
        guard onnx_session_type(pointer, output, index, &type, message) == 0 else {
            throw OnnxError("\(place) can't be used: \(reason)")
        }
        let element = UInt8(exactly: type.element).flatMap(ModelSignature.Element.init(rawValue:))
        switch type.kind {
        case .ONNX_TENSOR:
            guard let element, output || element != .text else {
                throw OnnxError(
                    "\(place) is of type \(Self.elementName(type.element)); supported are float, double, int64, int32, "
                        + "int8, uint8 and bool\(output ? ", and string" : "")")
            }
            return ModelSignature.Tensor(name: name, kind: .tensor(element), shape: Self.shape(type))
        case .ONNX_LABEL_MAPS:
            let key = UInt8(exactly: type.key).flatMap(ModelSignature.Element.init(rawValue:))
            guard output, element == .float32, let key, key == .int64 || key == .text else { break }
            return ModelSignature.Tensor(name: name, kind: .labelMaps(keys: key), shape: [])
        default: break
        }
        throw OnnxError(
            "\(place) is neither a tensor\(output ? " nor a list of maps from labels to scores" : ""), as it must be")
    }

    private static func shape(_ type: onnx_type) -> [Int?] {
        withUnsafeBytes(of: type.shape) { bytes in
            bytes.bindMemory(to: Int64.self).prefix(Int(type.rank)).map { $0 < 0 ? nil : Int($0) }
        }
    }

    /// ONNX's names, for messages.
    private static func elementName(_ code: Int32) -> String {
        let names = [
            "undefined", "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
            "double", "uint32", "uint64", "complex64", "complex128", "bfloat16",
        ]
        return names.indices.contains(Int(code)) ? names[Int(code)] : "number \(code)"
    }
}
