/// The check of a whole payload. What comes after it relies on it: counts are those of items that are there.
enum CBORCheck {
    /// Containers inside containers beyond this are refused, as in JSON.
    static let depthMax = 64

    static func check(_ bytes: ByteSlice) throws(CBORFault) {
        var index = 0
        try skip(bytes, &index, 0)
        if index < bytes.count { throw CBORFault(reason: .trailingBytes, offset: index) }
    }

    /// Checks the item at `index` and moves behind it; `depth` containers are open. Recursion ends with `depthMax`.
    static func skip(_ bytes: ByteSlice, _ index: inout Int, _ depth: Int) throws(CBORFault) {
        var start = index
        var head = try CBORHead.read(bytes, &index)
        var tag: UInt64?
        while head.kind == .tag {
            tag = head.number
            start = index
            head = try CBORHead.read(bytes, &index)
        }
        switch head.kind {
        case .unsigned, .negative: break
        case .bytes, .text:
            try skipString(bytes, &index, head)
            guard head.kind == .bytes, let tag, CBORNumber.isBignum(tag) else { return }
            if CBORNumber.isBeyondDoubles(bytes, from: start, isNegative: tag == CBORNumber.negativeTag) {
                throw CBORFault(reason: .numberRange, offset: start)
            }
        case .array, .map: try skipContainer(bytes, &index, head, start, depth + 1)
        case .simple: try checkSimple(head, start)
        // The loop above went on to what is tagged.
        case .tag: throw CBORFault(reason: .reservedHead, offset: start)
        }
    }

    private static func checkSimple(_ head: CBORHead, _ start: Int) throws(CBORFault) {
        if head.isBreak { throw CBORFault(reason: .unexpectedBreak, offset: start) }
        if head.information == 24, head.number < 32 { throw CBORFault(reason: .badSimple, offset: start) }
    }

    private static func skipString(_ bytes: ByteSlice, _ index: inout Int, _ head: CBORHead) throws(CBORFault) {
        guard head.isOpen else { return try skipChunk(bytes, &index, head) }
        while true {
            let start = index
            let chunk = try CBORHead.read(bytes, &index)
            if chunk.isBreak { return }
            guard chunk.kind == head.kind, !chunk.isOpen else { throw CBORFault(reason: .badChunk, offset: start) }
            try skipChunk(bytes, &index, chunk)
        }
    }

    private static func skipChunk(_ bytes: ByteSlice, _ index: inout Int, _ head: CBORHead) throws(CBORFault) {
        guard head.number <= UInt64(bytes.count - index) else {
            throw CBORFault(reason: .unexpectedEnd, offset: bytes.count)
        }
        let end = index + Int(head.number)
        if head.kind == .text, let fault = UTF8Check.firstFault(bytes.slice(index, end)) {
            throw CBORFault(reason: .invalidUTF8, offset: index + fault)
        }
        index = end
    }

    private static func skipContainer(
        _ bytes: ByteSlice, _ index: inout Int, _ head: CBORHead, _ start: Int, _ depth: Int
    ) throws(CBORFault) {
        if depth > depthMax { throw CBORFault(reason: .depth, offset: start) }
        let isMap = head.kind == .map
        if head.isOpen {
            var count = 0
            while !isBreak(bytes, &index) {
                try skip(bytes, &index, depth)
                count += 1
            }
            if isMap, count % 2 != 0 { throw CBORFault(reason: .oddMembers, offset: index - 1) }
            return
        }
        // Every item has a byte at least, so a count beyond what is left ends here and not in a long loop.
        let left = UInt64(bytes.count - index)
        guard head.number <= (isMap ? left / 2 : left) else {
            throw CBORFault(reason: .unexpectedEnd, offset: bytes.count)
        }
        for _ in 0..<(isMap ? head.number * 2 : head.number) { try skip(bytes, &index, depth) }
    }

    /// Whether a break stands at `index`, which is then moved behind it.
    static func isBreak(_ bytes: ByteSlice, _ index: inout Int) -> Bool {
        guard index < bytes.count, bytes[index] == 0xFF else { return false }
        index += 1
        return true
    }
}
