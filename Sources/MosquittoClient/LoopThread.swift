import Glibc

/// A thread of its own for one loop. Whoever creates it joins it, once, from another thread.
package final class LoopThread: Sendable {
    private let thread: pthread_t

    /// Much less than the system's 8 MB: a process may run hundreds of these loops, and none recurses.
    package static let stackBytes = 512 * 1024

    /// `name`: at most 15 bytes are kept, as the kernel shows them.
    package init(name: String, body: @escaping @Sendable () -> Void) throws(MosquittoError) {
        thread = try Self.create(Start(name: String(name.prefix(15)), body: body))
    }

    package func join() { pthread_join(thread, nil) }

    private static func create(_ start: Start) throws(MosquittoError) -> pthread_t {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, stackBytes)
        // The new thread takes this reference over and releases it.
        let context = Unmanaged.passRetained(start)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                start.setOwnName()
                start.body()
                return nil
            }, context.toOpaque())
        pthread_attr_destroy(&attributes)
        guard result == 0 else {
            context.release()
            throw MosquittoError(
                .limit, "No thread can be started (\(String(cString: strerror(result)))); raise the limit of threads")
        }
        return thread
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        /// For `top -H` and core dumps. Swift does not see glibc's function for it, so the kernel's file is written.
        func setOwnName() {
            let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            _ = write(file, name, name.utf8.count)
            close(file)
        }
    }
}
