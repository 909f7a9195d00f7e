/// How models run. Each model has a queue of its own.
package struct InferenceConfiguration: Sendable, Equatable {
    /// The file or folder of ONNX Runtime; nil: `ORT_DYLIB_PATH` and the usual places.
    package var library: String?
    /// Threads that run models. 1…64; nil: one less than there are cores, at least 4.
    package var threads: Int?
    /// After this a call gives missing. 1ms…1h, default 1s.
    package var deadline = Duration.seconds(1)
    /// Calls of one model that wait. 1…1,000,000, default 100,000.
    package var queuedCalls = 100_000
    /// Calls that one run takes together. 1…256, default 256.
    package var batch = 256
    /// How long a free thread waits for more calls to run together. 0s…1s, default 0s.
    package var batchDelay = Duration.zero
}

extension InferenceConfiguration {
    static func read(_ section: ConfigurationSection) -> InferenceConfiguration {
        var inference = InferenceConfiguration()
        inference.library = section.path("library")
        inference.threads = section.integer("threads", in: 1...64)
        section.duration("deadline", in: .milliseconds(1)...(.seconds(3_600))).map { inference.deadline = $0 }
        section.integer("queued-calls", in: 1...1_000_000).map { inference.queuedCalls = $0 }
        section.integer("batch", in: 1...256).map { inference.batch = $0 }
        section.duration("batch-delay", in: .zero...(.seconds(1))).map { inference.batchDelay = $0 }
        section.finish()
        return inference
    }
}
