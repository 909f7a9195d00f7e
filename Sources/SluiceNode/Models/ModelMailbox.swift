import Foundation
import Inference
import Synchronization

/// Results on their way from the threads that run models to the loop that owns the rules.
final class ModelMailbox: Sendable {
    private struct Box {
        var answers: [ModelAnswers] = []
        var isAwaited = false
    }

    private let box = Mutex(Box())
    private let arrival = DispatchSemaphore(value: 0)
    /// Called when the first results arrive in an empty box.
    private let notify: @Sendable () -> Void

    init(notify: @escaping @Sendable () -> Void) {
        self.notify = notify
    }

    /// From any thread.
    func put(_ arrived: ModelAnswers) {
        let (wasEmpty, isAwaited) = box.withLock { box in
            defer { box.answers.append(arrived) }
            return (box.answers.isEmpty, box.isAwaited)
        }
        if isAwaited { arrival.signal() }
        if wasEmpty { notify() }
    }

    /// All that is there.
    func take() -> [ModelAnswers] {
        box.withLock { box in
            let taken = box.answers
            box.answers = []
            return taken
        }
    }

    /// Waits until something is there, at most so long; false: nothing came.
    func wait(milliseconds: Int) -> Bool {
        let end = DispatchTime.now() + .milliseconds(milliseconds)
        while true {
            let isThere = box.withLock { box in
                box.isAwaited = box.answers.isEmpty
                return !box.answers.isEmpty
            }
            if isThere { return true }
            // A signal may be left of an earlier wait: what counts is what is in the box.
            if arrival.wait(timeout: end) == .timedOut {
                return box.withLock { box in
                    box.isAwaited = false
                    return !box.answers.isEmpty
                }
            }
        }
    }
}
