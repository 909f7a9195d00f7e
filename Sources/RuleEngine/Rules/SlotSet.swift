/// Places in a table, a bit for each.
struct SlotSet {
    private var words: [UInt64] = []

    @inline(__always)
    private static func bit(_ slot: Int) -> UInt64 { 1 << UInt64(truncatingIfNeeded: slot & 63) }

    @inline(__always)
    func contains(_ slot: Int) -> Bool {
        let word = slot >> 6
        return word < words.count && words[word] & SlotSet.bit(slot) != 0
    }

    mutating func insert(_ slot: Int) {
        if slot >> 6 >= words.count { grow(slot) }
        words[slot >> 6] |= SlotSet.bit(slot)
    }

    @inline(never)
    private mutating func grow(_ slot: Int) {
        words.append(contentsOf: repeatElement(0, count: (slot >> 6) + 1 - words.count))
    }

    mutating func remove(_ slot: Int) {
        if contains(slot) { words[slot >> 6] &= ~SlotSet.bit(slot) }
    }

    mutating func removeAll() {
        for word in words.indices { words[word] = 0 }
    }

    /// In ascending order.
    var slots: [Int32] {
        var result: [Int32] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                result.append(Int32(truncatingIfNeeded: index << 6 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return result
    }
}
