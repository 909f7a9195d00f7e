#if canImport(Glibc)
import Glibc
#endif

/// Topic names → slot numbers: the lookup on the way of every message. Open addressing, linear probing, no allocation
/// and no reference counting on a hit. What a slot means (a route) is kept by the owner in an array of its own.
///
/// At most `capacityMax` topics; when full, `insert` empties the table first (`cleared` is true), since a table of
/// cached answers can always be rebuilt and a peer that invents topics must not grow memory.
/// Confined to one thread.
@safe
package struct TopicTable: ~Copyable {
    /// Topics kept at most.
    package static let capacityMax = 65_536

    private struct Entry {
        var hash: UInt32
        /// Slot number, or -1 where the entry is free.
        var slot: Int32
    }

    private var entries: UnsafeMutablePointer<Entry>
    private var mask: Int
    /// Where the bytes of each slot's topic lie; a copy of its own per slot.
    private var names: [UnsafeMutableRawBufferPointer]
    package var count: Int { unsafe names.count }

    package init() {
        unsafe self.entries = unsafe Self.makeEntries(64)
        self.mask = 63
        unsafe self.names = []
    }

    deinit {
        unsafe entries.deallocate()
        unsafe names.forEach { name in unsafe name.deallocate() }
    }

    /// The slot of `topic`, or -1.
    package func slot(of topic: UnsafeRawBufferPointer) -> Int {
        let hash = unsafe Self.hash(topic)
        var index = Int(truncatingIfNeeded: hash) & mask
        while true {
            let entry = unsafe entries[index]
            if entry.slot < 0 { return -1 }
            if entry.hash == hash, unsafe equals(Int(entry.slot), topic) { return Int(entry.slot) }
            index = (index &+ 1) & mask
        }
    }

    /// Gives `topic`, which is not in the table, the next slot. `cleared`: every earlier slot is gone, the new one is 0.
    package mutating func insert(_ topic: UnsafeRawBufferPointer) -> (slot: Int, cleared: Bool) {
        var cleared = false
        if unsafe names.count >= Self.capacityMax {
            removeAll()
            cleared = true
        }
        if unsafe names.count * 2 > mask { grow() }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, topic.count), alignment: 1)
        unsafe UnsafeMutableRawBufferPointer(rebasing: copy[0..<topic.count]).copyMemory(from: topic)
        let slot = unsafe names.count
        unsafe names.append(UnsafeMutableRawBufferPointer(start: copy.baseAddress, count: topic.count))
        unsafe place(Entry(hash: Self.hash(topic), slot: Int32(slot)))
        return (slot, cleared)
    }

    package mutating func removeAll() {
        unsafe names.forEach { name in unsafe name.deallocate() }
        unsafe names.removeAll(keepingCapacity: true)
        for index in 0...mask { unsafe entries[index] = Entry(hash: 0, slot: -1) }
    }

    private mutating func grow() {
        let old = unsafe entries
        let oldCount = mask + 1
        unsafe entries = Self.makeEntries(oldCount * 2)
        mask = oldCount * 2 - 1
        for index in 0..<oldCount where unsafe old[index].slot >= 0 { unsafe place(old[index]) }
        unsafe old.deallocate()
    }

    private mutating func place(_ entry: Entry) {
        var index = Int(truncatingIfNeeded: entry.hash) & mask
        while unsafe entries[index].slot >= 0 { index = (index &+ 1) & mask }
        unsafe entries[index] = entry
    }

    private func equals(_ slot: Int, _ topic: UnsafeRawBufferPointer) -> Bool {
        let name = unsafe names[slot]
        guard name.count == topic.count else { return false }
        guard let left = name.baseAddress, let right = topic.baseAddress else { return unsafe topic.isEmpty }
        return unsafe memcmp(left, right, topic.count) == 0
    }

    private static func makeEntries(_ count: Int) -> UnsafeMutablePointer<Entry> {
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: count)
        unsafe entries.initialize(repeating: Entry(hash: 0, slot: -1), count: count)
        return unsafe entries
    }

    /// Multiply and mix, eight bytes at a time. Not seeded: the table is bounded and linear in the worst case over at
    /// most half its entries, and a slot costs the peer that made it an accepted, access-checked PUBLISH.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: bytes.count)
        var offset = 0
        while offset &+ 8 <= bytes.count {
            let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            state = mix(state ^ word)
            offset &+= 8
        }
        var tail: UInt64 = 0
        while offset < bytes.count {
            tail = unsafe (tail &<< 8) | UInt64(bytes[offset])
            offset &+= 1
        }
        state = mix(state ^ tail)
        return UInt32(truncatingIfNeeded: state ^ (state &>> 32))
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}
