import RuleLanguage

/// Makes a `from` with a schema of messages that it is shown. Memory is bounded, whatever comes.
package struct SchemaLearner: Sendable {
    private static let shapesMax = 16
    private static let topicsMax = 10_000
    private static let levelsMax = 32
    /// Fields in common, of all that two messages have, from which on they are of one shape.
    private static let likenessLeast = 0.5

    private let proposal: TopicProposal
    private var shapes: [LearnedShape] = []
    /// The shapes that a topic's messages had.
    private var shapesOfTopics: [[UInt8]: [Int]] = [:]
    package private(set) var messageCount = 0
    /// Messages on other topics, and such as found no room.
    package private(set) var leftOutCount = 0

    /// `topic` is a topic filter, in which `{name}` stands for `+` and names the level.
    package init(topic: String) { proposal = TopicProposal(topic) }

    /// The filter to subscribe to.
    package var filter: String { proposal.filter }

    /// `timeNanoseconds` is when the message came, since 1970.
    package mutating func take(topic: [UInt8], payload: [UInt8], timeNanoseconds: Int64) {
        let levels = String(decoding: topic, as: UTF8.self).split(separator: "/", omittingEmptySubsequences: false)
            .map(String.init)
        guard proposal.takes(levels), levels.count <= Self.levelsMax else {
            leftOutCount += 1
            return
        }
        let arena = Arena()
        unsafe payload.withUnsafeBytes { buffer in
            let slice = unsafe ByteSlice(buffer)
            let (body, value) = Self.read(slice, arena)
            var members: [([String], Value)] = []
            if body == .object { Self.collect(value, [], arena, &members) }
            guard let shape = shape(topic, levels.count, body, Set(members.filter { $0.0.count == 1 }.map { $0.0[0] }))
            else {
                leftOutCount += 1
                return
            }
            messageCount += 1
            shapes[shape].take(levels, members, whole: value, timeNanoseconds: timeNanoseconds)
        }
    }

    // MARK: Reading

    private static func read(_ payload: ByteSlice, _ arena: Arena) -> (LearnedShape.Body, Value) {
        do throws(JSONFault) {
            try JSONScanner.check(payload)
            var index = 0
            let value = try JSONTree.part(payload, &index, arena)
            if value.isObject { return (.object, value) }
            return (value.isNumber ? .number : .otherJSON, value)
        } catch {
            let text = String(validating: payload.array, as: UTF8.self)
            let isText = text?.unicodeScalars.allSatisfy { $0.value >= 0x20 || "\t\r\n".unicodeScalars.contains($0) }
            return isText == true ? (.text, .text(payload)) : (.bytes, .missing)
        }
    }

    private static func collect(
        _ object: Value, _ path: [String], _ arena: Arena, _ members: inout [([String], Value)]
    ) {
        var here: [([String], Value)] = []
        // The text has been checked: there is nothing to throw.
        try? JSONTree.forEachMember(object.slice, arena) { name, member in
            if here.count < 2 * LearnedShape.fieldsMax { here.append((path + [name.string], member)) }
        }
        for (path, member) in here {
            guard members.count < 2 * LearnedShape.fieldsMax else { return }
            members.append((path, member))
            if member.isObject, path.count < LearnedShape.depthMax { collect(member, path, arena, &members) }
        }
    }

    /// Messages of one topic and kind are of one shape, and so are those that have most fields in common.
    private mutating func shape(
        _ topic: [UInt8], _ levelCount: Int, _ body: LearnedShape.Body, _ names: Set<String>
    ) -> Int? {
        let known = shapesOfTopics[topic] ?? []
        if let same = known.first(where: { shapes[$0].body == body }) { return same }
        let candidates = shapes.indices.filter { shapes[$0].body == body && shapes[$0].levels.count == levelCount }
        let best = candidates.map { (likeness: Self.likeness(shapes[$0].topNames, names), shape: $0) }
            .max { $0.likeness < $1.likeness }
        var found = best.flatMap { $0.likeness >= Self.likenessLeast ? $0.shape : nil }
        if found == nil {
            if shapes.count < Self.shapesMax {
                shapes.append(LearnedShape(body: body, levelCount: levelCount))
                found = shapes.count - 1
            } else {
                found = best?.shape
            }
        }
        if let found, shapesOfTopics[topic] != nil || shapesOfTopics.count < Self.topicsMax {
            shapesOfTopics[topic, default: []].append(found)
        }
        return found
    }

    private static func likeness(_ left: Set<String>, _ right: Set<String>) -> Double {
        let all = left.union(right)
        return all.isEmpty ? 1 : Double(left.intersection(right).count) / Double(all.count)
    }

    // MARK: Writing

    /// One `from` for each shape, with remarks as comments; ends with a line end. Empty when nothing came.
    package func text() -> String {
        var topics: [(topic: String, captures: [String?], shape: LearnedShape)] = []
        for shape in shapes {
            let captures = proposal.captures(shape.levels)
            let topic = proposal.text(shape.levels, captures)
            if let same = topics.firstIndex(where: { $0.topic == topic && $0.shape.body == shape.body }) {
                topics[same].shape.merge(shape)
            } else {
                topics.append((topic, captures, shape))
            }
        }
        topics.sort { $0.topic == $1.topic ? $0.shape.messageCount > $1.shape.messageCount : $0.topic < $1.topic }
        return topics.map { Self.text($0.topic, $0.captures, $0.shape) }.joined(separator: "\n")
    }

    private static func text(_ topic: String, _ captures: [String?], _ shape: LearnedShape) -> String {
        var lines = ["# \(shape.messageCount == 1 ? "1 message" : "\(shape.messageCount) messages")"]
        for (level, capture) in zip(shape.levels, captures) {
            if let capture { lines.append("# {\(capture)}: \(level.remark)") }
        }
        let remark = shape.whole.remark(of: shape.messageCount)
        switch shape.body {
        case .object: lines += object(topic, shape)
        case .number: lines += ["# the payload: \(remark)", "from \"\(topic)\" as number"]
        case .text: lines += ["# the payload: \(remark)", "from \"\(topic)\" as text"]
        case .bytes:
            lines += [
                "# the payloads are neither JSON nor text; if they are CBOR, say `as cbor`",
                "from \"\(topic)\" as bytes",
            ]
        case .otherJSON: lines += ["# the payload is JSON: \(shape.whole.shownKinds); \(remark)", "from \"\(topic)\""]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func object(_ topic: String, _ shape: LearnedShape) -> [String] {
        let top = shape.fields.filter { $0.path.count == 1 }
        let declared = top.filter { $0.type != nil }
        guard !declared.isEmpty else { return ["from \"\(topic)\""] }
        let count = shape.messageCount
        let heads = declared.enumerated().map { index, field in
            "  \(LearnedText.name(field.path[0])): \(field.type ?? "")\(index == declared.count - 1 ? "" : ",")"
        }
        let width = min(40, heads.map(\.unicodeScalars.count).max() ?? 0)
        var lines = ["from \"\(topic)\" {"]
        for (head, field) in zip(heads, declared) {
            let padding = String(repeating: " ", count: max(0, width - head.unicodeScalars.count))
            lines.append("\(head)\(padding)  # \(field.remark(of: count))")
            for inner in shape.fields where inner.path.count > 1 && inner.path[0] == field.path[0] {
                let path = inner.path.map { ".\(LearnedText.name($0))" }.joined()
                lines.append("  #   \(path): \(inner.type ?? inner.shownKinds), \(inner.remark(of: count))")
            }
        }
        for field in top where field.type == nil {
            let name = LearnedText.name(field.path[0])
            lines.append("  # \(name): \(field.shownKinds), so it has no type here; \(field.remark(of: count))")
        }
        if shape.hasMoreFields { lines.append("  # there are more fields; \(LearnedShape.fieldsMax) were looked at") }
        return lines + ["}"]
    }
}
