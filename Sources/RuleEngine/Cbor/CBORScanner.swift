/// Takes out of a CBOR payload what a trie wants, as `JSONScanner` does of JSON.
@safe
struct CBORScanner {
    private let tree: CBORTree
    private let trie: PathTrie.View
    private let slots: ValueBuffer

    /// Checks the whole payload, then fills `slots` (of the trie's number, all missing before).
    static func scan(
        _ bytes: ByteSlice, _ trie: PathTrie.View, into slots: ValueBuffer, _ arena: Arena
    ) throws(CBORFault) {
        try CBORCheck.check(bytes)
        let scanner = CBORScanner(tree: CBORTree(bytes: bytes, arena: arena), trie: trie, slots: slots)
        var index = 0
        try scanner.value(0, &index)
    }

    /// Where the value of the last member with this name begins in a map; 0 when there is none.
    static func offset(of name: String, _ bytes: ByteSlice, _ arena: Arena) -> Int {
        let tree = CBORTree(bytes: bytes, arena: arena)
        let wanted = Array(name.utf8)
        var index = 0
        var result = 0
        do throws(CBORFault) {
            let head = try untagged(bytes, &index)
            guard head.kind == .map else { return 0 }
            var left = head.number
            while head.isOpen ? !CBORCheck.isBreak(bytes, &index) : left > 0 {
                if tree.key(&index)?.equals(wanted) == true { result = index }
                try CBORCheck.skip(bytes, &index, 0)
                left = left > 0 ? left - 1 : 0
            }
        } catch {
            return result
        }
        return result
    }

    private static func untagged(_ bytes: ByteSlice, _ index: inout Int) throws(CBORFault) -> CBORHead {
        var head = try CBORHead.read(bytes, &index)
        while head.kind == .tag { head = try CBORHead.read(bytes, &index) }
        return head
    }

    /// The item at `index`, for the node of the trie. Recursion ends with the trie.
    private func value(_ nodeIndex: Int32, _ index: inout Int) throws(CBORFault) {
        let node = trie.nodes[Int(nodeIndex)]
        let start = index
        let head = try CBORScanner.untagged(tree.bytes, &index)
        if head.kind == .map, node.memberCount > 0 {
            try map(node, head, &index)
        } else if head.kind == .array, node.elementCount > 0 {
            try array(node, head, &index)
        } else {
            index = start
            if node.slot >= 0 {
                slots[Int(node.slot)] = tree.value(&index)
            } else {
                try CBORCheck.skip(tree.bytes, &index, 0)
            }
            return
        }
        guard node.slot >= 0 else { return }
        var again = start
        slots[Int(node.slot)] = tree.value(&again)
    }

    private func map(_ node: PathTrie.Node, _ head: CBORHead, _ index: inout Int) throws(CBORFault) {
        var left = head.number
        while head.isOpen ? !CBORCheck.isBreak(tree.bytes, &index) : left > 0 {
            left = left > 0 ? left - 1 : 0
            let child = tree.key(&index).map { trie.member(node, $0) } ?? -1
            guard child >= 0 else {
                try CBORCheck.skip(tree.bytes, &index, 0)
                continue
            }
            // Of a repeated key the last counts: what an earlier one left below goes.
            let below = trie.nodes[Int(child)]
            for slot in below.slotsFrom..<below.slotsEnd { slots[Int(slot)] = .missing }
            try value(child, &index)
        }
    }

    private func array(_ node: PathTrie.Node, _ head: CBORHead, _ index: inout Int) throws(CBORFault) {
        var left = head.number
        var position = 0
        while head.isOpen ? !CBORCheck.isBreak(tree.bytes, &index) : left > 0 {
            left = left > 0 ? left - 1 : 0
            let child = trie.element(node, position)
            if child >= 0 { try value(child, &index) } else { try CBORCheck.skip(tree.bytes, &index, 0) }
            position += 1
        }
    }
}
