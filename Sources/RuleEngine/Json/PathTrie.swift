import RuleLanguage

/// The union of the paths that rules want of one payload, flat: one walk over the text fills all their slots.
/// Owns its memory; immutable after `init`.
@safe
final class PathTrie {
    struct Node: BitwiseCopyable {
        /// Slot that takes this value; -1: none.
        var slot: Int32 = -1
        var firstEdge: Int32 = 0
        var memberCount: Int32 = 0
        var elementCount: Int32 = 0
        /// Slots below this node, to be emptied when a key comes again.
        var slotsFrom: Int32 = 0
        var slotsEnd: Int32 = 0
    }
    struct Edge: BitwiseCopyable {
        var nameFrom: Int32
        var nameLength: Int32
        var element: Int32
        var target: Int32
    }

    /// The parts that a scan reads; valid as long as the trie.
    struct View: BitwiseCopyable {
        let nodes: FixedBuffer<Node>
        let edges: FixedBuffer<Edge>
        let nameBytes: FixedBuffer<UInt8>
    }

    let view: View
    let slotCount: Int
    /// Slot of each path given to `init`, in its order.
    let slots: [Int]

    private final class Builder {
        var slot = -1
        var members: [(name: String, child: Builder)] = []
        var elements: [(index: Int, child: Builder)] = []

        func child(_ step: PayloadPath.Step) -> Builder {
            switch step {
            case .member(let name):
                if let known = members.first(where: { Array($0.name.utf8) == Array(name.utf8) }) { return known.child }
                let made = Builder()
                members.append((name, made))
                return made
            case .element(let index):
                if let known = elements.first(where: { $0.index == index }) { return known.child }
                let made = Builder()
                elements.append((index, made))
                return made
            }
        }
    }

    /// `paths` may repeat; an empty path is the payload itself.
    init(_ paths: [PayloadPath]) {
        let root = Builder()
        let ends = paths.map { path in path.steps.reduce(root) { $0.child($1) } }
        var nodes: [Node] = []
        var edges: [Edge] = []
        var names: [UInt8] = []
        var slotCount = 0
        for end in ends { end.slot = 0 }

        func flatten(_ builder: Builder) -> Int32 {
            let index = nodes.count
            nodes.append(Node())
            var node = Node()
            if builder.slot >= 0 {
                builder.slot = slotCount
                node.slot = Int32(slotCount)
                slotCount += 1
            }
            node.slotsFrom = Int32(slotCount)
            node.firstEdge = Int32(edges.count)
            node.memberCount = Int32(builder.members.count)
            node.elementCount = Int32(builder.elements.count)
            let first = edges.count
            for member in builder.members {
                let bytes = Array(member.name.utf8)
                edges.append(
                    Edge(nameFrom: Int32(names.count), nameLength: Int32(bytes.count), element: -1, target: -1))
                names += bytes
            }
            for element in builder.elements {
                edges.append(
                    Edge(nameFrom: 0, nameLength: 0, element: Int32(clamping: element.index), target: -1))
            }
            let children = builder.members.map(\.child) + builder.elements.map(\.child)
            for (offset, child) in children.enumerated() { edges[first + offset].target = flatten(child) }
            node.slotsEnd = Int32(slotCount)
            nodes[index] = node
            return Int32(index)
        }
        _ = flatten(root)
        slots = ends.map(\.slot)
        self.slotCount = slotCount
        view = View(nodes: FixedBuffer(nodes), edges: FixedBuffer(edges), nameBytes: FixedBuffer(names))
    }

    deinit {
        view.nodes.deallocate()
        view.edges.deallocate()
        view.nameBytes.deallocate()
    }
}

extension PathTrie.View {

    /// The child of `node` for the key `name`; -1: nobody wants it.
    @inline(__always)
    func member(_ node: PathTrie.Node, _ name: ByteSlice) -> Int32 {
        var edge = node.firstEdge
        let end = edge &+ node.memberCount
        while edge < end {
            let candidate = edges[Int(edge)]
            if Int(candidate.nameLength) == name.count, matches(candidate, name) { return candidate.target }
            edge &+= 1
        }
        return -1
    }

    @inline(__always)
    private func matches(_ edge: PathTrie.Edge, _ name: ByteSlice) -> Bool {
        let from = Int(edge.nameFrom)
        var index = 0
        while index < name.count {
            if nameBytes[from &+ index] != name[index] { return false }
            index &+= 1
        }
        return true
    }

    func element(_ node: PathTrie.Node, _ index: Int) -> Int32 {
        let first = node.firstEdge + node.memberCount
        for edge in first..<(first + node.elementCount) where Int(edges[Int(edge)].element) == index {
            return edges[Int(edge)].target
        }
        return -1
    }
}
