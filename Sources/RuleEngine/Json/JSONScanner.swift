/// One pass over a JSON text: checks all of it and takes out the values that a trie wants.
@safe
struct JSONScanner {
    private let bytes: ByteSlice
    private let trie: PathTrie.View
    private let slots: ValueBuffer
    /// Not counted: the caller holds it while the scan runs.
    private let arena: Unmanaged<Arena>
    private var index = 0

    private init(_ bytes: ByteSlice, _ trie: PathTrie.View, _ slots: ValueBuffer, _ arena: Arena) {
        self.bytes = bytes
        self.trie = trie
        self.slots = slots
        unsafe self.arena = Unmanaged.passUnretained(arena)
    }

    /// Fills `slots` (of the trie's number, all missing before); what the text does not hold stays missing.
    static func scan(
        _ bytes: ByteSlice, _ trie: PathTrie.View, into slots: ValueBuffer, _ arena: Arena
    ) throws(JSONFault) {
        var scanner = JSONScanner(bytes, trie, slots, arena)
        try scanner.value(0, 0)
        JSONText.skipSpace(bytes, &scanner.index)
        if scanner.index < bytes.count { throw JSONFault(reason: .trailingText, offset: scanner.index) }
    }

    /// Checks a text without taking anything out of it.
    static func check(_ bytes: ByteSlice) throws(JSONFault) {
        var index = 0
        try skipValue(bytes, &index, 0)
        JSONText.skipSpace(bytes, &index)
        if index < bytes.count { throw JSONFault(reason: .trailingText, offset: index) }
    }

    private func byte(at index: Int) throws(JSONFault) -> UInt8 {
        guard index < bytes.count else { throw JSONFault(reason: .unexpectedEnd, offset: bytes.count) }
        return bytes[index]
    }

    /// The value at `index`, for the node of the trie; `depth` containers are open. Recursion ends with the trie.
    private mutating func value(_ nodeIndex: Int32, _ depth: Int) throws(JSONFault) {
        let node = trie.nodes[Int(nodeIndex)]
        JSONText.skipSpace(bytes, &index)
        let start = index
        let first = try byte(at: index)
        switch first {
        case UInt8(ascii: "{"):
            if node.memberCount > 0 {
                try object(node, depth + 1)
            } else {
                try JSONScanner.skipValue(bytes, &index, depth)
            }
            if node.slot >= 0 { slots[Int(node.slot)] = .json(bytes.slice(start, index), isList: false) }
        case UInt8(ascii: "["):
            if node.elementCount > 0 {
                try list(node, depth + 1)
            } else {
                try JSONScanner.skipValue(bytes, &index, depth)
            }
            if node.slot >= 0 { slots[Int(node.slot)] = .json(bytes.slice(start, index), isList: true) }
        default:
            let scalar = try self.scalar(first)
            if node.slot >= 0 { slots[Int(node.slot)] = scalar }
        }
    }

    private mutating func object(_ node: PathTrie.Node, _ depth: Int) throws(JSONFault) {
        if depth > JSONText.depthMax { throw JSONFault(reason: .depth, offset: index) }
        index += 1
        JSONText.skipSpace(bytes, &index)
        if try byte(at: index) == UInt8(ascii: "}") {
            index += 1
            return
        }
        while true {
            let name = try key()
            let child = trie.member(node, name)
            if child < 0 {
                try unwanted(depth)
            } else {
                empty(child)
                try value(child, depth)
            }
            // Most texts of machines have no white space: straight to the next key.
            if isNextMember {
                index &+= 1
                continue
            }
            JSONText.skipSpace(bytes, &index)
            let separator = try byte(at: index)
            if separator == UInt8(ascii: "}") {
                index += 1
                return
            }
            guard separator == UInt8(ascii: ",") else { throw JSONFault(reason: .unexpectedByte, offset: index) }
            index += 1
            JSONText.skipSpace(bytes, &index)
        }
    }

    /// A comma and the quote of a key stand at `index`.
    @inline(__always)
    private var isNextMember: Bool {
        index &+ 1 < bytes.count && bytes.known(index) == UInt8(ascii: ",")
            && bytes.known(index &+ 1) == UInt8(ascii: "\"")
    }

    /// Checks a member's value that nobody wants.
    @inline(__always)
    private mutating func unwanted(_ depth: Int) throws(JSONFault) {
        JSONText.skipSpace(bytes, &index)
        let first = try byte(at: index)
        if first == UInt8(ascii: "\"") {
            index &+= 1
            _ = try JSONText.skipString(bytes, &index)
        } else if let end = NumberText.skip(bytes, at: index) {
            index = end
        } else {
            try JSONScanner.skipValue(bytes, &index, depth)
        }
    }

    /// The key at `index` and the colon behind it.
    @inline(__always)
    private mutating func key() throws(JSONFault) -> ByteSlice {
        guard try byte(at: index) == UInt8(ascii: "\"") else { throw JSONFault(reason: .unexpectedByte, offset: index) }
        let start = index + 1
        index = start
        let escaped = try JSONText.skipString(bytes, &index)
        let raw = bytes.knownSlice(start, index &- 1)
        JSONText.skipSpace(bytes, &index)
        guard try byte(at: index) == UInt8(ascii: ":") else { throw JSONFault(reason: .unexpectedByte, offset: index) }
        index += 1
        return escaped ? unescape(raw) : raw
    }

    private func unescape(_ raw: ByteSlice) -> ByteSlice {
        unsafe JSONText.unescape(raw, arena.takeUnretainedValue())
    }

    @inline(__always)
    private mutating func scalar(_ first: UInt8) throws(JSONFault) -> Value {
        if first == UInt8(ascii: "\"") {
            let start = index + 1
            index = start
            let escaped = try JSONText.skipString(bytes, &index)
            let raw = bytes.slice(start, index - 1)
            return .text(escaped ? unescape(raw) : raw)
        }
        return try JSONScanner.numberOrLiteral(bytes, &index, first)
    }

    /// Of a repeated key the last counts: what an earlier one left below goes.
    @inline(__always)
    private func empty(_ child: Int32) {
        let node = trie.nodes[Int(child)]
        var slot = node.slotsFrom
        while slot < node.slotsEnd {
            slots[Int(slot)] = .missing
            slot += 1
        }
    }

    private mutating func list(_ node: PathTrie.Node, _ depth: Int) throws(JSONFault) {
        if depth > JSONText.depthMax { throw JSONFault(reason: .depth, offset: index) }
        index += 1
        JSONText.skipSpace(bytes, &index)
        if try byte(at: index) == UInt8(ascii: "]") {
            index += 1
            return
        }
        var position = 0
        while true {
            let child = trie.element(node, position)
            if child < 0 {
                try JSONScanner.skipValue(bytes, &index, depth)
            } else {
                try value(child, depth)
            }
            position += 1
            JSONText.skipSpace(bytes, &index)
            let separator = try byte(at: index)
            index += 1
            if separator == UInt8(ascii: "]") { return }
            guard separator == UInt8(ascii: ",") else {
                throw JSONFault(reason: .unexpectedByte, offset: index - 1)
            }
        }
    }
}
