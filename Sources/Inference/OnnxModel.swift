internal import COnnxRuntime
internal import RuleEngine
package import RuleLanguage
internal import Synchronization

/// An opened model with the memory of its runs. Callable from any thread; one run at a time, others wait for it.
///
/// `@unchecked Sendable`: the memory of runs is touched only by the run that holds the lock.
package final class OnnxModel: @unchecked Sendable {
    package let signature: ModelSignature
    /// Bytes of one row: the elements of every input in their order.
    package let rowByteCount: Int
    /// The most rows of one run; 1 where `signature.isBatched` is false.
    package let batchMax: Int
    /// Why the trial run at opening failed, as the end of a sentence; nil: it did not.
    package let probeWarning: String?

    private let session: OnnxSession
    /// Held during a run. What can change below belongs to whoever holds it.
    private let lock = Mutex(())
    private let tensors: OnnxTensors
    private var outputs: OnnxOutputs
    /// Whether a run wrote to outputs of ours. Until then a failure may come from a shape that the file states wrongly.
    private var provedOutputs = false

    /// The most bytes of a model's file.
    package static let byteCountMax = 256 << 20
    /// The most rows that one run takes.
    package static let batchRowsMax = 256
    /// The most bytes of a model's inputs, and of its outputs, for one run.
    static let memoryMax = 16 << 20

    /// Opens a model, reads what it says of itself, and runs it once or thrice to see whether rows can be run together.
    ///
    /// - Parameters:
    ///   - bytes: the whole file; not needed afterwards.
    ///   - sha256: of the file, 64 hexadecimal digits; goes to the signature.
    /// - Throws: why the file can't be used, as the end of a sentence.
    package static func open(
        _ bytes: UnsafeRawBufferPointer, sha256: String, library: OnnxLibrary
    ) throws(OnnxError) -> OnnxModel {
        guard !bytes.isEmpty else { throw OnnxError("the file is empty") }
        guard bytes.count <= byteCountMax else { throw OnnxError("it is larger than \(byteCountMax >> 20) MB") }
        guard let file = OnnxFile(bytes) else { throw OnnxError("it is not an ONNX model, or not the whole of it") }
        if file.hasExternalData {
            throw OnnxError("its weights are in another file (external data); save the model with all data in one file")
        }
        let session = try OnnxSession(bytes)
        let inputs = try session.tensors(output: false)
        let outputs = try session.tensors(output: true)
        guard !inputs.isEmpty else { throw OnnxError("it takes no input") }
        guard !outputs.isEmpty, outputs.count <= 255 else {
            throw OnnxError(outputs.isEmpty ? "it has no output" : "it has more than 255 outputs")
        }
        let signature = ModelSignature(
            inputs: inputs, outputs: outputs, isBatched: false, opset: file.opset, byteCount: bytes.count,
            sha256: sha256)
        return try OnnxModel(session, signature)
    }

    package static func open(
        _ bytes: [UInt8], sha256: String, library: OnnxLibrary
    ) throws(OnnxError) -> OnnxModel {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(OnnxError) in try open(buffer, sha256: sha256, library: library) }
        }
        return try result.get()
    }

    private init(_ session: OnnxSession, _ described: ModelSignature) throws(OnnxError) {
        var signature = described
        let layout = try OnnxLayout(signature.inputs)
        let probe = OnnxProbe(session, signature, layout)
        signature.isBatched = probe.isBatched
        batchMax =
            probe.isBatched ? max(1, min(Self.batchRowsMax, Self.memoryMax / max(1, layout.rowByteCount))) : 1
        let shapes = probe.outputShapes(memoryMax: Self.memoryMax / batchMax)
        tensors = try OnnxTensors(session, layout, shapes, batchMax: batchMax)
        outputs = OnnxOutputs(signature.outputs, tensors)
        self.signature = signature
        self.session = session
        rowByteCount = layout.rowByteCount
        probeWarning = probe.warning
    }

    /// Ends the run that another thread is in as soon as the library looks, and those that begin before `resume`.
    package func terminate() { session.terminate() }

    package func resume() { session.resume() }

    // MARK: - Runs

    /// What became of some rows.
    package struct Run: Sendable, Equatable {
        /// Rows whose result is a failure.
        package var failedRows = 0
        /// The most rows that were run at once.
        package var batchedMax = 0
        /// Time in the library.
        package var nanoseconds: Int64 = 0
        /// What the library said of the last row that failed, on one line; nil: none did.
        package var reason: String?

        package init(failedRows: Int = 0, batchedMax: Int = 0, nanoseconds: Int64 = 0, reason: String? = nil) {
            self.failedRows = failedRows
            self.batchedMax = batchedMax
            self.nanoseconds = nanoseconds
            self.reason = reason
        }
    }

    /// Runs `count` rows, which lie one after the other in `rows`, and appends a result for each to `results`, and
    /// where it ends to `ends`. Where a run of several rows fails, each is run alone.
    package func run(
        rows: UnsafeRawBufferPointer, count: Int, results: inout [UInt8], ends: inout [Int]
    ) -> Run {
        var run = Run()
        guard count > 0, let base = rows.baseAddress, rows.count == count * rowByteCount else {
            run.reason = "a row has another size than the model takes"
            for _ in 0..<max(0, count) { fail(.input, nanoseconds: 0, &run, &results, &ends) }
            return run
        }
        lock.withLock { _ in
            var done = 0
            while done < count {
                let size = min(batchMax, count - done)
                runTogether(base + done * rowByteCount, size, &run, &results, &ends)
                done += size
            }
        }
        return run
    }

    private func runTogether(
        _ rows: UnsafeRawPointer, _ count: Int, _ run: inout Run, _ results: inout [UInt8], _ ends: inout [Int]
    ) {
        let (nanoseconds, reason) = runOnce(rows, count)
        run.nanoseconds += nanoseconds
        if let reason {
            guard count > 1 else {
                run.reason = reason
                return fail(.failed, nanoseconds: nanoseconds, &run, &results, &ends)
            }
            for row in 0..<count { runTogether(rows + row * rowByteCount, 1, &run, &results, &ends) }
            return
        }
        run.batchedMax = max(run.batchedMax, count)
        outputs.write(count, nanoseconds: nanoseconds, to: &results, ends: &ends)
        outputs.release()
    }

    /// Time in the library, and why the outputs are not there; nil: they are.
    private func runOnce(_ rows: UnsafeRawPointer, _ count: Int) -> (Int64, String?) {
        tensors.scatter(rows, count)
        let begin = PoolLock.now()
        var reason = attempt(count)
        if let first = reason, !provedOutputs, tensors.ownsOutputs {
            // Perhaps the file states a shape wrongly, which the library minds only where the output's memory is ours.
            tensors.disownOutputs()
            outputs = OnnxOutputs(signature.outputs, tensors)
            reason = attempt(count) == nil ? nil : first
        }
        let time = PoolLock.now() - begin
        if reason == nil { provedOutputs = true }
        return (time, reason)
    }

    /// Nil: the outputs are there; else what the library says.
    @inline(__always)
    private func attempt(_ count: Int) -> String? {
        guard let set = tensors.set(count) else { return session.reason }
        let succeeded = session.run(set.inputs, set.outputs)
        let reason = succeeded ? nil : session.reason
        outputs.take(set.outputs)
        guard succeeded else {
            outputs.release()
            return reason
        }
        guard let complaint = outputs.gather(count) else { return nil }
        outputs.release()
        return complaint
    }

    private func fail(
        _ failure: ModelFailure, nanoseconds: Int64, _ run: inout Run, _ results: inout [UInt8], _ ends: inout [Int]
    ) {
        run.failedRows += 1
        ModelResultWriter.fail(failure, nanoseconds: nanoseconds, to: &results)
        ends.append(results.count)
    }
}
