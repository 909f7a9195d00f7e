import Dispatch
import Foundation
import RuleLanguage
import SluiceNode
import Synchronization

/// `sluice check --watch`: checks at the start and whenever a file is saved, until interrupted.
struct CheckWatch {
    let command: CheckCommand

    func run() throws {
        let woken = DispatchSemaphore(value: 0)
        let isOver = Mutex(false)
        let signals = EndSignals {
            isOver.withLock { $0 = true }
            woken.signal()
        }
        defer { signals.cancel() }
        // A wrong path at the start is a slip; a file that goes away later may come back.
        _ = try command.compile()
        while !isOver.withLock({ $0 }) {
            // Watched before it is read, so that no change falls between the two. Folders and tables may have come.
            let watched = command.paths + attachments()
            guard let watch = FileWatch(watched, onChange: { woken.signal() }) else {
                throw CommandFailure(
                    .cannotRun, "can't watch files; the system's limit of inotify instances or watches is reached")
            }
            defer { watch.stop() }
            check()
            woken.wait()
        }
    }

    private func attachments() -> [String] { (try? command.compile())?.compilation.attachmentPaths ?? [] }

    private func check() {
        if command.format == .text { print("\(Self.clock()) checked") }
        do {
            let (compilation, fileCount) = try command.compile()
            command.show(compilation, fileCount: fileCount)
        } catch { StandardError.say(error.sentence ?? "the rules can't be read") }
        fflush(nil)
    }

    private static func clock() -> String {
        let parts = Calendar.current.dateComponents([.hour, .minute, .second], from: Date())
        return [parts.hour, parts.minute, parts.second].map { part in
            let digits = String(part ?? 0)
            return digits.count < 2 ? "0\(digits)" : digits
        }.joined(separator: ":")
    }
}
