import Foundation
import Inference
import Synchronization

/// Results on their way from the threads that run models to the loop that owns the rules.
final class ModelMailbox: Sendable {
    private let answers = Mutex<[ModelAnswers]>([])
    private let arrival = DispatchSemaphore(value: 0)
    /// Called when the first results arrive in an empty box.
    private let notify: @Sendable () -> Void

    init(notify: @escaping @Sendable () -> Void) {
        self.notify = notify
    }

    /// From any thread.
    func put(_ arrived: ModelAnswers) {
        let wasEmpty = answers.withLock { answers in
            defer { answers.append(arrived) }
            return answers.isEmpty
        }
        arrival.signal()
        if wasEmpty { notify() }
    }

    /// All that is there.
    func take() -> [ModelAnswers] {
        answers.withLock { answers in
            let taken = answers
            answers = []
            return taken
        }
    }

    /// Waits until something arrives, at most so long; false: nothing did.
    func wait(milliseconds: Int) -> Bool {
        arrival.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
    }
}
