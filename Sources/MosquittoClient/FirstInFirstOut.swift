/// A queue whose head goes away without moving the rest.
package struct FirstInFirstOut<Element> {
    private var storage: [Element?] = []
    private var head = 0

    /// Gaps at the head that are kept before the array is moved together.
    private static var gapMax: Int { 1_024 }

    package init() {}

    package var isEmpty: Bool { head == storage.count }
    package var count: Int { storage.count - head }
    package var first: Element? { head < storage.count ? storage[head] : nil }

    package mutating func append(_ element: Element) { storage.append(element) }

    package mutating func removeFirst() {
        guard head < storage.count else { return }
        storage[head] = nil
        head += 1
        if head == storage.count {
            storage.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= Self.gapMax, head * 2 >= storage.count {
            storage.removeFirst(head)
            head = 0
        }
    }

    package mutating func prepend(_ elements: [Element]) {
        guard !elements.isEmpty else { return }
        storage.replaceSubrange(0..<head, with: elements.map(Optional.some))
        head = 0
    }
}

extension FirstInFirstOut: Sendable where Element: Sendable {}
