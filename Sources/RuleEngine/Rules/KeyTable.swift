/// Things found by the bytes of a key. Open addressing; a lookup allocates nothing. The places (`slot`) of things do
/// not move.
final class KeyTable<Payload: Ageing> {
    private struct Entry {
        var key: KeptKey
        var payload: Payload?
    }

    private var entries: [Entry] = []
    private var free: [Int32] = []
    /// Slot + 1; 0: empty.
    private var index: [Int32] = Array(repeating: 0, count: 16)
    private var aged: [(Int, UInt64)] = []
    private(set) var count = 0

    deinit {
        for entry in entries { entry.key.deallocate() }
    }

    static func hash(_ bytes: ByteSlice) -> UInt64 {
        var value: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count)
        var position = 0
        while position + 8 <= bytes.count {
            value = mix(value, unsafe bytes.start.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
        }
        var rest: UInt64 = 0
        while position < bytes.count {
            rest = rest << 8 | UInt64(bytes[position])
            position += 1
        }
        return mix(value, rest)
    }

    @inline(__always)
    private static func mix(_ value: UInt64, _ word: UInt64) -> UInt64 {
        let product = (value ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low ^ value &* 0x9E37_79B9_7F4A_7C15
    }

    func find(_ key: ByteSlice, hash: UInt64) -> Int? {
        let mask = index.count - 1
        var position = Int(UInt32(truncatingIfNeeded: hash)) & mask
        while index[position] != 0 {
            let slot = Int(index[position]) - 1
            if entries[slot].key.hash == UInt32(truncatingIfNeeded: hash), key.equals(entries[slot].key.bytes) {
                return slot
            }
            position = (position + 1) & mask
        }
        return nil
    }

    func insert(_ key: [UInt8], hash: UInt64, _ make: (Int) -> Payload) -> Int {
        unsafe key.withUnsafeBytes { unsafe insert(ByteSlice($0), hash: hash, make) }
    }

    /// Puts a new key in. It must not be there.
    func insert(_ key: ByteSlice, hash: UInt64, _ make: (Int) -> Payload) -> Int {
        if (count + 1) * 2 > index.count { grow() }
        let slot: Int
        if let reused = free.popLast() {
            slot = Int(reused)
            entries[slot] = Entry(key: KeptKey(key, hash: hash), payload: make(slot))
        } else {
            slot = entries.count
            entries.append(Entry(key: KeptKey(key, hash: hash), payload: make(slot)))
        }
        place(slot)
        count += 1
        return slot
    }

    private func place(_ slot: Int) {
        let mask = index.count - 1
        var position = entries[slot].key.home(mask)
        while index[position] != 0 { position = (position + 1) & mask }
        index[position] = Int32(slot + 1)
    }

    private func grow() {
        index = Array(repeating: 0, count: index.count * 2)
        for slot in entries.indices where entries[slot].payload != nil { place(slot) }
    }

    func remove(_ slot: Int) {
        guard slot < entries.count, entries[slot].payload != nil else { return }
        let mask = index.count - 1
        var hole = entries[slot].key.home(mask)
        while index[hole] != Int32(slot + 1) { hole = (hole + 1) & mask }
        var position = (hole + 1) & mask
        while index[position] != 0 {
            let home = entries[Int(index[position]) - 1].key.home(mask)
            // What probed past the hole moves into it.
            if (position - home) & mask >= (position - hole) & mask {
                index[hole] = index[position]
                hole = position
            }
            position = (position + 1) & mask
        }
        index[hole] = 0
        entries[slot].payload = nil
        entries[slot].key.deallocate()
        entries[slot].key = KeptKey(.empty, hash: 0)
        free.append(Int32(slot))
        count -= 1
    }

    /// The thing that was not used for longest. Found in a list made when it is first needed; what was used since the
    /// list was made is younger than all that was not, so the first unused one is the oldest.
    func oldest() -> Int? {
        for attempt in 0..<2 {
            while let (slot, lastUsed) = aged.popLast() {
                if let payload = self[slot], payload.lastUsed == lastUsed { return slot }
            }
            if attempt == 0 {
                aged = entries.indices.compactMap { slot in entries[slot].payload.map { (slot, $0.lastUsed) } }
                // Of those used by the same message the one with the greatest key, wherever they lie.
                aged.sort { $0.1 != $1.1 ? $0.1 > $1.1 : key($0.0).compare(key($1.0)) < 0 }
            }
        }
        return nil
    }

    /// The key's bytes; valid until its entry goes.
    func key(_ slot: Int) -> ByteSlice { entries[slot].key.bytes }

    /// Nil: nothing lives there (any more).
    @inline(__always)
    subscript(_ slot: Int) -> Payload? {
        get { slot < entries.count ? entries[slot].payload : nil }
        set { entries[slot].payload = newValue }
    }

    /// Slots of all things, from the one not used for longest to the newest.
    var slots: [Int] {
        let ages = entries.indices.compactMap { slot in entries[slot].payload.map { (slot, $0.lastUsed) } }
        return ages.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
    }
}

/// What a table can tell the age of.
protocol Ageing {
    /// Number of the message that last used it.
    var lastUsed: UInt64 { get }
}

/// The bytes of a key in memory of their own that the table frees: an array of them would take twice as much.
@safe
private struct KeptKey: BitwiseCopyable {
    private let start: UnsafeMutableRawPointer?
    private let count: UInt32
    /// The lower half: an index has fewer places than it tells apart.
    let hash: UInt32

    init(_ bytes: ByteSlice, hash: UInt64) {
        self.hash = UInt32(truncatingIfNeeded: hash)
        count = UInt32(bytes.count)
        unsafe start = bytes.isEmpty ? nil : .allocate(byteCount: bytes.count, alignment: 1)
        unsafe start?.copyMemory(from: bytes.start, byteCount: bytes.count)
    }

    func deallocate() { unsafe start?.deallocate() }

    @inline(__always)
    var bytes: ByteSlice {
        guard let start = unsafe start else { return .empty }
        return unsafe ByteSlice(start: start, count: Int(count))
    }

    /// Where the search for it begins.
    @inline(__always)
    func home(_ mask: Int) -> Int { Int(hash) & mask }
}
