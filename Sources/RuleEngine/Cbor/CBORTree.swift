/// Items of a payload that was checked, as values. Faults, which cannot be any more, end as missing.
struct CBORTree {
    let bytes: ByteSlice
    let arena: Arena

    /// The item at `index`, which is moved behind it.
    func value(_ index: inout Int) -> Value {
        guard var head = try? CBORHead.read(bytes, &index) else { return .missing }
        var start = index
        var tag: UInt64?
        // A tag says how to read what follows; of those only big integers are read in another way.
        while head.kind == .tag {
            tag = head.number
            start = index
            guard let next = try? CBORHead.read(bytes, &index) else { return .missing }
            head = next
        }
        switch head.kind {
        case .unsigned, .negative:
            return CBORNumber.integer(head.number, isNegative: head.kind == .negative, arena)
        case .bytes:
            guard let tag, CBORNumber.isBignum(tag) else { return .bytes(string(&index, head)) }
            index = start
            let content = CBORTree.stringBytes(bytes, &index, limit: .max) ?? []
            return CBORNumber.big(content, isNegative: tag == CBORNumber.negativeTag, arena)
        case .text: return .text(string(&index, head))
        case .array: return array(&index, head)
        case .map: return map(&index, head)
        case .simple: return CBORTree.simple(head)
        case .tag: return .missing
        }
    }

    private static func simple(_ head: CBORHead) -> Value {
        switch head.information {
        case 20: .boolean(false)
        case 21: .boolean(true)
        case 25, 26, 27: CBORNumber.float(head)
        // null, undefined, and simple values that nobody has given a meaning.
        default: .missing
        }
    }

    /// The content of a string behind its head: as it stands in the payload, or put together of its parts.
    private func string(_ index: inout Int, _ head: CBORHead) -> ByteSlice {
        guard head.isOpen else {
            let end = index + Int(clamping: head.number)
            guard end <= bytes.count else { return .empty }
            defer { index = end }
            return bytes.slice(index, end)
        }
        var parts: [UInt8] = []
        while !CBORCheck.isBreak(bytes, &index) {
            guard let chunk = try? CBORHead.read(bytes, &index), !chunk.isOpen else { break }
            parts.append(string(&index, chunk))
        }
        return arena.copy(parts)
    }

    /// The content of the string whose head is at `index`; nil when it is none or longer than `limit`.
    static func stringBytes(_ bytes: ByteSlice, _ index: inout Int, limit: Int) -> [UInt8]? {
        guard let head = try? CBORHead.read(bytes, &index) else { return nil }
        var parts: [UInt8] = []
        var chunk = head
        repeat {
            if head.isOpen {
                if CBORCheck.isBreak(bytes, &index) { return parts }
                guard let next = try? CBORHead.read(bytes, &index), !next.isOpen else { return nil }
                chunk = next
            }
            guard chunk.number <= UInt64(bytes.count - index), parts.count + Int(chunk.number) <= limit else {
                return nil
            }
            parts.append(bytes.slice(index, index + Int(chunk.number)))
            index += Int(chunk.number)
        } while head.isOpen
        return parts
    }

    // MARK: Containers

    /// Number of items of a container behind its head, its end not counted.
    private func itemCount(_ index: Int, _ head: CBORHead) -> Int {
        guard head.isOpen else { return Int(clamping: head.number) * (head.kind == .map ? 2 : 1) }
        var position = index
        var count = 0
        while !CBORCheck.isBreak(bytes, &position) {
            guard (try? CBORCheck.skip(bytes, &position, 0)) != nil else { break }
            count += 1
        }
        return count
    }

    private func array(_ index: inout Int, _ head: CBORHead) -> Value {
        let values = arena.values(itemCount(index, head))
        for place in 0..<values.count { values[place] = value(&index) }
        if head.isOpen { _ = CBORCheck.isBreak(bytes, &index) }
        return .list(values)
    }

    /// Members in the order in which their names first come; of a repeated one the last counts. Members whose key is
    /// neither a text nor an integer have no name and are left out.
    private func map(_ index: inout Int, _ head: CBORHead) -> Value {
        let count = itemCount(index, head) / 2
        let pairs = arena.values(count * 2)
        var kept = 0
        var places: [[UInt8]: Int] = [:]
        for _ in 0..<count {
            let name = key(&index)
            let value = value(&index)
            guard let name else { continue }
            let known = CBORTree.place(of: name, in: pairs, kept, &places)
            if let known {
                pairs[known + 1] = value
                continue
            }
            pairs[kept] = .text(name)
            pairs[kept + 1] = value
            if count > CBORTree.fewMembers { places[name.array] = kept }
            kept += 2
        }
        if head.isOpen { _ = CBORCheck.isBreak(bytes, &index) }
        return .object(pairs.slice(0, count: kept))
    }

    /// Up to so many members are compared one by one.
    private static let fewMembers = 16

    private static func place(
        of name: ByteSlice, in pairs: ValueBuffer, _ kept: Int, _ places: inout [[UInt8]: Int]
    ) -> Int? {
        if pairs.count > 2 * fewMembers { return places[name.array] }
        var place = 0
        while place < kept {
            if pairs[place].slice.equals(name) { return place }
            place += 2
        }
        return nil
    }

    /// The name that the key at `index` gives, an integer by its digits; nil when it gives none.
    func key(_ index: inout Int) -> ByteSlice? {
        let key = value(&index)
        switch key.kind {
        case .text, .bigInteger: return key.slice
        case .integer:
            var digits: [UInt8] = []
            NumberText.append(key.integer, to: &digits)
            return arena.copy(digits)
        case .missing, .boolean, .double, .time, .duration, .bytes, .list, .object, .jsonList, .jsonObject: return nil
        }
    }
}
